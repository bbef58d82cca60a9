"""A camera behind the methods of `cv2.VideoCapture`."""

import logging
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ..common.errors import NoFrame, WireError
from ..common.frame import Frame, Image
from ..common.state import State
from .capture_properties import FIXED, of_camera
from .link import Link

log = logging.getLogger("framefan")

Params: TypeAlias = Sequence[float] | npt.NDArray[Any]
"""Pairs of a property and its value."""

_HOPELESS = {State.REFUSED, State.ENDED}
"""What a camera is in that will not give a frame soon, so that opening it has failed."""
_FRESH = 1.0
"""Seconds for which a picture is given out in whatever state its camera is."""
_LOOK = 0.05
_SETTLED = 2.0
"""Seconds after which a producer knows the rate of a camera that has just been connected."""


class CameraCapture:
    """Gives the newest picture of a camera; see :class:`VideoCapture`, whose methods these are.

    Args:
        source: a camera's address, or the URL or device that a private producer is to grab.
        params: pairs of a property and its value, of which the time-outs are of use.
        max_age: seconds, as for :class:`Subscriber`.

    Attributes:
        trouble: why the last picture did not come; None if it did.
        frame: the facts of the last picture that was grabbed.

    Raises:
        FramefanError: the address or the URL means nothing, or there can be no producer here.
        NoFrame: the camera has refused, or gave no frame in time.
    """

    def __init__(self, source: str, params: Params, *, max_age: float) -> None:
        self.trouble: Exception | None = None
        self.frame: Frame | None = None
        self._grabbed: Frame | None = None
        self._told = State.LIVE
        self._settings = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 10_000.0, cv2.CAP_PROP_READ_TIMEOUT_MSEC: 5_000.0}
        for wanted, value in zip(params[::2], params[1::2], strict=False):
            self.set(int(wanted), value)
        self._max_age = max_age
        self._link = Link(source, max_age=max_age)
        try:
            self._first = self._await_first(self._settings[cv2.CAP_PROP_OPEN_TIMEOUT_MSEC] / 1000)
        except NoFrame:
            self._link.close()
            raise
        self._unread = [self._first]

    def read(self, image: Image | None = None) -> tuple[bool, Image | None]:
        """Wait for the next picture and decode it."""
        self._grabbed = frame = self._next(self._read_timeout)
        return self._decoded(frame, image)

    def grab(self) -> bool:
        """Wait for the next picture."""
        self._grabbed = self._next(self._read_timeout)
        return self._grabbed is not None

    def retrieve(self, image: Image | None = None) -> tuple[bool, Image | None]:
        """Decode the picture that was grabbed."""
        return self._decoded(self._grabbed, image)

    def grab_at_once(self) -> bool:
        """Take the next picture if it is there already."""
        frame = self._next(0.0)
        self._grabbed = frame or self._grabbed
        return frame is not None

    @property
    def tries(self) -> bool:
        """True while pictures may come: until the end of a film that a producer plays."""
        return self._link.state.state is not State.ENDED

    def get(self, wanted: int) -> float:
        """Return a property, 0 for one that a camera does not have; the rate is waited for."""
        if wanted in self._settings:
            return self._settings[wanted]
        state = self._link.state
        while state.since < _SETTLED and (
            wanted == cv2.CAP_PROP_FPS or (wanted == cv2.CAP_PROP_FOURCC and not state.codec)
        ):
            time.sleep(_LOOK)
            state = self._link.state
        return of_camera(wanted, state, self._first, self.frame or self._first)

    def set(self, wanted: int, value: float) -> bool:
        """Set a time-out (ms); return False for what cannot be set, or not to that."""
        if wanted in self._settings and value > 0:
            self._settings[wanted] = value
            return True
        return wanted == cv2.CAP_PROP_BUFFERSIZE or (wanted in FIXED and FIXED[wanted] == value)

    def release(self) -> None:
        """Let the camera go; a read that waits elsewhere ends."""
        self._link.close()

    @property
    def _read_timeout(self) -> float:
        return self._settings[cv2.CAP_PROP_READ_TIMEOUT_MSEC] / 1000

    def _await_first(self, timeout: float) -> Frame:
        """Wait for the first frame for as long as it can be hoped for."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                return self._link.read(min(left, _LOOK))
            except NoFrame as missing:
                if missing.state in _HOPELESS:
                    raise NoFrame(missing.camera, missing.state, missing.reason, None) from None
                if left <= _LOOK:
                    raise NoFrame(missing.camera, missing.state, missing.reason, timeout) from None

    def _next(self, timeout: float) -> Frame | None:
        """Return a frame newer than the last one; None, with :attr:`trouble` told, if none comes in time."""
        try:
            frame = self._beginning() or self._link.read(timeout)
        except NoFrame as missing:
            self.trouble = missing
            if missing.state != self._told:
                log.warning("%s", missing)
                self._told = State(missing.state)
            return None
        except ValueError as closed:
            self.trouble = closed
            return None
        if self._told is not State.LIVE:
            log.info("%s is live again", self._link)
        self.trouble, self._told, self.frame = None, State.LIVE, frame
        return frame

    def _beginning(self) -> Frame | None:
        """Return what to begin with: a frame that came since the opening, or the first, if it is still the newest."""
        try:
            first = self._unread.pop()
        except IndexError:  # it is taken, maybe by another thread this very moment
            return None
        try:
            return self._link.read(0.0)
        except NoFrame:
            return first if self.frame is None and self._is_newest(first) else None

    def _is_newest(self, first: Frame) -> bool:
        """Return whether the first frame can still be given out: as fresh, or as the newest of a slow camera."""
        state = self._link.state
        newest = state.state is State.LIVE and first.seq >= state.seq and first.age <= self._max_age
        return newest or first.age < _FRESH

    def _decoded(self, frame: Frame | None, image: Image | None) -> tuple[bool, Image | None]:
        if frame is None:
            return False, None
        try:
            picture = frame.decode()
        except WireError as error:
            self.trouble = error
            log.warning("%s", error)
            return False, None
        if image is None or image.shape != picture.shape or image.dtype != picture.dtype:
            return True, picture
        np.copyto(image, picture)
        return True, image

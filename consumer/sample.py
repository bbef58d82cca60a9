"""Keep some of a camera's frames as files, exactly as they were received."""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from types import EllipsisType

from ..common.address import CameraAddress
from ..common.errors import NoFrame, OutputError
from ..common.frame import Frame
from .exif import with_time
from .interval import Interval
from .ledger import Keep, Ledger
from .names import Template
from .outputs import Output
from .slots import Slots
from .subscriber import Subscriber

log = logging.getLogger("framefan")

_LONG = 2.0
"""Seconds between samples from which on frames are asked for one by one, so that none crosses the network in vain."""
_INTERVALS = 1.5
"""Of the camera: after so many there is a frame of the slot, decoded."""


class _Watcher(Subscriber):
    """Gives the first frame of all, and then the first one of each slot; notes slots that had none.

    Frames are asked for, if that is the mode, as soon as their slot has one, and not in between.
    """

    def __init__(self, address: CameraAddress, every: Interval, sampler: "Sampler") -> None:
        asks = every.seconds >= _LONG
        super().__init__(address, mode="pull" if asks else "auto")
        self._every = every
        self._sampler = sampler
        self._slots = Slots(every)
        self._asks = asks
        self._due = 0.0

    def read(self, timeout: float | EllipsisType | None = ...) -> Frame:
        """Return the first frame of all, or that of another slot."""
        limit = self.timeout if timeout is ... else timeout
        deadline = time.monotonic() + (limit if limit is not None else float("inf"))
        try:
            while True:
                self._wait_for_slot(deadline, limit)
                first = not self._slots.begun
                frame = super().read(None if limit is None else max(0.0, deadline - time.monotonic()))
                self._due = self._next_slot(frame) if self._asks else 0.0
                self._note(self._slots.skipped(frame))
                if self._slots.takes(frame) or first:
                    return frame
        except NoFrame:
            self._note(self._slots.overdue())
            raise

    def _wait_for_slot(self, deadline: float, limit: float | None) -> None:
        time.sleep(max(0.0, min(self._due, deadline) - time.monotonic()))
        if self._due > deadline:
            raise NoFrame(str(self.address), self.state.state, self.state.reason, limit)

    def _next_slot(self, frame: Frame) -> float:
        """Return the monotonic time at which the next slot has a frame of its own."""
        begin = (self._every.slot(frame) + 1) * self._every.seconds
        # When the slot begins the newest frame is still one of the slot before, and asking twice would cost more.
        fps = self.state.fps
        margin = min(1.0, _INTERVALS / fps) if fps else 0.0
        # Of another host's clock nothing may be known yet; but no frame is of the future.
        captured = min(frame.local_ns, time.monotonic_ns()) / 1e9
        return captured + begin - frame.captured_ns / 1e9 + margin

    def _note(self, missed: range) -> None:
        if missed:
            self._sampler.miss(self.address.camera, missed, self.state.state, self.state.reason)


class Sampler:
    """Writes frames to files, and a line about each, and about slots that were missed, to `samples.jsonl` beside them.

    A file is either whole or not there. When writing fails, which a full disk does, that sample is lost and said so,
    and the next one is tried.

    Args:
        out: where to.
        every: how often.
        count: samples per camera after which to end; None for no end.
        name: of each file, with the fields of :data:`.names.OF_CAMERAS`.
        exif: whether to put the time of capture into each file, which is the very JPEG that came otherwise.
        keep: how much to keep; the oldest are deleted.

    Raises:
        OutputError: it cannot be written there.
    """

    def __init__(
        self,
        out: Output,
        every: Interval,
        *,
        name: Template,
        count: int | None = None,
        exif: bool = False,
        keep: Keep,
    ) -> None:
        self._out = out
        self._every = every
        self._name = name
        self._count = count
        self._exif = exif
        out.require_writable()
        try:
            self._ledger = Ledger(out, keep)
        except OSError as error:
            raise OutputError(f"cannot read what was written to {out}: {error.strerror or error}") from None

    def subscribe(self, address: CameraAddress) -> Subscriber:
        """Connect to a camera in the way that suits the interval."""
        return _Watcher(address, self._every, self)

    def run(self, frames: Iterable[Frame]) -> None:
        """Sample the frames of a camera until the count is reached or they end.

        The first one only shows that there are any, unless it is known to be the first of its slot.
        """
        written = 0
        for number, frame in enumerate(frames):
            if number == 0 and not self._every.begins_with(frame):
                continue
            written += self._keep(frame)
            if written == self._count:
                return

    def miss(self, camera: str, slots: range, state: str, reason: str) -> None:
        """Note that there was no frame in some slots, and why."""
        log.warning("%s: %d missed, it is %s%s", camera, len(slots), state, f": {reason}" if reason else "")
        with suppress(OSError):  # a full disk is told for samples
            since = self._every.begin(slots.start)
            self._ledger.missed(camera=camera, missed=len(slots), since=since, state=state, reason=reason)

    def _keep(self, frame: Frame) -> bool:
        file = self._name.fill({"camera": frame.camera, "seq": frame.seq, "time": frame.captured})
        data = with_time(frame.jpeg, frame.captured) if self._exif else frame.jpeg
        try:
            self._out.write(file, data)
            self._ledger.wrote(
                file, len(data), frame.captured, camera=frame.camera, seq=frame.seq, age=round(frame.age, 4)
            )
        except OSError as error:
            where, reason = self._out.where(file), error.strerror or error
            log.error("cannot write %s: %s; this sample is lost, the next one is tried", where, reason)
            return False
        log.info("%s -> %s", frame, self._out.where(file))
        return True

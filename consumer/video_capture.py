"""`cv2.VideoCapture` with the newest picture of a camera instead of an old one."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2

from ..common.errors import AddressError, FramefanError, MissingPackage
from ..common.frame import Frame, Image
from ..common.url import Url, shown
from .camera_capture import CameraCapture, Params, log
from .file_capture import FileCapture

NAME = "FRAMEFAN"
_CAMERA = re.compile(r"(?is)(rtsps?|https?|tcp)://.*|/dev/video\d+|test:.*")
_FILM = re.compile(
    r"(?i)/[^?#]*\."
    r"(3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|ogv|ts|vob|webm|wmv|bmp|gif|jpe?g|png|webp)([?#].*)?"
)
"""A path, of an HTTP URL, that ends in what no camera's does."""
_PASS = 0.002


class VideoCapture:
    """Reads what `cv2.VideoCapture` reads: a camera's newest picture, or every picture of a film.

        with VideoCapture("rtsp://user:password@camera/stream") as capture:
            for image in capture:
                print(image.shape, capture.frame())

    A camera is an address of framefan (`tcp://host:5550/door?width=640`), an `rtsp://` or `http://` URL, or a device.
    Unless it is an address, one process on this host grabs it for all that read it, and ends when the last of them has
    let it go. :meth:`read` returns a picture newer than the last one, `(False, None)` if none comes in time, and
    pictures again by itself when the camera is back. Anything else is left to OpenCV, and behaves as with OpenCV.

    Safe to share between threads. A forked process gets pictures of its own; an object pickles as its source.

    Args:
        source: what to open; None for nothing yet. OpenCV calls it `filename`, or `index`, and so may you.
        apiPreference: passed on to OpenCV, if it is what opens the source.
        params: pairs of a property and its value; of a camera, the time-outs.
        max_age: seconds; a camera's picture that is older when it could be returned is dropped instead.

    Raises:
        MissingPackage: a camera is to be grabbed, and framefan is installed without what that needs.
    """

    def __init__(
        self,
        source: Any = None,
        apiPreference: int = cv2.CAP_ANY,
        params: Params | None = None,
        *,
        filename: Any = None,
        index: int | None = None,
        max_age: float = 10.0,
    ) -> None:
        self.max_age = max_age
        self._opened: tuple[Any, ...] = ()
        self._exceptions = False
        self._file = FileCapture()
        self._camera: CameraCapture | None = None
        source = _given(source, filename, index)
        if source is not None:
            self.open(source, apiPreference, params)

    def open(
        self,
        source: Any = None,
        apiPreference: int = cv2.CAP_ANY,
        params: Params | None = None,
        *,
        filename: Any = None,
        index: int | None = None,
    ) -> bool:
        """Open a source, after releasing the one before; return whether it is open.

        A camera gets `CAP_PROP_OPEN_TIMEOUT_MSEC`, 10 s by default, for its first picture.
        """
        source = _given(source, filename, index)
        if source is None:
            raise TypeError("open() misses what to open")
        self.release()
        self._opened = source, apiPreference, params
        camera = _camera(source)
        if camera is None:
            film = _film(source)
            return self._file.open(film.encoded if film else source, apiPreference, params)
        try:
            self._camera = CameraCapture(camera, () if params is None else params, max_age=self.max_age)
        except MissingPackage:
            raise
        except FramefanError as error:
            log.warning("%s", error)
            return self._fail(error)
        return True

    def isOpened(self) -> bool:
        """Return whether pictures may come: of a camera also while it is down."""
        return camera.tries if (camera := self._camera) else bool(self._file.call("isOpened"))

    def release(self) -> None:
        """Close the source. Safe to call twice; a read that waits in another thread ends."""
        camera, self._camera, self._opened = self._camera, None, ()
        if camera:
            camera.release()
        self._file.call("release")

    def read(self, image: Image | None = None) -> tuple[bool, Image | None]:
        """Return the next picture, waiting for it if need be.

        Of a camera it is one that is newer than the last, waited for at most `CAP_PROP_READ_TIMEOUT_MSEC`, 5 s by
        default; of a film it is the one behind the last.

        Args:
            image: an array to be filled, if it has the picture's size.

        Returns:
            True and the picture: BGR uint8 (height, width, 3), writable; or False and None.
        """
        if not (camera := self._camera):
            return self._file.call("read", image)  # type: ignore[no-any-return]
        return self._checked(camera, camera.read(image))

    def grab(self) -> bool:
        """Take the next picture without decoding it."""
        if not (camera := self._camera):
            return bool(self._file.call("grab"))
        return camera.grab() or self._fail(camera.trouble)

    def retrieve(self, image: Image | None = None, flag: int = 0) -> tuple[bool, Image | None]:
        """Decode and return the picture that was grabbed, as often as it is asked for; see :meth:`read`.

        Args:
            image: an array to be filled, if it has the picture's size.
            flag: passed on to OpenCV, if it has opened the source.
        """
        if not (camera := self._camera):
            return self._file.call("retrieve", image, flag)  # type: ignore[no-any-return]
        return self._checked(camera, camera.retrieve(image))

    def frame(self) -> Frame | None:
        """Return the facts of the last picture of a camera: number, capture time, age; None of anything else."""
        return camera.frame if (camera := self._camera) else None

    def get(self, propId: int) -> float:
        """Return a property, 0 if a camera does not have it."""
        return camera.get(propId) if (camera := self._camera) else float(self._file.call("get", propId))

    def set(self, propId: int, value: float) -> bool:
        """Set a property; return whether that was possible."""
        camera = self._camera
        return camera.set(propId, value) if camera else bool(self._file.call("set", propId, value))

    def getBackendName(self) -> str:
        """Return who reads the source: `FRAMEFAN` for a camera, else OpenCV's name for it."""
        return NAME if self._camera else str(self._file.call("getBackendName"))

    def setExceptionMode(self, enable: bool) -> None:
        """Let :meth:`open`, :meth:`read`, :meth:`grab` and :meth:`retrieve` raise `cv2.error` where they fail."""
        self._exceptions = enable
        self._file.call("setExceptionMode", enable)

    def getExceptionMode(self) -> bool:
        """Return whether failures raise."""
        return self._exceptions

    @staticmethod
    def waitAny(streams: Sequence["VideoCapture"], timeoutNs: int = 0) -> tuple[bool, list[int]]:
        """Wait until a camera has a new picture, and grab it; :meth:`retrieve` gives it.

        Args:
            streams: captures of cameras.
            timeoutNs: nanoseconds to wait; 0 waits for as long as one of them may have a picture.

        Returns:
            whether one has, and the indexes of those that do.

        Raises:
            cv2.error: one of them reads no camera.
        """
        cameras = [stream._camera for stream in streams]
        deadline = time.monotonic_ns() + timeoutNs
        while True:
            # Asked first, so that a last picture that comes meanwhile is not missed.
            over = not any(stream.isOpened() for stream in streams)
            ready = []
            for index, camera in enumerate(cameras):
                if camera is None:
                    raise cv2.error("waitAny is for cameras")
                if camera.grab_at_once():
                    ready.append(index)
            if ready or over or (timeoutNs and time.monotonic_ns() > deadline):
                return bool(ready), ready
            time.sleep(_PASS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __iter__(self) -> Iterator[Image]:
        """Yield pictures until a film ends or the source is released.

        Raises:
            NoFrame: a camera gave none in time.
        """
        while True:
            ok, image = self.read()
            if ok and image is not None:
                yield image
            elif (camera := self._camera) and camera.tries and camera.trouble:
                raise camera.trouble
            else:
                return

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._opened if self.isOpened() else (), self.max_age)

    def __repr__(self) -> str:
        return f"<VideoCapture {shown(str(self._opened[0])) if self._opened else 'of nothing'}>"

    def _checked(self, camera: CameraCapture, result: tuple[bool, Image | None]) -> tuple[bool, Image | None]:
        return result if result[0] else (self._fail(camera.trouble), None)

    def _fail(self, trouble: Exception | None) -> bool:
        """Return False, or raise that if failures are to raise."""
        if self._exceptions:
            raise cv2.error(str(trouble or "no picture has been grabbed"))
        return False


def _given(*names: Any) -> Any:
    """Return the one of several arguments that was given; None if none was."""
    return next((value for value in names if value is not None), None)


def _camera(source: Any) -> str | None:
    """Return the URL, address or device that is a camera for us; None for what is left to OpenCV."""
    if isinstance(source, int):
        source = f"/dev/video{source}"
    if not isinstance(source, str) or not _CAMERA.fullmatch(source):
        return None
    if source.startswith("/dev/"):
        return source if Path(source).exists() else None
    return None if _film(source) else source


def _film(source: Any) -> Url | None:
    """Return the URL of a film; None for anything else. RTSP and our own addresses name no files."""
    if isinstance(source, str) and re.match("(?i)https?://", source):
        with suppress(AddressError):
            url = Url.parse(source)
            return url if _FILM.fullmatch(url.target) else None
    return None


def _restore(opened: tuple[Any, ...], max_age: float) -> VideoCapture:
    return VideoCapture(*opened, max_age=max_age)

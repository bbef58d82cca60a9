"""A film, shown in a loop at its own speed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
from av.error import FFmpegError

from ...common.errors import SourceError
from .encoder import FORMATS
from .settings import Settings

_STEP = 1 / 25  # seconds from one picture to the next in a file without times
_MOST = 10  # pictures decoded for one that is shown: a film that decodes slowly is shown slowly


class Film:
    """The pictures of a file, scaled to a stream's size.

    Args:
        path: the file.
        settings: size, and the codec that decides the pixel format.

    Raises:
        SourceError: the file is missing or holds no video.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._size = settings.size
        self._format = FORMATS[settings.codec].pixels
        try:
            self._container = av.open(str(path))
        except (FFmpegError, OSError) as error:
            raise SourceError(f"cannot play {path}: {error.strerror}", final=True) from None
        self._path = path
        self._showings = self._loop()
        try:
            self._now = self._next = self._advance()
        except SourceError:
            self._container.close()
            raise

    def picture(self, number: int, elapsed: float, time_ns: int) -> av.VideoFrame:
        """Return the picture that the film shows `elapsed` seconds after its start.

        Raises:
            SourceError: the film cannot be read any more.
        """
        for _ in range(_MOST):
            if self._next[0] > elapsed:
                break
            self._now = self._next
            self._next = self._advance()
        width, height = self._size
        return self._now[1].reformat(width, height, self._format)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _advance(self) -> tuple[float, av.VideoFrame]:
        following = next(self._showings, None)
        if following is None:
            raise SourceError(f"cannot play {self._path}: no video in it", final=True)
        return following

    def _loop(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield every picture and the second that it is shown at, again and again; end if there is none."""
        begin = 0.0
        while True:
            length = 0.0
            for shown, picture in self._once():
                length = shown + _STEP
                yield begin + shown, picture
            if length == 0:
                return
            begin += length
            self._container.seek(0)

    def _once(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield every picture and its second, up to the end or to the first damage."""
        if not self._container.streams.video:
            return
        start: float | None = None
        shown = -_STEP
        with contextlib.suppress(FFmpegError):
            for picture in self._container.decode(video=0):
                time = shown + _STEP if picture.time is None else picture.time
                start = time if start is None else start
                shown = time - start
                yield shown, picture

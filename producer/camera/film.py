"""A film, shown in a loop at its own speed."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.error import FFmpegError

from ...common.errors import SourceError
from .encoder import FORMATS
from .settings import Settings


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
        self._begin = 0.0
        self._frames = self._decode()
        first = next(self._frames, None) if self._container.streams.video else None
        if first is None:
            self._container.close()
            raise SourceError(f"cannot play {path}: no video in it", final=True)
        self._next = self._now = first

    def picture(self, number: int, elapsed: float, time_ns: int) -> av.VideoFrame:
        """Return the picture that the film shows `elapsed` seconds after its start."""
        while self._begin + self._next.time <= elapsed:
            self._now = self._next
            following = next(self._frames, None)
            if following is None:
                self._begin = elapsed
                self._container.seek(0)
                self._frames = self._decode()
                following = next(self._frames)
                self._next = following
                break
            self._next = following
        width, height = self._size
        return self._now.reformat(width, height, self._format)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _decode(self) -> Iterator[av.VideoFrame]:
        yield from self._container.decode(video=0)

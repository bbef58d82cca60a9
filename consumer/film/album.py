"""A folder of samples for people who would rather look: a sheet of small pictures, and a film."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.video.stream import VideoStream

from ...common.errors import OutputError, SourceError
from ...common.signals import Stop
from ..directory import Directory
from ..grid import cells, window_size
from .picture import Image

_MOST = 64
"""Pictures of a sheet."""
_SHEET_WIDTH = 1920
_CAPTION = (8, 0.4, (255, 255, 255))
"""Distance from the corner in pixels, scale and colour."""
_LONGEST_SIDE = 16384
"""Pixels of a film that x264 takes."""


class Album:
    """The JPEG files below a directory in the order of their names, which is that of time if they begin with it.

    If the end is asked for meanwhile, nothing is written.

    Raises:
        SourceError: there are none.
    """

    def __init__(self, directory: Path, stop: Stop) -> None:
        self._directory = directory
        self._stop = stop
        self.files: Sequence[Path] = sorted(directory.rglob("[!.]*.jpg"))
        if not self.files:
            raise SourceError(f"there is no .jpg file below {directory}", final=True)

    def contact_sheet(self, path: Path) -> None:
        """Write a picture of up to 64 small ones, spread evenly over all, each with the name of its file.

        Raises:
            OutputError: it cannot be written.
            SourceError: no picture can be decoded.
        """
        _require_file_name(path)
        chosen = [self.files[round(i)] for i in np.linspace(0, len(self.files) - 1, min(_MOST, len(self.files)))]
        width, height = window_size(len(chosen), _SHEET_WIDTH)
        sheet = np.zeros((height, width, 3), np.uint8)
        empty = True
        places = dict(zip(chosen, cells(len(chosen), width, height), strict=True))
        for file, image in self._images(chosen):
            cell, empty = places[file], False
            place = sheet[cell.y : cell.y + cell.height, cell.x : cell.x + cell.width]
            _fit(image, place)
            margin, scale, colour = _CAPTION
            at = (margin, cell.height - margin)
            name = str(file.relative_to(self._directory).with_suffix(""))
            cv2.putText(place, name, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
        if self._stop.requested:
            return
        if empty:
            raise self._undecodable()
        _, data = cv2.imencode(".jpg", sheet)
        try:
            Directory(path.parent).write(path.name, memoryview(data.data))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None

    def timelapse(self, path: Path, fps: int) -> None:
        """Write a film of all pictures, H.264, in the size of the first one, as far as there are films of that size.

        Raises:
            OutputError: it cannot be written, or its name is not that of a kind of film.
            SourceError: no picture can be decoded.
        """
        _require_file_name(path)
        images = (image for _, image in self._images(self.files))
        first = next(images, None)
        if self._stop.requested:
            return
        if first is None:
            raise self._undecodable()
        # Hidden until it is whole. Its suffix says what kind of film it is; a name before a colon would be a protocol.
        part = path.absolute().with_name(f".{os.getpid()}.part.{path.name}")
        try:
            _encode(part, fps, first, images)
            if not self._stop.requested:
                part.replace(path)
        except (OSError, ValueError, av.error.FFmpegError) as error:
            raise OutputError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
        finally:
            with suppress(OSError):
                part.unlink()

    def _images(self, files: Iterable[Path]) -> Iterator[tuple[Path, Image]]:
        """Yield the files that can be decoded, with their pictures, until the end is asked for."""
        for file in files:
            if self._stop.requested:
                return
            image = _read(file)
            if image is not None:
                yield file, image

    def _undecodable(self) -> SourceError:
        return SourceError(f"no .jpg file below {self._directory} can be decoded", final=True)


def _require_file_name(path: Path) -> None:
    """Refuse what cannot be the name of a file, such as `.` and `/`.

    Raises:
        OutputError: it is a directory.
    """
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a directory")


def _encode(path: Path, fps: int, first: Image, others: Iterable[Image]) -> None:
    """Write pictures as a film in the size of the first one."""
    # Even, since colours have half as many pixels.
    height, width = (min(max(2, side // 2 * 2), _LONGEST_SIDE) for side in first.shape[:2])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for image in chain([first], others):
            fitted = np.zeros((height, width, 3), np.uint8)
            _fit(image, fitted)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(fitted, format="bgr24")))
        container.mux(stream.encode())


def _read(file: Path) -> Image | None:
    """Return a picture; None if it cannot be read, or is gone by now."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def _fit(image: Image, place: Image) -> None:
    """Draw a picture into the middle of a place, as large as it can be."""
    (height, width), (below, across) = image.shape[:2], place.shape[:2]
    scale = min(below / height, across / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    y, x = (below - small.shape[0]) // 2, (across - small.shape[1]) // 2
    place[y : y + small.shape[0], x : x + small.shape[1]] = small

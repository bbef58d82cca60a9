"""A folder of samples for people who would rather look: a sheet of small pictures, and a film."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from ...common.errors import OutputError, SourceError
from ..directory import Directory
from ..grid import cells, window_size
from .picture import Image

_MOST = 64
"""Pictures of a sheet."""
_SHEET_WIDTH = 1920
_CAPTION = (8, 0.4, (255, 255, 255))
"""Distance from the corner in pixels, scale and colour."""


class Album:
    """The JPEG files below a directory in the order of their names, which is that of time if they begin with it.

    Raises:
        SourceError: there are none.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.files: Sequence[Path] = sorted(directory.rglob("[!.]*.jpg"))
        if not self.files:
            raise SourceError(f"there is no .jpg file below {directory}", final=True)

    def contact_sheet(self, path: Path) -> None:
        """Write a picture of up to 64 small ones, spread evenly over all, each with the name of its file.

        Raises:
            OutputError: it cannot be written.
        """
        chosen = [self.files[round(i)] for i in np.linspace(0, len(self.files) - 1, min(_MOST, len(self.files)))]
        width, height = window_size(len(chosen), _SHEET_WIDTH)
        sheet = np.zeros((height, width, 3), np.uint8)
        for file, cell in zip(chosen, cells(len(chosen), width, height), strict=True):
            image = _read(file)
            if image is not None:
                place = sheet[cell.y : cell.y + cell.height, cell.x : cell.x + cell.width]
                _fit(image, place)
                margin, scale, colour = _CAPTION
                at = (margin, cell.height - margin)
                name = str(file.relative_to(self._directory).with_suffix(""))
                cv2.putText(place, name, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
        _, data = cv2.imencode(".jpg", sheet)
        try:
            Directory(path.parent).write(path.name, memoryview(data.data))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None

    def timelapse(self, path: Path, fps: int) -> None:
        """Write a film of all pictures, H.264, in the size of the first one.

        Raises:
            OutputError: it cannot be written, or its name is not that of a kind of film.
            SourceError: no picture can be decoded.
        """
        images = self._images()
        first = next(images, None)
        if first is None:
            raise SourceError(f"no .jpg file below {self._directory} can be decoded", final=True)
        height, width = (side // 2 * 2 for side in first.shape[:2])  # even, since colours have half as many pixels
        try:
            with av.open(str(path), "w") as container:
                stream = container.add_stream("libx264", rate=fps)
                assert isinstance(stream, VideoStream)
                stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
                for image in chain([first], images):
                    fitted = np.zeros((height, width, 3), np.uint8)
                    _fit(image, fitted)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(fitted, format="bgr24")))
                container.mux(stream.encode())
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None

    def _images(self) -> Iterator[Image]:
        return (image for file in self.files if (image := _read(file)) is not None)


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

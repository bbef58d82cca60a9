"""One picture of a camera, with its facts."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MissingPackage, WireError
from .memory import Layout, Place

Image = npt.NDArray[np.uint8]
"""A picture: uint8, BGR (height, width, 3) or gray (height, width)."""

_QUALITY = 95
"""Of the JPEG that is made where none came; OpenCV's own."""
_BLACK = (16, 0, 0, 0)
_LUMA_SCALE = 255 / 219
"""From luma in video range to full range."""


@dataclass(slots=True)
class Uses:
    """What was made of frames: pixels, or their JPEG."""

    pixels: int = 0
    jpegs: int = 0


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a camera: a JPEG, decoded on first use, or on the producer's host its pixels. Immutable.

    Attributes:
        camera: name of the camera, with its rendition if it is one.
        seq: number of the frame; counts up by one per frame that the camera gave.
        run: id of the capture's life; another one means that the camera was connected anew.
        captured_ns: when its last byte arrived from the camera, producer's wall clock, ns since the epoch.
        width, height: in pixels.
        quality: of the JPEG, 1 to 100; 0 where the camera chose it, and for pixels.
        decode_ns: what waiting and decoding took in the producer, from the last byte on, ns.
        encode_ns: what encoding took there, ns; nearly 0 for a JPEG that came from the camera.
    """

    camera: str
    seq: int
    run: str
    captured_ns: int
    width: int
    height: int
    quality: int
    decode_ns: int
    encode_ns: int
    data: memoryview = field(repr=False)
    local_ns: int = field(repr=False)
    place: Place | None = field(default=None, repr=False)
    pixels: Image | None = field(default=None, repr=False)
    uses: Uses = field(default_factory=Uses, repr=False)

    @property
    def age(self) -> float:
        """Seconds from the moment its last byte arrived from the camera until now."""
        return max(0, time.monotonic_ns() - self.local_ns) / 1e9

    @property
    def captured(self) -> datetime:
        """The moment of capture, in UTC."""
        return datetime.fromtimestamp(self.captured_ns / 1e9, UTC)

    @cached_property
    def jpeg(self) -> bytes:
        """The picture as it was received; where its pixels were, encoded now.

        Raises:
            MissingPackage: OpenCV is not installed.
        """
        self.uses.jpegs += 1
        if self.pixels is None:
            return bytes(self.data)
        cv2 = _opencv()
        return bytes(cv2.imencode(".jpg", self.decode(), (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].data)

    @cached_property
    def image(self) -> Image:
        """The picture decoded: BGR uint8 (height, width, 3), writable.

        Raises:
            WireError: the JPEG is damaged.
            MissingPackage: OpenCV is not installed.
        """
        return self.decode()

    def decode(self, *, reduce: int = 1, gray: bool = False) -> Image:
        """Decode the picture, at 1/2, 1/4 or 1/8 of its size if asked, which is cheaper.

        Returns:
            BGR uint8 (height, width, 3), or (height, width) with `gray`; writable, and the caller's own.

        Raises:
            WireError: the JPEG is damaged.
            MissingPackage: OpenCV is not installed.
        """
        self.uses.pixels += 1
        cv2 = _opencv()
        if self.pixels is not None and self.place is not None:
            return _converted(cv2, self.pixels, self.place.layout, reduce, gray)
        color = "GRAYSCALE" if gray else "COLOR"
        mode = color if reduce == 1 else f"REDUCED_{color}_{reduce}"
        # Not turned as its Exif may ask: width and height are those of the JPEG, as with `cv2.VideoCapture`.
        flags = getattr(cv2, f"IMREAD_{mode}") | cv2.IMREAD_IGNORE_ORIENTATION
        image: Image | None = cv2.imdecode(np.frombuffer(self.data, np.uint8), flags)
        if image is None:
            raise WireError(f"{self} holds a JPEG that cannot be decoded")
        return image

    def __str__(self) -> str:
        size = "raw" if self.place else f"{len(self.data) / 1000:.0f} kB"
        return f"{self.camera} #{self.seq} {self.width}x{self.height} {size} {self.age * 1000:.0f} ms old"


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise MissingPackage.of(error) or error from None
    return cv2


def _converted(cv2: Any, pixels: Image, layout: Layout, reduce: int, gray: bool) -> Image:
    """Return pixels as decoding would: reduced, with or without colour, and never the same array."""
    image = pixels
    if layout is Layout.I420:
        image = pixels[: len(pixels) * 2 // 3] if gray else cv2.cvtColor(pixels, cv2.COLOR_YUV2BGR_I420)
    if reduce > 1:
        size = tuple(-(-side // reduce) for side in image.shape[1::-1])  # libjpeg rounds up
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if gray and layout is Layout.I420:
        image = cv2.convertScaleAbs(cv2.subtract(image, _BLACK), alpha=_LUMA_SCALE)
    elif gray and image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    elif not gray and image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return image.copy() if image is pixels else image

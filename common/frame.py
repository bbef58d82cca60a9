"""One picture of a camera, with its facts."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .errors import MissingPackage, WireError

Image = npt.NDArray[np.uint8]
"""A picture: uint8, BGR (height, width, 3) or gray (height, width)."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One JPEG of a camera. Immutable; decoded on first use.

    Attributes:
        camera: name of the camera, with its rendition if it is one.
        seq: number of the frame; counts up by one per frame that the camera gave.
        run: id of the capture's life; another one means that the camera was connected anew.
        captured_ns: when its last byte arrived from the camera, producer's wall clock, ns since the epoch.
        width, height: in pixels.
        quality: of the JPEG, 1 to 100; 0 where the camera chose it.
        encode_ns: what encoding took in the producer, ns; nearly 0 for a JPEG that came from the camera.
    """

    camera: str
    seq: int
    run: str
    captured_ns: int
    width: int
    height: int
    quality: int
    encode_ns: int
    data: memoryview = field(repr=False)
    local_ns: int = field(repr=False)

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
        """The picture as it was received."""
        return bytes(self.data)

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
        try:
            import cv2
        except ModuleNotFoundError as error:
            raise MissingPackage.of(error) or error from None
        color = "GRAYSCALE" if gray else "COLOR"
        mode = color if reduce == 1 else f"REDUCED_{color}_{reduce}"
        image = cv2.imdecode(np.frombuffer(self.data, np.uint8), getattr(cv2, f"IMREAD_{mode}"))
        if image is None:
            raise WireError(f"{self} holds a JPEG that cannot be decoded")
        return image  # type: ignore[return-value]

    def __str__(self) -> str:
        return (
            f"{self.camera} #{self.seq} {self.width}x{self.height} "
            f"{len(self.data) / 1000:.0f} kB {self.age * 1000:.0f} ms old"
        )

"""A JPEG as its camera made it: packet and picture in one, since nobody decodes it here."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ..common import jpeg

_END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A whole JPEG.

    Attributes:
        data: from its first byte to its last.
        width, height: pixels.
        pts: none; nothing is reordered.
    """

    data: bytes
    width: int
    height: int
    pts: ClassVar[None] = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Measure a JPEG and cut off what many cameras pad it with.

        Raises:
            ValueError: it is none, or not whole.
        """
        if not data.endswith(_END_OF_IMAGE):
            data = data[: data.rfind(_END_OF_IMAGE) + len(_END_OF_IMAGE)]
        return cls(data, *jpeg.size(data))

    @property
    def size(self) -> int:
        """Bytes, as packets have it."""
        return len(self.data)

    @property
    def is_keyframe(self) -> bool:
        """True, as packets have it."""
        return True

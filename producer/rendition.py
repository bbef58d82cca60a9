"""Renditions: a camera's pictures at another size, rate or quality, as the query of a camera address asks for them."""

from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import parse_qsl

import av
import simplejpeg

from ..common.address import canonical_rendition
from .array_encoder import encode_array
from .encoder import encode, shrink
from .picture import Jpeg

_FRACTIONS = (8, 4, 2, 1)
"""Of its size, at which libjpeg decodes a JPEG quickly; the eighths between them cost more than the next of these."""

_SMOOTHING = 0.05
"""Share of each new interval in the mean: one that is 80 % too long or short moves it by 4 %."""
_PULL = 0.05
"""Share of each deviation by which the grid gives way: enough to centre it on the pictures, too little to bend a rate
by more than 2.5 %."""
_SAME = 0.97
"""Share of the wanted interval from which on a camera is not thinned out: clocks and means are not exact."""
_LONGEST = 4
"""Wanted intervals that a gap counts for at most, lest one outage make a fast camera look slow."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """What is asked for; by default nothing, which is the original.

    Attributes:
        width, height: at most, in pixels. With one of them the other follows from the aspect ratio.
        fps: frames per second at most.
        quality: of the JPEG, 1 to 100.
        gray: without colour.
        raw: pixels in shared memory, and no JPEG.
    """

    width: int | None = None
    height: int | None = None
    fps: int | None = None
    quality: int | None = None
    gray: bool = False
    raw: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the query of a camera address, `fps=5&gray=1&width=640`; an empty one is the original.

        Raises:
            AddressError: there is no such rendition.
        """
        wanted = {key: int(value) for key, value in parse_qsl(canonical_rendition(text, raw=True))}
        return cls(
            width=wanted.get("width"),
            height=wanted.get("height"),
            fps=wanted.get("fps"),
            quality=wanted.get("quality"),
            gray="gray" in wanted,
            raw="raw" in wanted,
        )

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) in pixels of a picture that has these in the original; no side ever grows."""
        wanted_width = min(self.width or width, width)
        wanted_height = min(self.height or height, height)
        if self.height is None:
            wanted_height = max(1, round(height * wanted_width / width))
        elif self.width is None:
            wanted_width = max(1, round(width * wanted_height / height))
        return wanted_width, wanted_height


class Rendered(NamedTuple):
    """A picture of a rendition.

    Attributes:
        jpeg: its bytes.
        width, height: in pixels.
        quality: of the JPEG; 0 if the camera chose it.
    """

    jpeg: bytes
    width: int
    height: int
    quality: int


def render(picture: av.VideoFrame | Jpeg, rendition: Rendition, quality: int) -> Rendered:
    """Return a picture as a rendition wants it; a JPEG that is so already is passed through untouched.

    Args:
        picture: decoded, or the JPEG that a camera sent.
        rendition: what is asked for.
        quality: of the JPEG if the rendition asks for none.

    Raises:
        ValueError: a JPEG that cannot be decoded.
    """
    quality = rendition.quality or quality
    original = picture.width, picture.height
    size = rendition.size(*original)
    if isinstance(picture, Jpeg):
        if size == original and rendition.quality is None and not rendition.gray:
            return Rendered(picture.data, *size, 0)
        return Rendered(_encode_again(picture.data, original, size, quality, rendition.gray), *size, quality)
    return Rendered(encode(picture, quality, size=size, gray=rendition.gray), *size, quality)


def _encode_again(data: bytes, original: tuple[int, int], size: tuple[int, int], quality: int, gray: bool) -> bytes:
    """Decode a JPEG at the smallest fraction of its size that is enough, scale the rest, and encode it."""
    fraction = next(part for part in _FRACTIONS if size[0] * part <= original[0] and size[1] * part <= original[1])
    image = simplejpeg.decode_jpeg(
        data,
        colorspace="GRAY" if gray else "BGR",
        min_width=-(-original[0] // fraction),  # libjpeg rounds up
        min_height=-(-original[1] // fraction),
        strict=False,  # what libjpeg only warns of (stray bytes of cheap cameras) any viewer shows
    )
    return encode_array(shrink(image[..., 0] if gray else image, size), quality)


class Pace:
    """Chooses pictures so that so many a second remain, as evenly as a camera's own pictures allow.

    The times at which pictures are wanted are a grid; the picture nearest to each is due. Nearest means up to half of
    the camera's own interval too early, so jitter below that changes nothing. The grid gives way a little to the
    pictures that it chooses. After a gap, or a jump of the clock, it begins anew: what was missed is not made up for.
    """

    def __init__(self, fps: int) -> None:
        self._interval = 1e9 / fps
        self._own = self._interval
        self._last: int | None = None
        self._wanted = 0.0

    def due(self, captured_ns: int) -> bool:
        """Return whether the picture captured at this time, in ns of any clock, is one of the wanted.

        Ask once for every picture, in their order: this is also how the camera's own rate is learned.
        """
        if self._last is not None:
            between = min(max(captured_ns - self._last, 0), _LONGEST * self._interval)
            self._own += _SMOOTHING * (between - self._own)
        late = captured_ns - self._wanted
        first, self._last = self._last is None, captured_ns
        if first or not -2 * self._interval < late < self._interval:
            self._wanted = captured_ns + self._interval
            return True
        if late < -self._own / 2 and self._own < _SAME * self._interval:
            return False
        self._wanted += self._interval + _PULL * late
        return True

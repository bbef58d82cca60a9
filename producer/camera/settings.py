"""How a camera's picture is made: codec, size and rate."""

import re
from dataclasses import dataclass
from fractions import Fraction

from ...common.options import integer

CODECS = ("h264", "h265", "mjpeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a stream is encoded as.

    Attributes:
        codec: h264, h265 or mjpeg.
        size: width and height in pixels, even numbers.
        fps: frames per second.
        gop: frames from one keyframe to the next; None for one second's worth.
    """

    codec: str = "h264"
    size: tuple[int, int] = (1280, 720)
    fps: float = 25.0
    gop: int | None = None

    def __post_init__(self) -> None:
        width, height = self.size
        # RFC 2435 counts a picture's sides in blocks of 8 pixels, in one byte each.
        if self.codec == "mjpeg" and (width % 8 or height % 8 or max(self.size) > 2040):
            raise ValueError(f"mjpeg over RTP needs sides in multiples of 8 up to 2040, not {width}x{height}")

    @property
    def rate(self) -> Fraction:
        """Return `fps` as a fraction."""
        return Fraction(self.fps).limit_denominator(1001)

    @property
    def keyframe_interval(self) -> int:
        """Return how many frames there are from one keyframe to the next."""
        return self.gop or max(1, round(self.fps))

    def __str__(self) -> str:
        width, height = self.size
        return f"{self.codec} {width}x{height} {self.fps:g} fps"


def parse_size(text: str) -> tuple[int, int]:
    """Parse `1280x720`: even numbers from 64x64 to 4096x4096.

    Raises:
        ValueError: it is no such size.
    """
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match:
        width, height = int(match[1]), int(match[2])
        if all(64 <= side <= 4096 and side % 2 == 0 for side in (width, height)):
            return width, height
    raise ValueError(f"{text!r} is not a size such as 1280x720, even numbers from 64 to 4096")


def parse_fps(text: str) -> float:
    """Parse a frame rate from 0.1 to 120.

    Raises:
        ValueError: it is no such rate.
    """
    if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text) and 0.1 <= float(text) <= 120:
        return float(text)
    raise ValueError(f"{text!r} is not a frame rate from 0.1 to 120")


def parse_gop(text: str) -> int:
    """Parse a number of frames from 1 to 10000.

    Raises:
        ValueError: it is no such number.
    """
    return integer(1, 10_000)(text)

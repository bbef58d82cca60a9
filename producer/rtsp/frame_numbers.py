"""Whether pictures are missing that others build on, which their numbers show: H.264 only."""

from dataclasses import dataclass

from .bits import Bits

_WITH_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
"""Profiles whose parameter sets hold the chroma format (H.264, 7.3.2.1.1)."""
_TRUSTED, _MOST = 8, 64
_COST = 4  # pictures in sequence that one out of sequence weighs
_HEADER = 16  # bytes that hold the number of a slice
_LONGEST = 256
"""Bytes of a parameter set that are looked into: what is read stands in front."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sequence parameter set describes the numbers.

    Attributes:
        bits: that a number has.
        before: bits between a slice's parameter set and its number.
        allows_gaps: numbers may be left out.
    """

    bits: int
    before: int
    allows_gaps: bool

    @classmethod
    def parse(cls, unit: bytes) -> "Layout":
        """Read a sequence parameter set (H.264, 7.3.2.1.1).

        Raises:
            ValueError: it ends too early.
        """
        bits = Bits(unit[1:_LONGEST])
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        before = 0
        if profile in _WITH_CHROMA:
            chroma = bits.golomb()
            before = 2 * bits.take(1) if chroma == 3 else 0
            bits.golomb()
            bits.golomb()
            bits.take(1)
            if bits.take(1):
                for at in range(12 if chroma == 3 else 8):
                    _skip_scaling_list(bits, 16 if at < 6 else 64)
        width = bits.golomb() + 4
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            for _ in range(2):
                bits.golomb()
            for _ in range(bits.golomb()):
                bits.golomb()
        bits.golomb()
        return cls(width, before, bool(bits.take(1)))


def _skip_scaling_list(bits: Bits, size: int) -> None:
    """H.264, 7.3.2.1.1.1."""
    if not bits.take(1):
        return
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) & 0xFF
        last = following or last


class FrameNumbers:
    """Follows the numbers of pictures: each reference picture has one more than the one before (H.264, 7.4.3).

    Some cameras leave out pictures that others build on, without a gap in the packets, and a decoder then shows what
    was never there. A camera whose numbers are often out of sequence numbers them in a way of its own, and is believed.

    Args:
        parameter_sets: those of the description, with start codes.
    """

    def __init__(self, parameter_sets: bytes = b"") -> None:
        self._layout: Layout | None = None
        self._reference: int | None = None
        self._score = 0
        for unit in parameter_sets.split(b"\0\0\0\1"):
            if unit and unit[0] & 0x1F == 7:
                self.learn(unit)

    def learn(self, parameter_set: bytes) -> None:
        """Take note of a sequence parameter set, without start code."""
        try:
            self._layout = Layout.parse(parameter_set)
        except ValueError:
            self._layout = None

    def forget(self) -> None:
        """Expect any number next, since packets are missing."""
        self._reference = None

    def is_gap(self, header: int, body: memoryview) -> bool:
        """Return whether a picture is missing before the one whose first slice this is.

        Args:
            header: the slice's first byte.
            body: what follows.
        """
        layout = self._layout
        if layout is None or layout.allows_gaps:
            return False
        try:
            bits = Bits(bytes(body[:_HEADER]))
            for _ in range(3):  # first macroblock, type, parameter set
                bits.golomb()
            bits.take(layout.before)
            number = bits.take(layout.bits)
        except ValueError:
            return False
        before, wrap = self._reference, (1 << layout.bits) - 1
        is_next = before is None or header & 0x1F == 5 or (number - before) & wrap <= 1
        if header & 0x60:
            self._reference = number
        elif not is_next:
            self._reference = number - 1 & wrap
        is_trusted = self._score >= _TRUSTED
        self._score = min(self._score + 1, _MOST) if is_next else max(0, self._score - _COST)
        return is_trusted and not is_next

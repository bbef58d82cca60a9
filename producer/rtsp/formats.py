"""How H.264 (RFC 6184) and H.265 (RFC 7798) are packed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """How a codec's units are packed. Both RFCs do the same with headers of different width.

    Attributes:
        header: bytes of a unit's header.
        shift, mask: where in its first byte the unit's type is.
        single: types of units that travel as they are.
        aggregate: type of a packet of several units (STAP-A, AP).
        fragment: type of a packet with a part of one (FU-A, FU).
        reserved: types that are to be ignored; others, as those of interleaved packets, are none that was agreed on.
        slices: types of units that hold a part of the picture, and whose first bit tells its first slice.
        keyframes: those among them that decoding can start at (IDR; IRAP).
        parameters: type of the sequence parameter set, which a keyframe may come with.
    """

    header: int
    shift: int
    mask: int
    single: range
    aggregate: int
    fragment: int
    reserved: frozenset[int]
    slices: frozenset[int]
    keyframes: frozenset[int]
    parameters: int


def _set(start: int, stop: int) -> frozenset[int]:
    return frozenset(range(start, stop))


FORMATS = {
    "h264": Format(1, 0, 0x1F, range(1, 24), 24, 28, frozenset({0, 30, 31}), frozenset({1, 2, 5}), frozenset({5}), 7),
    "hevc": Format(2, 1, 0x3F, range(48), 48, 49, _set(51, 64), _set(0, 32), _set(16, 22), 33),
}

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
        parameter_sets: types of all parameter sets.
        information: types of supplemental information (SEI), in which vendors put bytes of their own.
        is_checked: its decoder notices when a part of a picture is missing.
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
    parameter_sets: frozenset[int]
    information: frozenset[int]
    is_checked: bool

    def kind(self, unit: bytes | memoryview) -> int:
        """Return the type of a unit."""
        return unit[0] >> self.shift & self.mask


def _set(start: int, stop: int) -> frozenset[int]:
    return frozenset(range(start, stop))


FORMATS = {
    "h264": Format(
        header=1,
        shift=0,
        mask=0x1F,
        single=range(1, 24),
        aggregate=24,
        fragment=28,
        reserved=frozenset({0, 30, 31}),
        slices=frozenset({1, 2, 5}),
        keyframes=frozenset({5}),
        parameters=7,
        parameter_sets=frozenset({7, 8}),
        information=frozenset({6}),
        is_checked=True,
    ),
    "hevc": Format(
        header=2,
        shift=1,
        mask=0x3F,
        single=range(48),
        aggregate=48,
        fragment=49,
        reserved=_set(51, 64),
        slices=_set(0, 32),
        keyframes=_set(16, 22),
        parameters=33,
        parameter_sets=frozenset({32, 33, 34}),
        information=frozenset({39, 40}),
        is_checked=False,
    ),
}

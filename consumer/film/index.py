"""What a film consists of: timestamps and keyframes of all its packets, read without decoding any."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Self

import av

from .pick import Position


class Unfit(Exception):
    """A film whose packets do not tell which pictures come out of it."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What the index keeps of a packet; timestamps in the stream's time base.

    Attributes:
        shown: False for what has to be decoded but is cut off by an edit list.
    """

    pts: int
    dts: int
    keyframe: bool
    shown: bool = True


class Index:
    """Packets in the order of the file, and pictures in the order in which they are shown.

    Args:
        packets: in the order of the file, which is the one to decode them in.
        time_base: seconds per unit of their timestamps.
        first: timestamp of the first picture that comes out; decoders drop what they cannot decode before it.

    Raises:
        Unfit: a timestamp occurs twice, or there is no keyframe.
    """

    def __init__(self, packets: list[Packet], time_base: Fraction, first: int | None = None) -> None:
        self.packets = packets
        self.time_base = time_base
        self._places = {packet.pts: place for place, packet in enumerate(packets)}
        if len(self._places) < len(packets):
            raise Unfit("a timestamp occurs twice")
        self._shown = sorted(
            packet.pts for packet in packets if packet.shown and (first is None or packet.pts >= first)
        )
        self._keyframes = sorted(packet.pts for packet in packets if packet.keyframe)
        if not self._keyframes or not self._shown:
            raise Unfit("it has no keyframe")
        self._reach = list(accumulate((self._places[pts] for pts in self._shown), max))

    @classmethod
    def of(cls, packets: Iterable["av.Packet[Any]"], time_base: Fraction, *, has_b_frames: bool) -> Self:
        """Read all packets of a film.

        Raises:
            Unfit: a packet has no timestamp, or they do not tell the order of a film that has B-frames (H.264 in AVI).
        """
        found = []
        for packet in packets:
            if not packet.size:
                continue
            if packet.pts is None:
                raise Unfit("a packet has no timestamp")
            dts = packet.pts if packet.dts is None else packet.dts
            found.append(Packet(packet.pts, dts, packet.is_keyframe, not packet.is_discard))
        if has_b_frames and all(packet.pts == packet.dts for packet in found):
            raise Unfit("its timestamps do not tell in which order pictures are shown")
        return cls(found, time_base)

    def beginning_with(self, first: int | None) -> "Index":
        """Return this index without what is shown before the timestamp `first`."""
        return Index(self.packets, self.time_base, first)

    def __len__(self) -> int:
        return len(self._shown)

    def positions(self) -> Iterator[Position]:
        """Yield the film's pictures in the order in which they are shown."""
        keyframes = set(self._keyframes)
        for number, pts in enumerate(self._shown):
            yield Position(number, (pts - self._shown[0]) * self.time_base, pts in keyframes)

    def place(self, pts: int | None) -> int | None:
        """Return the place in the file of the packet with a timestamp; None if there is none."""
        return None if pts is None else self._places.get(pts)

    def number(self, pts: int) -> int:
        """Return the number of the first picture that is shown at `pts` or later."""
        return bisect_left(self._shown, pts)

    def reach(self, number: int) -> int:
        """Return the place of the last packet that is needed for all pictures up to this one."""
        return self._reach[number]

    def pts(self, number: int) -> int | None:
        """Return when a picture is shown; None if there are not so many."""
        return self._shown[number] if number < len(self._shown) else None

    def keyframe(self, number: int) -> int:
        """Return which keyframe, counted from 0, a picture can be decoded from: the last one not shown after it.

        Pictures of an open group are shown before the keyframe that they follow in the file; they need the one before.
        """
        return max(0, bisect_right(self._keyframes, self._shown[number]) - 1)

    def start(self, keyframe: int) -> int:
        """Return the place in the file of a keyframe's packet."""
        return self._places[self._keyframes[keyframe]]

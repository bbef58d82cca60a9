"""From RTP packets to access units, each at its marker bit: H.264 (RFC 6184) and H.265 (RFC 7798)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..arrival import Arrival
from . import rtp
from .counters import Counters
from .formats import FORMATS
from .fragments import Fragments

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest access unit believed; a larger one is given up like a damaged one."""

_START = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class Unit:
    """An access unit: one coded picture with all that belongs to it.

    Attributes:
        data: a byte stream with start codes; empty in place of units that were lost, so that a decoder starts anew.
        keyframe: decoding can start here.
        arrival: when its last packet came in.
    """

    data: bytes
    keyframe: bool
    arrival: Arrival


class Depacketizer:
    """Puts the packets of one stream together. Nothing that comes in makes it raise.

    Begins with a keyframe, and after a loss goes on with the next one. Of packets that come in part, those are told
    that `Fragments` knows; what else is missing, a decoder of H.264 notices, and one of H.265 does not.

    Args:
        codec: `h264` or `hevc`.
        payload: RTP payload type.

    Attributes:
        counters: what became of everything.
    """

    def __init__(self, codec: str, payload: int) -> None:
        self.counters = Counters()
        self._format = FORMATS[codec]
        self._fragments = Fragments()
        self._payload = payload
        self._source = -1
        self._expected = -1
        self._timestamp = -1
        self._arrival = Arrival(0, 0)
        self._waiting = True  # for a keyframe
        self._marked = False  # the packet before, in sequence, ended a unit
        self._trusts_marker = True
        self._repeats_parameters = False
        self._clear()

    def push_all(self, packets: Iterable[memoryview], arrival: Arrival) -> list[Unit]:
        """Add packets that came in together; see :meth:`push`."""
        return [unit for packet in packets for unit in self.push(packet, arrival)]

    def push(self, packet: memoryview, arrival: Arrival) -> Sequence[Unit]:
        """Add a packet; return the units that it completes, usually none or one."""
        self.counters.packets += 1
        if len(packet) < rtp.HEADER.size:
            self.counters.malformed += 1
            return ()
        first, second, sequence, timestamp, source = rtp.HEADER.unpack_from(packet)
        payload = packet[rtp.HEADER.size :] if first == rtp.PLAIN else rtp.payload(packet)
        if payload is None:  # its number is not to be believed either: if it was one, the next packet shows the gap
            self.counters.malformed += 1
            return ()
        if second & 0x7F != self._payload or (first != rtp.PLAIN and not payload):  # of another stream, or padding only
            self.counters.ignored += 1
            if sequence == self._expected and source == self._source:
                self._expected = (sequence + 1) & 0xFFFF
            return ()
        units: list[Unit] = []
        if sequence != self._expected or source != self._source:
            if source == self._source and 0 < (self._expected - sequence) & 0xFFFF <= rtp.LATE:
                self.counters.ignored += 1
                return ()
            self._note_gap(arrival, units)
            self._source = source
        self._expected = (sequence + 1) & 0xFFFF
        if timestamp != self._timestamp:
            self._finish(units)  # of a camera that sets no markers
            self._timestamp = timestamp
        self._arrival = arrival
        self._add(payload)
        self._marked = second & 0x80 != 0
        if self._marked and self._trusts_marker:
            self._finish(units)
        return units

    def _clear(self) -> None:
        self._unit = bytearray()
        self._has_slice = self._has_parameters = self._is_keyframe = False
        self._is_damaged = self._is_open = self._follows_gap = False

    def _note_gap(self, arrival: Arrival, units: list[Unit]) -> None:
        """Give up what is not complete. What begins after the gap may be whole: its first slice will tell."""
        if self._expected >= 0:
            self.counters.gaps += 1
        self._arrival = arrival
        self._marked = False
        self._lose(units)
        self._clear()
        self._follows_gap = True

    def _lose(self, units: list[Unit]) -> None:
        if not self._waiting:
            self._waiting = True
            units.append(Unit(b"", False, self._arrival))

    def _finish(self, units: list[Unit]) -> None:
        """End the present unit, unless it consists of parameter sets only, which then belong to the next one."""
        if self._is_damaged or self._lacks_parameters:
            self.counters.dropped += 1
            self._lose(units)
        elif not self._has_slice:
            return
        elif self._waiting and not self._is_keyframe:
            self.counters.dropped += 1
        else:
            self._waiting = False
            units.append(Unit(bytes(self._unit), self._is_keyframe, self._arrival))
        self._clear()

    @property
    def _lacks_parameters(self) -> bool:
        """True for a keyframe whose parameter sets are lost, as far as one can tell; they may have been new ones."""
        return self._is_keyframe and self._follows_gap and self._repeats_parameters and not self._has_parameters

    def _add(self, payload: memoryview) -> None:
        """Add what a packet holds."""
        form = self._format
        if len(payload) < form.header:
            self._damage()
            return
        kind = payload[0] >> form.shift & form.mask
        if kind == form.fragment:
            self._add_fragment(payload)
        elif kind == form.aggregate:
            self._add_aggregate(payload)
        elif kind in form.single:
            self._begin(payload, kind, payload[: form.header])
        elif kind not in form.reserved:
            self._damage()

    def _add_aggregate(self, payload: memoryview) -> None:
        """RFC 6184, 5.7.1; RFC 7798, 4.4.2: units with two bytes of length in front of each."""
        form, at = self._format, self._format.header
        while at < len(payload):
            stop = at + 2 + int.from_bytes(payload[at : at + 2], "big")
            unit = payload[at + 2 : stop]
            if stop > len(payload) or len(unit) < form.header:
                self._damage()
                return
            self._begin(unit, unit[0] >> form.shift & form.mask, unit[: form.header])
            at = stop

    def _add_fragment(self, payload: memoryview) -> None:
        """RFC 6184, 5.8; RFC 7798, 4.4.3: a byte with start, end and type after the header that stands in."""
        form = self._format
        if len(payload) < form.header + 2:
            self._damage()
            return
        flags = payload[form.header]
        is_first, is_last = flags & 0x80 != 0, flags & 0x40 != 0
        if self._fragments.is_cut(len(payload), is_first=is_first, is_last=is_last):
            self._damage()
        elif is_first:
            kind = flags & form.mask
            first = payload[0] & ~(form.mask << form.shift) | kind << form.shift
            self._begin(payload[1:], kind, bytes((first,)) + payload[1 : form.header])
            self._is_open = True
        elif self._is_open:
            self._append(payload[form.header + 1 :])
        else:
            self._damage(counted=False)  # its start is lost
        self._is_open = self._is_open and not is_last

    def _begin(self, unit: memoryview, kind: int, header: bytes | memoryview) -> None:
        """Begin a unit within the access unit: its header, then what follows a header's width of `unit`."""
        form = self._format
        body = unit[form.header :]
        if kind in form.slices:
            if not body:
                self._damage()
                return
            if not self._has_slice and not body[0] & 0x80:  # not the first slice of its picture
                if self._marked and self._trusts_marker:
                    self._trusts_marker = False  # this camera marks slices: from now on, go by timestamps
                self._damage(counted=False)
            self._has_slice = True
            self._is_keyframe = self._is_keyframe or kind in form.keyframes
        elif kind == form.parameters:
            self._has_parameters = self._repeats_parameters = True
        self._is_open = False
        self._append(_START, header, body)

    def _append(self, *parts: bytes | memoryview) -> None:
        if self._is_damaged:
            return
        for part in parts:
            self._unit += part
        if len(self._unit) > LARGEST:
            self._damage(counted=False)

    def _damage(self, *, counted: bool = True) -> None:
        """Give up the present unit, because of a malformed packet if `counted`."""
        self.counters.malformed += counted
        self._is_damaged = True
        self._unit.clear()

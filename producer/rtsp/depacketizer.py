"""From RTP packets to access units: H.264 (RFC 6184) and H.265 (RFC 7798)."""

from collections.abc import Iterable, Sequence

from ..arrival import Arrival
from . import rtp
from .assembly import LARGEST, Assembly, Unit
from .counters import Counters
from .formats import FORMATS
from .fragments import Fragments
from .frame_numbers import FrameNumbers

_START = b"\0\0\1"


class Depacketizer:
    """Puts the packets of one stream together. Nothing that comes in makes it raise.

    A gap in the numbers shows each packet that is lost. Lengths within aggregates, fragments without an end and
    `Fragments` show packets that come in part. What else is missing, a decoder of H.264 notices, and one of H.265 does
    not.

    Args:
        codec: `h264` or `hevc`.
        payload: RTP payload type.
        parameter_sets: those of the description, with start codes; cameras may leave them out of the stream.

    Attributes:
        counters: what became of everything.
    """

    def __init__(self, codec: str, payload: int, parameter_sets: bytes = b"") -> None:
        self.counters = Counters()
        self._format = FORMATS[codec]
        numbers = FrameNumbers(parameter_sets) if codec == "h264" else None
        self._assembly = Assembly(self._format, self.counters, numbers)
        self._fragments = Fragments()
        self._payload = payload
        self._source = -1
        self._expected = -1
        self._is_open = False  # a unit lacks fragments
        self._sets_ends = self._omits_ends = False
        self._gathered: bytearray | None = None  # fragments of a unit that is looked into when it is complete

    def push_all(self, packets: Iterable[memoryview], arrival: Arrival) -> list[Unit]:
        """Add packets that came in together; see :meth:`push`."""
        return [unit for packet in packets for unit in self.push(packet, arrival)]

    def push(self, packet: memoryview, arrival: Arrival) -> Sequence[Unit]:
        """Add a packet; return the units that it completes, usually none or one."""
        self.counters.packets += 1
        if len(packet) < rtp.HEADER.size:
            self.counters.malformed += 1
            return ()
        first, second, sequence, _timestamp, source = rtp.HEADER.unpack_from(packet)
        payload = packet[rtp.HEADER.size :] if first == rtp.PLAIN else rtp.payload(packet)
        if payload is None:  # its number is not to be believed either: if it was one, the next packet shows the gap
            self.counters.malformed += 1
            return ()
        if second & 0x7F != self._payload or (first != rtp.PLAIN and not payload):  # of another stream, or padding only
            self.counters.ignored += 1
            if sequence == self._expected and source == self._source:
                self._expected = (sequence + 1) & 0xFFFF
            return ()
        assembly = self._assembly
        assembly.arrival = arrival
        if sequence != self._expected or source != self._source:
            if source == self._source and 0 < (self._expected - sequence) & 0xFFFF <= rtp.LATE:
                self.counters.ignored += 1
                return ()
            self.counters.gaps += self._expected >= 0
            self._source = source
            self._is_open, self._gathered = False, None
            assembly.lose()
        self._expected = (sequence + 1) & 0xFFFF
        self._add(payload)
        if second & 0x80:
            assembly.mark(amid_unit=self._is_open and not self._omits_ends)
        return assembly.take()

    def _add(self, payload: memoryview) -> None:
        """Add what a packet holds."""
        form = self._format
        if len(payload) < form.header or payload[0] & 0x80:  # the first bit means that others are wrong
            self._assembly.damage()
            return
        kind = form.kind(payload)
        if kind == form.fragment:
            self._add_fragment(payload)
        elif kind == form.aggregate:
            self._add_aggregate(payload)
        elif kind in form.single or not payload[0]:
            self._add_unit(payload, kind)
        elif kind not in form.reserved:
            self._assembly.damage()

    def _add_unit(self, unit: memoryview, kind: int) -> None:
        """Add a unit. Cameras put pieces of a byte stream where one belongs, with start codes in it or before it."""
        form = self._format
        # Within a slice there is none, unless it is damaged; within information it is one of a vendor's own bytes.
        is_whole = kind in form.slices or kind in form.information
        if is_whole and unit[:3] != _START and unit[:4] != b"\0" + _START:
            self._begin(kind, unit[: form.header], unit[form.header :])
            return
        for part in bytes(unit).split(_START):
            found = memoryview(part.rstrip(b"\0"))
            if len(found) >= form.header and not found[0] & 0x80 and form.kind(found) in form.single:
                self._begin(form.kind(found), found[: form.header], found[form.header :])

    def _add_aggregate(self, payload: memoryview) -> None:
        """RFC 6184, 5.7.1; RFC 7798, 4.4.2: units with two bytes of length in front of each."""
        form, at = self._format, self._format.header
        while at < len(payload):
            stop = at + 2 + int.from_bytes(payload[at : at + 2], "big")
            unit = payload[at + 2 : stop]
            if stop > len(payload) or len(unit) < form.header or unit[0] & 0x80 or form.kind(unit) not in form.single:
                if any(payload[at:]):  # cameras pad with zeros
                    self._assembly.damage()
                return
            self._add_unit(unit, form.kind(unit))
            at = stop

    def _add_fragment(self, payload: memoryview) -> None:
        """RFC 6184, 5.8; RFC 7798, 4.4.3: a byte with start, end and type after the header that stands in."""
        form = self._format
        if len(payload) < form.header + 2:
            self._assembly.damage()
            return
        flags = payload[form.header]
        is_first, is_last = flags & 0x80 != 0, flags & 0x40 != 0
        kind = flags & form.mask
        if self._fragments.is_cut(len(payload), kind, is_first=is_first, is_last=is_last):
            self._assembly.damage()
            self._is_open, self._gathered = False, None
        elif is_first:
            self._begin_fragments(kind, payload)
        elif not self._is_open:
            self._assembly.damage(malformed=False)  # its start is lost
        elif self._gathered is None:
            self._assembly.append(payload[form.header + 1 :])
        elif len(self._gathered) < LARGEST:
            self._gathered += payload[form.header + 1 :]
        else:
            self._assembly.damage(malformed=False)
        if is_last:
            self._end_fragments()

    def _begin_fragments(self, kind: int, payload: memoryview) -> None:
        """Begin a unit that comes in fragments; one that is no slice is looked into when it is complete."""
        form = self._format
        header = bytes((payload[0] & ~(form.mask << form.shift) | kind << form.shift,)) + payload[1 : form.header]
        body = payload[form.header + 1 :]
        if kind in form.slices:
            self._begin(kind, header, body)
        else:
            self._close()
            self._gathered = bytearray(header + body)
        self._is_open = True

    def _end_fragments(self) -> None:
        """End a unit that came in fragments."""
        gathered, self._gathered = self._gathered, None
        self._is_open, self._sets_ends = False, True
        if gathered:
            self._add_unit(memoryview(gathered), self._format.kind(memoryview(gathered)))

    def _begin(self, kind: int, header: bytes | memoryview, body: memoryview) -> None:
        self._close()
        self._assembly.begin(kind, header, body)

    def _close(self) -> None:
        """End the unit before a new one. If it lacks its last fragment it is damaged, where this camera marks that."""
        if self._is_open:
            self._is_open, self._gathered = False, None
            if self._sets_ends:
                self._assembly.damage(malformed=False)
            else:
                self._omits_ends = True

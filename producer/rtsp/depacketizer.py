"""From RTP packets to access units: H.264 (RFC 6184) and H.265 (RFC 7798)."""

from collections.abc import Iterable, Sequence

from ..arrival import Arrival
from . import rtp
from .assembly import Assembly, Unit
from .counters import Counters
from .formats import FORMATS
from .fragments import Fragments
from .frame_numbers import FrameNumbers


class Depacketizer:
    """Puts the packets of one stream together. Nothing that comes in makes it raise.

    A gap in the numbers shows each packet that is lost. Of packets that come in part, those show that lengths within
    aggregates, fragments without an end, and `Fragments` tell of. What else is missing, a decoder of H.264 notices,
    and one of H.265 does not.

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
            self._is_open = False
            assembly.lose()
        self._expected = (sequence + 1) & 0xFFFF
        self._add(payload)
        if second & 0x80:
            assembly.mark(amid_unit=self._is_open and not self._omits_ends)
        return assembly.take()

    def _add(self, payload: memoryview) -> None:
        """Add what a packet holds."""
        form = self._format
        if len(payload) < form.header or payload[0] & 0x80:  # the first bit says that others are wrong
            self._assembly.damage()
            return
        kind = form.kind(payload)
        if kind == form.fragment:
            self._add_fragment(payload)
        elif kind == form.aggregate:
            self._add_aggregate(payload)
        elif kind in form.single:
            self._begin(kind, payload[: form.header], payload[form.header :])
        elif kind not in form.reserved:
            self._assembly.damage()

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
            self._begin(form.kind(unit), unit[: form.header], unit[form.header :])
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
        elif is_first:
            header = bytes((payload[0] & ~(form.mask << form.shift) | kind << form.shift,)) + payload[1 : form.header]
            self._begin(kind, header, payload[form.header + 1 :])
            self._is_open = True
        elif self._is_open:
            self._assembly.append(payload[form.header + 1 :])
        else:
            self._assembly.damage(malformed=False)  # its start is lost
        self._is_open = self._is_open and not is_last
        self._sets_ends = self._sets_ends or is_last

    def _begin(self, kind: int, header: bytes | memoryview, body: memoryview) -> None:
        """Begin a unit. One before it that lacks its last fragment is damaged, where cameras mark that at all."""
        if self._is_open:
            self._is_open = False
            if self._sets_ends:
                self._assembly.damage(malformed=False)
            else:
                self._omits_ends = True
        self._assembly.begin(kind, header, body)

"""From RTP packets to JPEGs (RFC 2435)."""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..arrival import Arrival
from ..picture import Jpeg
from . import jfif, rtp
from .counters import Counters
from .sdp import Unsupported

_FIXED = struct.Struct("!BBHIIII")  # RTP header; type-specific byte and offset; type, Q, width and height
_TABLES = struct.Struct("!xBH")  # precision and length of quantization tables
_RESTART = struct.Struct("!H2x")
_END_OF_IMAGE = b"\xff\xd9"
_NONE = -1


class Picture(NamedTuple):
    """A picture and when its last packet came in."""

    jpeg: Jpeg
    arrival: Arrival


class JpegDepacketizer:
    """Puts the packets of one stream together. A picture of which anything is missing is dropped.

    A picture ends with the end of its JPEG, which a camera need not send, or before a packet with offset 0. Where there
    is no such end, a marker bit lets it out at once, after the first one has proved right and until one is followed by
    more of its picture. That the very last bytes are missing shows where the camera sends the end.

    Args:
        payload: RTP payload type.
        size: width and height in pixels as described. Packets tell them in units of 8, and modulo 2048.

    Attributes:
        counters: what became of everything.
    """

    def __init__(self, payload: int, size: tuple[int, int] | None = None) -> None:
        self.counters = Counters()
        self._payload = payload
        self._size = size
        self._tables: dict[int, bytes] = {}
        self._source = self._expected = self._timestamp = self._form = _NONE
        self._filled = _NONE  # bytes of the picture that is open
        self._parts: list[bytes | memoryview] = []
        self._shape = (0, 0)
        self._skip = _FIXED.size  # bytes in front of a part of the scan
        self._arrival = Arrival(0, 0)
        self._sends_end = False
        self._trusts_marker, self._is_proved, self._is_marked = True, False, False

    def push_all(self, packets: Iterable[memoryview], arrival: Arrival) -> list[Picture]:
        """Add packets that came in together; see :meth:`push`."""
        pictures: list[Picture] = []
        for packet in packets:
            # Most packets go on where the one before ended, which one comparison tells.
            if len(packet) > self._skip and _FIXED.unpack_from(packet) == (
                rtp.PLAIN,
                self._payload,
                self._expected,
                self._timestamp,
                self._source,
                self._filled,
                self._form,
            ):
                part = packet[self._skip :]
                self._parts.append(part)
                self._filled += len(part)
                self._expected = (self._expected + 1) & 0xFFFF
                self._arrival = arrival
                self.counters.packets += 1
            else:
                pictures += self.push(packet, arrival)
        return pictures

    def push(self, packet: memoryview, arrival: Arrival) -> Sequence[Picture]:
        """Add a packet; return the pictures that it completes, usually none or one.

        Raises:
            Unsupported: pictures are of a type, or a size, that RFC 2435 does not tell how to read.
        """
        self.counters.packets += 1
        if len(packet) < _FIXED.size:
            self.counters.malformed += 1
            return ()
        first, second, sequence, timestamp, source, offset, form = _FIXED.unpack_from(packet)
        if first != rtp.PLAIN:
            return self._push_plain(packet, arrival)
        if second & 0x7F != self._payload:
            self.counters.ignored += 1
            if sequence == self._expected and source == self._source:
                self._expected = (sequence + 1) & 0xFFFF
            return ()
        if (sequence != self._expected or source != self._source) and not self._goes_on_at(sequence, source):
            return ()
        self._expected = (sequence + 1) & 0xFFFF
        pictures: Sequence[Picture] = ()
        if offset & 0xFF_FFFF == 0:
            if self._filled > 0:
                self._is_proved = self._is_proved or self._is_marked
                pictures = self._finish()
            self._begin(packet, timestamp, form)
        elif offset & 0xFF_FFFF == self._filled and form == self._form:
            self._go_on(packet, timestamp)
        else:
            self._drop()
        self._arrival = arrival
        self._is_marked = second & 0x80 != 0 and self._filled > 0
        return [*pictures, *self._finish_if_last()] if self._is_marked else pictures

    def _push_plain(self, packet: memoryview, arrival: Arrival) -> Sequence[Picture]:
        """Add a packet without what makes its header longer, or its end."""
        payload = rtp.payload(packet)
        if payload is None:  # its number is not to be believed either: if it was one, the next packet shows the gap
            self.counters.malformed += 1
            return ()
        self.counters.packets -= 1
        header = bytes((rtp.PLAIN,)) + packet[1 : rtp.HEADER.size]
        return self.push(memoryview(header + payload), arrival)

    def _goes_on_at(self, sequence: int, source: int) -> bool:
        """Return whether a packet that is not the next one is a later one; what is missing costs the open picture."""
        if source == self._source and 0 < (self._expected - sequence) & 0xFFFF <= rtp.LATE:
            self.counters.ignored += 1
            return False
        self.counters.gaps += self._expected != _NONE
        self._source = source
        self._drop()
        return True

    def _drop(self) -> None:
        """Give up the picture that is open, if there is one."""
        self.counters.dropped += self._filled != _NONE
        self._filled = _NONE
        self._parts.clear()

    def _begin(self, packet: memoryview, timestamp: int, form: int) -> None:
        """Begin a picture with the packet that tells how it is to be decoded (RFC 2435, 3.1)."""
        self._drop()
        kind, quality, width, height = form.to_bytes(4, "big")
        if kind & ~0x40 not in (0, 1):
            raise Unsupported(f"JPEG of type {kind}")
        at, interval = _FIXED.size, 0
        try:
            if kind & 0x40:
                (interval,) = _RESTART.unpack_from(packet, at)
                at += _RESTART.size
            self._skip = at
            tables, at = self._read_tables(packet, quality, at)
        except (struct.error, ValueError):
            self.counters.malformed += 1
            return
        self._shape = self._measure(width, height)
        part = packet[at:]
        self._parts = [jfif.head(kind & 1, *self._shape, interval, tables), part]
        self._filled, self._timestamp, self._form = len(part), timestamp, form

    def _go_on(self, packet: memoryview, timestamp: int) -> None:
        if self._is_marked:  # this camera marks every packet
            self._trusts_marker = False
        self._timestamp = timestamp
        part = packet[self._skip :]
        self._parts.append(part)
        self._filled += len(part)

    def _finish_if_last(self) -> Sequence[Picture]:
        """End the open picture at a marker, as far as that is believed."""
        if self._has_end or (self._trusts_marker and self._ends_anyhow):
            return self._finish()
        self._timestamp = _NONE  # so that the next packet is looked at: it shows whether this was the last one
        return ()

    def _read_tables(self, packet: memoryview, quality: int, at: int) -> tuple[bytes, int]:
        """Return the quantization tables of a picture, and where its scan begins (RFC 2435, 3.1.8).

        Raises:
            ValueError, struct.error: there are none.
        """
        if 0 < quality < 100:
            return jfif.quantization(quality), at
        if quality < 128:
            raise ValueError("Q is reserved")
        precision, length = _TABLES.unpack_from(packet, at)
        at += _TABLES.size
        # Tables that pictures share need not be in each.
        tables = bytes(packet[at : at + length]) if length else self._tables.get(quality, b"")
        if precision or len(tables) not in (jfif.TABLE, 2 * jfif.TABLE) or len(tables) < length:
            raise ValueError("quantization tables")
        if quality < 255:
            self._tables[quality] = tables
        return tables, at + length

    def _measure(self, width: int, height: int) -> tuple[int, int]:
        """Return the size in pixels that packets tell in units of 8."""
        described = self._size
        if described and [-(-side // 8) & 0xFF for side in described] == [width, height]:
            return described
        if not width or not height:
            raise Unsupported("JPEG of more than 2040 pixels")
        return 8 * width, 8 * height

    @property
    def _has_end(self) -> bool:
        """True if the JPEG ends in the last packet; its end may begin in the one before."""
        return _END_OF_IMAGE in b"".join((self._parts[-2][-1:], self._parts[-1]))

    @property
    def _ends_anyhow(self) -> bool:
        """True if the JPEG ended earlier, and padding follows; or if this camera sends no end, but right markers."""
        if self._sends_end:
            return any(_END_OF_IMAGE in bytes(part) for part in self._parts[1:-1])
        return self._is_proved

    def _finish(self) -> Sequence[Picture]:
        """End the open picture, with an end marker of ours if the camera sends none."""
        *parts, before, last = self._parts
        # Packets may tear the marker apart, and cameras pad what is behind it.
        tail, marker, _ = b"".join((before[-1:], last)).partition(_END_OF_IMAGE)
        if marker:
            self._sends_end = True
        elif self._sends_end and not any(_END_OF_IMAGE in bytes(part) for part in (*parts[1:], before)):
            self._drop()  # the end of its last packet is missing
            return ()
        data = b"".join((*parts, before[:-1], tail, _END_OF_IMAGE))
        self._parts, self._filled = [], _NONE
        return (Picture(Jpeg(data, *self._shape), self._arrival),)

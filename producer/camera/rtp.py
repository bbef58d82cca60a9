"""RTP and RTCP headers (RFC 3550)."""

import struct
from collections.abc import Iterable

_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_WRAP_16 = 0xFFFF
_WRAP_32 = 0xFFFF_FFFF


class Numbering:
    """Numbers the packets of one stream, through every change of its encoder.

    Args:
        ssrc: number of the stream.
        sequence: number of the first packet.
    """

    def __init__(self, ssrc: int, sequence: int) -> None:
        self.ssrc = ssrc
        self._sequence = sequence

    def apply(self, packets: Iterable[bytes], timestamp: int) -> tuple[bytes, ...]:
        """Return the packets of one picture with sequence numbers, time (in 1/90000 s) and SSRC."""
        numbered = []
        for packet in packets:
            fields = struct.pack("!HII", self._sequence, timestamp & _WRAP_32, self.ssrc)
            numbered.append(packet[:2] + fields + packet[12:])
            self._sequence = (self._sequence + 1) & _WRAP_16
        return tuple(numbered)


def sender_report(ssrc: int, time_ns: int, timestamp: int, packets: int, octets: int) -> bytes:
    """Return an RTCP sender report: which wall-clock time an RTP timestamp stands for (6.4.1)."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return struct.pack(
        "!BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        (seconds + _NTP_EPOCH) & _WRAP_32,
        (rest << 32) // 1_000_000_000,
        timestamp & _WRAP_32,
        packets & _WRAP_32,
        octets & _WRAP_32,
    )

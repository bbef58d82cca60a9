"""What all RTP packets have in common (RFC 3550, 5.1)."""

import struct

HEADER = struct.Struct("!BBHII")
"""Flags, marker and payload type, sequence number, timestamp, source."""
PLAIN = 0x80
"""Flags of version 2 with neither padding, nor extension, nor contributing sources."""
LATE = 100
"""A packet this much behind is late or a duplicate (RFC 3550, A.1); further off, numbers have started anew."""


def payload(packet: memoryview) -> memoryview | None:
    """Return what follows a header that is not plain, which may be nothing; None if it is malformed.

    RFC 3550, 5.1 and 5.3.1.
    """
    first, end = packet[0], len(packet)
    at = HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
    if first & 0x20:
        end -= packet[-1]
    return packet[at:end] if first >> 6 == 2 and at <= end else None

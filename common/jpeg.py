"""What a JPEG says about itself, read without decoding it (ITU-T T.81, annex B)."""

import struct

SMALLEST = 128
"""Bytes of the smallest JPEG believed; anything shorter is a broken transfer (ustreamer's rule)."""
MOST_PIXELS = 1 << 26
"""Pixels of the largest picture believed, twice 8K: a few bytes must not make a reader allocate gigabytes."""

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
_START_OF_SCAN = 0xDA


def size(jpeg: bytes | memoryview) -> tuple[int, int]:
    """Return the (width, height) in pixels that the frame header of a JPEG announces.

    Raises:
        ValueError: not a whole JPEG (no SOI, EOI or frame header), or more than `MOST_PIXELS`.
    """
    if len(jpeg) < SMALLEST or jpeg[:2] != _SOI:
        raise ValueError("picture does not start as a JPEG")
    if jpeg[-2:] != _EOI:
        raise ValueError("JPEG is cut off")
    at = 2
    while at + 9 <= len(jpeg):
        marker, kind = jpeg[at], jpeg[at + 1]
        if marker != 0xFF or kind == _START_OF_SCAN:
            break
        if kind == 0xFF:  # any number of fill bytes may precede a marker
            at += 1
        elif kind in _STANDALONE:
            at += 2
        elif kind in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", jpeg, at + 5)
            return _believable(width, height)
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise ValueError("JPEG has no frame header")


def _believable(width: int, height: int) -> tuple[int, int]:
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"JPEG of {width}x{height} pixels is not believable")
    return width, height

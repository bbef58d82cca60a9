"""What a JPEG says about itself, read without decoding it (ITU-T T.81, annex B)."""

import re
import struct

SMALLEST = 128
"""Bytes of the smallest JPEG believed; anything shorter is a broken transfer (ustreamer's rule)."""
MOST_PIXELS = 1 << 26
"""Pixels of the largest picture believed, twice 8K: a few bytes must not make a reader allocate gigabytes."""

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_LOWEST_MARKER = 0xC0
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Neither a byte of the scan, nor one that fills, nor a restart marker."""


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
            return believable(width, height)
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise ValueError("JPEG has no frame header")


def believable(width: int, height: int) -> tuple[int, int]:
    """Return the size of a picture, in pixels, as it is.

    Raises:
        ValueError: no picture has that size, or more than `MOST_PIXELS`.
    """
    if width <= 0 or not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"picture of {width}x{height} pixels is not believable")
    return width, height


def find_end(data: bytes | bytearray, at: int) -> tuple[int, bool]:
    """Look for the end of a JPEG that these bytes begin with, as far as they have come in.

    Args:
        data: its bytes.
        at: 0, or what the search before returned.

    Returns:
        where it ends and True; where to go on once there is more and False.

    Raises:
        ValueError: what follows is no part of it, so it was cut off.
    """
    while found := _MARKER.search(data, at):
        kind, at = data[found.start() + 1], found.end()
        if kind == _END_OF_IMAGE:
            return at, True
        if kind < _LOWEST_MARKER or (kind == _START_OF_IMAGE and found.start() > 0):
            raise ValueError("JPEG is cut off")
        if kind not in _STANDALONE:
            if len(data) < at + 2:
                return found.start(), False
            at += int.from_bytes(data[at : at + 2], "big")
    return max(at, len(data) - 1), False

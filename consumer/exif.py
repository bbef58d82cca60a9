"""The time of capture inside a JPEG, where every picture viewer looks for it (CIPA DC-008, Exif 2.32)."""

import struct
from datetime import datetime

_SOI = b"\xff\xd8"
_APP1 = b"\xff\xe1"
_MARK = b"Exif\0\0"

_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_EXIF_IFD = 0x8769
_EXIF_VERSION = 0x9000
_DATE_TIME_ORIGINAL = 0x9003
_OFFSET_TIME_ORIGINAL = 0x9011
_SUB_SEC_TIME_ORIGINAL = 0x9291

_HEAD = 8
"""Bytes of a TIFF's header, at which offsets begin."""
_ENTRY = struct.Struct(">HHL4s")


def with_time(jpeg: bytes | memoryview, time: datetime) -> bytes:
    """Return a JPEG with its time of capture in it, to the microsecond; everything else is the same bytes.

    One that has an Exif segment already is returned as it is, and so is what is no JPEG.

    Args:
        jpeg: the file.
        time: of capture, with a time zone.
    """
    data = bytes(jpeg)
    if not data.startswith(_SOI) or (data[2:4] == _APP1 and data[6:12] == _MARK):
        return data
    tiff = _tiff(time)
    length = 2 + len(_MARK) + len(tiff)
    return _SOI + _APP1 + length.to_bytes(2, "big") + _MARK + tiff + data[2:]


def _tiff(time: datetime) -> bytes:
    offset = f"{time:%z}"
    header = b"MM\0*" + _HEAD.to_bytes(4, "big")
    below = _HEAD + _size(1)
    pointer = _directory([(_EXIF_IFD, _LONG, 1, below.to_bytes(4, "big"))], _HEAD)
    texts = [
        (_DATE_TIME_ORIGINAL, f"{time:%Y:%m:%d %H:%M:%S}"),
        (_OFFSET_TIME_ORIGINAL, f"{offset[:3]}:{offset[3:5]}"),
        (_SUB_SEC_TIME_ORIGINAL, f"{time:%f}"),
    ]
    entries = [(_EXIF_VERSION, _UNDEFINED, 4, b"0232")]
    entries += [(tag, _ASCII, len(text) + 1, text.encode() + b"\0") for tag, text in texts]
    return header + pointer + _directory(entries, below)


def _directory(entries: list[tuple[int, int, int, bytes]], at: int) -> bytes:
    """Return a directory (IFD) for the offset `at`, and behind it the values that do not fit into its entries."""
    head, values = len(entries).to_bytes(2, "big"), b""
    for tag, kind, count, value in entries:
        field = value
        if len(value) > 4:
            field = (at + _size(len(entries)) + len(values)).to_bytes(4, "big")
            values += value + bytes(len(value) % 2)
        head += _ENTRY.pack(tag, kind, count, field)
    return head + bytes(4) + values


def _size(entries: int) -> int:
    return 2 + entries * _ENTRY.size + 4

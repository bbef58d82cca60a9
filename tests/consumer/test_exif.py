"""The time of capture inside a JPEG."""

import struct
from datetime import UTC, datetime, timedelta, timezone

import cv2
import numpy as np

from framefan.consumer.exif import with_time
from tests import pictures

TIME = datetime(2026, 11, 22, 10, 38, 55, 123456, UTC)


def tags(jpeg: bytes) -> dict[int, bytes]:
    """Read the tags of the Exif directory by the standard."""
    assert jpeg[:4] == b"\xff\xd8\xff\xe1"
    tiff = jpeg[12 : 4 + int.from_bytes(jpeg[4:6], "big")]
    assert tiff[:8] == b"MM\0*\0\0\0\x08"
    count, tag, kind, values, at = struct.unpack_from(">HHHLL", tiff, 8)
    assert (count, tag, kind, values) == (1, 0x8769, 4, 1)
    found = {}
    for number in range(int.from_bytes(tiff[at : at + 2], "big")):
        tag, _, length, value = struct.unpack_from(">HHL4s", tiff, at + 2 + 12 * number)
        start = int.from_bytes(value, "big")
        found[tag] = value[:length] if length <= 4 else tiff[start : start + length]
    assert list(found) == sorted(found)
    return found


def test_tags() -> None:
    """Date, fraction of a second and offset from UTC are there, each ending with a zero."""
    found = tags(with_time(pictures.jpeg(), TIME))
    assert found == {
        0x9000: b"0232",
        0x9003: b"2026:11:22 10:38:55\0",
        0x9011: b"+00:00\0",
        0x9291: b"123456\0",
    }
    assert tags(with_time(pictures.jpeg(), TIME.astimezone(timezone(timedelta(hours=-3.5)))))[0x9011] == b"-03:30\0"


def test_everything_else_is_the_same() -> None:
    """Behind the new segment come the bytes of before, and the picture is the same."""
    jpeg = pictures.jpeg(pictures.noisy(64, 48))
    changed = with_time(jpeg, TIME)
    assert changed.endswith(jpeg[2:])
    before, after = (np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), 1)) for data in (jpeg, changed))
    assert np.array_equal(before, after)


def test_what_has_a_time_keeps_it() -> None:
    """A camera's own Exif segment is not replaced, and no JPEG is not touched."""
    once = with_time(pictures.jpeg(), TIME)
    assert with_time(once, TIME + timedelta(days=1)) == once
    assert with_time(b"no JPEG", TIME) == b"no JPEG"

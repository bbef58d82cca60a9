"""What a JPEG says about itself."""

import pytest

from framefan.common import jpeg
from tests import pictures


@pytest.mark.parametrize("size", [(64, 48), (16, 16), (1280, 720)])
def test_size(size: tuple[int, int]) -> None:
    """Width and height are read from the frame header."""
    assert jpeg.size(pictures.jpeg(pictures.flat(*size))) == size


def test_size_of_a_view() -> None:
    """A view of a larger message will do."""
    data = b"x" + pictures.jpeg()
    assert jpeg.size(memoryview(data)[1:]) == (64, 48)


def test_fill_bytes_and_other_segments_are_skipped() -> None:
    """Comments and fill bytes in front of the frame header do no harm."""
    data = pictures.jpeg()
    assert jpeg.size(data[:2] + b"\xff\xff\xff\xfe\x00\x06abcd" + data[2:]) == (64, 48)


def test_refuses_a_pixel_bomb() -> None:
    """A few bytes that announce a gigantic picture are refused."""
    data = bytearray(pictures.jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="65535x65535 pixels is not believable"):
        jpeg.size(bytes(data))


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff\xd9", b"\xff\xd8" + b"\xff\xe0\x00\x00" * 100 + b"\xff\xd9", b"\x00" * 500]
)
def test_refuses_what_is_no_jpeg(data: bytes) -> None:
    """Short, empty-segmented and foreign data end in a ValueError, not in a loop."""
    with pytest.raises(ValueError, match="JPEG"):
        jpeg.size(data)

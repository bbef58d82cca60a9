"""Frames."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from framefan.common.errors import WireError
from framefan.common.frame import Frame
from framefan.common.memory import Layout, Place
from tests import pictures


def frame(picture: bytes, *, age: float = 0.0, width: int = 64, height: int = 48) -> Frame:
    """Return a frame captured `age` seconds ago."""
    return Frame(
        camera="door",
        seq=1207,
        run="a1",
        captured_ns=1_700_000_000_000_000_000,
        width=width,
        height=height,
        quality=80,
        decode_ns=0,
        encode_ns=0,
        data=memoryview(picture),
        local_ns=time.monotonic_ns() - int(age * 1e9),
    )


def test_image_is_decoded_once_and_writable() -> None:
    """The image is BGR uint8 (height, width, 3), the caller's own, and the same object each time."""
    found = frame(pictures.jpeg())
    assert found.image.shape == (48, 64, 3)
    assert found.image.dtype == np.uint8
    assert found.image.flags.writeable
    assert found.image is found.image
    assert np.abs(found.image.astype(int) - pictures.flat()).max() <= 3


def test_reduced_and_gray() -> None:
    """A smaller or gray picture is to be had for less."""
    found = frame(pictures.jpeg())
    assert found.decode(reduce=2).shape == (24, 32, 3)
    assert found.decode(gray=True).shape == (48, 64)
    assert found.decode(reduce=4, gray=True).shape == (12, 16)


def test_a_picture_is_not_turned() -> None:
    """A picture is as wide and high as its JPEG, whatever Exif says of how the camera was held."""
    turned = b"\xff\xd8\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    found = frame(turned + bytes(pictures.jpeg())[2:])
    assert found.image.shape == (48, 64, 3)
    assert found.decode(gray=True, reduce=2).shape == (24, 32)


def test_age_grows() -> None:
    """The age is that of now, not of the arrival."""
    found = frame(pictures.jpeg(), age=2.0)
    assert 2.0 <= found.age < found.age + 1e-9 < 10.0


def test_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text for logs, capture time in UTC, the very bytes."""
    now = time.monotonic_ns()
    monkeypatch.setattr(time, "monotonic_ns", lambda: now)
    found = frame(pictures.jpeg(), age=0.031)
    assert str(found) == "door #1207 64x48 1 kB 31 ms old"
    assert found.captured == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert found.jpeg == pictures.jpeg()


def test_pixels() -> None:
    """Pixels need no decoding: they are copied, reduced, or made gray, or a JPEG, whatever became of other copies."""
    pixels = pictures.noisy(64, 48)
    found = replace(frame(b""), pixels=pixels, place=Place(1, 2, "name", Layout.BGR))
    assert (found.image == pixels).all()
    found.image[:] = 0
    assert (found.decode() == pixels).all()
    for reduce, gray in ((2, False), (1, True), (4, True)):
        shape = frame(found.jpeg).decode(reduce=reduce, gray=gray).shape
        assert found.decode(reduce=reduce, gray=gray).shape == shape
    assert found.decode(reduce=8).flags.writeable
    assert "64x48 raw" in str(found)
    luma = replace(found, pixels=pixels[..., 0], place=Place(1, 2, "name", Layout.GRAY))
    assert luma.image.shape == (48, 64, 3)
    assert (luma.decode(gray=True) == pixels[..., 0]).all()


def test_planes() -> None:
    """Planes become BGR when they are wanted, or gray: as OpenCV converts them, and always the caller's own."""
    planes = np.vstack([pictures.noisy(64, 48)[..., 0] // 2 + 60, np.full((24, 64), 128, np.uint8)])
    found = replace(frame(b""), pixels=planes, place=Place(1, 2, "name", Layout.I420))
    image = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
    assert (found.image == image).all()
    assert (found.decode() == image).all()
    found.image[:] = 0
    assert (found.decode() == image).all()
    assert found.decode(reduce=2).shape == (24, 32, 3)
    gray = found.decode(gray=True)
    assert gray.shape == (48, 64)
    assert abs(gray.astype(int) - image[..., 0]).max() <= 2
    assert found.decode(reduce=4, gray=True).shape == (12, 16)
    assert frame(found.jpeg).image.shape == (48, 64, 3)


def test_uses_are_counted() -> None:
    """What a program makes of frames is known afterwards: pixels, or their JPEG."""
    found = frame(pictures.jpeg())
    assert (found.uses.pixels, found.uses.jpegs) == (0, 0)
    for _ in range(2):
        found.image.any()
    assert found.decode(gray=True).any()
    assert found.jpeg
    assert (found.uses.pixels, found.uses.jpegs) == (2, 1)


def test_damaged_jpeg() -> None:
    """A JPEG that cannot be decoded is an error of ours that names the frame."""
    with pytest.raises(WireError, match="door #1207"):
        frame(b"\xff\xd8" + b"\0" * 500 + b"\xff\xd9").decode()

"""From decoded pictures to JPEG."""

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from framefan.producer.array_encoder import encode_array
from framefan.producer.encoder import encode
from tests import pictures

WHITE, YELLOW, CYAN, GREEN = (255, 255, 255), (0, 255, 255), (255, 255, 0), (0, 255, 0)
MAGENTA, RED, BLUE, BLACK = (255, 0, 255), (0, 0, 255), (255, 0, 0), (0, 0, 0)
ROW = np.array([[WHITE, YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE, BLACK]], np.uint8)
BARS = ROW.repeat(40, axis=1).repeat(120, axis=0)


def decoded(data: bytes) -> pictures.Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image  # type: ignore[return-value]


def difference(one: pictures.Image, other: pictures.Image) -> float:
    """Return the mean difference inside the bars; at their edges colour is half as sharp."""
    inside = [40 * bar + 20 for bar in range(8)]
    return float(np.abs(one[10:-10, inside].astype(int) - other[10:-10, inside]).mean())


@pytest.mark.parametrize(
    "format", ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "nv12", "yuyv422", "bgr24", "gray"]
)
def test_colours_of_every_format(format: str) -> None:
    """Video range and full range, planar and packed: the JPEG shows the colours that were put in."""
    picture = BARS
    if format == "gray":
        picture = np.asarray(cv2.cvtColor(cv2.cvtColor(BARS, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=format)
    assert difference(decoded(encode(frame, 95)), picture) < 2.5


def test_full_range_by_tag() -> None:
    """A picture whose range stands in its facts instead of its format's name is left as it is."""
    frame = av.VideoFrame.from_ndarray(BARS, format="bgr24").reformat(format="yuv420p", dst_color_range=ColorRange.JPEG)
    assert frame.color_range == ColorRange.JPEG
    assert difference(decoded(encode(frame, 95)), BARS) < 2.5


@pytest.mark.parametrize("size", [(64, 48), (70, 50), (322, 182), (1278, 718), (97, 61), (639, 481), (3, 3)])
def test_sizes_whose_lines_are_padded(size: tuple[int, int]) -> None:
    """Lines longer than the picture is wide leave no trace, and neither does what lies behind an odd size."""
    image = pictures.flat(*size)
    frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
    found = decoded(encode(frame, 90))
    assert found.shape == image.shape
    assert np.abs(found.astype(int) - image).max() < 8


def test_arrays() -> None:
    """BGR and gray arrays, also such that are views of others."""
    image = pictures.flat()
    assert np.abs(decoded(encode_array(image, 90)).astype(int) - image).max() < 8
    assert decoded(encode_array(image[::2, ::2], 90)).shape == (24, 32, 3)
    assert decoded(encode_array(image[..., 0], 90)).shape == (48, 64, 3)

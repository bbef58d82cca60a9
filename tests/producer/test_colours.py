"""Colours: what a consumer sees of an H.264 or H.265 camera is what OpenCV would have shown."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from framefan.common.memory import Layout
from framefan.producer.encoder import encode, pixels
from tests import pictures

WHITE, YELLOW, CYAN, GREEN = (255, 255, 255), (0, 255, 255), (255, 255, 0), (0, 255, 0)
MAGENTA, RED, BLUE, BLACK = (255, 0, 255), (0, 0, 255), (255, 0, 0), (0, 0, 0)
ROW = np.array([[WHITE, YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE, BLACK]], np.uint8)
BARS = ROW.repeat(40, axis=1).repeat(128, axis=0)
RAMP = np.repeat(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], 3, axis=2).repeat(128, axis=0)


def film(path: Path, picture: pictures.Image, codec: str, pix_fmt: str, full: bool, matrix: Colorspace | None) -> None:
    """Write a film of one picture with a colour range and matrix, both converted and tagged."""
    colour_range = ColorRange.JPEG if full else ColorRange.MPEG
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 128, pix_fmt
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"}
        stream.codec_context.color_range = colour_range
        if matrix is not None:
            stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(
            format=pix_fmt, dst_color_range=colour_range, dst_colorspace=matrix
        )
        for _ in range(3):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def of_opencv(path: Path) -> pictures.Image:
    """Return the last picture of a film as OpenCV shows it."""
    capture = cv2.VideoCapture(str(path))
    images = []
    while (found := capture.read())[0]:
        images.append(found[1])
    capture.release()
    return np.asarray(images[-1], np.uint8)


def last_of(path: Path) -> av.VideoFrame:
    """Return the last picture of a film as a capture decodes it."""
    with av.open(str(path), "r") as container:
        *_, last = container.decode(video=0)
        return last


def i420_to_bgr(planes: list[pictures.Image]) -> pictures.Image:
    """Return planes as a reader of shared memory converts them."""
    joined = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, planes[0].shape[1])
    return np.asarray(cv2.cvtColor(joined, cv2.COLOR_YUV2BGR_I420), np.uint8)


def _jpeg(picture: pictures.Image) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _through_jpeg(data: bytes) -> pictures.Image:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("picture", [BARS, RAMP], ids=["bars", "ramp"])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709, None], ids=["BT.601", "BT.709", "untold"])
@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv420p"), ("libx265", "yuv420p"), ("libx264", "yuv422p")])
def test_like_opencv(
    tmp_path: Path, picture: pictures.Image, full: bool, matrix: Colorspace | None, codec: str, pix_fmt: str
) -> None:
    """For each range and matrix the pixels are OpenCV's, those of planes but for rounding, and so is the JPEG."""
    path = tmp_path / "film.mp4"
    film(path, picture, codec, pix_fmt, full, matrix)
    theirs = of_opencv(path)
    parts, layout = pixels(last_of(path), size=(320, 128))
    shared = parts[0] if layout is Layout.BGR else i420_to_bgr(parts)
    assert np.abs(shared.astype(int) - theirs).max() <= (0 if layout is Layout.BGR else 3)
    assert (layout is Layout.I420) == (pix_fmt == "yuv420p" and not full and matrix is not Colorspace.ITU709)
    ours, theirs = _through_jpeg(encode(last_of(path), 90)), _through_jpeg(_jpeg(theirs))
    inside = np.arange(320) % 40 // 8 % 4 != 0  # away from the bars' edges, where halved colour is blurred differently
    difference = np.abs(ours.astype(int) - theirs)[4:-4, inside]
    assert difference.mean() < 2.0
    assert np.percentile(difference, 99) <= 8

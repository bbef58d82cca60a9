"""renditions: what one picture of 640x360 at quality 60 costs, from 1920x1080, against OpenCV by way of BGR.

What is counted is CPU time, of all threads. From a decoded picture OpenCV's way is `resize` and `imencode`; the
conversion to BGR, which `cv2.VideoCapture` makes anyway, is told apart. From a camera's JPEG it is `imdecode` of the
whole besides.
"""

import time
from collections.abc import Callable

import av
import cv2
import numpy as np
import numpy.typing as npt

from framefan.producer.array_encoder import encode_array
from framefan.producer.encoder import encode
from framefan.producer.picture import Jpeg
from framefan.producer.rendition import Rendition, render

from .pictures import pictures
from .report import Report, main, median

_SIZE = (640, 360)
_QUALITY = 60
_RENDITION = Rendition(width=_SIZE[0], quality=_QUALITY)
_GRAY = Rendition(width=_SIZE[0], quality=_QUALITY, gray=True)


def measure(report: Report, seconds: float) -> None:
    """Measure all ways in turns, so that whatever else the machine does meets each of them."""
    cv2.setNumThreads(1)
    _, image = next(pictures())
    frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
    jpeg = encode_array(image, 80)
    picture = Jpeg.parse(jpeg)
    ways: dict[str, Callable[[], object]] = {
        "decoded: ours": lambda: render(frame, _RENDITION, 80),
        "decoded: ours, gray": lambda: render(frame, _GRAY, 80),
        "decoded: the original": lambda: encode(frame, 80),
        "decoded: to BGR": lambda: frame.to_ndarray(format="bgr24"),
        "decoded: OpenCV from BGR": lambda: _opencv(image),
        "JPEG: ours": lambda: render(picture, _RENDITION, 80),
        "JPEG: OpenCV": lambda: _opencv(_decoded(jpeg)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(times["JPEG: OpenCV"]) < 2:
        for name, way in ways.items():
            started = time.process_time()
            way()
            times[name].append(time.process_time() - started)
    cost = {name: median(values) for name, values in times.items()}
    for name, value in cost.items():
        report.figure(name, value * 1000, "ms")
    ratio = cost["decoded: ours"] / cost["decoded: OpenCV from BGR"]
    report.figure("decoded: ours / OpenCV from BGR", ratio, "x", most=1)
    report.figure("JPEG: ours / OpenCV", cost["JPEG: ours"] / cost["JPEG: OpenCV"], "x", most=1)


def _opencv(image: npt.NDArray[np.uint8]) -> object:
    scaled = cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", scaled, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))


def _decoded(jpeg: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


if __name__ == "__main__":
    main(measure, seconds=8)

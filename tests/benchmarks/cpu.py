"""cpu: what a frame costs the capture, all its threads, against cv2.VideoCapture.read and cv2.imencode.

Both read the same camera, in a process each and in turns; both encode with quality 80 and halved chroma (4:2:0), and
nobody decodes what they have made. H.264 is 1920x1080 at 25 fps. MJPEG passes through a capture: what is counted is
reading it from the network, finding its size and sending it to the hub. It comes by RTSP, where it is put together from
packets, and by HTTP, where it comes as it is. What is judged is 1920x1080 with the detail of a street. The embedded
camera's scene in 1280x720 is flat, hence unusually cheap to decode; its figures are there to compare, without a goal.
"""

import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from framefan.consumer import Subscriber

from . import film
from .installation import Cameras
from .mjpeg_server import MjpegServer, scene, street
from .processes import Consumer, Producer, cpu_time
from .report import Report, main

_ROUNDS = 4
_SETTLE = 1.0
_THEIRS = "read and imencode"


def measure(report: Report, seconds: float) -> None:
    """Measure in rounds, so that whatever else the machine does meets both sides."""
    with (
        TemporaryDirectory() as directory,
        Cameras() as cameras,
        Cameras(_film(directory)) as filming,
        MjpegServer(scene()) as flat,
        MjpegServer(street()) as detailed,
    ):
        h264 = cameras.url("door", codec="h264", size="1920x1080", fps=25)
        small = cameras.url("door", codec="mjpeg", size="1280x720", fps=25)
        large = filming.url("door", codec="mjpeg", size="1920x1080", fps=25)
        _compare(report, "h264", h264, seconds, most=0.85)
        _compare(report, "mjpeg by RTSP", large, seconds, most=0.05)
        _compare(report, "mjpeg by HTTP", detailed.url, seconds, most=0.05)
        _compare(report, "flat mjpeg by RTSP", small, seconds)
        _compare(report, "flat mjpeg by HTTP", flat.url, seconds)


def _film(directory: str) -> Path:
    path = Path(directory) / "street.mp4"
    film.make(path)
    return path


def _compare(report: Report, kind: str, url: str, seconds: float, *, most: float | None = None) -> None:
    used: defaultdict[str, float] = defaultdict(float)
    for _ in range(_ROUNDS):
        with Producer(url) as producer, Subscriber(producer.address, timeout=30, mode="stream") as subscriber:
            subscriber.read()
            time.sleep(_SETTLE)
            received = subscriber.statistics().received
            ours = _used({"capture": producer.capture, "hub": producer.hub}, seconds / _ROUNDS)
            received = subscriber.statistics().received - received
        with Consumer("opencv_reader", url) as reader:
            reader.wait_for(25)
            start = time.monotonic()
            theirs = _used({_THEIRS: reader.process.pid}, seconds / _ROUNDS)
            read = len(reader.samples(start, time.monotonic()))
        for name, value in ours.items():
            used[name] += value / received
        used[_THEIRS] += theirs[_THEIRS] / read
    for name, value in used.items():
        report.figure(f"{kind}: CPU per frame, {name}", value / _ROUNDS * 1000, "ms")
    report.figure(f"{kind}: capture / {_THEIRS}", used["capture"] / used[_THEIRS], "x", most=most)


def _used(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Return the CPU time that processes use in so many seconds."""
    before = {name: cpu_time(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    return {name: cpu_time(pid) - before[name] for name, pid in pids.items()}


if __name__ == "__main__":
    main(measure, seconds=20)

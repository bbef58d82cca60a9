"""cpu: what a frame costs the capture, all its threads, against cv2.VideoCapture.read and cv2.imencode.

Both read the same camera, in a process each and in turns; both encode with quality 80 and halved chroma (4:2:0). H.264
is 1920x1080 at 25 fps. MJPEG passes through a capture: what is counted is reading it from the network, finding its size
and sending it to the hub. It comes by RTSP, where FFmpeg's demuxer puts it together from packets, and by HTTP, where it
comes as it is. The embedded camera's 1280x720 are flat and cheap to decode; so there are also 1920x1080 with the detail
of a street.
"""

import time
from collections import Counter

from framefan.producer.camera.server import CameraServer

from .mjpeg_server import MjpegServer, scene, street
from .processes import Consumer, Producer, cpu_time
from .report import Report, main

_ROUNDS = 2
_THEIRS = "read and imencode"


def measure(report: Report, seconds: float) -> None:
    """Measure in rounds, so that whatever else the machine does meets both sides."""
    with CameraServer(port=0) as camera, MjpegServer(scene()) as flat, MjpegServer(street()) as detailed:
        _compare(report, "h264", camera.url("door", codec="h264", size="1920x1080", fps=25), seconds, most=0.85)
        _compare(
            report, "mjpeg by RTSP", camera.url("door", codec="mjpeg", size="1280x720", fps=25), seconds, most=0.05
        )
        _compare(report, "mjpeg by HTTP", flat.url, seconds, most=0.05)
        _compare(report, "mjpeg by HTTP with detail", detailed.url, seconds, most=0.05)


def _compare(report: Report, kind: str, url: str, seconds: float, *, most: float) -> None:
    used: Counter[str] = Counter()
    for _ in range(_ROUNDS):
        with Producer(url) as producer, Consumer("consumer", producer.address) as consumer:
            consumer.wait_for(25)
            pids = {"capture": producer.capture, "hub": producer.hub, "decoding consumer": consumer.process.pid}
            used.update(_per_frame(consumer, pids, seconds / _ROUNDS))
        with Consumer("opencv_reader", url) as reader:
            reader.wait_for(25)
            used.update(_per_frame(reader, {_THEIRS: reader.process.pid}, seconds / _ROUNDS))
    for name, value in used.items():
        report.figure(f"{kind}: CPU per frame, {name}", value / _ROUNDS * 1000, "ms")
    report.figure(f"{kind}: capture / {_THEIRS}", used["capture"] / used[_THEIRS], "x", most=most)


def _per_frame(consumer: Consumer, pids: dict[str, int], seconds: float) -> dict[str, float]:
    start, before = time.monotonic(), {name: cpu_time(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    after, end = {name: cpu_time(pid) for name, pid in pids.items()}, time.monotonic()
    frames = len(consumer.samples(start, end))
    return {name: (after[name] - before[name]) / frames for name in pids}


if __name__ == "__main__":
    main(measure, seconds=20)

"""cpu: what a frame costs the capture, against cv2.VideoCapture.read and imencode, 1920x1080 H.264 at 25 fps."""

import time

from framefan.producer.camera.server import CameraServer

from .processes import Consumer, Producer, cpu_time
from .report import Report, main


def measure(report: Report, seconds: float) -> None:
    """Measure one after the other, with the same camera."""
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1920x1080", fps=25)
        with Producer(url) as producer, Consumer("consumer", producer.address) as consumer:
            consumer.wait_for(25)
            pids = {"capture": producer.capture, "hub": producer.hub, "decoding consumer": consumer.process.pid}
            used = _per_frame(consumer, pids, seconds)
        with Consumer("opencv_reader", url) as reader:
            reader.wait_for(25)
            theirs = _per_frame(reader, {"read and imencode": reader.process.pid}, seconds)
    for name, value in (used | theirs).items():
        report.figure(f"CPU per frame: {name}", value * 1000, "ms")
    report.figure("capture / read and imencode", used["capture"] / theirs["read and imencode"], "x")


def _per_frame(consumer: Consumer, pids: dict[str, int], seconds: float) -> dict[str, float]:
    start, before = time.monotonic(), {name: cpu_time(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    after, end = {name: cpu_time(pid) for name, pid in pids.items()}, time.monotonic()
    frames = len(consumer.samples(start, end))
    return {name: (after[name] - before[name]) / frames for name in pids}


if __name__ == "__main__":
    main(measure, seconds=20)

"""age: how old a picture is when a consumer has its pixels, 1280x720 H.264 at 25 fps.

Embedded RTSP camera -> framefan produce -> Subscriber in another process, which decodes every frame, and which gets
JPEG, as on another host, although it could have pixels from memory here (`latest` measures that). Age counts from
the moment that the capture has the frame. Glass counts from the moment that is written into the picture: besides, it
holds the camera's x264 and whatever FFmpeg's demuxer keeps back.
"""

import time

from framefan.producer.camera.server import CameraServer

from . import stages
from .processes import Consumer, Producer, cpu_time
from .report import Report, main, median, p95


def measure(report: Report, seconds: float) -> None:
    """Measure ages, and what the hub adds."""
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1280x720", fps=25)
        best = stages.measure(url)
        best.report(report)
        with Producer(url) as producer, Consumer("consumer", producer.address, "--mode", "stream") as consumer:
            consumer.wait_for(25)
            hub, start = cpu_time(producer.hub), time.monotonic()
            time.sleep(seconds)
            hub, end = cpu_time(producer.hub) - hub, time.monotonic()
            samples = consumer.samples(start, end)
    ages = [sample.image for sample in samples]
    report.ages("age with pixels", ages)
    report.figure("median age with pixels / sum", median(ages) / best.total, "x", most=1.5)
    report.figure("p95 of age with pixels / sum", p95(ages) / best.total, "x", most=3)
    report.ages("age when read() returns", [sample.read for sample in samples])
    report.ages("glass to pixels", [sample.glass for sample in samples])
    report.figure("frames seen / frames sent", len(samples) / (25 * (end - start)), "x")
    report.figure("CPU of the hub per frame", hub / len(samples) * 1000, "ms")


if __name__ == "__main__":
    main(measure, seconds=20)

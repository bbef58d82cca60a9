"""manager_list: framefan against the naive Manager().list() recipe, 1920x1080 at 25 fps, a consumer without other work.

Twice. Primary, the transport alone: both sides get the same raw pictures without a camera (`Publisher.publish(picture)`
against `list.append(picture)`); ages count from the moment that the source has a picture until the consumer has its
pixels, and our JPEG encoding and decoding is included. Secondary, with the same H.264 camera (`framefan produce`
against `cv2.VideoCapture.read` and `list.append`): ages count from the time in the picture, less the median that had
passed when a frame reached our capture, since drawing, x264 and network are the same for both. CPU is that of
all processes of a side, H.264 decoding included, the camera's own not.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from framefan.producer.camera.server import CameraServer

from .processes import Consumer, Producer, Program
from .report import Report, main, median, p95


@dataclass(frozen=True, slots=True)
class _Side:
    """Ages in s, from the source and from the moment in the picture; CPU per delivered frame, s."""

    ages: list[float]
    glass: list[float]
    cpu: float
    fps: float


class _RawPublisher(Program):
    """Our side's program for raw pictures."""

    def __init__(self) -> None:
        package = __name__.rpartition(".")[0] or "tests.benchmarks"
        super().__init__([sys.executable, "-m", f"{package}.raw_publisher"], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()


def measure(report: Report, seconds: float) -> None:
    """Measure both sides, one after the other, first with raw pictures, then with a camera."""
    with _RawPublisher() as publisher, Consumer("consumer", publisher.address) as consumer:
        ours = _observe(consumer, publisher, seconds=seconds)
    with Consumer("naive", "raw") as consumer:
        theirs = _observe(consumer, seconds=seconds)
    _report(report, "raw", (ours, ours.ages), (theirs, theirs.ages), goals=True)
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1920x1080", fps=25)
        with Producer(url) as producer, Consumer("consumer", producer.address) as consumer:
            ours = _observe(consumer, producer, seconds=seconds)
        with Consumer("naive", url) as consumer:
            theirs = _observe(consumer, seconds=seconds)
    common = median([glass - age for glass, age in zip(ours.glass, ours.ages, strict=True)])
    report.figure("h264: from the time in the picture to our capture, median", common * 1000, "ms")
    both = [(side, [glass - common for glass in side.glass]) for side in (ours, theirs)]
    _report(report, "h264", *both, goals=False)


def _observe(consumer: Consumer, *others: Program, seconds: float) -> _Side:
    consumer.wait_for(25)
    programs = (consumer, *others)
    cpu, start = sum(program.cpu for program in programs), time.monotonic()
    time.sleep(seconds)
    cpu, end = sum(program.cpu for program in programs) - cpu, time.monotonic()
    samples = consumer.samples(start, end)
    return _Side(
        [sample.image for sample in samples],
        [sample.glass for sample in samples],
        cpu / len(samples),
        len(samples) / (end - start),
    )


def _report(
    report: Report, kind: str, ours: tuple[_Side, list[float]], theirs: tuple[_Side, list[float]], *, goals: bool
) -> None:
    for whose, (side, ages) in (("framefan", ours), ("Manager list", theirs)):
        report.figure(f"{kind}: {whose}, median age", median(ages) * 1000, "ms")
        report.figure(f"{kind}: {whose}, p95 of age", p95(ages) * 1000, "ms")
        report.figure(f"{kind}: {whose}, CPU per delivered frame", side.cpu * 1000, "ms")
        report.figure(f"{kind}: {whose}, frames per second", side.fps, "")
    fresher, cheaper = median(theirs[1]) / median(ours[1]), ours[0].cpu / theirs[0].cpu
    report.figure(f"{kind}: their median age / ours", fresher, "x", least=2.5 if goals else None)
    report.figure(f"{kind}: our CPU per frame / theirs", cheaper, "x", most=round(1 / 3, 3) if goals else None)


if __name__ == "__main__":
    main(measure, seconds=20)

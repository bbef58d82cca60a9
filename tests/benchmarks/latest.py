"""latest: the newest picture of a 1920x1080 H.264 camera at 25 fps for a program on the same host, without JPEG.

`framefan produce` and our `VideoCapture`, which reads pixels from shared memory, against what one finds for OpenCV: a
reader process and a Manager().list(), a background thread, and `cv2.VideoCapture.read` as it is. Consumers work 0 or
200 ms on a picture. CPU and memory (PSS) are those of all processes of a side, H.264 decoding included, the camera's
own not. Glass counts from the time in the picture, with drawing, x264 and network.

Beyond decoding: ages count from the moment when our capture has decoded a picture, or OpenCV's `read` has returned,
until the consumer has it. OpenCV has converted it to BGR by then; we do that in the consumer, which is told, but part
of the ratio on neither side. CPU is that of a side less that of reading the camera and decoding alone, in the same run:
of our reader and decoder, and of a bare `read`, which converts to BGR as well, while our conversion counts.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from framefan.producer.camera.server import CameraServer

from .processes import Consumer, Producer, Program, pss
from .report import Report, main, median, p95

_WARM_UP = 14.0
"""Seconds: OpenCV works off its queue; ours has let go of the JPEG with which a subscriber begins, after 10 s."""
_OURS, _LIST, _THREAD, _DIRECT = "framefan", "Manager list", "background thread", "VideoCapture.read"


@dataclass(frozen=True, slots=True)
class _Side:
    """What one side did.

    Attributes:
        ages: from when a picture was decoded until it was here, s.
        pixels: from when it was decoded until it was BGR, s.
        glass: from the moment in the picture, s.
        fps: pictures per second.
        cpu: seconds per picture that the consumer got.
        load: seconds per second.
        memory: MB.
    """

    ages: list[float]
    pixels: list[float]
    glass: list[float]
    fps: float
    cpu: float
    load: float
    memory: float


def measure(report: Report, seconds: float) -> None:
    """Measure all sides with both kinds of work."""
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1920x1080", fps=25)
        for work in (0.0, 0.2):
            sides = {
                _OURS: _measure(lambda: Producer(url), "", work, seconds),
                _LIST: _measure(nullcontext, url, work, seconds, module="naive"),
                _THREAD: _measure(nullcontext, url, work, seconds, way="thread"),
                _DIRECT: _measure(nullcontext, url, work, seconds, way="direct"),
            }
            _report(report, f"{work * 1000:.0f} ms", sides)
            if not work:
                _compare(report, sides, _measure(nullcontext, url, work, seconds, way="decode").cpu)


def _measure(
    make: Callable[[], AbstractContextManager[Program | None]],
    source: str,
    work: float,
    seconds: float,
    *,
    module: str = "latest_reader",
    way: str = "framefan",
) -> _Side:
    with ExitStack() as opened:
        producer = opened.enter_context(make())
        if isinstance(producer, Producer):
            source = producer.address
        options = ["--way", way] if module == "latest_reader" else []
        consumer = opened.enter_context(Consumer(module, source, *options, "--work", str(work)))
        programs = [consumer, *([producer] if producer else [])]
        consumer.wait_for(5)
        time.sleep(_WARM_UP)
        cpu, start = sum(program.cpu for program in programs), time.monotonic()
        time.sleep(seconds)
        cpu, end = sum(program.cpu for program in programs) - cpu, time.monotonic()
        memory = sum(pss(pid) for program in programs for pid in program.tree)
        samples = consumer.samples(start, end)
    took = end - start
    glass = [sample.glass for sample in samples]
    ages, pixels = [sample.read for sample in samples], [sample.image for sample in samples]
    return _Side(ages, pixels, glass, len(samples) / took, cpu / len(samples), cpu / took, memory)


def _report(report: Report, work: str, sides: dict[str, _Side]) -> None:
    report.note(f"{work} of work per picture:")
    report.note(f"{'':18} {'glass':>8} {'p95':>8} {'fps':>6} {'CPU/frame':>10} {'CPU':>6} {'memory':>8}")
    for name, side in sides.items():
        report.note(
            f"{name:18} {median(side.glass) * 1000:5.0f} ms {p95(side.glass) * 1000:5.0f} ms {side.fps:6.1f} "
            f"{side.cpu * 1000:7.1f} ms {side.load * 100:4.0f} % {side.memory:5.0f} MB"
        )
    ours = sides[_OURS]
    for name in (_LIST, _THREAD, _DIRECT):
        report.figure(f"{work}: glass of {name} / ours", median(sides[name].glass) / median(ours.glass), "x")
        report.figure(f"{work}: our CPU per picture / {name}", ours.cpu / sides[name].cpu, "x")


def _compare(report: Report, sides: dict[str, _Side], decode: float) -> None:
    ours, theirs, bare = sides[_OURS], sides[_LIST], sides[_DIRECT]
    ages = median(ours.ages), median(theirs.ages)
    report.ages("beyond decoding: our age", ours.ages)
    report.ages("beyond decoding: our age as BGR", ours.pixels)
    report.ages("beyond decoding: age of Manager list", theirs.ages)
    report.figure("beyond decoding: age of Manager list / ours", ages[1] / ages[0], "x", least=15)
    costs = ours.cpu - decode, theirs.cpu - bare.cpu
    report.figure("beyond decoding: our CPU per picture", costs[0] * 1000, "ms")
    report.figure("beyond decoding: CPU per picture of Manager list", costs[1] * 1000, "ms")
    report.figure("beyond decoding: our CPU per picture / Manager list", costs[0] / costs[1], "x", most=0.125)


if __name__ == "__main__":
    main(measure, seconds=20)

"""manager_list: framefan against the naive Manager().list() recipe, 1920x1080 at 25 fps, a consumer without other work.

Twice. Primary, as users have it, with the same H.264 camera: `framefan produce` against `cv2.VideoCapture.read` and
`list.append`. Ages count from the time in the picture until the consumer has its pixels, less the median that had
passed when a frame reached our capture, since drawing, x264 and network are the same for both. CPU is that of all
processes of a side, H.264 decoding included, the camera's own not. OpenCV starts with a queue of old frames; it gets
time to work that off before anything is counted. Secondary, the transport alone: both sides get the same raw pictures
without a camera (`Publisher.publish(picture)` against `list.append(picture)`), our JPEG encoding and decoding
included.

The recipe is measured as it is found, asking for the list's length without a pause, and with a pause of 1 ms. All
sides take turns in rounds, so that whatever else the machine does meets each of them.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from framefan.producer.camera.server import CameraServer

from .processes import Consumer, Producer, Program
from .report import Report, main, median

_ROUNDS = 2
_WARM_UP = 6.0
_OURS, _THEIRS, _KIND = "framefan", "Manager list", "Manager list with pauses"


@dataclass(slots=True)
class _Side:
    """What one side did in all rounds.

    Attributes:
        ages: from the source to pixels, s.
        glass: from the moment in the picture to pixels, s.
        cpu: of all its processes, s.
        seconds: how long it was measured.
    """

    ages: list[float] = field(default_factory=list)
    glass: list[float] = field(default_factory=list)
    cpu: float = 0.0
    seconds: float = 0.0

    def observe(self, seconds: float, consumer: Consumer, *others: Program) -> None:
        """Add a round."""
        consumer.wait_for(25)
        time.sleep(_WARM_UP)
        programs = (consumer, *others)
        cpu, start = sum(program.cpu for program in programs), time.monotonic()
        time.sleep(seconds)
        self.cpu += sum(program.cpu for program in programs) - cpu
        end = time.monotonic()
        self.seconds += end - start
        for sample in consumer.samples(start, end):
            self.ages.append(sample.image)
            self.glass.append(sample.glass)

    @property
    def cpu_per_frame(self) -> float:
        """Return seconds of CPU per delivered frame."""
        return self.cpu / len(self.ages)


class _RawPublisher(Program):
    """Our side's program for raw pictures."""

    def __init__(self) -> None:
        super().__init__([sys.executable, "-m", "tests.benchmarks.raw_publisher"], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()


def measure(report: Report, seconds: float) -> None:
    """Measure all sides, first with raw pictures, then with a camera."""
    raw = _take_turns(_RawPublisher, "raw", seconds)
    _report(report, "raw", raw, {name: side.ages for name, side in raw.items()}, goals=False)
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1920x1080", fps=25)
        h264 = _take_turns(lambda: Producer(url), url, seconds)
    ours = h264[_OURS]
    common = median([glass - age for glass, age in zip(ours.glass, ours.ages, strict=True)])
    report.figure("h264: time in the picture to our capture, median", common * 1000, "ms")
    ages = {name: [glass - common for glass in side.glass] for name, side in h264.items()}
    _report(report, "h264", h264, ages, goals=True)


def _take_turns(make: Callable[[], Producer | _RawPublisher], source: str, seconds: float) -> dict[str, _Side]:
    sides = {name: _Side() for name in (_OURS, _THEIRS, _KIND)}
    for _ in range(_ROUNDS):
        with make() as producer, Consumer("consumer", producer.address) as consumer:
            sides[_OURS].observe(seconds / _ROUNDS, consumer, producer)
        for name, options in ((_THEIRS, []), (_KIND, ["--pause", "0.001"])):
            with Consumer("naive", source, *options) as consumer:
                sides[name].observe(seconds / _ROUNDS, consumer)
    return sides


def _report(report: Report, kind: str, sides: dict[str, _Side], ages: dict[str, list[float]], *, goals: bool) -> None:
    for name, side in sides.items():
        report.ages(f"{kind}: {name}, age", ages[name])
        report.figure(f"{kind}: {name}, CPU per delivered frame", side.cpu_per_frame * 1000, "ms")
        report.figure(f"{kind}: {name}, frames per second", len(side.ages) / side.seconds, "")
    ours = sides[_OURS].cpu_per_frame
    for name in (_THEIRS, _KIND):
        held = goals and name == _THEIRS
        fresher = median(ages[name]) / median(ages[_OURS])
        report.figure(f"{kind}: median age of {name} / ours", fresher, "x", least=2.5 if held else None)
        cheaper = ours / sides[name].cpu_per_frame
        report.figure(f"{kind}: our CPU per frame / {name}", cheaper, "x", most=0.333 if held else None)


if __name__ == "__main__":
    main(measure, seconds=30)

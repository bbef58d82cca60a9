"""fanout: 1, 10, 50, 100, 200 subscribers of one camera, 200 kB at 30 fps on loopback: what does each of them cost?

The producer publishes a ready-made JPEG, so that its CPU time is that of publishing alone. One subscriber is framefan's
and tells ages; the others are plain ZeroMQ, which receive all the same. All of them share this machine's cores with the
producer, so that ages rise when those are used up. In the end a tenth of a hundred is frozen.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from framefan.common.address import Endpoint

from .crowd import Crowd
from .installation import Publishing
from .processes import Consumer, cpu_time
from .report import Report, main, median, p99, slope

_FPS = 30
_COUNTS = (1, 10, 50, 100, 200)
_HUNDRED = 100
_PROCESS = 50
"""Subscribers per process: more would take longer for a round than a frame lasts."""
_SETTLING = 4.0
"""Seconds until all are connected, and until the kernel's buffers of those that are frozen are full."""


@dataclass(frozen=True, slots=True)
class _Measured:
    cpu_ms: float  # of the producer per frame
    ages: Sequence[float]  # s
    fps: float  # that each subscriber of the crowd received


def measure(report: Report, seconds: float) -> None:
    """Measure each number of subscribers, then a frozen tenth."""
    costs = []
    with Publishing(fps=_FPS) as producer:
        for count in _COUNTS:
            with _viewers(producer, [count - 1]) as (viewer, crowds):
                found = _measure(producer, viewer, crowds, seconds)
            costs.append(found.cpu_ms)
            name = f"{count} subscribers" if count > 1 else "1 subscriber"
            report.figure(f"{name}: producer's CPU per frame", found.cpu_ms, "ms")
            report.figure(f"{name}: age, median", median(found.ages) * 1000, "ms")
            report.figure(f"{name}: age, p99", p99(found.ages) * 1000, "ms")
            if crowds:
                report.figure(f"{name}: frames that each received / 30 fps", found.fps / _FPS, "x")
        report.figure("CPU per frame and subscriber (slope)", slope(_COUNTS, costs), "ms", most=0.06)
        _freeze(report, producer, seconds)


def _freeze(report: Report, producer: Publishing, seconds: float) -> None:
    tenth = _HUNDRED // 10
    with _viewers(producer, [_HUNDRED - 1 - tenth, tenth]) as (viewer, (*crowds, frozen)):
        before = _measure(producer, viewer, crowds, seconds)
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            after = _measure(producer, viewer, crowds, seconds)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
    report.figure("a tenth of 100 frozen: rate of the others / before", after.fps / before.fps, "x", least=0.95)
    report.figure("a tenth of 100 frozen: median age / before", median(after.ages) / median(before.ages), "x", most=1.2)
    report.figure("a tenth of 100 frozen: age, p99", p99(after.ages) * 1000, "ms")
    report.figure("before that: age, p99", p99(before.ages) * 1000, "ms")


@contextmanager
def _viewers(producer: Publishing, counts: Sequence[int]) -> Iterator[tuple[Consumer, list[Crowd]]]:
    """Start one viewer that tells ages, and crowds of so many, each in as many processes as it takes."""
    endpoint = Endpoint.parse(producer.address)
    with ExitStack() as opened:
        sizes = [min(_PROCESS, count - first) for count in counts for first in range(0, count, _PROCESS)]
        crowds = [opened.enter_context(Crowd(endpoint, ["door"], size)) for size in sizes]
        viewer = opened.enter_context(Consumer("viewer", f"{endpoint}/door"))
        viewer.wait_for(30)
        time.sleep(_SETTLING)
        yield viewer, crowds


def _measure(producer: Publishing, viewer: Consumer, crowds: Sequence[Crowd], seconds: float) -> _Measured:
    start, cpu = time.monotonic(), cpu_time(producer.pid)
    time.sleep(seconds)
    end, used = time.monotonic(), cpu_time(producer.pid) - cpu
    ages = [sample.read for sample in viewer.samples(start, end)]
    received = sum(crowd.rate(start) for crowd in crowds) / max(1, sum(crowd.count for crowd in crowds))
    return _Measured(used * 1000 / _FPS / (end - start), ages, received)


if __name__ == "__main__":
    main(measure, seconds=10)

"""overload: the age of pictures when a capture gets a quarter of the CPU that it needs, 1920x1080 H.264 at 25 fps.

What it needs is measured first. Then SIGCONT lets it run every 0.2 s and SIGSTOP ends that, so that it gets a quarter
of what it would have needed. Ages count from the moment in the picture until a consumer has its pixels. For the record,
a cv2.VideoCapture reader that encodes what it reads, with a quarter of what that needs.
"""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from framefan.consumer import Subscriber

from .installation import Cameras
from .processes import Consumer, Producer, cpu_time
from .report import Report, main, median, p95

_PERIOD = 0.2
_SHARE = 1 / 4
_NEED = 5.0
_SETTLE = 2.0
"""Seconds in which what is under way when CPU gets scarce is worked off; they are not counted."""
_FLAT = 0.25


def measure(report: Report, seconds: float) -> None:
    """Measure ours, then theirs."""
    with Cameras() as cameras:
        url = cameras.url("door", codec="h264", size="1920x1080", fps=25)
        with (
            Producer(url) as producer,
            Consumer("consumer", producer.address) as consumer,
            Subscriber(producer.address) as subscriber,
        ):
            consumer.wait_for(50)
            _starve(report, "framefan", producer.capture, consumer, seconds, goals=True)
            state = subscriber.state
        report.note(f"state: {state}")
        report.figure("framefan: the state says overloaded", float("overloaded" in state.reason), "of 1", least=1)
        with Consumer("opencv_viewer", url) as viewer:
            viewer.wait_for(50)
            _starve(report, "OpenCV", viewer.process.pid, viewer, seconds, goals=False)


def _starve(report: Report, name: str, pid: int, consumer: Consumer, seconds: float, *, goals: bool) -> None:
    """Report the ages of what a consumer gets while a process has too little CPU."""
    needed = _use(pid, _NEED)
    report.note(f"{name} needs {100 * needed:.0f} % of a core")
    with _limited(pid, needed * _SHARE):
        time.sleep(_SETTLE)
        start = time.monotonic()
        used = _use(pid, seconds)
        end = time.monotonic()
    samples = consumer.samples(start, end)
    ages = [sample.glass for sample in samples if not math.isnan(sample.glass)]
    gaps = [later.time - sooner.time for sooner, later in pairwise(samples)]
    third = max(2, len(ages) // 3)
    growth = median(ages[-third:]) - median(ages[:third])
    report.figure(f"{name}: CPU that it got / needs", used / needed, "x")
    report.figure(f"{name}: median age", median(ages), "s")
    report.figure(f"{name}: p95 of age", p95(ages), "s", most=1 if goals else None)
    report.figure(f"{name}: growth from first to last third", growth, "s", most=_FLAT if goals else None)
    report.figure(f"{name}: frames per second", len(samples) / (end - start), "fps")
    report.figure(f"{name}: longest time without a frame", max(gaps), "s")


@contextmanager
def _limited(pid: int, fraction: float) -> Iterator[None]:
    """Let a process have a fraction of one core only, until the end of the block."""
    over = threading.Event()
    before, start = cpu_time(pid), time.monotonic()

    def take_turns() -> None:
        while not over.is_set():
            # By what it has used: two threads use twice the time that they are let, and SIGSTOP takes a while.
            due = fraction * (time.monotonic() + _PERIOD - start) - (cpu_time(pid) - before)
            if due > 0:
                os.kill(pid, signal.SIGCONT)
                time.sleep(min(due, _PERIOD))
                os.kill(pid, signal.SIGSTOP)
            over.wait(_PERIOD - min(max(0.0, due), _PERIOD))
        os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=take_turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _use(pid: int, seconds: float) -> float:
    """Return the CPU time that a process uses in so many seconds, per second."""
    before, start = cpu_time(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_time(pid) - before) / (time.monotonic() - start)


if __name__ == "__main__":
    main(measure, seconds=30)

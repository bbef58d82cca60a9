"""slow_link: how old frames are behind 10 Mbit/s and 20 ms, 200 kB each at 30 fps, pulled and streamed.

The link carries six of them a second. The best possible age is what one takes to cross it: its transmission and the
delay. A router with a long queue makes TCP keep more under way than the link needs, which pulling does not allow.
"""

import subprocess
import sys
import time

from tests.slow_link import ADDRESSES, SlowLink, reason_against

from .processes import Consumer, Program
from .report import Report, main, median, p95

_RATE = 10e6
_DELAY = 0.02
_BYTES = 200_000
_BEST = _BYTES * 8 / _RATE + _DELAY
_FLAT = 1.2
"""What no growth is: the link's rate and the camera's beat, which moves ages by up to a frame interval for minutes."""
_SETTLED = 8.0
"""Seconds after which a consumer has chosen how to get its frames."""


def measure(report: Report, seconds: float) -> None:
    """Measure both modes behind a short and a long queue, and the bytes of a consumer that takes one frame a second."""
    if reason := reason_against():
        report.note(f"left out: {reason}")
        return
    report.figure("one frame's transmission and the delay", _BEST * 1000, "ms")
    for queue in (128, 1024):
        with SlowLink(rate=_RATE, delay=_DELAY, queue=queue * 1024) as link, _publisher(link):
            for mode, most in (("pull", 1.2), ("stream", 1.6)):
                _age(report, link, f"{mode}, queue of {queue} kB", mode, most, seconds)
            if queue == 128:
                _bytes(report, link, seconds)


def _publisher(link: SlowLink) -> Program:
    words = ("-m", f"{__package__}.jpeg_publisher", "--bind", "tcp://*:5550", "--bytes", str(_BYTES), "--fps", "30")
    return Program([*link.on(0), sys.executable, *words], stdout=subprocess.DEVNULL)


def _consumer(link: SlowLink, mode: str, work: float) -> Consumer:
    words = (f"tcp://{ADDRESSES[0]}:5550/door", "--mode", mode, "--work", str(work))
    return Consumer("consumer", *words, before=link.on(1))


def _age(report: Report, link: SlowLink, name: str, mode: str, most: float, seconds: float) -> None:
    with _consumer(link, mode, 0.0) as consumer:
        consumer.wait_for(10)
        start = time.monotonic()
        time.sleep(seconds)
        samples = consumer.samples(start, time.monotonic())
    ages = [sample.read for sample in samples]
    report.figure(f"{name}: median age / best possible", median(ages) / _BEST, "x", most=most)
    report.figure(f"{name}: p95 of it", p95(ages) / _BEST, "x")
    third = len(ages) // 3
    flat = median(ages[-third:]) / median(ages[:third])
    report.figure(f"{name}: median of the last third / of the first", flat, "x", most=_FLAT)
    report.figure(f"{name}: frames per second", len(ages) / seconds, "")


def _bytes(report: Report, link: SlowLink, seconds: float) -> None:
    with _consumer(link, "auto", 1.0) as consumer:
        consumer.wait_for(1)
        time.sleep(_SETTLED)
        start, before = time.monotonic(), link.carried[0]
        time.sleep(seconds)
        carried, samples = link.carried[0] - before, consumer.samples(start, time.monotonic())
    report.figure("one frame a second: bytes / those of its frames", carried / len(samples) / _BYTES, "x", most=1.1)
    report.figure("the same: median age", median([sample.read for sample in samples]) * 1000, "ms")


if __name__ == "__main__":
    main(measure, seconds=60)

"""idle: what a producer costs that nobody watches, and how soon it is at now when somebody comes.

The camera sends H.264 of 1920x1080 at 25 fps, a street with detail. The cost is that of hub and capture together,
against decoding alone, as `stages` measures it in the same run. Somebody comes at moments that have nothing to do with
the camera's keyframes.
"""

import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from framefan.consumer import Subscriber
from framefan.consumer.discovery import states

from . import film, stages
from .installation import Cameras
from .processes import Producer
from .report import Report, main, median

_FPS = 25
_SAMPLING = 10.0
_LINGER = 11.0
"""Seconds after which a producer has noticed that nobody watches any more."""


def measure(report: Report, seconds: float) -> None:
    """Measure the cost of nobody, the first frames of newcomers, and the cost of somebody who comes now and then."""
    with TemporaryDirectory() as directory, Cameras(_film(Path(directory))) as cameras:
        rare = cameras.url("door", codec="h264", size="1920x1080", fps=_FPS, gop=2 * _FPS)
        often = cameras.url("yard", codec="h264", size="1920x1080", fps=_FPS, gop=_FPS)
        decoding = stages.measure(rare).h264_decode * _FPS
        report.figure("decoding every frame alone, CPU per second", decoding * 1000, "ms")
        with Producer(rare) as producer:
            idle = _idle_cost(producer, seconds)
            report.figure("no watcher: CPU of the producer / decoding alone", idle / decoding, "x", most=0.15)
            _newcomers(report, producer, max(3, int(seconds / _LINGER)))
        with Producer(often) as producer:
            _wait_until_idle(producer)
            sampling = _sampling_cost(producer, max(2, int(seconds / _SAMPLING)))
            report.figure("a picture every 10 s: the same", sampling / decoding, "x", most=0.25)


def _film(directory: Path) -> Path:
    film.make(directory / "street.mp4")
    return directory / "street.mp4"


def _wait_until_idle(producer: Producer) -> None:
    deadline = time.monotonic() + 30
    while not all(state.idle and state.fps for state in states(producer.endpoint, 5)):
        if time.monotonic() > deadline:
            raise RuntimeError("the producer does not become idle")
        time.sleep(0.2)


def _idle_cost(producer: Producer, seconds: float) -> float:
    """Return CPU seconds per second."""
    _wait_until_idle(producer)
    before = producer.cpu
    time.sleep(seconds)
    return (producer.cpu - before) / seconds


def _newcomers(report: Report, producer: Producer, count: int) -> None:
    waits, ages = [], []
    random = Random(1)
    for _ in range(count):
        _wait_until_idle(producer)
        time.sleep(random.uniform(0, 2))
        started = time.monotonic()
        with Subscriber(producer.address) as subscriber:
            ages.append(subscriber.read().age)
            waits.append(time.monotonic() - started)
    report.figure("keyframe every 2 s: first frame after, median", median(waits), "s")
    report.figure("the same, worst", max(waits), "s", most=0.5)
    report.figure("age of the first frame, worst", max(ages) * _FPS, "frame intervals", most=2.0)


def _sampling_cost(producer: Producer, count: int) -> float:
    """Return CPU seconds per second."""
    with Subscriber(producer.address, mode="pull") as subscriber:
        subscriber.read()
        before = producer.cpu
        for _ in range(count):
            time.sleep(_SAMPLING)
            subscriber.read()
    return (producer.cpu - before) / (count * _SAMPLING)


if __name__ == "__main__":
    main(measure, seconds=60)

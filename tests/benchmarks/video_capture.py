"""video_capture: what `VideoCapture.read` costs beyond decoding the JPEG, 1920x1080 at 25 fps, the picture being there.

Another process publishes. Each time a new picture has arrived, `read` is timed, and the decoding alone of the JPEG that
was read before, now the one first and now the other, since the first finds colder caches.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from framefan.consumer import Frame, VideoCapture

from .pictures import FPS
from .processes import Program
from .report import Report, main, median

_REST = 2.5 / FPS
"""Seconds after which a newer picture has arrived."""


def measure(report: Report, seconds: float) -> None:
    """Measure reading, and decoding alone."""
    cv2.setNumThreads(1)
    publisher = Program([sys.executable, "-m", "tests.benchmarks.raw_publisher"], stdout=subprocess.PIPE)
    assert publisher.process.stdout is not None
    with publisher, VideoCapture(publisher.process.stdout.readline().strip()) as capture:
        capture.read()
        reads: list[_Cost] = []
        decodes: list[_Cost] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until or len(reads) < 4:
            time.sleep(_REST)
            ways: list[tuple[list[_Cost], Callable[[], object]]] = [
                (reads, capture.read),
                (decodes, partial(_decode, _frame_of(capture))),
            ]
            for costs, way in ways if len(reads) % 2 else reversed(ways):
                costs.append(_cost(way))
    report.figure("read", median([cost.wall for cost in reads]) * 1000, "ms")
    report.figure("decoding alone", median([cost.wall for cost in decodes]) * 1000, "ms")
    pairs = list(zip(reads, decodes, strict=True))
    beyond = [read.wall - decode.wall for read, decode in pairs]
    report.figure("read beyond decoding, median", median(beyond) * 1000, "ms", most=0.3)
    cpu = [read.cpu - decode.cpu for read, decode in pairs]
    report.figure("the same, CPU time of its thread, median", median(cpu) * 1000, "ms")


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a call took, s: by the clock, and of the CPU, which other programs do not add to."""

    wall: float
    cpu: float


def _cost(way: Callable[[], object]) -> _Cost:
    wall, cpu = time.perf_counter(), time.thread_time()
    way()
    return _Cost(time.perf_counter() - wall, time.thread_time() - cpu)


def _frame_of(capture: VideoCapture) -> Frame:
    frame = capture.frame()
    assert frame is not None
    return frame


def _decode(frame: Frame) -> None:
    cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)


if __name__ == "__main__":
    main(measure, seconds=20)

"""Cameras that end every connection after their first picture, again and again: nothing of it is left behind."""

import statistics
import sys
import time
from pathlib import Path

import pytest

from framefan.consumer import Subscriber
from tests.benchmarks.processes import rss
from tests.programs import FRAMEFAN, Start

CAMERAS = [f"door{number}" for number in range(4)]
RECONNECTS = 60


def held(pid: int) -> tuple[int, int]:
    """Return how many descriptors and threads a process has."""
    descriptors, threads = (sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir()) for what in ("fd", "task"))
    return descriptors, threads


@pytest.mark.timeout(120)
def test_reconnects_leave_nothing_behind(start: Start) -> None:
    """Sixty reconnects cost the hub neither descriptors nor threads nor memory; the benchmark does a thousand."""
    camera = start(FRAMEFAN, "camera", "--port", "0", "--size", "320x240", "--fps", "10")
    address = camera.wait_for(r"rtsp://127\.0\.0\.1:\d+")[0]
    words = [word for name in CAMERAS for word in (f"{address}/{name}?fault=close", "--name", name)]
    impatient = (sys.executable, "-m", "tests.benchmarks.impatient")
    hub = start(*impatient, "produce", *words, "--bind", "tcp://127.0.0.1:0")
    endpoint = hub.wait_for(r"tcp://127\.0\.0\.1:\d+")[0]
    subscribers = [Subscriber(f"{endpoint}/{name}") for name in CAMERAS]
    samples: dict[int, list[tuple[float, int, int]]] = {hub.pid: [], camera.pid: []}
    counts = [0]
    while counts[-1] < RECONNECTS:
        for pid, values in samples.items():
            values.append((rss(pid), *held(pid)))
        time.sleep(0.1)
        counts.append(sum(subscriber.state.reconnects for subscriber in subscribers))
    for subscriber in subscribers:
        subscriber.close()
    third = next(at for at, count in enumerate(counts) if count >= RECONNECTS / 3)
    for values in samples.values():
        early, late = values[third : 2 * third], values[-third:]
        memory, descriptors, threads = (
            statistics.median(after) - statistics.median(before)
            for before, after in zip(zip(*early, strict=True), zip(*late, strict=True), strict=True)
        )
        # A leak of one per reconnect would be twenty or more; connections come and go.
        assert descriptors < 8
        assert threads < 8
        assert memory < 2, "MB"
    children = Path(f"/proc/{hub.pid}/task/{hub.pid}/children").read_text().split()
    assert len(children) <= len(CAMERAS)

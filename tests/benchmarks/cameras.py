"""cameras: sixteen in one producer, 640x360 MJPEG at 10 fps, three of them broken: do the others keep their rate?

One is dead (its port refuses), one freezes after two seconds, again and again, one refuses the password. Rates are what
states tell, and what one process receives that watches all sixteen. It decodes nothing: 130 JPEGs a second would load
this machine more than the producer does. The cameras run in one process besides, whose CPU is not counted.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .installation import Cameras, Installation, own_memory
from .processes import cpu_time, rss
from .report import Report, main
from .wall import Watched

_FPS = 10
_HEALTHY = 13
_LEAST = 0.95
_START = 10.0
"""Seconds for sixteen captures to start, and for rates, which look back as far, to know nothing of that."""
_STREAM = {"codec": "mjpeg", "size": "640x360", "fps": _FPS}


def measure(report: Report, seconds: float) -> None:
    """Watch all cameras at once."""
    with Cameras() as cameras, _refusing_port() as dead:
        sources = {f"good{number}": cameras.url(f"good{number}", **_STREAM) for number in range(_HEALTHY)}
        broken = {
            "dead": f"rtsp://127.0.0.1:{dead}/dead",
            "frozen": cameras.url("frozen", fault="freeze", after=2, **_STREAM),
            "refusing": cameras.url("refusing", fault="401", **_STREAM),
        }
        with Installation(sources | broken) as producer:
            _watch(producer, list(sources), 1.0)  # its own start takes as long as the captures'
            time.sleep(_START)
            watched, (hub, captures), elapsed = _observed(producer, [*sources, *broken], seconds)
            hub_memory, memories = rss(producer.pid), [own_memory(pid) for pid in producer.captures]
    received = [watched[name].fps / _FPS for name in sources]
    told = [watched[name].told / _FPS for name in sources]
    report.figure("least rate received of 13 healthy cameras / 10 fps", min(received), "x", least=_LEAST)
    report.figure("least rate told of 13 healthy cameras / 10 fps", min(told), "x", least=_LEAST)
    report.figure("mean rate received / 10 fps", sum(received) / len(received), "x")
    report.figure("times that the frozen camera was told to be stalled", watched["frozen"].stalls, "", least=1)
    for name in broken:
        report.note(f"{name}: {watched[name].state}, {watched[name].reason}")
    report.figure("CPU of the hub, of one core", 100 * hub / elapsed, "%")
    report.figure("CPU of all captures, of one core, restarts included", 100 * captures / elapsed, "%")
    report.figure("memory of the hub", hub_memory, "MB")
    report.figure(f"memory of {len(memories)} captures, what they share counted once", sum(memories), "MB")


def _observed(
    producer: Installation, names: list[str], seconds: float
) -> tuple[dict[str, Watched], tuple[float, float], float]:
    """Return what was seen, the CPU time of the hub and of captures meanwhile, s, and how long that was, s."""
    start, hub, captures = time.monotonic(), cpu_time(producer.pid), producer.captures_cpu
    watched = _watch(producer, names, seconds)
    used = cpu_time(producer.pid) - hub, producer.captures_cpu - captures
    return watched, used, time.monotonic() - start


def _watch(producer: Installation, names: list[str], seconds: float) -> dict[str, Watched]:
    command = [sys.executable, "-m", f"{__package__}.wall", producer.address, *names, "--seconds", str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return {name: Watched(**facts) for name, facts in json.loads(done.stdout).items()}


@contextmanager
def _refusing_port() -> Iterator[int]:
    """Yield a port that is bound, so that nobody else gets it, and at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


if __name__ == "__main__":
    main(measure, seconds=60)

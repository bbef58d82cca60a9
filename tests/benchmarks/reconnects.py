"""reconnects: what a thousand reconnects leave behind in the hub and in the camera: memory, descriptors, threads.

Four cameras that close the connection after their first picture are tried again at once, each time by a new capture
process, as the product does after longer waits. Reconnects are those that the hub itself tells, of all four together.
Growth is by least squares after the first hundred (or half, of a short run), in which libraries fill their pools.
Descriptors and threads come and go with connections, so that theirs is a slope as well: a leak of one per reconnect
would read 1000.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from framefan.consumer import Subscriber

from .installation import Cameras, Installation
from .processes import rss
from .report import Report, main, median, slope

_CAMERAS = [f"door{number}" for number in range(4)]
_WANTED = 1000
_WARM_UP = 100
_INTERVAL = 0.5
_CONSTANT = 10.0
"""Descriptors or threads per 1000 reconnects that are none: the slope's own error is about 1."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a process holds at a moment: resident memory in KiB, open descriptors, threads."""

    memory: float
    descriptors: int
    threads: int

    @classmethod
    def by(cls, pid: int) -> "_Held":
        descriptors, threads = (sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir()) for what in ("fd", "task"))
        return cls(rss(pid) * 1e6 / 1024, descriptors, threads)


def measure(report: Report, seconds: float) -> None:
    """Reconnect a thousand times, or for as long as there is time."""
    with Cameras() as cameras, ExitStack() as open_ones:
        sources = {name: cameras.url(name, fault="close", size="320x240", fps=10) for name in _CAMERAS}
        hub = open_ones.enter_context(Installation(sources, impatient=True))
        subscribers = [open_ones.enter_context(Subscriber(f"{hub.address}/{name}")) for name in _CAMERAS]
        pids = {"hub": hub.pid, "camera": cameras.pid}
        counts: list[float] = [0]
        held = {name: [_Held.by(pid)] for name, pid in pids.items()}
        zombies, remaining = _zombies(hub.pid), set[int]()
        started = time.monotonic()
        while counts[-1] < _WANTED and time.monotonic() < started + seconds:
            time.sleep(_INTERVAL)
            before, zombies = zombies, _zombies(hub.pid)
            remaining |= before & zombies
            counts.append(sum(subscriber.state.reconnects for subscriber in subscribers))
            for name, pid in pids.items():
                held[name].append(_Held.by(pid))
        took = time.monotonic() - started
    first = next((at for at, count in enumerate(counts) if count >= min(_WARM_UP, counts[-1] / 2)), 0)
    report.note(f"{counts[-1]:.0f} of {_WANTED} reconnects in {took:.0f} s; times are not what is measured here")
    report.figure("zombies that remain for longer than a pass", len(remaining), "", most=0)
    for name, values in held.items():
        _report(report, name, counts[first:], values[first:])


def _report(report: Report, name: str, counts: list[float], values: list[_Held]) -> None:
    memory = [value.memory for value in values]
    report.figure(f"{name}: memory at the end", memory[-1] / 1024, "MiB")
    report.figure(f"{name}: memory per reconnect", slope(counts, memory), "KiB", most=1 if name == "hub" else None)
    for what in ("descriptors", "threads"):
        numbers = [float(getattr(value, what)) for value in values]
        tenth = max(2, len(numbers) // 10)
        early, late = median(numbers[:tenth]), median(numbers[-tenth:])
        report.note(f"{name}: {what}, median of first and last tenth: {early:g} and {late:g}")
        report.figure(f"{name}: {what} per 1000 reconnects", 1000 * slope(counts, numbers), "", most=_CONSTANT)


def _zombies(parent: int) -> set[int]:
    """Return the children of a process that have ended and that it has not asked about."""
    found = set()
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # it is over
            continue
        if state == "Z":
            found.add(int(child))
    return found


if __name__ == "__main__":
    main(measure, seconds=900)

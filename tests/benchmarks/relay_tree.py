"""relay_tree: two levels of relays, and one relay of 100 cameras: what do hops, viewers and cameras cost?

The tree is an edge, a relay of it, two relays of that, and viewers behind these: a hundred of 200 kB at 30 fps, then a
thousand of 30 kB at 10 fps, as of a rendition. The other relay has 100 cameras of 30 kB at 10 fps, watched by one each,
then by nobody. All of it shares this machine, so that ages behind the tree are those of a machine that is full.
ARCHITECTURE.md extrapolates from these figures.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from framefan.common.address import Endpoint
from framefan.consumer.discovery import states

from .crowd import Crowd
from .installation import Publishing, Relaying, own_memory
from .processes import Consumer, cpu_time
from .report import Report, main, median, p99

_PROCESS = 125
_CAMERAS = 100
_SLOW_FPS = 10
_SETTLING = 4.0
_LINGERS = 12.0
"""Seconds after which a relay, which lets demand linger for ten, has left what nobody watches."""


def measure(report: Report, seconds: float) -> None:
    """Measure the tree, then many cameras."""
    _tree(report, seconds, viewers=100, kilobytes=200, fps=30)
    _tree(report, seconds, viewers=1000, kilobytes=30, fps=10)
    _cameras(report, seconds)


def _tree(report: Report, seconds: float, *, viewers: int, kilobytes: int, fps: int) -> None:
    report.note(f"{viewers} viewers of {kilobytes} kB at {fps} fps")
    with ExitStack() as opened:
        edge = opened.enter_context(Publishing(fps=fps, kilobytes=kilobytes))
        root = opened.enter_context(Relaying(edge.address))
        leaves = [opened.enter_context(Relaying(root.address)) for _ in range(2)]
        here = opened.enter_context(Consumer("viewer", f"{edge.address}/door"))
        there = opened.enter_context(Consumer("viewer", f"{leaves[0].address}/door"))
        for viewer in (here, there):
            viewer.wait_for(10)
        direct, behind = _ages([here, there], seconds)
        report.figure("1 viewer: age at the edge, median", median(direct) * 1000, "ms")
        report.figure("1 viewer: age behind two relays, median", median(behind) * 1000, "ms")
        crowds = [
            opened.enter_context(Crowd(Endpoint.parse(leaf.address), ["door"], min(_PROCESS, viewers // 2)))
            for leaf in leaves
            for _ in range(0, viewers // 2, _PROCESS)
        ]
        time.sleep(_SETTLING)
        start = time.monotonic()
        costs = _costs([edge, root, *leaves], seconds)
        behind = [sample.read for sample in there.samples(start, time.monotonic())]
        rates = [crowd.rate(start) / crowd.count / fps for crowd in crowds]
        told = {state.camera: state.watchers for state in states(Endpoint.parse(edge.address), 5)}
    report.figure(f"{viewers} viewers: rate of each, least / {fps} fps", min(rates), "x", least=0.9)
    report.figure(f"{viewers} viewers: age behind two relays, median", median(behind) * 1000, "ms")
    report.figure(f"{viewers} viewers: age behind two relays, p99", p99(behind) * 1000, "ms")
    names = ("the edge", "the root", "a leaf and its half of the viewers", "the other leaf")
    for name, cost in zip(names, costs, strict=True):
        report.figure(f"CPU per frame: {name}", cost * 1000 / fps, "ms")
    report.figure("viewers that the edge has besides ours", told["door"] - 1, "", most=1)


def _cameras(report: Report, seconds: float) -> None:
    names = [f"door{number}" for number in range(_CAMERAS)]
    with (
        Publishing(cameras=_CAMERAS, fps=_SLOW_FPS, kilobytes=30) as edge,
        Relaying(edge.address) as relay,
        Crowd(Endpoint.parse(relay.address), names, _CAMERAS) as crowd,
    ):
        time.sleep(2 * _SETTLING)
        start = time.monotonic()
        (cost,) = _costs([relay], seconds)
        frames = crowd.rate(start)
        memory = own_memory(relay.pid)
        crowd.process.terminate()
        crowd.process.wait()
        time.sleep(_LINGERS)
        (rest,) = _costs([relay], seconds)
    report.figure(f"{_CAMERAS} cameras: frames received / 10 fps", frames / _CAMERAS / _SLOW_FPS, "x", least=0.9)
    report.figure(f"{_CAMERAS} cameras: CPU per frame", cost * 1000 / frames, "ms")
    report.figure(f"{_CAMERAS} cameras: CPU, of one core", 100 * cost, "%")
    report.figure(f"{_CAMERAS} cameras, nobody watches: CPU, of one core", 100 * rest, "%")
    report.figure(f"{_CAMERAS} cameras: memory", memory, "MB")


def _ages(viewers: Sequence[Consumer], seconds: float) -> list[list[float]]:
    start = time.monotonic()
    time.sleep(seconds)
    return [[sample.read for sample in viewer.samples(start, time.monotonic())] for viewer in viewers]


def _costs(programs: Sequence[Publishing | Relaying], seconds: float) -> list[float]:
    """Return the share of a core that each program uses."""
    start, before = time.monotonic(), [cpu_time(program.pid) for program in programs]
    time.sleep(seconds)
    elapsed = time.monotonic() - start
    return [(cpu_time(program.pid) - used) / elapsed for program, used in zip(programs, before, strict=True)]


if __name__ == "__main__":
    main(measure, seconds=15)

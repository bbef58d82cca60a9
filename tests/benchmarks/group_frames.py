"""group_frames: 30 fps shared by workers of 50, 100, 200 and 400 ms, which can do 37.5; then one dies and one hangs.

All frames should be analyzed, fresh and once. With the first killed and the second frozen the other two can do 7.5.
"""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from .processes import Program
from .report import Report, main, median, p95

_FPS = 30.0
_WORK = (0.05, 0.1, 0.2, 0.4)
_START = 30.0


@dataclass(frozen=True, slots=True)
class _Taken:
    """A frame that a member took: when (monotonic seconds), its number, its age then (s)."""

    time: float
    seq: int
    age: float


class _Member(Program):
    """A member of the group."""

    def __init__(self, address: str, work: float) -> None:
        words = [sys.executable, "-m", f"{__package__}.group_member", address, "--work", str(work)]
        super().__init__(words, stdout=subprocess.PIPE)
        self.taken: list[_Taken] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            moment, seq, age = line.split()
            self.taken.append(_Taken(float(moment), int(seq), float(age)))


def measure(report: Report, seconds: float) -> None:
    """Measure a whole group and what is left of it."""
    with Program(
        [sys.executable, "-m", f"{__package__}.jpeg_publisher", "--fps", str(_FPS)], stdout=subprocess.PIPE
    ) as publisher:
        assert publisher.process.stdout is not None
        address = publisher.process.stdout.readline().strip()
        members = [_Member(address, work) for work in _WORK]
        try:
            _wait_for_all(members)
            start = time.monotonic() + 1
            time.sleep(seconds + 1)
            _whole(report, _taken(members, start, start + seconds), seconds)
            members[0].process.kill()
            members[1].process.send_signal(signal.SIGSTOP)
            start = time.monotonic() + 1
            time.sleep(seconds + 1)
            _rest(report, _taken(members, start, start + seconds), seconds)
        finally:
            for member in members:
                member.process.kill()
                member.process.wait()
    everything = [taken.seq for member in members for taken in member.taken]
    report.figure("frames taken twice, of all", len(everything) - len(set(everything)), "", most=0)


def _wait_for_all(members: list[_Member]) -> None:
    deadline = time.monotonic() + _START
    while not all(member.taken for member in members):
        if time.monotonic() > deadline:
            raise RuntimeError("the members get no frames")
        time.sleep(0.05)


def _taken(members: list[_Member], start: float, end: float) -> list[_Taken]:
    return [taken for member in members for taken in list(member.taken) if start <= taken.time < end]


def _whole(report: Report, taken: list[_Taken], seconds: float) -> None:
    numbers = {one.seq for one in taken}
    offered = max(numbers) - min(numbers) + 1
    ages = [one.age * _FPS for one in taken]
    report.figure("frames per second that were analyzed", len(taken) / seconds, "")
    report.figure("part of the frames that were analyzed", len(numbers) / offered, "x", least=0.995)
    report.figure("age at the start, median", median(ages), "frame intervals")
    report.figure("the same, p95", p95(ages), "frame intervals", most=2.0)


def _rest(report: Report, taken: list[_Taken], seconds: float) -> None:
    capacity = sum(1 / work for work in _WORK[2:])
    rate = len(taken) / seconds
    report.figure("one killed, one frozen: rate / what is left", rate / capacity, "x", least=0.95)
    report.figure("the same: age at the start, p95", p95([one.age * _FPS for one in taken]), "frame intervals")


if __name__ == "__main__":
    main(measure, seconds=30)

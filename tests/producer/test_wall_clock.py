"""Wall clocks that are set while everything runs: real processes, whose clock a shared library moves."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Program, Start, producer, unavailable

SOURCE = Path(__file__).with_name("wall_clock.c")
HOUR = 3600

WATCHER = """
import sys
from framefan.common import clock

if sys.argv[2] == "another host":
    clock.boot_id = lambda: "another host"

from framefan.consumer import Subscriber

subscriber = Subscriber(sys.argv[1])
for frame in subscriber:
    count = subscriber.statistics()
    lost = count.outdated + count.rejected  # a newcomer may get a frame twice, which is dropped by its number
    print(frame.seq, frame.run, frame.age, subscriber.state.state, lost, frame.captured_ns // 10**9, flush=True)
"""


class WallClock:
    """A wall clock that can be set, and is right until then."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.set(0)
        self.words = ("env", f"LD_PRELOAD={library}", f"WALL_CLOCK={file}")

    def set(self, seconds: int) -> None:
        """Set it wrong by so many seconds, for all who run with it and at once."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    """A wall clock that can be set."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        unavailable("a C compiler for Linux moves the wall clock: apt-get install gcc libc6-dev")
    library = tmp_path / "wall_clock.so"
    subprocess.run([compiler, "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)
    return WallClock(library, tmp_path / "seconds")


def watch(watcher: Program, wrong_by: int, count: int) -> set[str]:
    """Wait until frames tell of a wall clock that is wrong by so much; return the runs of so many, all good ones."""
    runs, last, found = set(), 0, 0
    while found < count:
        seq, run, age, state, lost, captured = watcher.wait_for(r"^\d+ \w+ .*")[0].split()
        assert float(age) < 3
        assert state == "live"
        assert int(lost) <= 2  # what a process drops that was away for a second, on a busy machine
        assert int(seq) > last
        last = int(seq)
        runs.add(run)
        found += abs(int(captured) - time.time() - wrong_by) < HOUR / 2
    return runs


@pytest.mark.parametrize("host", ["the same host", "another host"])
def test_wall_clock_that_is_set(start: Start, clock: WallClock, host: str) -> None:
    """A wall clock that is set an hour back, and forward again, costs no frame, no age and no restart.

    On one host consumers see it set too; on another one their own stays right.
    """
    with CameraServer(port=0, settings=Settings(size=(320, 176), fps=20)) as server:
        program, endpoint = producer(start, server.url("door"), "test:160x96@5", "--name", "yard", before=clock.words)
        program.wait_for("door live")
        mine = clock.words if host == "the same host" else ()
        watcher = start(*mine, sys.executable, "-c", WATCHER, f"{endpoint}/door", host)
        runs = watch(watcher, 0, 20)
        for seconds in (-HOUR, HOUR, 0):
            clock.set(seconds)
            runs |= watch(watcher, seconds, 30)
        assert len(runs) == 1
        assert server.statistics().sessions == 1
    assert "stalled" not in program.output

"""What tests of chaos share: processes that come, go, stop and die at random, from a seed that can be repeated.

`FRAMEFAN_CHAOS_SECONDS` and `FRAMEFAN_CHAOS_SEED` choose how long and which; a failure names its seed.
"""

import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SECONDS = float(os.environ.get("FRAMEFAN_CHAOS_SECONDS", "60"))
SEED = os.environ.get("FRAMEFAN_CHAOS_SEED", "") or None
_GRACE = 5.0

Event = Callable[[], object]


class Player:
    """A program that is killed, stopped and started again; its output goes to a file.

    Args:
        words: of its command line.
        output: where what it writes is added.
        environment: beside that of this process.
    """

    def __init__(self, words: Sequence[str], output: Path, environment: dict[str, str]) -> None:
        self._words = words
        self._output = output
        self._environment = os.environ | environment
        self._output.touch()
        self.process = self._start()

    @property
    def text(self) -> str:
        """All that it has written, in all of its lives."""
        return self._output.read_text(errors="replace")

    @property
    def text_of_this_life(self) -> str:
        """What it has written since it was started last."""
        return self._output.read_bytes()[self._begin :].decode(errors="replace")

    def _start(self) -> subprocess.Popen[bytes]:
        self._begin = self._output.stat().st_size
        with self._output.open("ab") as output:
            return subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self._environment
            )

    def check(self) -> None:
        """Fail if it has ended by itself."""
        assert self.process.poll() is None, f"{self._output.stem} ended by itself: {self.text_of_this_life[-2000:]}"

    def revive(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is not None:
            self.process = self._start()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, as a power cut does; it must be there until then."""
        self.check()
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, and return how it ended; one that does not is killed, which gives -9."""
        self.send(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Stage:
    """The programs of a test, and what happens to them.

    Attributes:
        chance: what happens is drawn from it.
        folder: the TMPDIR of all programs, which nobody else uses.
    """

    def __init__(self, seed: str, folder: Path) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._players: dict[str, Player] = {}
        self._stopped: dict[int, float] = {}

    def enter(self, name: str, *words: str) -> Player:
        """Start a program."""
        environment = {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}
        self._players[name] = Player(words, self.folder / f"{name}.log", environment)
        return self._players[name]

    def play(self, seconds: float, events: Sequence[tuple[int, Event]], *, pause: float = 0.6) -> int:
        """Let events happen, each as often as its weight says; return how many did."""
        weights, what = [weight for weight, _ in events], [event for _, event in events]
        until, count = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            self.chance.choices(what, weights)[0]()
            count += 1
            time.sleep(self.chance.uniform(0, 2 * pause))  # the dice, not a wait for something
            self._resume(time.monotonic())
        self._resume(float("inf"))
        return count

    def stop(self, pid: int) -> None:
        """Stop a process for some seconds."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self._stopped[pid] = time.monotonic() + self.chance.uniform(0.2, 4.0)

    def kill(self, pid: int) -> None:
        """Kill a process."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def one_of(self, pids: Sequence[int]) -> int | None:
        """Draw one of some processes."""
        return self.chance.choice(sorted(pids)) if pids else None

    def tracebacks(self) -> list[str]:
        """Return what programs wrote about errors that nobody foresaw."""
        found = []
        for name, player in self._players.items():
            lines = player.text.splitlines()
            found += [
                f"{name}: " + " | ".join(lines[at : at + 30])
                for at, line in enumerate(lines)
                if "Traceback (most recent call last)" in line or "internal error" in line
            ]
        return found

    def close(self) -> None:
        """End all programs."""
        self._resume(float("inf"))
        for player in self._players.values():
            player.end()

    def _resume(self, now: float) -> None:
        for pid in [pid for pid, until in self._stopped.items() if until <= now]:
            del self._stopped[pid]
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def stage(default_seed: str) -> Iterator[Stage]:
    """Give a stage whose programs end with the block; print its seed, which shows where a test fails."""
    seed = SEED or default_seed
    print(f"FRAMEFAN_CHAOS_SEED={seed} FRAMEFAN_CHAOS_SECONDS={SECONDS:g}")
    # A short path, since sockets have to fit into it.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="chaos-", ignore_cleanup_errors=True) as folder:
        made = Stage(seed, Path(folder))
        try:
            yield made
        finally:
            made.close()


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def descriptors_of(pid: int) -> Counter[str]:
    """Return what a process has open, and how many of each kind."""
    found = Counter[str]()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found[re.sub(r"\d{3,}", "N", str(path.readlink()))] += 1
    return found


def processes_in(folder: Path) -> list[int]:
    """Return the ids of the processes whose TMPDIR is a folder."""
    wanted, found = f"TMPDIR={folder}\0".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in path.read_bytes() + b"\0":
                found.append(int(path.parent.name))
    return found

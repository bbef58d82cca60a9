"""The programs that benchmarks start, and what /proc tells of them: CPU time and memory."""

import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from framefan.common.address import Endpoint

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_START = 30.0


class Program:
    """A child process that is ended with its block.

    Args:
        command: what to run.
        stdout, stderr: where its output goes, as for `subprocess.Popen`.
    """

    def __init__(self, command: list[str], *, stdout: int | None = None, stderr: int | None = None) -> None:
        self.process = subprocess.Popen(command, stdout=stdout, stderr=stderr, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def tree(self) -> list[int]:
        """The ids of this process and all that descend from it."""
        return _tree(self.process.pid)

    @property
    def cpu(self) -> float:
        """Seconds of CPU time that they have used so far."""
        return sum(cpu_time(pid) for pid in self.tree)


class Producer(Program):
    """`framefan produce` with one camera named `door`.

    Args:
        source: the camera.
    """

    def __init__(self, source: str) -> None:
        framefan = str(Path(sysconfig.get_path("scripts")) / "framefan")
        super().__init__(
            [framefan, "produce", source, "--name", "door", "--bind", "tcp://127.0.0.1:0"], stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        found = re.search(r"tcp://[\d.]+:\d+", self.process.stderr.readline())
        if found is None:
            raise RuntimeError("framefan produce did not start")
        self.endpoint = Endpoint.parse(found[0])
        self.address = f"{found[0]}/door"
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    @property
    def hub(self) -> int:
        """The id of the hub's process."""
        return self.process.pid

    @property
    def capture(self) -> int:
        """The id of the capture's process."""
        return next(pid for pid in self.tree if pid != self.hub)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a consumer got.

    Attributes:
        time: monotonic time at which it had the picture, s.
        read: age when the frame was returned, s.
        image: age when its picture was decoded, s.
        glass: seconds since the moment that is written in the picture; nan if it shows none.
    """

    time: float
    read: float
    image: float
    glass: float


class Consumer(Program):
    """A program of this package that prints one line per frame that it gets, as :func:`tell` does.

    Args:
        module: its name in this package.
        arguments: its words.
        before: words that the command needs before it, to run elsewhere.
    """

    def __init__(self, module: str, *arguments: str, before: Sequence[str] = ()) -> None:
        package = __name__.rpartition(".")[0]
        super().__init__([*before, sys.executable, "-m", f"{package}.{module}", *arguments], stdout=subprocess.PIPE)
        self._samples: list[Sample] = []
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> None:
        """Wait until so many frames have come in.

        Raises:
            RuntimeError: they did not come.
        """
        deadline = time.monotonic() + _START
        while len(self._samples) < count:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args!r} gets no frames")
            time.sleep(0.05)

    def samples(self, since: float, until: float) -> list[Sample]:
        """Return what came in between two moments of the monotonic clock."""
        time.sleep(0.2)  # the last line may still be in the pipe
        found = [sample for sample in list(self._samples) if since <= sample.time <= until]
        if len(found) < 2:
            raise RuntimeError(f"{self.process.args!r} got no frames")
        return found

    def forget(self) -> None:
        """Drop the samples so far."""
        self._samples.clear()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._samples.append(Sample(*map(float, line.split())))


def tell(read: float, image: float, glass: float) -> None:
    """Print a sample, from within a consumer's program."""
    print(f"{time.monotonic():.6f} {read:.6f} {image:.6f} {glass:.6f}", flush=True)


def cpu_time(pid: int) -> float:
    """Return seconds of CPU time, user and system, that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def rss(pid: int) -> float:
    """Return the memory that a process holds, MB (10^6 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def pss(pid: int) -> float:
    """Return the memory that a process holds, MB (10^6 bytes), pages that several hold divided between them."""
    fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
    return int(fields[fields.index("Pss:") + 1]) * 1024 / 1e6


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in _tree(int(child)))]

"""Real processes for the tests, and ways to wait for what they do."""

import os
import re
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar
from urllib.parse import urlsplit

import pytest

T = TypeVar("T")

FRAMEFAN = str(Path(sysconfig.get_path("scripts")) / "framefan")


def unavailable(reason: str) -> NoReturn:
    """Skip the test on a laptop; fail it under CI, which has to bring everything."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def eventually(probe: Callable[[], T | None], what: str, *, within: float) -> T:
    """Return the first true answer of `probe`; fail if there is none within so many seconds."""
    deadline = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        time.sleep(0.05)
    return answer


def framefan(*words: str, within: float = 20.0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a `framefan` command to its end and return what it said and how it ended."""
    return subprocess.run(
        [FRAMEFAN, *words],
        capture_output=True,
        text=True,
        timeout=within,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


class Program:
    """A process whose output, errors included, is collected line by line."""

    def __init__(self, *words: str) -> None:
        self._lines: list[str] = []
        self._seen = 0
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it has said so far."""
        with self._changed:
            return "\n".join(self._lines)

    def wait_for(self, pattern: str, *, within: float = 15.0) -> re.Match[str]:
        """Return the first match in a line that no earlier call has passed; fail if none comes in time."""
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                while self._seen < len(self._lines):
                    self._seen += 1
                    if match := re.search(pattern, self._lines[self._seen - 1]):
                        return match
                ended = not self._reader.is_alive()
                if ended or not self._changed.wait(deadline - time.monotonic()):
                    how = "ended" if ended else f"{within:g} s went by"
                    pytest.fail(f"{how} without a line like {pattern!r}:\n" + "\n".join(self._lines[-20:]))

    def skip_lines(self) -> None:
        """Let the next :meth:`wait_for` look at lines from now on only."""
        with self._changed:
            self._seen = len(self._lines)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, within: float = 10.0) -> int:
        """Wait for its end and return its exit code, negative for the signal that ended it."""
        return self._process.wait(within)

    def kill(self) -> None:
        """End it as a power cut would, and wait for its end."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Wait for its end, force it after a while, and let go of its output."""
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()


class Start(Protocol):
    """Starts a program that the end of the test ends."""

    def __call__(self, *words: str) -> Program: ...


def producer(start: Start, *words: str, before: Sequence[str] = ()) -> tuple[Program, str]:
    """Start a producer at any free port, by a command that is put before it, and return it with its endpoint."""
    program = start(*before, FRAMEFAN, "produce", *with_names(words), "--bind", "tcp://127.0.0.1:0")
    return program, program.wait_for(r"publishing .* at (tcp://127\.0\.0\.1:\d+)")[1]


def with_names(words: Sequence[str]) -> list[str]:
    """Return the words of a command with the end of its path as the name of each camera's URL that has no other."""
    named: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        named.append(word)
        if re.match("(?:rtsp|http)://", word) and following != "--name":
            named += ["--name", urlsplit(word).path.rpartition("/")[2]]
    return named


def captures_of(hub: int, camera: str = "") -> list[int]:
    """Return the process ids of the captures whose parent is `hub`, of one camera or of all."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            words = (status.parent / "cmdline").read_text().rstrip("\0").split("\0")
        except OSError:
            continue
        if parent == hub and "framefan.producer.capture" in words and camera in ("", words[-1]):
            found.append(int(status.parent.name))
    return found


@contextmanager
def throttled(program: Program, camera: str, fraction: float) -> Iterator[None]:
    """Let the capture of a producer's camera run for a fraction of the time only."""
    over = threading.Event()
    capture = eventually(lambda: captures_of(program.pid, camera), "a capture", within=10)[0]

    def run() -> None:
        with suppress(ProcessLookupError):  # the test tells that the capture is gone
            while not over.is_set():
                os.kill(capture, signal.SIGCONT)
                over.wait(0.2 * fraction)
                os.kill(capture, signal.SIGSTOP)
                over.wait(0.2 * (1 - fraction))
            os.kill(capture, signal.SIGCONT)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

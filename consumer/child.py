"""Another command of framefan as a process of its own, which ends when the one that started it does, however it does.

A thread here follows what it says. It has a session of its own, so that Ctrl-C reaches its parent alone, which then
ends its children in order.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import IO, Self

from ..common import command
from ..common.errors import SourceError
from ..common.exit_reason import exit_reason, last_line
from ..common.signals import Stop

_GRACE = 2.0
"""Seconds from the request to end until the end by force."""
_LINES = 20
_LOOK = 0.05


class Child:
    """A running command.

    Attributes:
        name: of the command.
        log: its last lines on standard error.

    Args:
        words: the command and its arguments.
        heard: is called with every line on standard output, in a thread.
    """

    def __init__(self, *words: str, heard: Callable[[str], object] = len) -> None:
        self.name = words[0]
        self.log: deque[str] = deque(maxlen=_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._threads = [
            threading.Thread(target=_follow, args=args, daemon=True)
            for args in ((self._process.stdout, heard), (self._process.stderr, self.log.append))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def failed(self) -> bool:
        """True if it ended by itself, and not well."""
        return self._process.poll() not in (None, 0)

    def __str__(self) -> str:
        code = self._process.poll()
        if code is not None:
            self._threads[1].join(_GRACE)  # it has written all that it will, but it may not have been read yet
        errors = "\n".join(self.log)
        if code is None:
            return f"{self.name} runs, and logged last: {last_line(errors) or 'nothing'}"
        return f"{self.name} ended: {exit_reason(code, errors)}"

    def announcement(self, pattern: str, stop: Stop, timeout: float) -> str:
        """Wait for a line on standard error; return the first group of the pattern, nothing if the end is asked for.

        Raises:
            SourceError: the line did not come in time, or the process ended.
        """
        deadline = time.monotonic() + timeout
        while not stop.wait(_LOOK):
            over = self._process.poll() is not None or time.monotonic() > deadline
            for line in self.log.copy():
                if match := re.search(pattern, line):
                    return match[1]
            if over:
                raise SourceError(f"a process did not start: {self}")
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        end([self])

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float) -> None:
        """Wait until it has ended, by force after `timeout` seconds."""
        try:
            self._process.wait(max(0.0, timeout))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        for thread in self._threads:
            thread.join(_GRACE)


def end(children: Iterable[Child]) -> None:
    """End children together, by force after 2 s."""
    children = list(children)
    for child in children:
        child.terminate()
    deadline = time.monotonic() + _GRACE
    for child in children:
        child.wait(deadline - time.monotonic())


def _follow(stream: IO[str], heard: Callable[[str], object]) -> None:
    with stream:
        for line in stream:
            heard(line.rstrip("\n"))


def _end_with_parent() -> None:
    """End this process in good order when the other end of standard input is closed, by the parent or its death."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def main() -> int:
    """Run the command that the arguments ask for."""
    threading.Thread(target=_end_with_parent, daemon=True, name="parent-watch").start()
    return command.main()


if __name__ == "__main__":
    sys.exit(main())

"""Why a child process of ours ended: its exit status, and what it wrote last to its standard error."""

import os
import re
import signal
from contextlib import suppress
from typing import IO

from .redact import without_password
from .remedy import remedy

_KEPT = 8192
"""Bytes of a child's standard error that are kept: its end, where the reason stands."""
_PIECE = 65536
_LONGEST = 500
"""Characters of a line that go into a reason."""
_LOG_TIME = re.compile(r"^\d\d:\d\d:\d\d ")
_SUSPECTS = {signal.SIGKILL: " (killed by hand, or by the kernel because memory ran out)"}


class ErrorTail:
    """The end of what a child process writes to its standard error. No method waits.

    Call :meth:`read` now and then, or the child waits for room in the pipe.

    Args:
        pipe: the child's standard error, which :meth:`close` closes.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        os.set_blocking(pipe.fileno(), False)

    def read(self) -> None:
        """Take in what has come, at most one pipe full, so that a child without end does not hold us up."""
        if not self._pipe.closed:
            with suppress(BlockingIOError):
                self._kept = (self._kept + os.read(self._pipe.fileno(), _PIECE))[-_KEPT:]

    def close(self) -> None:
        """Take in what is left, and close the pipe. Safe to call twice."""
        self.read()
        self._pipe.close()

    @property
    def text(self) -> str:
        """What was kept."""
        return self._kept.decode(errors="replace")


def exit_reason(code: int, errors: str, *, extra: str = "") -> str:
    """Return why a process ended, with the remedy where one is known, and without a password.

    Args:
        code: its exit status, negative for the signal that ended it, as in :mod:`subprocess`.
        errors: what it wrote to its standard error, or the end of that.
        extra: the one of ours that brings what it imports, for the remedy of an import that failed.
    """
    line = ": ".join(filter(None, (last_line(errors), remedy(last_line(errors), extra))))
    if code >= 0:
        return line or f"exit status {code}, and nothing on its standard error"
    known = [number for number in signal.Signals if number == -code]
    name = f"{known[0].name}{_SUSPECTS.get(known[0], '')}" if known else f"signal {-code}"
    return f"{name}: {line}" if line else name


def last_line(errors: str) -> str:
    """Return the last line that is not blank, without the time of a log and without a password; empty for none."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return without_password(_LOG_TIME.sub("", lines[-1]))[:_LONGEST] if lines else ""

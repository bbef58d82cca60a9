"""Why a child process of ours ended: its exit status, and what it wrote last to its standard error."""

import os
import re
import signal
from contextlib import suppress
from typing import IO

from .errors import AddressError
from .remedy import remedy
from .url import Url

_KEPT = 8192
"""Bytes of a child's standard error that are kept: its end, where the reason stands."""
_PIECE = 65536
_LONGEST = 500
"""Characters of a line that go into a reason."""
_LOG_TIME = re.compile(r"^\d\d:\d\d:\d\d ")
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:.*@)?\S*")
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


def exit_reason(code: int, errors: str, *, extra: str = "", source: str = "") -> str:
    """Return why a process ended, with the remedy where one is known, and without a password.

    Args:
        code: its exit status, negative for the signal that ended it, as in :mod:`subprocess`.
        errors: what it wrote to its standard error, or the end of that.
        extra: the one of ours that brings what it imports, for the remedy of an import that failed.
        source: URL that it was given; a line that repeats its secrets is left out.
    """
    line = last_line(errors, source)
    line = ": ".join(filter(None, (line, remedy(line, extra))))
    if code >= 0:
        return line or f"exit status {code}, and nothing to show on its standard error"
    known = [number for number in signal.Signals if number == -code]
    name = f"{known[0].name}{_SUSPECTS.get(known[0], '')}" if known else f"signal {-code}"
    return f"{name}: {line}" if line else name


def last_line(errors: str, source: str = "") -> str:
    """Return the last line that is not blank, without the time of a log; empty for none.

    Of a URL in it nothing is left but the scheme: what libraries write is not made from a URL that was taken apart.
    """
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    line = _URL.sub(r"\1...", _LOG_TIME.sub("", lines[-1]))[:_LONGEST] if lines else ""
    return "" if _repeats(line, source) else line


def _repeats(line: str, source: str) -> bool:
    try:
        return Url.parse(source).is_repeated_in(line)
    except AddressError:  # a device, a film, a test pattern
        return False

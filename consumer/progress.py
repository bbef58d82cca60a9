"""How far something is, on a terminal; nothing anywhere else."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

_WIDTH = 30
_INTERVAL = 0.1
"""Seconds between two drawings."""


class Progress:
    """A line that is drawn again and again, and removed in the end.

    Args:
        name: of what is done.
        total: how many steps; None if nobody knows.
        stream: where to draw, if it is a terminal.
    """

    def __init__(self, name: str, total: int | None, stream: TextIO = sys.stderr) -> None:
        self._name = name
        self._total = total
        self._stream = stream if stream.isatty() else None
        self._started = time.monotonic()
        self._drawn = -_INTERVAL
        self._done = 0

    def __enter__(self) -> Self:
        self._draw(self._started)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._put("")

    def step(self) -> None:
        """Count one step."""
        self._done += 1
        now = time.monotonic()
        if now - self._drawn >= _INTERVAL:
            self._draw(now)

    def _draw(self, now: float) -> None:
        self._drawn = now
        if self._total is None:
            self._put(f"{self._name}  {self._done}")
            return
        part = self._done / max(1, self._total)
        bar = ("█" * round(part * _WIDTH)).ljust(_WIDTH, "░")
        left = f"  {(now - self._started) / part * (1 - part):.0f} s left" if self._done else ""
        self._put(f"{self._name}  {bar}  {self._done} of {self._total}{left}")

    def _put(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()

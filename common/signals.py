"""Graceful, then forced, then the signal again: how a long-running process of ours ends."""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FAREWELL = 1.0
"""Seconds that a child's farewell may take once its parent has gone."""


class Stop:
    """A request to stop, made by SIGINT, SIGTERM or :meth:`request`.

    As a context manager it catches the two signals in the main thread. The first one asks for a graceful end, the
    second one ends the process at once. It can be waited for (:meth:`wait`) and polled for (:meth:`fileno`).

    Attributes:
        signal: the number of the signal that asked; None as long as none did.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._requested = False
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    @property
    def requested(self) -> bool:
        """True from the moment that somebody asked for the end."""
        return self._requested

    def request(self) -> None:
        """Ask for the end. Safe in any thread, and as often as you like."""
        if not self._requested:
            self._requested = True
            # No Event: its lock may be held by the very code that a signal interrupts.
            self._writer.send(b"\0")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the end is asked for, at most `timeout` seconds; return whether it is."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def fileno(self) -> int:
        """Return a file descriptor that becomes readable, and stays so, when the end is asked for."""
        return self._reader.fileno()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
        self.request()


def die_of(number: int) -> NoReturn:
    """End this process by signal `number`, so that a parent sees what really ended it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or never there
            stream.flush()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    os._exit(128 + number)


def _listen(descriptor: int) -> bool:
    return bool(os.read(descriptor, 4096))


def die_with_parent(
    descriptor: int,
    *,
    farewell: Callable[[], None] | None = None,
    listen: Callable[[int], bool] = _listen,
) -> None:
    """End this process as soon as the other end of a pipe is closed, which the parent's death does as well.

    On Linux the kernel kills it too when the parent dies, which works even when it is stopped or hangs in a library.

    Args:
        descriptor: our end of the pipe.
        listen: reads what the parent writes; returns False once the pipe is closed.
        farewell: called before the end, in a thread of its own; if it hangs, the end comes after a second all the same.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while listen(descriptor):
            pass
        if farewell is not None:
            last = threading.Thread(target=farewell, daemon=True, name="farewell")
            last.start()
            last.join(_FAREWELL)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()

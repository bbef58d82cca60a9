"""A capture, seen from its hub: a process to start, to end and to ask how it ended."""

import contextlib
import enum
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO, Protocol

from ..common.exit_reason import ErrorTail, exit_reason
from .assignment import Assignment, pack_renditions

_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Lets glibc keep the memory of pictures: handing it back costs a thousand page faults per frame, 1.5 ms at 720p."""
_FAREWELL = 2.0
"""Seconds that a capture has to end its session with the camera when it is asked to."""


class Phase(enum.Enum):
    """Where a capture's process is in its life; it only moves down this list."""

    RUNNING = "running"  # its keep-alive pipe is open
    ENDING = "ending"  # it was asked to end, and has some seconds for that
    KILLED = "killed"  # it was ended by force, and is not over yet
    ENDED = "ended"  # it is over, and everything of it is closed


class Process(Protocol):
    """What is used of :class:`subprocess.Popen`, with pipes to its standard input and from its standard error."""

    stdin: IO[bytes] | None
    stderr: IO[bytes] | None

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        ...

    def kill(self) -> None:
        """End it by force; no error if it is over."""
        ...


def spawn(camera: str) -> Process:
    """Start the process of a capture.

    Raises:
        OSError: there are no more processes, files or memory.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "framefan.producer.capture", camera],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=_KEEP_MEMORY | os.environ,
        start_new_session=True,  # Ctrl-C goes to the hub alone, which ends its captures in order
    )


class CaptureProcess:
    """One life of a capture. No method waits, and every method may be called in every phase.

    Args:
        assignment: what it is to do.
        start: starts the process of a camera.
        clock: monotonic seconds.

    Attributes:
        camera: its name.
        run: id of this life.
        started: when, on the clock.
        live_since: since when frames come, on the clock; None while they do not.
        phase: see :class:`Phase`; :meth:`look` finds out that it is over.
        asked_to_end: it was asked to end before it was over.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        start: Callable[[str], Process] = spawn,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run = assignment.run
        self.camera = assignment.camera
        self.started = clock()
        self.live_since: float | None = None
        self.phase = Phase.RUNNING
        self.asked_to_end = False
        self._clock = clock
        self._kill_at = 0.0
        self._killed_because = ""
        self._code = 0
        self._wanted: tuple[str, ...] = ()
        self._sent: tuple[str, ...] = ()
        self._source = assignment.source
        self._unsent = assignment.pack()
        self._process = start(assignment.camera)
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._keep_alive = self._process.stdin
        self._errors = ErrorTail(self._process.stderr)
        os.set_blocking(self._keep_alive.fileno(), False)
        self._write()

    def want(self, renditions: tuple[str, ...]) -> None:
        """Have it make these from now on, as soon as it listens."""
        self._wanted = renditions
        self._write()

    def ask_to_end(self) -> None:
        """Close the keep-alive pipe, at which it ends its session; it is killed if that takes too long."""
        self.asked_to_end = self.asked_to_end or self.phase is not Phase.ENDED
        if self.phase is Phase.RUNNING:
            self.phase, self._kill_at = Phase.ENDING, self._clock() + _FAREWELL
            self._keep_alive.close()

    def kill(self, because: str) -> None:
        """End it by force, for a reason that is reported as how it ended."""
        if self.phase in (Phase.RUNNING, Phase.ENDING):
            self.phase, self._killed_because = Phase.KILLED, because
            self._keep_alive.close()
            self._process.kill()

    def look(self) -> Phase:
        """Look after it, and return its phase: it may be over, and one that takes too long to end is killed."""
        if self.phase is Phase.ENDED:
            return self.phase
        if self.phase is Phase.ENDING and self._clock() > self._kill_at:
            self.kill("it did not end when it was asked to")
        self._write()
        self._errors.read()
        code = self._process.poll()
        if code is not None:
            self.phase, self._code = Phase.ENDED, code
            self._keep_alive.close()
            self._errors.close()
        return self.phase

    @property
    def how(self) -> str:
        """How it ended, for a capture that did not report why."""
        reason = exit_reason(self._code, self._errors.text, extra="producer", source=self._source)
        return self._killed_because or f"capture died: {reason}"

    def _write(self) -> None:
        """Send what it does not know yet, as much as its pipe takes."""
        if self.phase is not Phase.RUNNING:
            return
        if not self._unsent and self._wanted != self._sent:
            self._unsent, self._sent = pack_renditions(self._wanted), self._wanted
        if self._unsent:
            with contextlib.suppress(OSError):  # it is over, or it is stopped and its pipe is full
                self._unsent = self._unsent[os.write(self._keep_alive.fileno(), self._unsent) :]

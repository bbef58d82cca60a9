"""A capture, seen from its hub: a process to start, to end and to ask how it ended."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from .assignment import Assignment, pack_renditions

_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Lets glibc keep the memory of pictures: handing it back costs a thousand page faults per frame, 1.5 ms at 720p."""
_FAREWELL = 2.0
"""Seconds that a capture has to end its session with the camera when it is asked to."""


class CaptureProcess:
    """One life of a capture. No method waits.

    Args:
        assignment: what it is to do.

    Attributes:
        camera: its name.
        run: id of this life.
        started: when, on the monotonic clock, s.
        live_since: since when frames come, on the same clock; None while they do not.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.run = assignment.run
        self.started = time.monotonic()
        self.live_since: float | None = None
        self.camera = assignment.camera
        self._kill_at: float | None = None
        self._killed_because = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "framefan.producer.capture", assignment.camera],
            stdin=subprocess.PIPE,
            env=_KEEP_MEMORY | os.environ,
            start_new_session=True,  # Ctrl-C goes to the hub alone, which ends its captures in order
        )
        assert self._process.stdin is not None
        self._life_line = self._process.stdin
        self._life_line.write(assignment.pack())
        self._life_line.flush()
        os.set_blocking(self._life_line.fileno(), False)
        self._wanted: tuple[str, ...] = ()

    def want(self, renditions: tuple[str, ...]) -> None:
        """Tell it what to make from now on, unless it knows; if it does not listen now, call this again."""
        if renditions != self._wanted and not self.ending:
            with contextlib.suppress(OSError):  # it has ended, or is stopped and its pipe is full
                os.write(self._life_line.fileno(), pack_renditions(renditions))  # whole or not at all: pipe(7)
                self._wanted = renditions

    def ask_to_end(self) -> None:
        """Let go of its life line, at which it ends its session; it is killed if that takes too long."""
        if self._kill_at is None:
            self._life_line.close()
            self._kill_at = time.monotonic() + _FAREWELL

    def kill(self, because: str) -> None:
        """End it by force, for a reason that is told as how it ended."""
        self._killed_because = because
        self._process.kill()

    @property
    def ending(self) -> bool:
        """True once it was asked to end."""
        return self._kill_at is not None

    @property
    def ended(self) -> bool:
        """True if it is over. One that was asked to end and takes too long is killed here."""
        if self._kill_at is not None and time.monotonic() > self._kill_at:
            self._process.kill()
        if self._process.poll() is None:
            return False
        self._life_line.close()
        return True

    @property
    def how(self) -> str:
        """How it ended, for a capture that did not tell why."""
        code = self._process.returncode
        died = f"capture died: {signal.Signals(-code).name if code < 0 else f'exit status {code}'}"
        return self._killed_because or died

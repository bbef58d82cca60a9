"""Pictures from the shared memory of a producer on this host; see `common/memory.py`."""

import fcntl
import math
import mmap
import os
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..common.frame import Image, Uses
from ..common.memory import NUMBER, PIXELS_AT, WRITTEN_AT, Place, realm
from ..common.state import CameraState

_MOST = 8
"""Files that are kept open; a producer has four, and others only after readers were stopped."""
_BEING_WRITTEN = 0.02
_NAP = 0.0001
"""Seconds that a picture which is just being written is waited for, and between looks at it."""
_CONVINCED = 3
"""Pictures that a reader has decoded before it is taken for one that decodes what it reads."""
_PAUSE = 30.0
_LONGEST_PAUSE = 3600.0
"""Seconds until it is tried again after it has failed, longer each time."""


class Preference:
    """Whether pixels are to come from memory: for a reader on the producer's host who decodes, and wants no JPEG."""

    def __init__(self) -> None:
        self._pause = _PAUSE
        self._not_before = 0.0

    def prefers(self, uses: Uses, state: CameraState) -> bool:
        """Judge by what the reader has made of frames so far, and by what the producer offers."""
        wants = uses.pixels >= _CONVINCED and not uses.jpegs
        return wants and bool(state.memory) and state.memory == realm() and time.monotonic() >= self._not_before

    def fail(self) -> None:
        """Take note that it could not be had."""
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class SharedMemory:
    """Copies pictures out of memory files, which it keeps open. Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._pid = 0

    def hold(self, place: Place) -> None:
        """Open the file of a picture, so that it is there even if its process ends.

        Raises:
            OSError: it cannot be reached: its process has ended, or is another user's or another container's.
        """
        if place.name not in self._files:
            if place.pid != self._pid or len(self._files) >= _MOST:
                self.close()
            self._files[place.name] = _File(place)
            self._pid = place.pid

    def copy(self, place: Place, seq: int, shape: tuple[int, ...]) -> Image | None:
        """Return a picture, writable and the caller's own; None if another one has taken its place meanwhile.

        Raises:
            OSError: it is not held, and cannot be reached.
        """
        self.hold(place)
        return self._files[place.name].copy(seq, shape)

    def close(self) -> None:
        """Let go of all files, so that their memory can be freed. They can be opened again."""
        while self._files:
            self._files.popitem()[1].close()


class _File:
    """A memory file of a producer's."""

    def __init__(self, place: Place) -> None:
        # Opened anew, and not a copy of the producer's descriptor, since locks go by those.
        self._descriptor = os.open(
            f"/proc/{place.pid}/fd/{place.descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )
        if str(Path(f"/proc/self/fd/{self._descriptor}").readlink()) != f"/memfd:{place.name} (deleted)":
            os.close(self._descriptor)
            raise FileNotFoundError(f"{place.name} is gone")
        self._memory = mmap.mmap(-1, 1)

    def copy(self, seq: int, shape: tuple[int, ...]) -> Image | None:
        count = math.prod(shape)
        if not self._maps(PIXELS_AT + count):
            return None
        deadline = time.monotonic() + _BEING_WRITTEN
        while not self._lock():  # it is being written, this picture or another one
            if NUMBER.unpack_from(self._memory)[0] != seq or time.monotonic() > deadline:
                return None
            time.sleep(_NAP)
        try:
            if NUMBER.unpack_from(self._memory, WRITTEN_AT)[0] != seq:
                return None
            return np.frombuffer(self._memory, np.uint8, count, PIXELS_AT).reshape(shape).copy()
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)
        with suppress(BufferError):  # a thread of the parent was copying when this process was forked: it still does
            self._memory.close()

    def _lock(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _maps(self, size: int) -> bool:
        """Map the file; return whether it has that size, as it has when its picture does."""
        if len(self._memory) < size <= (there := os.fstat(self._descriptor).st_size):
            self._memory = mmap.mmap(self._descriptor, there, access=mmap.ACCESS_READ)
        return len(self._memory) >= size

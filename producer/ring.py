"""Pictures for readers on this host, in shared memory; see `common/memory.py`."""

import fcntl
import mmap
import os
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..common.memory import NUMBER, PIXELS_AT, WRITTEN_AT, Layout, Place

Plane: TypeAlias = npt.NDArray[np.uint8]

_SLOTS = 4
"""How many pictures are kept: readers have the time of two more pictures to copy one."""


class Ring:
    """Keeps the newest pictures, in as many memory files.

    A picture that is being read is not overwritten; another one is. Where readers that were stopped hold everything but
    the newest, a new file takes the place of the oldest, which stays theirs.
    """

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque()

    @contextmanager
    def writing(self, seq: int, parts: Sequence[Plane], layout: Layout) -> Iterator[Place]:
        """Tell where a picture is going to lie, and write it when the block ends; readers wait for that.

        Args:
            seq: its number, by which readers know that it is still there.
            parts: one after the other they are what the layout says.
            layout: of the pixels.

        Raises:
            OSError: there is no memory for it.
        """
        slot = self._free()
        try:
            slot.reserve(seq, sum(part.size for part in parts))
            yield Place(os.getpid(), slot.descriptor, slot.name, layout)
            slot.fill(parts)
        except BaseException:
            slot.close()
            raise
        self._slots.append(slot)

    def close(self) -> None:
        """Let go of the memory, which readers may still have open."""
        while self._slots:
            self._slots.pop().close()

    def _free(self) -> "_Slot":
        """Return a slot to write to, locked and taken out: the oldest that nobody reads, or a new one."""
        if len(self._slots) < _SLOTS:
            return _Slot()
        for slot in list(self._slots)[:-1]:
            if slot.lock():
                self._slots.remove(slot)
                return slot
        self._slots.popleft().close()
        return _Slot()


class _Slot:
    """A memory file, with room for a picture of any size."""

    def __init__(self) -> None:
        self.name = f"framefan-{secrets.token_hex(8)}"
        self.descriptor = os.memfd_create(self.name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self._memory = mmap.mmap(-1, 1)
        self.lock()

    def lock(self) -> bool:
        """Keep readers away until :meth:`fill` is done; return False if one is there."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def reserve(self, seq: int, size: int) -> None:
        """Make room for so many bytes of a picture, which is known by its number from now on."""
        size += PIXELS_AT
        if len(self._memory) < size:
            os.posix_fallocate(self.descriptor, 0, size)  # an error here, not a fault when it is written to
            self._memory = mmap.mmap(self.descriptor, size)
        NUMBER.pack_into(self._memory, 0, seq)

    def fill(self, parts: Sequence[Plane]) -> None:
        """Write the picture and let readers in."""
        at = PIXELS_AT
        for part in parts:
            np.copyto(np.frombuffer(self._memory, np.uint8, part.size, at).reshape(part.shape), part)
            at += part.size
        self._memory[WRITTEN_AT : WRITTEN_AT + NUMBER.size] = self._memory[: NUMBER.size]
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)
        self._memory.close()

"""Pictures in shared memory: where a reader on the producer's host finds one.

A picture lies in a memory file (memfd_create(2)), which is in no directory and goes with the last process that has it
open, however that one ends. It begins with the picture's number, which follows once more when the pixels are whole:
the lock of a producer that is killed goes with it. Pixels are 64 bytes from the beginning. Readers open it
through /proc, and lock it (flock(2), shared) while they copy; the producer locks it (exclusive) while it writes, and
never waits for a lock. So nobody sees half of one picture and half of another, whatever the machine's memory model, and
the kernel takes back the locks of those who die. A file may grow, but never shrinks, so that who maps it never faults.
"""

import enum
import os
import struct
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .clock import boot_id

NUMBER = struct.Struct("<Q")
"""What a memory file begins with: the picture's number. It is there twice, before and after its pixels are written."""
WRITTEN_AT = 8
"""Where it is the second time, which tells that the pixels are whole, bytes."""
PIXELS_AT = 64
"""Where its pixels begin, bytes."""


class Layout(enum.StrEnum):
    """How pixels are laid out, uint8."""

    BGR = "bgr"  # as OpenCV has them: (height, width, 3)
    GRAY = "gray"  # (height, width), full range
    I420 = "i420"  # a plane of luma, then chroma blue and red of half width and height; BT.601, video range

    def shape(self, width: int, height: int) -> tuple[int, ...]:
        """Return the shape of the array that a picture of this size is, in pixels; I420 has even sides."""
        match self:
            case Layout.BGR:
                return height, width, 3
            case Layout.GRAY:
                return height, width
            case Layout.I420:
                return height * 3 // 2, width


class Place(NamedTuple):
    """Where a picture lies.

    Attributes:
        pid: the process that has made the memory file.
        descriptor: the file's number in that process.
        name: the file's, which no other one has.
        layout: of the pixels.
    """

    pid: int
    descriptor: int
    name: str
    layout: Layout


@cache
def realm() -> str:
    """Return an id of where process ids mean what they mean here: host, and its namespace of processes.

    It is empty where there is no such memory, which is everywhere but on Linux.
    """
    try:
        return f"{boot_id()}/{Path('/proc/self/ns/pid').stat().st_ino}" if hasattr(os, "memfd_create") else ""
    except OSError:
        return ""

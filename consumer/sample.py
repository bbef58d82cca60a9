"""Keep some of a camera's frames as files, exactly as they were received."""

import logging
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..common.errors import OptionError, OutputError
from ..common.frame import Frame
from ..common.options import duration
from ..common.signals import Stop
from .subscriber import Subscriber
from .watch import frames

log = logging.getLogger("framefan")


@dataclass(frozen=True, slots=True)
class Interval:
    """How often to sample: every so many seconds of the wall clock, or every so many frames of the camera."""

    seconds: float = 0.0
    frames: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `10s`, `500ms`, `2m`, or `250f` for frames.

        Raises:
            OptionError: it is anything else, or zero.
        """
        if match := re.fullmatch(r"(\d{1,9})f", text):
            if int(match[1]) > 0:
                return cls(frames=int(match[1]))
        else:
            try:
                return cls(seconds=duration(text))
            except ValueError:
                pass
        raise OptionError(f"{text!r} is not an interval above zero, such as 10s, 500ms or 250f")

    def slot(self, frame: Frame) -> int:
        """Return the number of the slot that a frame falls into; the first frame of a slot is its sample."""
        return frame.seq // self.frames if self.frames else int(frame.captured_ns // (self.seconds * 1e9))


class Sampler:
    """Writes frames below a directory: `door/2026-11-22/103855.123456.jpg`, time of capture in UTC.

    A file is either whole or not there. When writing fails, which a full disk does, that sample is lost and said so,
    and the next one is tried.

    Args:
        out: the directory; made if need be.
        every: how often.
        count: samples per camera after which to end; None for no end.

    Raises:
        OutputError: the directory cannot be written.
    """

    def __init__(self, out: Path, every: Interval, count: int | None) -> None:
        self._out = out
        self._every = every
        self._count = count
        try:
            out.mkdir(parents=True, exist_ok=True)
            _write(out / ".framefan-writable", b"")
            (out / ".framefan-writable").unlink()
        except OSError as error:
            raise OutputError(
                f"cannot write to {out}: {error.strerror}; choose another --out or change its permissions"
            ) from None

    def run(self, subscriber: Subscriber, stop: Stop, wait: float) -> None:
        """Sample a camera until the count is reached, the end is asked for, or the file behind it ends.

        Raises:
            NoFrame: no first frame came within `wait` seconds.
        """
        slot, written = -1, 0
        for frame in frames(subscriber, stop, wait=wait):
            if self._every.slot(frame) == slot:
                continue
            slot = self._every.slot(frame)
            if self._keep(frame):
                written += 1
            if written == self._count:
                return

    def _keep(self, frame: Frame) -> bool:
        path = self._out / frame.camera / f"{frame.captured:%Y-%m-%d/%H%M%S.%f}.jpg"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, frame.data)
        except OSError as error:
            log.error("cannot write %s: %s; this sample is lost, the next one is tried", path, error.strerror)
            return False
        log.info("%s -> %s", frame, path)
        return True


def _write(path: Path, data: bytes | memoryview) -> None:
    """Write a whole file or none."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

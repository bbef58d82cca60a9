"""Whole installations for benchmarks: cameras in a process of their own, and producers of many cameras."""

import contextlib
import os
import re
import subprocess
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from .processes import Program, cpu_time

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_FRAMEFAN = [str(Path(sysconfig.get_path("scripts")) / "framefan")]
_IMPATIENT = [sys.executable, "-m", f"{__package__}.impatient"]


class _Announcing(Program):
    """A program whose first line tells its address; what it says later is not kept."""

    def __init__(self, command: list[str], address: str, *, stdout: bool = False) -> None:
        super().__init__(command, **{"stdout" if stdout else "stderr": subprocess.PIPE})
        output = self.process.stdout if stdout else self.process.stderr
        assert output is not None
        found = re.search(address, line := output.readline())
        if found is None:
            raise RuntimeError(f"{command[0]} did not start: {line.strip()}")
        self.address = found[0]
        threading.Thread(target=deque, args=(output, 0), daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


class Cameras(_Announcing):
    """`framefan camera`: any number of cameras in one process.

    Args:
        film: what they show instead of a clock.
    """

    def __init__(self, film: Path | None = None) -> None:
        words = ["--file", str(film)] if film else []
        super().__init__([*_FRAMEFAN, "camera", "--port", "0", *words], r"rtsp://[\d.]+:\d+")

    def url(self, name: str, **query: object) -> str:
        """Return a camera's URL, with settings and faults such as `fault="close"`."""
        return f"{self.address}/{name}?{urlencode(query)}"


class Installation(_Announcing):
    """`framefan produce` with many cameras.

    Args:
        sources: by the names that the cameras get.
        impatient: wait 0.1 s instead of 1 to 60 before a camera is tried again.
    """

    def __init__(self, sources: Mapping[str, str], *, impatient: bool = False) -> None:
        words = [word for name, source in sources.items() for word in (source, "--name", name)]
        command = [*(_IMPATIENT if impatient else _FRAMEFAN), "produce", *words, "--bind", "tcp://127.0.0.1:0"]
        super().__init__(command, r"tcp://[\d.]+:\d+")

    @property
    def captures(self) -> list[int]:
        """The ids of the captures that run now."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    @property
    def captures_cpu(self) -> float:
        """Seconds of CPU time that all captures have used so far, those that have ended as well."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(fields[13]) + int(fields[14])) * _TICK
        for capture in self.captures:
            with contextlib.suppress(OSError):  # it ends now; its last moments are lost to us
                used += cpu_time(capture)
        return used


class Publishing(_Announcing):
    """A camera called `door`, or some called `door0`, `door1` ..., that are neither captured nor encoded.

    Args:
        cameras: how many.
        fps: of each.
        kilobytes: of a picture (10^3 bytes).
    """

    def __init__(self, *, cameras: int = 1, fps: float, kilobytes: int = 200) -> None:
        words = ["--cameras", str(cameras), "--fps", str(fps), "--bytes", str(kilobytes * 1000)]
        super().__init__(
            [sys.executable, "-m", f"{__package__}.jpeg_publisher", *words], r"tcp://[\d.]+:\d+", stdout=True
        )


class Relaying(_Announcing):
    """`framefan produce` that relays all cameras of a producer.

    Args:
        address: of the producer.
    """

    def __init__(self, address: str) -> None:
        command = [*_FRAMEFAN, "produce", address, "--bind", "tcp://127.0.0.1:0"]
        super().__init__(command, r"(?<= at )tcp://[\d.]+:\d+")


def own_memory(pid: int) -> float:
    """Return the memory that a process holds, MB (10^6 bytes), with its part only of what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:"))

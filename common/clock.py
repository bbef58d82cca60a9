"""Time between hosts: what a producer's monotonic clock reads, told in the reader's own."""

import time
import uuid
from collections import deque
from functools import cache
from pathlib import Path

_SAMPLES = 8
_DRIFT_NS = 20_000_000
"""By how much two clocks may have parted while an exchange is kept, 80 s, and then some."""
AHEAD_NS = 2_000_000_000
"""By how much a frame may seem to be of the future, where clocks are compared; of a later one nothing is believed."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Return an id of this host's boot, within which CLOCK_MONOTONIC of two processes can be compared.

    Where the system has none, every process gets one of its own: ages then come from the clock request.
    """
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid.uuid4())


def passing_ns() -> int:
    """Return a clock, ns, that goes on while this host is suspended, where the system has one, as Linux does."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic_ns()


class Offset:
    """The offset of another host's monotonic clock, by NTP's formula with a minimum-delay filter (RFC 5905).

    The answer that was under way for the shortest time is the most exact one: half its delay bounds the error.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)

    def update(self, sent: int, received: int, answered: int, arrived: int) -> None:
        """Take in one exchange: sent and arrived on our clock, received and answered on theirs, ns.

        One that cannot be true beside those before counts alone: a host was suspended, and its clock stood still.
        """
        delay = (arrived - sent) - (answered - received)
        offset = ((received - sent) + (answered - arrived)) // 2
        if self._samples:
            least, best = min(self._samples)
            if abs(offset - best) > (delay + least) // 2 + _DRIFT_NS:
                self._samples.clear()
        self._samples.append((delay, offset))

    @property
    def settled(self) -> bool:
        """True once there are enough exchanges to choose from."""
        return len(self._samples) == _SAMPLES

    def clear(self) -> None:
        """Forget everything: the other host may be another one now."""
        self._samples.clear()

    def uncertainty(self, boot: str) -> float | None:
        """Return by how much moments told by the host of this boot may be wrong, s: half of the least delay.

        On the same host it is 0. Before the first exchange nobody knows: None.
        """
        if boot == boot_id():
            return 0.0
        return max(0, min(self._samples)[0]) / 2e9 if self._samples else None

    def local(self, monotonic_ns: int, wall_ns: int, boot: str) -> int:
        """Return the moment, given on both clocks of another host, on our own monotonic clock, ns.

        On the same host it is the same number. Before the first exchange both wall clocks are believed.
        """
        if boot == boot_id():
            return monotonic_ns
        if self._samples:
            return monotonic_ns - min(self._samples)[1]
        return time.monotonic_ns() - (time.time_ns() - wall_ns)

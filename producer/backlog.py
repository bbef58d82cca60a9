"""What came from the camera and is not decoded yet."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from ..common.statistics import Rate
from .arrival import Arrival

PATIENCE = 0.5
"""Seconds that a packet may wait. Who is further behind goes on at a keyframe: age stays bounded, frames give way."""
_TICK = 1.0
_MOST_WORK = 0.5
"""Seconds of decoding that may be left until somebody comes, who then waits for it."""
_SMOOTHING = 0.1
_MOST_BYTES = 32 * 1024 * 1024


class Waiting(Protocol):
    """What can wait to be decoded."""

    @property
    def size(self) -> int:
        """Its bytes; 0 for what marks an end or a loss."""
        ...

    @property
    def is_keyframe(self) -> bool:
        """True if decoding can begin here."""
        ...


P = TypeVar("P", bound=Waiting)


class Backlog(Generic[P]):
    """A queue between the thread that drains the camera, which never waits, and the one that decodes.

    While it rests, packets since the last keyframe are kept for whoever may come, and older ones forgotten. Where that
    would be too many to be decoded soon, the oldest are given out all the same.

    Attributes:
        given_up: packets that nobody will decode, because they had waited too long.
        forgotten: packets that nobody will decode, because nobody wanted them.
        pace: seconds of CPU that decoding a packet takes.
        newest: when the last packet came.
    """

    def __init__(self) -> None:
        self.given_up = 0
        self.forgotten = 0
        self.pace = 0.0
        self.newest: Arrival | None = None
        self._packets: deque[tuple[P, Arrival]] = deque()
        self._bytes = 0
        self._rate = Rate()
        self._changed = threading.Condition()
        self._resting = False
        self._woken_ns = 0
        self._nudged = False
        self._closed = False
        self._error: Exception | None = None

    def put(self, packet: P, arrival: Arrival) -> None:
        """Add a packet."""
        with self._changed:
            if self._resting and packet.is_keyframe:
                self.forgotten += sum(kept.size > 0 for kept, _ in self._packets)
                self._packets.clear()
                self._bytes = 0
            self._packets.append((packet, arrival))
            self._bytes += packet.size
            self.newest = arrival
            self._rate.tick()
            if self._has_work():
                self._changed.notify()

    def close(self, error: Exception | None = None) -> None:
        """Let the reader end after the last packet, by raising `error` if there is one."""
        with self._changed:
            self._closed, self._error = True, error
            self._changed.notify()

    def learn(self, seconds: float) -> None:
        """Take note of how many seconds of CPU a packet has taken to be decoded."""
        self.pace += (_SMOOTHING if self.pace else 1.0) * (seconds - self.pace)

    def rest(self, resting: bool) -> None:
        """Rest from now on, or no longer."""
        with self._changed:
            if self._resting and not resting:
                self._woken_ns = time.monotonic_ns()
            self._resting = resting

    def nudge(self) -> None:
        """Let the reader have a None soon."""
        with self._changed:
            self._nudged = True
            self._changed.notify()

    @property
    def fps(self) -> float:
        """Packets per second that come from the camera."""
        with self._changed:
            return self._rate.value()

    def __iter__(self) -> Iterator[tuple[P, Arrival] | None]:
        """Yield packets, waiting for them, until the backlog is closed and empty.

        What waited for longer than `PATIENCE` is left out, up to the newest keyframe, or up to the next one to come.
        None is yielded after a nudge, and now and then while there is nothing to decode.
        """
        until_keyframe = False
        while True:
            with self._changed:
                if not (self._nudged or self._closed or self._has_work()):
                    self._changed.wait(_TICK)
                if self._nudged or not (self._closed or self._has_work()):
                    self._nudged = False
                    item = None
                elif not self._packets:
                    break
                else:
                    if self._late():
                        self._skip_to_newest_keyframe()
                        until_keyframe = True
                    item = self._take()
                    packet = item[0]
                    # An empty packet marks an end or a loss, which a decoder must hear of.
                    if until_keyframe and packet.size and not packet.is_keyframe:
                        self.given_up += 1
                        continue
                    until_keyframe = False
            yield item
        if self._error is not None:
            raise self._error

    def __len__(self) -> int:
        """Return how many packets wait."""
        return len(self._packets)

    def _has_work(self) -> bool:
        if not self._resting:
            return bool(self._packets)
        return len(self._packets) * self.pace > _MOST_WORK or self._bytes > _MOST_BYTES

    def _take(self) -> tuple[P, Arrival]:
        item = self._packets.popleft()
        self._bytes -= item[0].size
        return item

    def _late(self) -> bool:
        # What was kept for somebody has waited since he came.
        waiting_since = max(self._packets[0][1].monotonic_ns, self._woken_ns)
        return not self._resting and (time.monotonic_ns() - waiting_since) / 1e9 > PATIENCE

    def _skip_to_newest_keyframe(self) -> None:
        newest = max((at for at, (packet, _) in enumerate(self._packets) if packet.is_keyframe), default=0)
        for _ in range(newest):
            self._take()
        self.given_up += newest

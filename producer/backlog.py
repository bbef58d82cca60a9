"""What came from the camera and is not decoded yet."""

import threading
import time
from collections import deque
from collections.abc import Iterator

from .arrival import Arrival
from .demuxer import VideoPacket

PATIENCE = 0.5
"""Seconds that a packet may wait. Who is further behind goes on at a keyframe: age stays bounded, frames give way."""


class Backlog:
    """A queue between the thread that drains the camera, which never waits, and the one that decodes.

    Attributes:
        given_up: packets that nobody will decode, because they had waited too long.
    """

    def __init__(self) -> None:
        self.given_up = 0
        self._packets: deque[tuple[VideoPacket, Arrival]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: Exception | None = None

    def put(self, packet: VideoPacket, arrival: Arrival) -> None:
        """Add a packet."""
        with self._changed:
            self._packets.append((packet, arrival))
            self._changed.notify()

    def close(self, error: Exception | None = None) -> None:
        """Let the reader end after the last packet, by raising `error` if there is one."""
        with self._changed:
            self._closed, self._error = True, error
            self._changed.notify()

    def __iter__(self) -> Iterator[tuple[VideoPacket, Arrival]]:
        """Yield packets, waiting for them, until the backlog is closed and empty.

        What waited for longer than `PATIENCE` is left out, up to the newest keyframe, or up to the next one to come.
        """
        until_keyframe = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._packets or self._closed)
                if not self._packets:
                    break
                if self._late():
                    self._skip_to_newest_keyframe()
                    until_keyframe = True
                packet, arrival = self._packets.popleft()
                # An empty packet marks an end or a loss, which a decoder must hear of.
                if until_keyframe and packet.size and not packet.is_keyframe:
                    self.given_up += 1
                    continue
                until_keyframe = False
            yield packet, arrival
        if self._error is not None:
            raise self._error

    def __len__(self) -> int:
        """Return how many packets wait."""
        return len(self._packets)

    def _late(self) -> bool:
        return (time.monotonic_ns() - self._packets[0][1].monotonic_ns) / 1e9 > PATIENCE

    def _skip_to_newest_keyframe(self) -> None:
        newest = max((at for at, (packet, _) in enumerate(self._packets) if packet.is_keyframe), default=0)
        for _ in range(newest):
            self._packets.popleft()
        self.given_up += newest

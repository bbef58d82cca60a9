"""What came from the camera and is not decoded yet."""

import threading
from collections import deque
from collections.abc import Iterator

from .arrival import Arrival
from .demuxer import VideoPacket

_PATIENCE_NS = 500_000_000
"""A backlog older than this is given up at the next keyframe: age stays bounded, the frame rate gives way."""


class Backlog:
    """A queue between the thread that drains the camera, which never waits, and the one that decodes."""

    def __init__(self) -> None:
        self._packets: deque[tuple[VideoPacket, Arrival]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: Exception | None = None

    def put(self, packet: VideoPacket, arrival: Arrival) -> None:
        """Add a packet; a keyframe lets a decoder that is behind start over from it."""
        with self._changed:
            if packet.is_keyframe and self._packets:
                waited = arrival.monotonic_ns - self._packets[0][1].monotonic_ns
                if waited > _PATIENCE_NS:
                    self._packets.clear()
            self._packets.append((packet, arrival))
            self._changed.notify()

    def close(self, error: Exception | None = None) -> None:
        """Let the reader end after the last packet, by raising `error` if there is one."""
        with self._changed:
            self._closed, self._error = True, error
            self._changed.notify()

    def __iter__(self) -> Iterator[tuple[VideoPacket, Arrival]]:
        """Yield packets, waiting for them, until the backlog is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._packets or self._closed)
                if not self._packets:
                    break
                item = self._packets.popleft()
            yield item
        if self._error is not None:
            raise self._error

    def __len__(self) -> int:
        """Return how many packets wait."""
        return len(self._packets)

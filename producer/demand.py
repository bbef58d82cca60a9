"""Who wants which frames. What nobody wants is neither encoded nor decoded."""

import time
from collections import Counter

from ..common.address import raw_topic

LINGER = 10.0
"""Seconds that frames go on being made after the last who wanted them has left (ustreamer, mediamtx)."""
_ACQUAINTANCE = 0.5
"""Seconds within which a subscriber of ours shows by its other sockets that it is no stranger."""


class Demand:
    """Counts those who watch each topic: a camera's name, or with a rendition `door?width=640`.

    Subscribers of ours say what they watch by subscribing to the state of it. Others just connect to where frames are
    published, and PUB does not tell what they subscribe to: while one of them is there, every camera is wanted.

    Attributes:
        connections: how many there are to where frames are published.
    """

    def __init__(self) -> None:
        self._watchers: Counter[str] = Counter()
        self._left: dict[str, float] = {}
        self.connections = 0
        self._strangers_since: float | None = None
        self._strangers_until = 0.0

    def watch(self, topic: str) -> None:
        """Count one more watcher."""
        self._watchers[topic] += 1
        self._left.pop(topic, None)

    def leave(self, topic: str) -> None:
        """Count one watcher less."""
        self._watchers[topic] -= 1
        if self._watchers[topic] <= 0:
            del self._watchers[topic]
            self._left[topic] = time.monotonic()

    def watchers(self, topic: str) -> int:
        """Return how many watch a topic now, as JPEG or as pixels, which is no matter to those who are told."""
        raw = raw_topic(topic)
        if topic == raw:
            return sum(count for known, count in self._watchers.items() if raw_topic(known) == raw)
        return self._watchers[topic] + self._watchers[raw]

    @property
    def topics(self) -> list[str]:
        """What is watched now, in the order in which the first watcher of each came."""
        return list(self._watchers)

    def wanted(self) -> dict[str, list[str]]:
        """Return by camera which of its renditions are wanted, or were a moment ago; the original is the empty one."""
        now = time.monotonic()
        self._left = {topic: left for topic, left in self._left.items() if now - left <= LINGER}
        found: dict[str, list[str]] = {}
        for topic in (*self._watchers, *self._left):
            camera, _, rendition = topic.partition("?")
            found.setdefault(camera, []).append(rendition)
        return found

    def has_strangers(self) -> bool:
        """Return whether somebody without our other sockets is there, or was a moment ago."""
        now = time.monotonic()
        if self.connections <= self._watchers.total():
            self._strangers_since = None
        elif self._strangers_since is None:
            self._strangers_since = now
        elif now - self._strangers_since > _ACQUAINTANCE:
            self._strangers_until = now + LINGER
        return now < self._strangers_until

"""Who wants which frames. What nobody wants is neither encoded nor decoded."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from ..common.address import raw_rendition

LINGER = 10.0
"""Seconds that frames go on being made after the last who wanted them has left (ustreamer, mediamtx)."""
_ACQUAINTANCE = 0.5
"""Seconds within which a subscriber of ours shows by its other sockets that it is no stranger."""
_MOST_LEFT = 100
"""Renditions of one camera that linger at once: many more than are made."""


class _Camera:
    """What is wanted of one camera, each rendition with how many want it; the original is the empty one."""

    def __init__(self) -> None:
        self.watched: Counter[str] = Counter()
        self.pictures: Counter[str] = Counter()  # the same, whether as JPEG or as pixels in memory
        self.listened: Counter[str] = Counter()
        self.left: dict[str, float] = {}

    @property
    def empty(self) -> bool:
        return not (self.watched or self.listened or self.left)

    def forget(self, now: float) -> None:
        self.left = {rendition: left for rendition, left in self.left.items() if now - left <= LINGER}


class Demand:
    """Counts those who watch each topic: a camera's name, or with a rendition `door?width=640`.

    Subscribers of ours say what they watch by subscribing to the state of it. Others just connect to where frames are
    published, and PUB does not report what they subscribe to: while one of them is there, every camera is wanted.

    Attributes:
        connections: how many there are to where frames are published.
        listeners: how many there are to where states are published.
    """

    def __init__(self) -> None:
        self._cameras: dict[str, _Camera] = {}
        self._watchers = 0
        self.connections = self.listeners = 0
        self._strangers_since: float | None = None
        self._strangers_until = 0.0

    def watch(self, topic: str) -> None:
        """Count one more watcher."""
        name, _, rendition = topic.partition("?")
        camera = self._cameras.setdefault(name, _Camera())
        camera.watched[rendition] += 1
        camera.pictures[raw_rendition(rendition)] += 1
        camera.left.pop(rendition, None)
        self._watchers += 1

    def leave(self, topic: str) -> None:
        """Count one watcher less."""
        name, _, rendition = topic.partition("?")
        camera = self._cameras[name]
        _drop(camera.pictures, raw_rendition(rendition))
        self._watchers -= 1
        if not _drop(camera.watched, rendition):
            camera.left[rendition] = time.monotonic()
            if len(camera.left) > _MOST_LEFT:
                del camera.left[next(iter(camera.left))]

    def listen(self, topic: str) -> None:
        """Count one more who wants to know a state, and no frames."""
        name, _, rendition = topic.partition("?")
        self._cameras.setdefault(name, _Camera()).listened[rendition] += 1

    def stop_listening(self, topic: str) -> None:
        """Count one of those less."""
        name, _, rendition = topic.partition("?")
        _drop(self._cameras[name].listened, rendition)

    def watchers(self, topic: str) -> int:
        """Return how many watch a topic now, as JPEG or as pixels, which is no matter to those who are told."""
        name, _, rendition = topic.partition("?")
        camera = self._cameras.get(name)
        if camera is None:
            return 0
        raw = raw_rendition(rendition)
        return camera.pictures[raw] if rendition == raw else camera.watched[rendition] + camera.watched[raw]

    def topics(self, camera: str) -> list[str]:
        """Return what is asked for of a camera now, in the order in which the first of each came."""
        found = self._cameras.get(camera)
        if found is None:
            return []
        return [f"{camera}?{rendition}" if rendition else camera for rendition in {**found.watched, **found.listened}]

    @property
    def cameras(self) -> Collection[str]:
        """The names of those of which something is asked for, whether or not there are such cameras."""
        return self._cameras.keys()

    def wanted(self, camera: str) -> list[str]:
        """Return which renditions of a camera are wanted, or were a moment ago; the original is the empty one."""
        found = self._cameras.get(camera)
        if found is None:
            return []
        found.forget(time.monotonic())
        return [*found.watched, *found.left]

    def forget(self, cameras: Collection[str]) -> None:
        """Forget what was wanted a moment ago of any other than these cameras, and what nothing is asked of."""
        now = time.monotonic()
        for name, camera in list(self._cameras.items()):
            if name in cameras:
                camera.forget(now)
            else:
                camera.left.clear()
            if camera.empty:
                del self._cameras[name]

    def has_strangers(self, made: Mapping[str, Iterable[str]]) -> bool:
        """Return whether somebody without our other sockets is there, or was a moment ago.

        Who watches what is not made has a connection for frames as well, but one at most: names cost nothing.

        Args:
            made: by camera which of its renditions are made.
        """
        now = time.monotonic()
        known = 0
        for name, renditions in made.items():
            if camera := self._cameras.get(name):
                known += sum(camera.watched[rendition] for rendition in renditions)
        if self.connections <= known + min(self._watchers - known, self.listeners):
            self._strangers_since = None
        elif self._strangers_since is None:
            self._strangers_since = now
        elif now - self._strangers_since > _ACQUAINTANCE:
            self._strangers_until = now + LINGER
        return now < self._strangers_until


def _drop(counter: Counter[str], key: str) -> int:
    """Count one less, and return how many are left."""
    counter[key] -= 1
    left = counter[key]
    if left <= 0:
        del counter[key]
    return left

"""Consumers of one name that share frames: each frame goes to one of them, whoever has waited longest."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..common import wire
from ..common.requests import FORGOTTEN, Next
from ..common.wire import Stamp
from .pulls import Frames, Send

WATCHING = 10.0
"""Seconds after its last request for which a group still counts as watching its cameras."""
_UNSEEN = 2
"""Frames per camera that wait for a member: with one, members that are busy by turns would miss some."""
_OLDEST = 0.25
"""Seconds, or so many intervals of the camera: an older frame is not worth anybody's work any more."""
_INTERVALS = 2.5
_PATIENCE = 1.2
"""Seconds after which nothing newer is to be had than what was here before the group: captures report once a second."""
_MOST_AGAIN = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A frame to be given out; but not to `failed`, who had it before."""

    stamp: Stamp
    message: bytes
    failed: bytes = b""

    @property
    def topic(self) -> str:
        return self.stamp.topic

    @property
    def age(self) -> float:
        return (time.monotonic_ns() - self.stamp.monotonic_ns) / 1e9


@dataclass(slots=True)
class _Held:
    """What a member works on."""

    request: Next
    frame: _Frame
    since: float


class Group:
    """Gives each frame to one member: the newest first, cameras by turns, to the member that has waited longest.

    A member has at most one frame, for which it asks. So one that hangs or dies costs the frame it holds and no more.
    Nothing is sent but by :meth:`share`.

    Args:
        frames: what there is.
        send: how to answer.
    """

    def __init__(self, frames: Frames, send: Send) -> None:
        self._frames = frames
        self._send = send
        self._waiting: dict[bytes, tuple[Next, float]] = {}
        self._held: dict[bytes, _Held] = {}
        self._unseen: dict[str, deque[_Frame]] = {}
        self._again: deque[_Frame] = deque(maxlen=_MOST_AGAIN)
        self._seen: dict[str, int] = {}
        self._served: dict[str, float] = {}
        self._asked: dict[str, float] = {}  # "" for all cameras
        self._news = False
        self._since = time.monotonic()
        self.last_asked = self._since

    @property
    def has_members(self) -> bool:
        """True if somebody waits for a frame, or works on one."""
        return bool(self._waiting or self._held)

    def ask(self, sender: bytes, request: Next) -> None:
        """Take in a member's request, which also says that it is done with the frame before."""
        now = self.last_asked = time.monotonic()
        held = self._held.get(sender)
        if held is not None and request.id and held.request.id == request.id:
            return  # repeated while the answer was on its way
        self._held.pop(sender, None)
        self._asked |= dict.fromkeys(request.cameras or ("",), now)
        if sender in self._waiting and self._waiting[sender][0].id != request.id:
            del self._waiting[sender]
        self._waiting[sender] = request, now  # in its old place if it was repeated
        self._news = True

    def leave(self, sender: bytes, used: tuple[str, int] | None = None) -> None:
        """Let a member go; if the frame that it was sent is not the last that it has used, another one gets it."""
        self._waiting.pop(sender, None)
        held = self._held.pop(sender, None)
        if held is not None and used is not None and used != (held.frame.topic, held.frame.stamp.seq):
            self._again.append(held.frame)
            self._news = True

    def publish(self, stamp: Stamp, message: bytes) -> None:
        """Take in a new frame."""
        if self._wants(stamp.topic) and stamp.seq > self._seen.get(stamp.topic, 0):
            self._seen[stamp.topic] = stamp.seq
            self._unseen.setdefault(stamp.topic, deque(maxlen=_UNSEEN)).append(_Frame(stamp, message))
            self._news = True

    def restart(self, camera: str) -> None:
        """Take it that a camera's numbers begin again."""
        self._seen = {topic: seq for topic, seq in self._seen.items() if topic.partition("?")[0] != camera}

    def look(self, cameras: Iterable[str]) -> None:
        """Look after members that hang, forget those that have gone, and after cameras that are slow."""
        now = time.monotonic()
        if now - self._since > _PATIENCE:
            for topic in self.wanted(cameras):
                if self._frames.is_last(topic):
                    message = self._frames.newest(topic)[1]
                    self.publish(wire.peek(message), message)
        self._waiting = {sender: one for sender, one in self._waiting.items() if now - one[1] < FORGOTTEN}
        self._asked = {topic: then for topic, then in self._asked.items() if now - then < WATCHING}
        self._unseen = {topic: unseen for topic, unseen in self._unseen.items() if self._wants(topic)}
        for sender, held in list(self._held.items()):
            redo = held.request.redo
            if now - held.since > (FORGOTTEN if redo is None else redo):
                del self._held[sender]
                if redo is not None and not held.frame.failed:
                    self._again.append(replace(held.frame, failed=sender))
        self._news = True

    def wanted(self, cameras: Iterable[str]) -> Iterable[str]:
        """Return the topics that are watched, out of all cameras and what was asked for besides."""
        if "" in self._asked:
            yield from cameras
        yield from filter(None, self._asked)

    def share(self) -> None:
        """Give out what there is to those who wait, if anything has come or may have grown old."""
        if not self._news:
            return
        self._news = False
        for sender, (request, _) in list(self._waiting.items()):
            frame = self._choose(sender, request)
            if frame is None:
                continue
            del self._waiting[sender]
            if self._send(sender, request, frame.message):
                self._held[sender] = _Held(request, frame, time.monotonic())
                self._served[frame.topic] = time.monotonic()
                (self._again if frame in self._again else self._unseen[frame.topic]).remove(frame)

    def _choose(self, sender: bytes, request: Next) -> _Frame | None:
        for frame in self._again:
            if frame.failed != sender and _accepts(request.cameras, frame.topic):
                return frame
        found = []
        for topic, unseen in self._unseen.items():
            oldest = max(_OLDEST, _INTERVALS * self._frames.interval(topic))
            while unseen and unseen[0].age > oldest and not (len(unseen) == 1 and self._frames.is_last(topic)):
                unseen.popleft()
            if unseen and _accepts(request.cameras, topic):
                found.append(topic)
        return self._unseen[min(found, key=lambda topic: self._served.get(topic, 0.0))][-1] if found else None

    def _wants(self, topic: str) -> bool:
        return topic in self._asked or ("" in self._asked and "?" not in topic)


def _accepts(cameras: tuple[str, ...], topic: str) -> bool:
    return topic in cameras if cameras else "?" not in topic

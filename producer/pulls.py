"""Those who wait for a camera's next frame, each for itself."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ..common import wire
from ..common.requests import FORGOTTEN, Next

Send = Callable[[bytes, Next, bytes], bool]
"""Answers a sender's request with a frame; returns False if the sender has gone."""

_STEADY = 1.0
"""Seconds: a camera that is asked again this soon works on in between, rather than start anew each time."""
_FRESH = 1.25
"""Of a camera's interval: until then its next frame is not overdue, so that the last one is the newest there is."""
_PATIENCE = 1.2
"""Seconds after which nothing newer is to be had than what is here: captures report once a second."""


class Frames(Protocol):
    """The newest frames of all cameras. A topic is a camera or a rendition of one."""

    def newest(self, topic: str) -> tuple[int, bytes]:
        """Return number and message of a topic's last frame; 0 and nothing before the first."""
        ...

    def is_last(self, topic: str) -> bool:
        """Return whether a topic's last frame is its camera's newest, of which more can be expected."""
        ...

    def interval(self, topic: str) -> float:
        """Return how far apart the frames of a topic's camera are, s; 0 while that is not known."""
        ...

    def refusal(self, topic: str) -> str:
        """Return why a topic can not be had, or nothing."""
        ...


@dataclass(slots=True)
class _Waiting:
    request: Next
    topic: str
    since: float


class Pulls:
    """Answers each request by one frame: at once if a new one is here that is fresh, else by the next.

    Args:
        frames: what there is.
        send: how to answer.
        producer: our id, with which numbers are told and known again.
    """

    def __init__(self, frames: Frames, send: Send, producer: str) -> None:
        self._frames = frames
        self._send = send
        self.producer = producer
        self._waiting: dict[bytes, _Waiting] = {}
        self._answered: dict[str, float] = {}
        self._kept: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, sender: bytes, request: Next) -> None:
        """Take in a request for one camera, in place of the sender's last."""
        now = time.monotonic()
        (topic,) = request.cameras
        self._waiting[sender] = _Waiting(request, topic, now)
        if now - self._answered.get(topic, -_STEADY) < _STEADY:
            self._kept[topic] = now + _STEADY
        if self._is_fresh(topic):
            self._answer([sender])

    def leave(self, sender: bytes) -> None:
        """Take a request back."""
        self._waiting.pop(sender, None)

    def publish(self, topic: str) -> None:
        """Answer those who wait for a topic, which has a new frame."""
        self._answer([sender for sender, waiting in self._waiting.items() if waiting.topic == topic])

    def look(self) -> None:
        """Look after those who wait: some have gone, for some there will be nothing newer than what is here."""
        now = time.monotonic()
        self._waiting = {sender: one for sender, one in self._waiting.items() if now - one.since < FORGOTTEN}
        self._answered = {topic: then for topic, then in self._answered.items() if now - then < _STEADY}
        self._kept = {topic: until for topic, until in self._kept.items() if now < until}
        patient = [sender for sender, one in self._waiting.items() if now - one.since > _PATIENCE]
        self._answer([sender for sender in patient if self._frames.is_last(self._waiting[sender].topic)])

    def wanted(self) -> Iterable[str]:
        """Return the topics that somebody waits for, or did a moment ago and does so all the time."""
        return dict.fromkeys([*(one.topic for one in self._waiting.values()), *self._kept])

    def _is_fresh(self, topic: str) -> bool:
        if not self._frames.is_last(topic):
            return False
        age = time.monotonic_ns() - wire.peek(self._frames.newest(topic)[1]).monotonic_ns
        return age / 1e9 <= _FRESH * self._frames.interval(topic)

    def _answer(self, senders: Iterable[bytes]) -> None:
        now = time.monotonic()
        for sender in senders:
            waiting = self._waiting[sender]
            seq, message = self._frames.newest(waiting.topic)
            had = waiting.request.after if waiting.request.producer == self.producer else 0
            if seq <= had:
                continue
            del self._waiting[sender]
            self._send(sender, waiting.request, message)
            self._answered[waiting.topic] = now
            if waiting.topic in self._kept:
                self._kept[waiting.topic] = now + _STEADY

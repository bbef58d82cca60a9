"""The request for a frame that is outstanding: one at most, and only while somebody waits."""

import time
from collections.abc import Callable

from msgspec.structs import replace

from ..common import requests, wire
from ..common.address import split_topic
from ..common.errors import AddressError, WireError
from ..common.requests import Answer, Leave, Next

_UNUSED = 0.5
"""Seconds after which a request for which nobody waits any more is taken back."""
_RETRY = 1.0
"""Seconds until it is asked again after an answer that was no frame."""


class Puller:
    """Asks for frames one by one.

    Args:
        request: what to ask for.
        send: sends a request; returns False if that is not possible now.
    """

    def __init__(self, request: Next, send: Callable[[bytes], bool]) -> None:
        self._request = request
        self._send = send
        self._asked: float | None = None
        self._sent_at = 0.0
        self._not_before = 0.0
        self._unused_since: float | None = None

    @property
    def asked(self) -> float | None:
        """Since when a request is outstanding, in monotonic seconds; None if there is none."""
        return self._asked

    def ask_for(self, topics: tuple[str, ...]) -> None:
        """Ask for these from now on; what is outstanding has to be left before."""
        self._request = self._request.about(topics)

    def again(self) -> None:
        """Repeat the request: it may have been lost with the connection."""
        self._sent_at = 0.0

    def want(self) -> None:
        """Ask unless that has been done, and again now and then."""
        now = time.monotonic()
        self._unused_since = None
        if self._asked is None and now >= self._not_before:
            self._request = replace(self._request, id=self._request.id + 1)
            self._asked, self._sent_at = now, 0.0
        due = not self._sent_at or now - self._sent_at > requests.REPEATED
        if self._asked is not None and due and self._send(requests.pack(self._request)):
            self._sent_at = now

    def rest(self, used: tuple[str, int], unread: bool) -> bool:
        """Take the request back once nobody has waited for a while; return whether what is unread is void.

        Args:
            used: camera and number of the last frame that was used, which tells a group which one was not.
            unread: there is an answer that nobody has taken.
        """
        now = time.monotonic()
        if self._asked is None and not unread:
            return False
        self._unused_since = self._unused_since or now
        if now - self._unused_since < _UNUSED:
            return False
        self.leave(used)
        return True

    def leave(self, used: tuple[str, int]) -> None:
        """Take the request back, or the answer that nobody has used."""
        if self._request.id:
            self._send(requests.pack(Leave(camera=used[0], seq=used[1])))
        self._asked = self._unused_since = None

    def take(self, answer: Answer, *rest: bytes) -> bytes | None:
        """Return the frame out of an answer; None for an answer that is not awaited any more.

        Raises:
            WireError: it is an answer without a frame, or with one that is not of this version, or was not asked for.
        """
        if answer.id != self._request.id or self._asked is None:
            return None
        self._asked, self._not_before = None, time.monotonic() + _RETRY
        if answer.answer != "next" or len(rest) != 1:
            if answer.error:
                return None  # its reason is told as the camera's state
            raise WireError("an answer without a frame")
        stamp = wire.peek(rest[0])
        if not self._asks_for(stamp.topic):
            raise WireError("a frame that was not asked for")
        self._request = replace(self._request, producer=answer.producer or "", after=stamp.seq)
        self._not_before = 0.0
        return rest[0]

    def _asks_for(self, topic: str) -> bool:
        if self._request.cameras:
            return topic in self._request.cameras
        try:
            return bool(split_topic(topic))
        except AddressError:  # a name that no camera can have
            return False

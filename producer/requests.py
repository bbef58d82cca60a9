"""Answers what consumers ask for: the time, and frames."""

import secrets
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import zmq

from ..common import requests
from ..common.errors import WireError
from ..common.requests import Next
from ..common.sockets import Socket
from ..common.wire import Stamp
from .group import Group
from .pulls import Frames, Pulls

_LOOK = 0.2
_UNREAD = 256
"""Frames that may wait for the hub's thread; it takes them as they come."""
_MOST_GROUPS = 100
_KEPT = 3600.0
"""Seconds for which a group that nobody asks for is remembered: of a slow camera it must not give a frame twice."""


class Requests:
    """The answering end of the requests socket.

    :meth:`publish` may be called in any thread, all else in the hub's.

    Args:
        socket: a ROUTER, which this closes.
        frames: what there is to ask for.
    """

    def __init__(self, socket: Socket, frames: Frames) -> None:
        self.socket = socket
        socket.router_mandatory = True  # an answer to who has gone is an error, and not swallowed
        self._frames = frames
        self._producer = secrets.token_hex(4)
        self._published: deque[tuple[Stamp, bytes]] = deque(maxlen=_UNREAD)
        self._pulls = Pulls(frames, self._send_frame, self._producer)
        self._groups: dict[str, Group] = {}
        self._look_at = 0.0

    @property
    def awaited(self) -> bool:
        """True if somebody may wait for the next frame."""
        return bool(self._pulls or self._groups)

    def publish(self, stamp: Stamp, message: bytes) -> None:
        """Take note of a frame; :meth:`serve` gives it to who waits for it."""
        if self.awaited:
            self._published.append((stamp, message))

    def restart(self, camera: str) -> None:
        """Take it that a camera's numbers begin again: those that anybody has had mean nothing any more."""
        self._producer = self._pulls.producer = secrets.token_hex(4)
        for group in self._groups.values():
            group.restart(camera)

    def serve(self, cameras: Iterable[str]) -> None:
        """Take in what has come, and answer what can be answered."""
        topics = self._take_frames()  # all of them before any is given out, which shall be the newest
        while self._take_request():
            pass
        for topic in topics:
            self._pulls.publish(topic)
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK
            self._pulls.look()
            self._groups = {name: group for name, group in self._groups.items() if now - group.last_asked < _KEPT}
            for group in self._groups.values():
                group.look(cameras)
        for group in self._groups.values():
            group.share()

    def wanted(self, cameras: Iterable[str]) -> set[str]:
        """Return the topics that are waited for, or that groups watch, among them perhaps all cameras."""
        return {*self._pulls.wanted(), *(topic for group in self._groups.values() for topic in group.wanted(cameras))}

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _take_frames(self) -> set[str]:
        """Return the topics that have a new frame."""
        topics = set()
        while self._published:
            stamp, message = self._published.popleft()
            topics.add(stamp.topic)
            for group in self._groups.values():
                group.publish(stamp, message)
        return topics

    def _take_request(self) -> bool:
        try:
            sender, *rest = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        received = time.monotonic_ns()
        request: dict[str, Any] = {}
        try:
            request = requests.unpack(rest[-1] if rest else b"")
            self._carry_out(sender, request, received)
        except WireError as error:
            number = request.get("id")
            self._send(sender, requests.pack({"error": str(error), "id": number if type(number) is int else 0}))
        return True

    def _carry_out(self, sender: bytes, request: dict[str, Any], received: int) -> None:
        asked = request.get("ask")
        if asked == "clock" and type(request.get("sent")) is int:
            self._send(sender, requests.clock_answer(request, received, time.monotonic_ns()))
        elif asked == "next":
            self._ask(sender, Next.parse(request))
        elif asked == "leave":
            self._leave(sender, request)
        else:
            name = asked[:40] if isinstance(asked, str) else type(asked).__name__
            raise WireError(
                f"there is no such request {name!r}; there are 'clock', with 'sent' in ns, 'next' and 'leave'"
            )

    def _ask(self, sender: bytes, request: Next) -> None:
        self._pulls.leave(sender)
        for name, group in self._groups.items():
            if name != request.group:
                group.leave(sender)
        refusals = [self._frames.refusal(topic) for topic in request.cameras]
        if refusals and all(refusals):
            raise WireError(refusals[0])
        if not request.group:
            self._pulls.ask(sender, request)
            return
        if request.group not in self._groups:
            if len(self._groups) >= _MOST_GROUPS:
                del self._groups[min(self._groups, key=lambda name: self._groups[name].last_asked)]
            self._groups[request.group] = Group(self._frames, self._send_frame)
        self._groups[request.group].ask(sender, request)

    def _leave(self, sender: bytes, request: dict[str, Any]) -> None:
        camera, seq = request.get("camera"), request.get("seq")
        used = (camera, seq) if isinstance(camera, str) and type(seq) is int else None
        self._pulls.leave(sender)
        for group in self._groups.values():
            group.leave(sender, used)

    def _send_frame(self, sender: bytes, request: Next, message: bytes) -> bool:
        return self._send(sender, requests.next_answer(request.id, self._producer), message)

    def _send(self, sender: bytes, *parts: bytes) -> bool:
        """Send an answer; return False if whoever asked has gone, or does not listen."""
        try:
            self.socket.send_multipart([sender, *parts], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        return True

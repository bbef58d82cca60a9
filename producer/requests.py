"""Answers what consumers ask for: the time, and frames."""

import secrets
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

import zmq
from msgspec import UNSET

from ..common import requests
from ..common.complaints import Complaints
from ..common.errors import WireError
from ..common.internal_errors import Containment
from ..common.requests import Answer, Clock, Leave, Next, Request
from ..common.sockets import Socket
from ..common.wire import Stamp
from .connections import Connections
from .group import Group
from .meter import Meter
from .pulls import Frames, Pulls

_LOOK = 0.2
_MOST_REQUESTS = 64
"""That are taken in per pass, so that frames do not wait for what anybody may send by the thousand."""
_UNREAD = 256
"""Frames that may wait for the hub's thread; it takes them as they come."""
_MOST_UNREPORTED = 256 * 1024
"""Bytes of a request that is not whole."""
_FRAMING = 16
"""Bytes that ZeroMQ needs for a part, at most."""
_MOST_GROUPS = 100
_KEPT = 3600.0
"""Seconds for which a group that nobody asks for is remembered: of a slow camera it must not give a frame twice."""


class _Refusal(WireError):
    """A request that makes sense, for what is not to be had."""


class Requests:
    """The answering end of the requests socket.

    :meth:`publish` may be called in any thread, all else in the hub's.

    Args:
        socket: a ROUTER, which this closes.
        frames: what there is to ask for.
        complaints: where to report those who ask for what makes no sense.
        containment: lets an error that nobody foresaw cost the request that it happened in.
    """

    def __init__(self, socket: Socket, frames: Frames, complaints: Complaints, containment: Containment) -> None:
        self.socket = socket
        self._connections = Connections(socket)
        self._meter = Meter(self._connections, _MOST_UNREPORTED)
        self._containment = containment
        socket.router_mandatory = True  # an answer to who has gone is an error, and not swallowed
        self._frames = frames
        self._complaints = complaints
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

    def serve(self, cameras: Iterable[str], *, asked: bool = True) -> None:
        """Take in what has come, and answer what can be answered.

        Args:
            cameras: names of all that are here.
            asked: whether there may be requests: looking in vain costs CPU in every pass.
        """
        topics = self._take_frames()  # all of them before any is given out, which shall be the newest
        for _ in range(_MOST_REQUESTS if asked else 0):
            if not self._take_request():
                break
        for topic in topics:
            self._pulls.publish(topic)
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK
            self._connections.renewed()
            self._meter.look(now)
            self._pulls.look()
            self._groups = {name: group for name, group in self._groups.items() if now - group.last_asked < _KEPT}
            for group in self._groups.values():
                group.look(cameras)
        for group in self._groups.values():
            group.share()

    def wanted(self, cameras: Iterable[str]) -> dict[str, list[str]]:
        """Return by camera the renditions that are waited for, or that groups watch, among them perhaps all cameras."""
        topics = {*self._pulls.wanted(), *(topic for group in self._groups.values() for topic in group.wanted(cameras))}
        found: dict[str, list[str]] = {}
        for topic in sorted(topics):  # in the same order for the same wishes, so that a change shows
            camera, _, rendition = topic.partition("?")
            found.setdefault(camera, []).append(rendition)
        return found

    def close(self) -> None:
        """Close the socket."""
        self._connections.close()
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
            sender, *rest = self.socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        received = time.monotonic_ns()
        request = rest[-1].buffer if rest else b""
        self._report(rest)
        with self._containment.contain("a request"):
            try:
                self._carry_out(sender.bytes, requests.parse(request), received)
            except WireError as error:
                if not isinstance(error, _Refusal):
                    self._complaints.add(str((rest or [sender])[-1].get("Peer-Address")), error)
                self._send(sender.bytes, requests.pack(Answer(error=str(error), id=requests.number(request))))
        return True

    def _report(self, parts: Sequence[zmq.Frame]) -> None:
        """Tell whole messages from what only begins, which the meter ends one day."""
        with suppress(zmq.ZMQError, IndexError):  # its connection has ended, or there is nothing but the sender
            self._meter.report(parts[-1].get(zmq.SRCFD), sum(len(part) + _FRAMING for part in parts))

    def _carry_out(self, sender: bytes, request: Request, received: int) -> None:
        if isinstance(request, Clock):
            self._send(sender, requests.clock_answer(request, received, time.monotonic_ns()))
        elif isinstance(request, Next):
            self._ask(sender, request)
        else:
            self._leave(sender, request)

    def _ask(self, sender: bytes, request: Next) -> None:
        self._pulls.leave(sender)
        for name, group in self._groups.items():
            if name != request.group:
                group.leave(sender)
        if request.cameras:
            # What is not here has no place in what is looked through for every frame; who asks again finds it.
            refusals = {topic: self._frames.refusal(topic) for topic in request.cameras}
            here = tuple(topic for topic, refusal in refusals.items() if not refusal)
            if not here:
                raise _Refusal(refusals[request.cameras[0]])
            request = request.about(here)
        if not request.group:
            self._pulls.ask(sender, request)
            return
        if request.group not in self._groups:
            if len(self._groups) >= _MOST_GROUPS:
                del self._groups[min(self._groups, key=self._worth)]
            self._groups[request.group] = Group(self._frames, self._send_frame)
        self._groups[request.group].ask(sender, request)

    def _worth(self, name: str) -> tuple[bool, float]:
        """Return what a group is kept by: who invents names leaves each for the next, and takes no place of others."""
        group = self._groups[name]
        return group.has_members, group.last_asked

    def _leave(self, sender: bytes, request: Leave) -> None:
        used = (request.camera, request.seq) if request.camera is not UNSET else None
        self._pulls.leave(sender)
        for group in self._groups.values():
            group.leave(sender, used)

    def _send_frame(self, sender: bytes, request: Next, message: bytes) -> bool:
        return self._send(sender, requests.pack(Answer(answer="next", id=request.id, producer=self._producer)), message)

    def _send(self, sender: bytes, *parts: bytes) -> bool:
        """Send an answer; return False if whoever asked has gone, or does not listen."""
        self.socket.get(zmq.EVENTS)  # has ZeroMQ (4.3.5) take note of answers that have left, which send() may put off
        try:
            self.socket.send_multipart([sender, *parts], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        return True

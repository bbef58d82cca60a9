"""The three public sockets of a producer: frames out, states out, requests answered. Never touches pixels."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zmq

from ..common import requests, sockets, state, wire
from ..common.address import Endpoint
from ..common.errors import WireError
from ..common.state import CameraState, State
from .status import Status

log = logging.getLogger("framefan")

_LATE = 0.5
"""Seconds: a newcomer gets an older last frame again; of a faster camera the next one comes soon enough."""
_AGAIN = (0.0, 0.2, 1.0)
"""Seconds after which it does: its connection for frames may be ready later than the one for states."""


class Hub:
    """Publishes the frames and states of cameras at one endpoint.

    :meth:`publish` may be called in any thread; everything else belongs to the thread that polls :attr:`inputs`.

    Attributes:
        endpoint: where it listens, with the real port.
        inputs: the sockets to poll; input on one of them wants :meth:`serve`.
        cameras: what is known of each camera, by name.

    Args:
        endpoint: where to listen; port 0 for any three free ones in a row.

    Raises:
        BindError: a port is in use, or the address is not of this machine.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint, listeners = sockets.listen(endpoint)
        self.context: sockets.Context = zmq.Context()
        frames, states, asked = listeners
        self._frames = sockets.frames_publisher(self.context, frames)
        self._states = sockets.states_publisher(self.context, states)
        self._requests = sockets.requests_server(self.context, asked)
        self._frames_lock = threading.Lock()
        self._watchers: Counter[str] = Counter()
        self._again: list[tuple[float, str]] = []
        self._repeat_at = 0.0
        self._numbers: dict[str, int] = {}
        self.inputs = (self._states, self._requests)
        self.cameras: dict[str, Status] = {}

    def add(self, camera: str) -> Status:
        """Add a camera, whose state is told from now on."""
        self.cameras[camera] = Status(camera, self._numbers.get(camera, 0))
        return self.cameras[camera]

    def remove(self, camera: str) -> None:
        """Forget a camera; who watches it is told that it is unknown."""
        self._numbers[camera] = self.cameras.pop(camera).seq  # it may come back, and numbers never start over
        self._tell_all(camera)

    def publish(self, message: bytes) -> bool:
        """Publish a frame unless it is older than one before, or of no camera here; return whether it was published."""
        stamp = wire.peek(message)
        status = self.cameras.get(stamp.topic)
        with self._frames_lock:
            newer = status is not None and status.frame(stamp, message)
            if newer:
                self._frames.send(message, copy=False)
        return newer

    def change(self, status: Status, to: State, reason: str = "") -> None:
        """Let a camera enter a state; a change is told and logged at once."""
        if status.enter(to, reason):
            snapshot = self._tell(status)
            log.info("%s", snapshot)

    def serve(self) -> None:
        """Take in subscriptions and requests until there are none, and repeat all states when it is time."""
        while self._take(self._states, self._subscription):
            pass
        while self._take(self._requests, self._request):
            pass
        now = time.monotonic()
        for due in [due for due in self._again if due[0] <= now]:
            self._again.remove(due)
            if due[1] in self.cameras:
                self._send_again(self.cameras[due[1]])
        if now >= self._repeat_at:
            self._repeat_at = now + state.INTERVAL
            self._tell_all("")

    def close(self) -> None:
        """Close all sockets. Safe to call twice."""
        for public in (self._frames, self._states, self._requests):
            public.close()
        self.context.term()

    def _take(self, source: sockets.Socket, handle: Callable[[list[bytes]], None]) -> bool:
        try:
            parts = source.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        handle(parts)
        return True

    def _subscription(self, parts: list[bytes]) -> None:
        event, topic = parts[0][:1], parts[0][1:].removesuffix(b"\0").decode(errors="replace")
        if event not in (b"\0", b"\1"):
            return
        self._watchers[topic] += 1 if event == b"\1" else -1
        if self._watchers[topic] <= 0:
            del self._watchers[topic]
        if event == b"\0":
            return
        self._tell_all(topic)
        if topic in self.cameras:
            now = time.monotonic()
            self._again += [(now + delay, topic) for delay in _AGAIN]

    def _send_again(self, status: Status) -> None:
        if status.fresh and (status.age or 0.0) > _LATE:
            with self._frames_lock:
                self._frames.send(status.last_message, copy=False)

    def _request(self, parts: list[bytes]) -> None:
        received = time.monotonic_ns()
        sender, *rest = parts
        try:
            answer = _answer(requests.unpack(rest[-1] if rest else b""), received)
        except WireError as error:
            answer = requests.pack({"error": str(error)})
        with suppress(zmq.Again):  # whoever asks and does not listen gets no answer
            self._requests.send_multipart([sender, answer], zmq.NOBLOCK)

    def _tell_all(self, topic: str) -> None:
        """Send the states that a subscription to `topic` matches, including of cameras that are not there."""
        for camera in list(self.cameras):
            if topic in ("", camera):
                self._tell(self.cameras[camera])
        for wanted in list(self._watchers):
            if wanted and wanted not in self.cameras and topic in ("", wanted):
                self._states.send(state.pack(self._unknown(wanted)))

    def _tell(self, status: Status) -> CameraState:
        snapshot = status.snapshot(self._watchers[status.camera])
        self._states.send(state.pack(snapshot))
        return snapshot

    def _unknown(self, topic: str) -> CameraState:
        camera, _, rendition = topic.partition("?")
        if rendition and camera in self.cameras:
            reason = f"this producer makes no renditions: ask for {camera} as it is"
        else:
            reason = f"no camera of that name here; there are: {', '.join(sorted(self.cameras)) or 'none'}"
        return CameraState(camera=topic, state=State.UNKNOWN, reason=reason)


def _answer(request: dict[str, Any], received: int) -> bytes:
    asked = request.get("ask")
    if asked != "clock" or type(request.get("sent")) is not int:
        name = asked[:40] if isinstance(asked, str) else type(asked).__name__
        raise WireError(f"there is no such request {name!r}; there is 'clock', with 'sent' in ns")
    return requests.clock_answer(request, received, time.monotonic_ns())

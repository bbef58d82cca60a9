"""The three public sockets of a producer: frames out, states out, requests answered. Never touches pixels."""

import logging
import secrets
import threading
import time
from collections import Counter
from dataclasses import replace

import zmq

from ..common import sockets, state, wire
from ..common.address import Endpoint
from ..common.state import CameraState, State
from . import allowance
from .connections import Connections
from .demand import Demand
from .requests import Requests
from .status import Status
from .stream import Stream
from .waker import Waker

log = logging.getLogger("framefan")

_LATE = 0.5
"""Seconds: a newcomer gets an older last frame again; of a faster camera the next one comes soon enough."""
_AGAIN = (0.0, 0.2, 1.0, 3.0)
"""Seconds after which it does: its connection for frames may be ready later than the one for states."""


class Hub:
    """Publishes the frames and states of cameras at one endpoint.

    :meth:`publish` may be called in any thread; everything else belongs to the thread that polls :attr:`inputs`.

    Attributes:
        endpoint: where it listens, with the real port.
        id: of this producer's life, by which it is known in the paths of relayed cameras.
        inputs: the sockets to poll; input on one of them wants :meth:`serve`.
        cameras: what is known of each camera, by name.
        demand_changed: somebody came or left since this was last set to False.

    Args:
        endpoint: where to listen; port 0 for any three free ones in a row.

    Raises:
        BindError: a port is in use, or the address is not of this machine.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint, listeners = sockets.listen(endpoint)
        self.id = secrets.token_hex(8)
        self.context: sockets.Context = zmq.Context()
        self.context.set(zmq.MAX_SOCKETS, sockets.MOST_SOCKETS)
        frames, states, asked = listeners
        self._frames = sockets.frames_publisher(self.context, frames)
        self._states = sockets.states_publisher(self.context, states)
        self._requests = Requests(sockets.requests_server(self.context, asked), self)
        self._connections = Connections(self._frames)
        self._frames_lock = threading.Lock()
        self._demand = Demand()
        self._listeners: Counter[str] = Counter()
        self._streams: dict[str, Stream] = {}
        self._again: list[tuple[float, str, float]] = []
        self._repeat_at = 0.0
        self._numbers: dict[str, int] = {}
        self._made: dict[str, tuple[str, ...]] = {}
        self._waker = Waker()
        self.inputs = (self._states, self._requests.socket, self._connections.monitor, self._waker.woken)
        self.cameras: dict[str, Status] = {}
        self.demand_changed = False
        self._passed_on: set[str] = set()

    def add(self, camera: str, most_renditions: int = 0) -> Status:
        """Add a camera, whose state is told from now on."""
        status = self.cameras[camera] = Status(camera, self._numbers.get(camera, 0), most_renditions)
        status.via = self.id
        self.demand_changed = True  # somebody may have waited for it
        return status

    def remove(self, camera: str) -> None:
        """Forget a camera; who watches it is told that it is unknown."""
        self._numbers[camera] = self.cameras.pop(camera).seq  # it may come back, and numbers never start over
        self._drop_streams(camera)
        self._tell_all(camera)

    def restart(self, camera: str) -> None:
        """Let a camera's numbers begin again, since the producer that it is relayed from was started again."""
        self._drop_streams(camera)
        self.cameras[camera].begin_numbers()
        self._requests.restart(camera)

    def publish(self, message: bytes) -> bool:
        """Publish a frame unless it is older than one before, or of no camera here; return whether it was published."""
        stamp = wire.peek(message)
        status = self.cameras.get(_camera(stamp.topic))
        if status is None:
            return False
        with self._frames_lock:
            newer = self._streams.setdefault(stamp.topic, Stream()).accept(stamp, message)
            if newer:
                status.heard(stamp.seq, stamp.monotonic_ns)
                self._frames.send(message, copy=False)
        if newer:
            self._requests.publish(stamp, message)
        return newer

    def wake(self) -> None:
        """Have the thread that polls serve those who wait for a frame that another thread has published."""
        if self._requests.awaited:
            self._waker.wake()

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Return by camera which of its renditions are to be made; the original is the empty one."""
        wanted = self._wanted()
        self._passed_on = self._requests.wanted(self.cameras)
        strangers = self._demand.has_strangers()
        self._made = {}
        for camera, status in self.cameras.items():
            renditions = wanted.get(camera, [])
            if strangers and "" not in renditions:
                renditions.append("")
            self._made[camera] = tuple(allowance.allowed(status, renditions))
            status.idle = not self._made[camera]
        return self._made

    def newest(self, topic: str) -> tuple[int, bytes]:
        """Return number and message of a topic's last frame; 0 and nothing before the first."""
        with self._frames_lock:
            stream = self._streams.get(topic, Stream())
            return stream.seq, stream.message

    def is_last(self, topic: str) -> bool:
        """Return whether a topic's last frame is its camera's newest, of which more can be expected."""
        stream, status = self._streams.get(topic), self.cameras.get(_camera(topic))
        return stream is not None and status is not None and stream.seq == status.seq and status.fresh

    def interval(self, topic: str) -> float:
        """Return how far apart the frames of a topic's camera are, s; 0 while that is not known."""
        status = self.cameras.get(_camera(topic))
        return status.interval if status else 0.0

    def refusal(self, topic: str) -> str:
        """Return why a topic cannot be had, or nothing."""
        camera, _, rendition = topic.partition("?")
        status = self.cameras.get(camera)
        if status is None:
            return f"no camera of that name here; there are: {', '.join(sorted(self.cameras)) or 'none'}"
        return allowance.refusal(status, rendition, self._wanted().get(camera, [])) if rendition else ""

    def change(self, status: Status, to: State, reason: str = "") -> None:
        """Let a camera enter a state; a change is told and logged at once."""
        if status.enter(to, reason):
            self._tell_all(status.camera)
            log.info("%s", self._snapshot(status))

    def serve(self) -> None:
        """Take in subscriptions and requests until there are none, and repeat all states when it is time."""
        self._waker.rest()
        while self._take_subscription():
            pass
        self._demand.connections = self._connections.count()
        self._requests.serve(list(self.cameras))
        self.demand_changed |= self._requests.wanted(self.cameras) != self._passed_on
        now = time.monotonic()
        for due in [due for due in self._again if due[0] <= now]:
            self._again.remove(due)
            self._send_again(*due[1:])
        if now >= self._repeat_at:
            self._repeat_at = now + state.INTERVAL
            self._tell_all("")

    def close(self) -> None:
        """Close all sockets."""
        for opened in (self._connections, self._waker, self._frames, self._states, self._requests):
            opened.close()
        self.context.term()

    def _take_subscription(self) -> bool:
        try:
            message = self._states.recv(zmq.NOBLOCK)
        except zmq.Again:
            return False
        event, topic = message[:1], message[1:].decode(errors="replace")
        # Without the zero byte somebody wants to know the state, and no frames.
        watches, topic = topic.endswith("\0"), topic.removesuffix("\0")
        self.demand_changed = self.demand_changed or watches
        if event == b"\1":
            if watches:
                self._demand.watch(topic)
                camera, _, rendition = topic.partition("?")
                now = time.monotonic()
                # Of a camera that was idle, it has yet to be heard whether its last frame is the newest.
                told_since = 0.0 if rendition in self._made.get(camera, ()) else now
                self._again += [(now + delay, topic, told_since) for delay in _AGAIN]
            else:
                self._listeners[topic] += 1
            self._tell_all(topic)
        elif event == b"\0" and watches:
            self._demand.leave(topic)
        elif event == b"\0":
            self._listeners -= Counter([topic])
        return True

    def _drop_streams(self, camera: str) -> None:
        with self._frames_lock:
            self._streams = {topic: kept for topic, kept in self._streams.items() if _camera(topic) != camera}

    def _send_again(self, topic: str, told_since: float) -> None:
        """Send a topic's last frame again if it is still the camera's newest, and the next one may take a while."""
        status = self.cameras.get(_camera(topic))
        if status and status.spoke_since(told_since) and self.is_last(topic) and (status.age or 0.0) > _LATE:
            with self._frames_lock:
                self._frames.send(self._streams[topic].message, copy=False)

    def _tell_all(self, topic: str) -> None:
        """Tell the states of what is here and of what is asked for: all, or of one camera and its renditions."""
        for camera in list(self.cameras):
            if topic in ("", camera):
                self._states.send(state.pack(self._snapshot(self.cameras[camera])))
        for told in dict.fromkeys([*self._demand.topics, *filter(None, self._listeners)]):
            if told not in self.cameras and topic in ("", told, _camera(told)):
                self._states.send(state.pack(self._state_of(told)))

    def _snapshot(self, status: Status) -> CameraState:
        stream = self._streams.get(status.camera)
        fps = status.fps if status.fps is not None else stream.rate.value() if stream else 0.0
        return status.snapshot(self._demand.watchers(status.camera), fps)

    def _state_of(self, topic: str) -> CameraState:
        """Return the state of a rendition, or of what is not here."""
        camera, _, rendition = topic.partition("?")
        status = self.cameras.get(camera)
        watchers = self._demand.watchers(topic)
        error = self.refusal(topic)
        if error or status is None:
            why = State.REFUSED if status else State.UNKNOWN
            return CameraState(camera=topic, state=why, reason=error, watchers=watchers)
        width, height, ms = status.renditions.get(rendition, (0, 0, 0.0))
        fps = round(self._streams.get(topic, Stream()).rate.value(), 2)
        return replace(
            self._snapshot(status), camera=topic, watchers=watchers, width=width, height=height, encode_ms=ms, fps=fps
        )

    def _wanted(self) -> dict[str, list[str]]:
        """Return by camera which of its renditions are watched or waited for."""
        wanted = self._demand.wanted()
        for topic in self._requests.wanted(self.cameras):
            camera, _, rendition = topic.partition("?")
            if rendition not in wanted.setdefault(camera, []):
                wanted[camera].append(rendition)
        return wanted


def _camera(topic: str) -> str:
    return topic.partition("?")[0]

"""The three public sockets of a producer: frames out, states out, requests answered. Never touches pixels."""

import logging
import secrets
import threading
import time
from collections.abc import Container
from dataclasses import replace

import zmq

from ..common import sockets, state, wire
from ..common.address import Endpoint
from ..common.complaints import Complaints
from ..common.internal_errors import Containment
from ..common.state import CameraState, State
from . import allowance
from .announcements import Announcements
from .connections import Connections
from .demand import Demand
from .meter import Meter
from .newcomers import Newcomers
from .requests import Requests
from .status import Status
from .stream import Stream
from .subscriptions import Change, Subscriptions
from .waker import Waker

log = logging.getLogger("framefan")

_LATE = 0.5
"""Seconds: a newcomer gets an older last frame again; of a faster camera the next one comes soon enough."""
_MOST_NAMES = 20
_MOST_SUBSCRIPTIONS = 64
"""That are taken in per pass, so that frames do not wait for what anybody may send by the thousand."""


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
        self._complaints = Complaints()
        containment = Containment()
        self._requests = Requests(sockets.requests_server(self.context, asked), self, self._complaints, containment)
        self._subscriptions = Subscriptions(self._states, self._complaints)
        self._connections = Connections(self._frames)
        self._meter = Meter(self._connections)
        self._frames_lock = threading.Lock()
        self._demand = Demand()
        self._announcements = Announcements(self._say, containment)
        self._streams: dict[str, Stream] = {}
        self._newcomers = Newcomers()
        self._repeat_at = 0.0
        self._numbers: dict[str, int] = {}
        self._names = ""
        self._made: dict[str, tuple[str, ...]] = {}
        self._allowed: dict[str, tuple[str, ...]] = {}  # of this pass, as far as anybody has asked
        self._waker = Waker()
        self.inputs = (
            *self._subscriptions.inputs, self._requests.socket, self._connections.monitor, self._waker.woken
        )  # fmt: skip
        self.cameras: dict[str, Status] = {}
        self.demand_changed = False
        self._passed_on: dict[str, list[str]] = {}

    def add(self, camera: str, most_renditions: int = 0) -> Status:
        """Add a camera, whose state is told from now on."""
        status = self.cameras[camera] = Status(camera, self._numbers.get(camera, 0), most_renditions)
        status.via = self.id
        self._names = ""
        self.demand_changed = True  # somebody may have waited for it
        return status

    def remove(self, camera: str) -> None:
        """Forget a camera; who watches it is told that it is unknown."""
        self._names = ""
        self._numbers[camera] = self.cameras.pop(camera).seq  # it may come back, and numbers never start over
        self._drop_streams(camera)
        self._announce(camera)
        self._announcements.make()

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
        self._allowed.clear()
        self._demand.forget(self.cameras)
        self._passed_on = self._requests.wanted(self.cameras)
        self._made = {camera: self._allowed_of(status) for camera, status in self.cameras.items()}
        if self._demand.has_strangers(self._made):
            self._made = {camera: made if "" in made else (*made, "") for camera, made in self._made.items()}
        for camera, status in self.cameras.items():
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
            self._names = self._names or _some(sorted(self.cameras))
            return f"no camera of that name here; there are: {self._names}"
        return allowance.refusal(status, rendition, self._allowed_of(status)) if rendition else ""

    def change(self, status: Status, to: State, reason: str = "") -> None:
        """Let a camera enter a state; a change is published and logged at once."""
        if status.enter(to, reason):
            self._announce(status.camera)
            self._announcements.make()
            log.info("%s", self._snapshot(status))

    def serve(self, ready: Container[object] | None = None) -> None:
        """Take in some subscriptions and requests, and repeat all states when it is time.

        Args:
            ready: what a poller found ready, of :attr:`inputs` and others; None to look at all inputs.
        """
        self._waker.rest()
        self._allowed.clear()
        if ready is None or any(source in ready for source in self._subscriptions.inputs):
            for change in self._subscriptions.take(_MOST_SUBSCRIPTIONS):
                self._take(change)
        if ready is None or self._connections.monitor in ready:
            self._connections.renewed()
        self._demand.connections, self._demand.listeners = len(self._connections), self._subscriptions.connections
        self._requests.serve(list(self.cameras), asked=ready is None or self._requests.socket in ready)
        self.demand_changed |= self._requests.wanted(list(self.cameras)) != self._passed_on
        now = time.monotonic()
        self._meter.look(now)
        for topic, told_since in self._newcomers.due(now):
            self._send_again(topic, told_since)
        if now >= self._repeat_at:
            self._repeat_at = now + state.INTERVAL
            self._demand.forget(self.cameras)
            self._announce_all()
        self._announcements.make()

    def close(self) -> None:
        """Close all sockets."""
        for opened in (
            self._connections, self._subscriptions, self._waker, self._frames, self._states, self._requests,
        ):  # fmt: skip
            opened.close()
        self.context.term()

    def _take(self, change: Change) -> None:
        """Take in that somebody has come or left."""
        topic = change.topic
        camera, _, rendition = topic.partition("?")
        if change.watches:
            self.demand_changed = True
            self._allowed.pop(camera, None)
            (self._demand.watch if change.begun else self._demand.leave)(topic)
        elif topic:
            (self._demand.listen if change.begun else self._demand.stop_listening)(topic)
        if not change.begun:
            return
        if not topic:
            self._announce_all()
        else:
            self._announce(topic)
        if change.watches and camera in self.cameras:
            # Of a camera that was idle, it has yet to be heard whether its last frame is the newest.
            idle = rendition not in self._made.get(camera, ())
            self._newcomers.add(topic, time.monotonic(), told_since=time.monotonic() if idle else 0.0)

    def _drop_streams(self, camera: str) -> None:
        with self._frames_lock:
            self._streams = {topic: kept for topic, kept in self._streams.items() if _camera(topic) != camera}

    def _send_again(self, topic: str, told_since: float) -> None:
        """Send a topic's last frame again if it is still the camera's newest, and the next one may take a while."""
        status = self.cameras.get(_camera(topic))
        if status and status.spoke_since(told_since) and self.is_last(topic) and (status.age or 0.0) > _LATE:
            with self._frames_lock:
                self._frames.send(self._streams[topic].message, copy=False)

    def _announce_all(self) -> None:
        """Have every state said: of the cameras that are here, then of what else is asked for."""
        self._announcements.add(self.cameras, ours=True)
        for camera in self._demand.cameras:
            self._announce(camera)

    def _announce(self, topic: str) -> None:
        """Have the state of a topic said, and of a camera's renditions besides."""
        camera, _, rendition = topic.partition("?")
        made = self._made.get(camera, ())
        if camera in self.cameras and (not rendition or rendition in made):
            self._announcements.add([topic], ours=True)
        elif rendition:
            self._announcements.add([topic], ours=False)
        if not rendition:
            for asked in self._demand.topics(camera):
                self._announcements.add([asked], ours=camera in self.cameras and asked.partition("?")[2] in made)

    def _say(self, topic: str) -> None:
        """Publish the state of a topic."""
        status = self.cameras.get(topic)
        self._states.send(state.pack(self._state_of(topic) if status is None else self._snapshot(status)))

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

    def _allowed_of(self, status: Status) -> tuple[str, ...]:
        """Return which renditions of a camera are made, of those that are watched or waited for."""
        camera = status.camera
        if camera not in self._allowed:
            wanted = dict.fromkeys([*self._demand.wanted(camera), *self._passed_on.get(camera, ())])
            self._allowed[camera] = tuple(allowance.allowed(status, list(wanted)))
        return self._allowed[camera]


def _some(names: list[str]) -> str:
    """Return the first of some names, for people to read."""
    more = len(names) - _MOST_NAMES
    return (", ".join(names[:_MOST_NAMES]) or "none") + (f" and {more} more" if more > 0 else "")


def _camera(topic: str) -> str:
    return topic.partition("?")[0]

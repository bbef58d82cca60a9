"""The connection to another producer: all of its states, its clock, and frames of what is watched here."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import zmq

from ...common import requests, sockets, state
from ...common.address import Endpoint
from ...common.errors import WireError
from ...common.remote_clock import RemoteClock
from ...common.route import DOUBT, Route
from ...common.state import SILENCE, CameraState
from ...common.wire import Header
from .inputs import Inputs, Take

_DEAF = 10.0
"""Seconds without what should come after which sockets are made again."""
_CLOCK_PATIENCE = 2.0
"""Seconds for which frames wait for the first word about another host's clock; then its wall clock is believed."""


class Upstream:
    """Another producer, as seen from here. A topic is a camera of it, or a rendition of one.

    Attributes:
        endpoint: where it publishes, as it was named.
        inputs: the sockets of the loop that this belongs to.
        heard: when it last told anything, monotonic s.
        since: since when it has been telling without a pause, monotonic s.

    Args:
        context: to make sockets in.
        endpoint: where it publishes.
        inputs: the sockets of the loop that this belongs to.
        told: called with each state that comes.
    """

    def __init__(
        self, context: sockets.Context, endpoint: Endpoint, inputs: Inputs, told: Callable[[CameraState], None]
    ) -> None:
        self.endpoint = endpoint
        self.inputs = inputs
        self._context = context
        self._told = told
        self._followed: set[str] = set()
        self._watched: dict[str, Take] = {}
        self._frames: dict[str, sockets.Socket] = {}
        self._route = Route.to(endpoint)
        self._clock = RemoteClock()
        self._boot = ""
        self._clock_by = 0.0
        self._connect()
        self.heard = self.since = self._connected

    @property
    def silent(self) -> bool:
        """True if it has told nothing for longer than producers do."""
        return time.monotonic() - self.heard > SILENCE

    @property
    def reason(self) -> str:
        """Why nothing is heard, in words a person can act on."""
        return self._route.reason or "is it running, and can it be reached?"

    def follow(self, camera: str) -> None:
        """Hear of a camera even if the producer has none of that name."""
        if camera not in self._followed:
            self._followed.add(camera)
            self._states.subscribe(sockets.states_prefix(camera, watch=False))

    def unfollow(self, camera: str) -> None:
        """Undo :meth:`follow`."""
        if camera in self._followed:
            self._followed.discard(camera)
            self._states.unsubscribe(sockets.states_prefix(camera, watch=False))

    def watch(self, topic: str, take: Take) -> None:
        """Have frames made and sent here."""
        self._open(topic, take)
        self._watched[topic] = take
        self._states.subscribe(sockets.states_prefix(topic, watch=True))

    def leave(self, topic: str) -> None:
        """Undo :meth:`watch`."""
        del self._watched[topic]
        self._states.unsubscribe(sockets.states_prefix(topic, watch=True))
        if topic in self._frames:
            self.inputs.close(self._frames.pop(topic))

    def given_up(self, topic: str) -> bool:
        """Return whether the frames of a topic will never come again by their present connection."""
        return topic in self._frames and self.inputs.given_up(self._frames[topic])

    @property
    def knows_clock(self) -> bool:
        """True once the other host's clock has answered, or is the same as ours."""
        return self._clock.uncertainty is not None

    def local(self, header: Header) -> int | None:
        """Return when a frame was captured, on our own monotonic clock, ns; None while that is being found out."""
        if header.boot != self._boot:
            self._forget_clock()
            self._boot = header.boot
        found = self._clock.local(header)
        if self._clock.uncertainty is None and time.monotonic() < self._clock_by:
            self._ask_clock()
            return None
        return found

    def look_after(self) -> None:
        """Ask for the time if it is due, and connect again if nothing comes although it should, or from elsewhere."""
        self._ask_clock()
        now = time.monotonic()
        if self._connected_to is None or now - self.heard > DOUBT:
            self._route.look()
            if self._route.endpoint != self._connected_to:
                self._move()
        deaf = now - self.heard > _DEAF and now - self._connected > _DEAF
        if deaf or self.inputs.given_up(self._states) or self.inputs.given_up(self._requests):
            self.reconnect()

    def reconnect(self) -> None:
        """Connect to its states and requests again; if that fails, the sockets of before stay."""
        before = self._states, self._requests
        self._connect()
        for source in before:
            self.inputs.close(source)

    def close(self) -> None:
        """Close all sockets but those of frames that are still watched."""
        self._disconnect()

    def _move(self) -> None:
        self.reconnect()
        while self._frames:
            self.inputs.close(self._frames.popitem()[1])
        for topic, take in self._watched.items():
            with suppress(zmq.ZMQError):  # no more files, or sockets: a camera that misses its frames watches again
                self._open(topic, take)

    def _open(self, topic: str, take: Take) -> None:
        with ExitStack() as failed:
            frames = failed.enter_context(sockets.frames_subscriber(self._context, self._connected_to, topic))
            self.inputs.open(frames, take, str(self.endpoint), newest=True)
            failed.pop_all()
        self._frames[topic] = frames

    def _connect(self) -> None:
        endpoint, peer = self._route.endpoint, str(self.endpoint)
        topics = [sockets.states_prefix(topic, watch=True) for topic in self._watched]
        topics += [sockets.states_prefix(camera, watch=False) for camera in self._followed]
        with ExitStack() as failed:
            states = sockets.states_subscriber(self._context, endpoint, "")
            failed.callback(self.inputs.close, states)
            for topic in topics:
                states.subscribe(topic)
            requests_client = sockets.requests_client(self._context, endpoint)
            failed.callback(self.inputs.close, requests_client)
            self.inputs.open(states, self._take_state, peer)
            self.inputs.open(requests_client, self._take_answer, peer)
            failed.pop_all()
        self._states, self._requests, self._connected_to = states, requests_client, endpoint
        self._forget_clock()  # it may be another host when it comes back
        self._connected = time.monotonic()

    def _disconnect(self) -> None:
        self.inputs.close(self._states)
        self.inputs.close(self._requests)

    def _forget_clock(self) -> None:
        self._clock.clear()
        self._boot, self._clock_by = "", time.monotonic() + _CLOCK_PATIENCE

    def _ask_clock(self) -> None:
        if request := self._clock.request():
            with suppress(zmq.Again):  # not connected
                self._requests.send(request, zmq.NOBLOCK)

    def _take_state(self, message: bytes) -> None:
        told = state.unpack(message)
        now = time.monotonic()
        if now - self.heard > SILENCE:
            self.since = now
        self.heard = now
        self._told(told)

    def _take_answer(self, message: bytes) -> None:
        arrived = time.monotonic_ns()
        with suppress(WireError):
            self._clock.take(requests.parse_answer(message), arrived)

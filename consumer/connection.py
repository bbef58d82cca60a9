"""The sockets of a subscriber, for one mode or the other."""

import socket
import time
from contextlib import suppress

import zmq

from ..common import sockets
from ..common.address import Endpoint
from ..common.monitor import Monitor
from .mode import Mode

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between sockets that are made again, as ZeroMQ's between attempts to reconnect."""
_FAREWELL_MS = 200
"""For the word that we leave to go out; nobody waits for it."""


class Connection:
    """Connects to a producer. Belongs to one thread, which any other may wake.

    Args:
        endpoint: the producer's; None for none yet, when nothing comes.
        topics: of the cameras; none for all.
        mode: how frames come; `STREAM` is for one camera.

    Attributes:
        endpoint: what it was made with.
        frames: the socket that frames stream from; None while they are pulled.
        states: the socket that states come from.
        requests: the socket that answers come from.
    """

    def __init__(self, endpoint: Endpoint | None, topics: tuple[str, ...], mode: Mode) -> None:
        context = sockets.consumers_context()
        self._context = context
        self.endpoint = endpoint
        self._way = mode, topics or ("",)
        self._mend_at, self._pause = float("-inf"), _FIRST_PAUSE
        self.frames: sockets.Socket | None = None
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._poller = zmq.Poller()
        self._poller.register(self._woken, zmq.POLLIN)
        self._open_states()
        self._open_requests()
        if mode is Mode.STREAM:
            self._open_stream()

    def wait(self, milliseconds: int) -> None:
        """Wait until something comes in, for so long at most."""
        self._poller.poll(milliseconds)
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def wake(self) -> None:
        """End a wait, from any thread."""
        with suppress(OSError):  # it is awake, or closed
            self._waker.send(b"\0")

    def turn_to(self, mode: Mode, topics: tuple[str, ...]) -> None:
        """Change the mode, or the topics."""
        before, self._way = self._way, (mode, topics or ("",))
        for topic in self._way[1]:
            self.states.subscribe(sockets.states_prefix(topic, watch=mode is Mode.STREAM))
        for topic in before[1]:
            self.states.unsubscribe(sockets.states_prefix(topic, watch=before[0] is Mode.STREAM))
        self._close_stream()
        if mode is Mode.STREAM:
            self._open_stream()

    def send(self, request: bytes) -> bool:
        """Send a request; return False if there is no connection now."""
        try:
            self.requests.send(request, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def renewed(self) -> bool:
        """Return whether requests have a new connection since this was last asked."""
        return self._requests_monitor.renewed()

    def mend(self) -> bool:
        """Make those sockets again whose connection ZeroMQ has given up for good; return whether there were any."""
        now = time.monotonic()
        if now < self._mend_at:
            return False
        frames = self.frames is not None and self._frames_monitor.given_up()
        states, requests = self._states_monitor.given_up(), self._requests_monitor.given_up()
        if frames:
            self._close_stream()
            self._open_stream()
        if states:
            self._close_states()
            self._open_states()
        if requests:
            self._close_requests()
            self._open_requests()
        if frames or states or requests:
            calm = now - self._mend_at > _LONGEST_PAUSE
            self._pause = _FIRST_PAUSE if calm else min(_LONGEST_PAUSE, 2 * self._pause)
            self._mend_at = now + self._pause
            return True
        return False

    def close(self) -> None:
        """Close all sockets."""
        self._close_stream()
        self._close_states()
        self._close_requests()
        self._waker.close()
        self._woken.close()

    def _open_states(self) -> None:
        mode, topics = self._way
        self.states = sockets.states_subscriber(self._context, self.endpoint, *topics, watch=mode is Mode.STREAM)
        self._states_monitor = Monitor(self.states)
        self._poller.register(self.states, zmq.POLLIN)

    def _close_states(self) -> None:
        self._poller.unregister(self.states)
        self._states_monitor.close()
        self.states.close()

    def _open_requests(self) -> None:
        self.requests = sockets.requests_client(self._context, self.endpoint)
        self._requests_monitor = Monitor(self.requests)
        for source in (self.requests, self._requests_monitor.events):
            self._poller.register(source, zmq.POLLIN)

    def _close_requests(self) -> None:
        for source in (self.requests, self._requests_monitor.events):
            self._poller.unregister(source)
        self._requests_monitor.close()
        self.requests.close(linger=_FAREWELL_MS)

    def _open_stream(self) -> None:
        self.frames = sockets.frames_subscriber(self._context, self.endpoint, self._way[1][0])
        self._frames_monitor = Monitor(self.frames)
        self._poller.register(self.frames, zmq.POLLIN)

    def _close_stream(self) -> None:
        if self.frames is not None:
            self._poller.unregister(self.frames)
            self._frames_monitor.close()
            self.frames.close()
            self.frames = None

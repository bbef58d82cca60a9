"""The sockets of a subscriber, for one mode or the other."""

import socket
from contextlib import suppress

import zmq
from zmq.utils.monitor import recv_monitor_message

from ..common import sockets
from ..common.address import Endpoint
from .mode import Mode

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
        self.frames: sockets.Socket | None = None
        self.states = sockets.states_subscriber(context, endpoint, *self._way[1], watch=mode is Mode.STREAM)
        self.requests = sockets.requests_client(context, endpoint)
        self._monitor: sockets.Socket = self.requests.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._poller = zmq.Poller()
        for source in (self.states, self.requests, self._monitor, self._woken):
            self._poller.register(source, zmq.POLLIN)
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
        found = False
        while self._monitor.poll(0):
            recv_monitor_message(self._monitor)
            found = True
        return found

    def close(self) -> None:
        """Close all sockets."""
        self._close_stream()
        self.states.close()
        self.requests.disable_monitor()
        self._monitor.close(linger=0)
        self.requests.close(linger=_FAREWELL_MS)
        self._waker.close()
        self._woken.close()

    def _open_stream(self) -> None:
        self.frames = sockets.frames_subscriber(self._context, self.endpoint, self._way[1][0])
        self._poller.register(self.frames, zmq.POLLIN)

    def _close_stream(self) -> None:
        if self.frames is not None:
            self._poller.unregister(self.frames)
            self.frames.close()
            self.frames = None

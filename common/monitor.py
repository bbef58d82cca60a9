"""What ZeroMQ reports of a socket that connects."""

import time

import zmq
from zmq.utils.monitor import recv_monitor_message

from .sockets import Socket

_EVENTS = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED
GIVEN_UP = "what ends a connection for good: a message that is too large, or one of another kind of socket"
_SOON = 0.1
"""Seconds within which ZeroMQ connects again, if it does: it says so at once (libzmq 4.3.5: 0.1 ms)."""


class Monitor:
    """Notices that a socket has a new connection, and that it will have none any more.

    ZeroMQ connects again by itself, except after a message over its size limit, which ends a connection for good.

    Attributes:
        events: to poll.
    """

    def __init__(self, watched: Socket) -> None:
        self._watched = watched
        self.events: Socket = watched.get_monitor_socket(_EVENTS)
        self._renewed = False
        self._ended: float | None = None

    def renewed(self) -> bool:
        """Return whether there is a new connection since this was last asked."""
        self._take()
        renewed, self._renewed = self._renewed, False
        return renewed

    def given_up(self) -> bool:
        """Return whether ZeroMQ has given up the connection, so that the socket has to be made again."""
        self._take()
        return self._ended is not None and time.monotonic() - self._ended > _SOON

    def close(self) -> None:
        """Stop; to be called before the socket is closed."""
        self._watched.disable_monitor()
        self.events.close(linger=0)

    def _take(self) -> None:
        while self.events.poll(0):
            event = recv_monitor_message(self.events)["event"]
            self._renewed |= event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            self._ended = time.monotonic() if event == zmq.EVENT_DISCONNECTED else None

"""Counts the connections to a socket, which ZeroMQ tells through a socket of its own."""

import zmq
from zmq.utils.monitor import recv_monitor_message

from ..common.sockets import Socket


class Connections:
    """The peers that are connected to a public socket.

    Attributes:
        monitor: to poll; input on it wants :meth:`count`.
    """

    def __init__(self, watched: Socket) -> None:
        self._watched = watched
        self.monitor: Socket = watched.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._descriptors: set[int] = set()

    def count(self) -> int:
        """Take in what has happened and return how many connections there are."""
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._descriptors.add(event["value"])
            else:
                self._descriptors.discard(event["value"])
        return len(self._descriptors)

    def close(self) -> None:
        """Stop listening; to be called before the watched socket is closed."""
        self._watched.disable_monitor()
        self.monitor.close(linger=0)

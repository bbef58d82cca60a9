"""The connections to a public socket, which ZeroMQ reports through a socket of its own."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import zmq
from zmq.utils.monitor import recv_monitor_message

from ..common.sockets import Socket


class Connections:
    """The peers that are connected to a public socket, each known by its descriptor.

    Attributes:
        monitor: to poll; input on it wants :meth:`renewed`.
    """

    def __init__(self, watched: Socket) -> None:
        self._watched = watched
        self.monitor: Socket = watched.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._descriptors: set[int] = set()

    def __len__(self) -> int:
        return len(self._descriptors)

    def __iter__(self) -> Iterator[int]:
        return iter(self._descriptors)

    def __contains__(self, descriptor: int) -> bool:
        return descriptor in self._descriptors

    def renewed(self) -> dict[int, bool]:
        """Take in what has happened since the last call.

        Returns:
            the descriptors whose connection began or ended, each with whether one has ended.
        """
        found: dict[int, bool] = {}
        while int(self.monitor.get(zmq.EVENTS)) & zmq.POLLIN:  # poll() takes ten times as long
            event = recv_monitor_message(self.monitor)
            descriptor: int = event["value"]
            if event["event"] == zmq.EVENT_ACCEPTED:
                found.setdefault(descriptor, False)
                self._descriptors.add(descriptor)
            else:
                found[descriptor] = True
                self._descriptors.discard(descriptor)
        return found

    def end(self, descriptor: int) -> None:
        """End a connection; ZeroMQ closes it then, as when a peer hangs up."""
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening; to be called before the watched socket is closed."""
        self._watched.disable_monitor()
        self.monitor.close(linger=0)

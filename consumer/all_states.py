"""All states of a producer, wherever it is, as messages."""

import time

from ..common import sockets
from ..common.address import Endpoint
from ..common.monitor import Monitor
from ..common.route import DOUBT, Route

_SLICE = 0.2
"""Seconds that the caller waits for the first search."""


class AllStates:
    """The socket that they come from, connected again when the producer moves. To ask for them is not to watch.

    Args:
        endpoint: the producer's.

    Attributes:
        route: to the producer.

    Raises:
        AddressError: nobody can be there.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.route = Route.to(endpoint)
        if self.route.endpoint is None:
            self.route.wait(_SLICE)
        self._heard = time.monotonic()
        self._connect()

    def receive(self, milliseconds: int) -> bytes | None:
        """Return the next message; None if none comes in time."""
        if self._socket.poll(milliseconds):
            self._heard = time.monotonic()
            return self._socket.recv()
        if self._endpoint is None or time.monotonic() - self._heard > DOUBT:
            self.route.look()
            if self.route.endpoint != self._endpoint:
                self.close()
                self._connect()
        if self._monitor.given_up():
            self.close()
            self._connect()
        return None

    def close(self) -> None:
        """Disconnect."""
        self._monitor.close()
        self._socket.close()

    def _connect(self) -> None:
        self._endpoint = self.route.endpoint
        self._socket = sockets.states_subscriber(sockets.consumers_context(), self._endpoint, "")
        self._monitor = Monitor(self._socket)

"""Sockets that come and go in a loop, each with what takes in its messages."""

import time
from collections.abc import Callable, Container
from typing import NamedTuple

import zmq

from ...common.clock import passing_ns
from ...common.complaints import Complaints
from ...common.errors import WireError
from ...common.internal_errors import Containment
from ...common.monitor import GIVEN_UP, Monitor
from ...common.sockets import Socket

_MOST = 64
"""Messages of a socket that are taken in per pass, so that others do not wait for what one may send by the thousand."""
_PAUSE_NS = 1_000_000_000
"""A loop that was away for this long was stopped with its process, and finds frames of the past in the kernel."""

Take = Callable[[bytes], None]


class _Input(NamedTuple):
    """What is done with a socket's messages, which come from that peer."""

    take: Take
    peer: str
    newest: bool
    monitor: Monitor


class Inputs:
    """The sockets of all relays in one loop.

    Attributes:
        not_before_ns: what was captured before the loop was last resumed is of the past, ns on our monotonic clock.

    Args:
        poller: of the loop.
        containment: of the loop; an error that nobody foresaw costs the message that it happened in.
    """

    def __init__(self, poller: zmq.Poller, containment: Containment) -> None:
        self.not_before_ns = 0
        self._poller = poller
        self._containment = containment
        self._inputs: dict[Socket, _Input] = {}
        self._served_ns = passing_ns()
        self._complaints = Complaints()

    def open(self, source: Socket, take: Take, peer: str, *, newest: bool = False) -> None:
        """Have the messages of a socket, which come from that peer, taken in: every one, or the newest that waits."""
        self._inputs[source] = _Input(take, peer, newest, Monitor(source))
        self._poller.register(source, zmq.POLLIN)

    def close(self, source: Socket) -> None:
        """Close a socket."""
        if found := self._inputs.pop(source, None):
            self._poller.unregister(source)
            found.monitor.close()
        source.close()

    def given_up(self, source: Socket) -> bool:
        """Return whether ZeroMQ has given up a socket's connection, so that the socket has to be made again."""
        found = self._inputs[source]
        if found.monitor.given_up():
            self._complaints.add(found.peer, GIVEN_UP)
            return True
        return False

    def serve(self, ready: Container[object]) -> None:
        """Take in what has come to those sockets that are ready; to be called in each pass of the loop."""
        if passing_ns() - self._served_ns > _PAUSE_NS:
            self.not_before_ns = time.monotonic_ns()
        for source in [source for source in self._inputs if source in ready]:
            if source in self._inputs:  # what came to another one may have closed it
                self._drain(source, self._inputs[source])
        self._served_ns = passing_ns()

    def _drain(self, source: Socket, found: _Input) -> None:
        message = None
        for _ in range(_MOST):
            if source.closed:
                break
            try:
                message = source.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            if not found.newest:
                self._give(message, found)
        if found.newest and message is not None:
            self._give(message, found)

    def _give(self, message: bytes, found: _Input) -> None:
        with self._containment.contain(found.peer):
            try:
                found.take(message)
            except WireError as error:
                self._complaints.add(found.peer, error)

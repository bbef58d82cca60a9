"""Sockets that come and go in a loop, each with what takes in its messages."""

import logging
import time
from collections.abc import Callable, Container

import zmq

from ...common.clock import passing_ns
from ...common.errors import WireError
from ...common.internal_errors import Containment
from ...common.sockets import Socket

log = logging.getLogger("framefan")

_PAUSE_NS = 1_000_000_000
"""A loop that was away for this long was stopped with its process, and finds frames of the past in the kernel."""

Take = Callable[[bytes], None]


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
        self._takers: dict[Socket, tuple[Take, bool]] = {}
        self._served_ns = passing_ns()
        self._complaints: set[str] = set()

    def open(self, source: Socket, take: Take, *, newest: bool = False) -> None:
        """Have the messages of a socket taken in: every one, or the newest of those that wait."""
        self._takers[source] = take, newest
        self._poller.register(source, zmq.POLLIN)

    def close(self, source: Socket) -> None:
        """Close a socket."""
        del self._takers[source]
        self._poller.unregister(source)
        source.close()

    def serve(self, ready: Container[object]) -> None:
        """Take in what has come to those sockets that are ready; to be called in each pass of the loop."""
        if passing_ns() - self._served_ns > _PAUSE_NS:
            self.not_before_ns = time.monotonic_ns()
        for source in [source for source in self._takers if source in ready]:
            if source in self._takers:  # what came to another one may have closed it
                self._drain(source, *self._takers[source])
        self._served_ns = passing_ns()

    def _drain(self, source: Socket, take: Take, newest: bool) -> None:
        message = None
        while not source.closed:
            try:
                message = source.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            if not newest:
                self._give(message, take)
        if newest and message is not None:
            self._give(message, take)

    def _give(self, message: bytes, take: Take) -> None:
        with self._containment.contain("relay"):
            try:
                take(message)
            except WireError as error:
                if str(error) not in self._complaints:
                    self._complaints.add(str(error))
                    log.warning("another producer sends %s; such messages are dropped", error)

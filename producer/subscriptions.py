"""Who subscribes to which states, by connection.

ZeroMQ passes on every subscription, also repeated ones and the end of what never began, and when a connection ends
says nothing of repeated ones. Counted as they come, one peer could keep a camera at work for ever, or end the watch of
another. So what counts is what each connection has, which is known by its descriptor.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import zmq

from ..common.complaints import Complaints
from ..common.schema import LARGEST_SUBSCRIPTION, LONGEST_TOPIC, MOST_SUBSCRIPTIONS
from ..common.sockets import Socket
from .connections import Connections

_BEGUN = b"\1"
_MOST_IGNORED = 64 * 1024
"""Bytes of subscriptions that count for nothing, after which a connection is ended."""


class Change(NamedTuple):
    """A subscription that has begun or ended.

    Attributes:
        topic: what it is about; empty for all.
        watches: it counts as watching. Without a zero byte at its end somebody wants the state only.
        begun: it has begun.
    """

    topic: str
    watches: bool
    begun: bool


class _Event(NamedTuple):
    """What ZeroMQ passes on."""

    descriptor: int
    peer: str
    data: bytes


class Subscriptions:
    """What each connection has subscribed to.

    Args:
        socket: an XPUB that reports every subscription.
        complaints: where to report those who ask for too much.

    Attributes:
        inputs: to poll; input on one of them wants :meth:`take`.
    """

    def __init__(self, socket: Socket, complaints: Complaints) -> None:
        self._socket = socket
        self._complaints = complaints
        self._connections = Connections(socket)
        self._held: dict[int, set[bytes]] = {}
        self._ignored: Counter[int] = Counter()
        self.inputs = (socket, self._connections.monitor)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    def take(self, most: int) -> Iterator[Change]:
        """Take in so many events at most, and yield what they change."""
        events = self._events(most)
        # The beginning of each one's connection is known by now, and nothing of it is taken for one of before.
        for descriptor, ended in self._connections.renewed().items():
            del self._ignored[descriptor]
            held = self._held.pop(descriptor, set())
            if ended and not held and any(event.descriptor == descriptor for event in events):
                # One that was never heard of has left, and this may be from it: who has its descriptor comes again.
                events = [event for event in events if event.descriptor != descriptor]
                if descriptor in self._connections:
                    self._connections.end(descriptor)
            for data in held:
                yield _change(data, begun=False)
        for event in events:
            if event.descriptor not in self._connections or self._ignored[event.descriptor] > _MOST_IGNORED:
                continue  # it has ended since, or is about to
            held = self._held.setdefault(event.descriptor, set())
            begun, data = event.data[:1] == _BEGUN, event.data[1:]
            if begun == (data in held):  # again, or the end of what never began: no SUB does that
                self._ignore(event)
                continue
            if not begun:
                held.discard(data)
            elif wrong := _wrong(data, len(held)):
                self._complaints.add(event.peer, wrong)
                self._ignore(event)
                continue
            else:
                held.add(data)
            yield _change(data, begun=begun)

    def close(self) -> None:
        """Stop listening; to be called before the socket is closed."""
        self._connections.close()

    def _ignore(self, event: _Event) -> None:
        """Count what is ignored, and end a connection by which much of it comes: ZeroMQ keeps it all the same."""
        self._ignored[event.descriptor] += len(event.data)
        if self._ignored[event.descriptor] > _MOST_IGNORED:
            self._connections.end(event.descriptor)

    def _events(self, most: int) -> list[_Event]:
        found = []
        for _ in range(most):
            if not int(self._socket.get(zmq.EVENTS)) & zmq.POLLIN:
                break
            frame = self._socket.recv(zmq.NOBLOCK, copy=False)
            try:
                found.append(_Event(frame.get(zmq.SRCFD), str(frame.get("Peer-Address")), frame.bytes))
            except zmq.ZMQError:  # its connection has ended, which the monitor reports for all that it had
                continue
        return found


def _change(data: bytes, *, begun: bool) -> Change:
    return Change(data.removesuffix(b"\0").decode(), data.endswith(b"\0"), begun)


def _wrong(data: bytes, held: int) -> str:
    """Return what is wrong with a subscription of who holds so many, or nothing."""
    if held >= MOST_SUBSCRIPTIONS:
        return f"more than {MOST_SUBSCRIPTIONS} subscriptions"
    if len(data) > LARGEST_SUBSCRIPTION:
        return f"a subscription of {len(data)} bytes: {LARGEST_SUBSCRIPTION} is the most"
    try:
        topic = data.removesuffix(b"\0").decode()
    except UnicodeDecodeError:
        return "a subscription that is not UTF-8"
    if data == b"\0" or not topic.isprintable() or len(topic.encode()) > LONGEST_TOPIC:
        return "a subscription to what no camera can be called"
    return ""

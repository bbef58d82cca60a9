"""Who sends too much where nothing is reported."""

from collections.abc import Iterator

import pytest

from framefan.common import sockets
from framefan.common.address import Endpoint
from framefan.common.sockets import Context, Socket
from framefan.producer.connections import Connections
from framefan.producer.meter import Meter
from tests.programs import eventually
from tests.zmtp import RawSubscriber


@pytest.fixture
def frames(context: Context) -> Iterator[tuple[Socket, Connections, int]]:
    """A socket that frames are published at, its connections, and its port."""
    endpoint, (listener, *others) = sockets.listen(Endpoint("127.0.0.1", 0))
    for other in others:
        other.close()
    publisher = sockets.frames_publisher(context, listener)
    connections = Connections(publisher)
    yield publisher, connections, endpoint.port
    connections.close()


def test_ends_who_subscribes_without_end(frames: tuple[Socket, Connections, int]) -> None:
    """Beyond what anybody needs a connection ends; others stay, and heartbeats add up to nothing."""
    publisher, connections, port = frames
    peer, other = RawSubscriber(port), RawSubscriber(port)
    other.subscribe(*(b"n%d\0" % number for number in range(400)))
    peer.subscribe(*(b"n%d\0" % number for number in range(800)))
    meter, seconds = Meter(connections, 10_000), iter(range(1, 10_000))

    def ended() -> bool:
        publisher.send(b"x\0")  # which has ZeroMQ take subscriptions in
        connections.renewed()
        meter.look(float(next(seconds)))
        return peer.ended

    eventually(ended, "the end", within=20)
    assert not other.ended
    for _ in range(60):
        other.subscribe(b"x" * 60)
        meter.look(float(next(seconds)))
    assert not other.ended
    for used in (peer, other):
        used.close()

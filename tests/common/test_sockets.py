"""The sockets: what ZeroMQ does that the design rests on, and what it would do otherwise."""

import socket
import struct
import time

import pytest
import zmq

from framefan.common import resolution, sockets
from framefan.common.address import Endpoint
from framefan.common.errors import BindError
from framefan.common.sockets import Context, Socket
from framefan.common.wire import LARGEST_MESSAGE, topic_bytes
from tests.programs import eventually


def publisher_at(context: Context, endpoint: Endpoint) -> tuple[Endpoint, Socket]:
    """Return a bound frames socket; states and requests are closed at once."""
    endpoint, (frames, states, requests) = sockets.listen(endpoint)
    states.close()
    requests.close()
    return endpoint, sockets.frames_publisher(context, frames)


def send_until_received(publisher: Socket, subscriber: Socket, topic: bytes) -> bytes:
    """Send numbered messages until one arrives, since a subscription takes its time; return it."""

    def attempt() -> bytes | None:
        publisher.send(topic + b"hello")
        return subscriber.recv() if subscriber.poll(20) else None

    return eventually(attempt, "a message", within=5)


def test_listen_finds_three_ports_in_a_row() -> None:
    """Port 0 gives any free port whose two neighbours are free as well."""
    endpoint, listeners = sockets.listen(Endpoint("127.0.0.1", 0))
    assert [listener.port for listener in listeners] == [endpoint.port, endpoint.port + 1, endpoint.port + 2]
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(("offset", "purpose"), [(0, "frames"), (1, "states"), (2, "requests")])
def test_port_in_use_is_named(offset: int, purpose: str) -> None:
    """A taken port is named with its purpose, and the others are let go."""
    endpoint, listeners = sockets.listen(Endpoint("127.0.0.1", 0))
    for index, listener in enumerate(listeners):
        if index != offset:
            listener.close()
    with pytest.raises(BindError, match=rf"{endpoint.port + offset} for {purpose}: address in use"):
        sockets.listen(endpoint)
    listeners[offset].close()
    for listener in sockets.listen(endpoint)[1]:
        listener.close()


def test_foreign_address_cannot_be_bound() -> None:
    """An address of another machine is told as such."""
    with pytest.raises(BindError, match="not an address of this machine"):
        sockets.listen(Endpoint("192.0.2.1", 0))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "*"])
def test_frames_over_every_kind_of_address(context: Context, host: str) -> None:
    """IPv4, IPv6 and every interface work, for subscribers that use IPv4 or IPv6."""
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    endpoint, publisher = publisher_at(context, Endpoint(host, 0))
    for near in ("127.0.0.1", "::1") if host == "*" and socket.has_dualstack_ipv6() else (host,):
        subscriber = sockets.frames_subscriber(context, Endpoint(near, endpoint.port), "door")
        assert send_until_received(publisher, subscriber, topic_bytes("door")) == b"door\0hello"


def test_frames_at_every_address_of_a_name(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is listened at with one port at all of its addresses, but for those of another machine."""
    monkeypatch.setattr(resolution, "addresses", lambda _: ["127.0.0.1", "203.0.113.1", "127.0.0.2"])
    endpoint, publisher = publisher_at(context, Endpoint("here", 0))
    for near in ("127.0.0.1", "127.0.0.2"):
        subscriber = sockets.frames_subscriber(context, Endpoint(near, endpoint.port), "door")
        assert send_until_received(publisher, subscriber, topic_bytes("door")) == b"door\0hello"
    monkeypatch.setattr(resolution, "addresses", lambda _: ["203.0.113.1", "203.0.113.2"])
    with pytest.raises(BindError, match="not an address of this machine"):
        sockets.listen(Endpoint("there", 0))


def test_only_the_newest_waits(context: Context) -> None:
    """Of many messages that nobody fetched the newest is received, and then nothing."""
    endpoint, publisher = publisher_at(context, Endpoint("127.0.0.1", 0))
    subscriber = sockets.frames_subscriber(context, endpoint, "door")
    send_until_received(publisher, subscriber, topic_bytes("door"))
    for number in range(100):
        publisher.send(topic_bytes("door") + struct.pack("<I", number))

    def last() -> bool:
        time.sleep(0.3)  # the point of the test: nobody fetches meanwhile
        return subscriber.recv()[-4:] == struct.pack("<I", 99)

    assert any(last() for _ in range(20))  # at once, but on a busy machine they may come in pieces
    assert not subscriber.poll(100)


def test_topics_do_not_disturb_each_other(context: Context) -> None:
    """A camera's newest frame is not replaced by one of another camera, nor by a name that starts alike."""
    endpoint, publisher = publisher_at(context, Endpoint("127.0.0.1", 0))
    door = sockets.frames_subscriber(context, endpoint, "door")
    yard = sockets.frames_subscriber(context, endpoint, "yard")
    send_until_received(publisher, door, topic_bytes("door"))
    send_until_received(publisher, yard, topic_bytes("yard"))
    while door.poll(50):
        door.recv()
    for topic in ("door", "door2", "yard", "yard2"):
        publisher.send(topic_bytes(topic) + b"!")
    assert door.poll(2000)
    assert door.recv() == b"door\0!"
    assert yard.poll(2000)
    assert yard.recv() == b"yard\0!"
    assert not door.poll(50)


def test_subscription_survives_a_restart_of_the_publisher(context: Context) -> None:
    """One subscription per conflating socket is made anew on every connection."""
    endpoint, publisher = publisher_at(context, Endpoint("127.0.0.1", 0))
    subscriber = sockets.frames_subscriber(context, endpoint, "door")
    send_until_received(publisher, subscriber, topic_bytes("door"))
    publisher.close()

    def again() -> tuple[Endpoint, Socket] | None:
        try:
            return publisher_at(context, endpoint)
        except BindError:
            return None

    _, publisher = eventually(again, "the port is free again", within=5)
    assert send_until_received(publisher, subscriber, topic_bytes("door")) == b"door\0hello"


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="not on this system")
def test_connections_inherit_the_small_backlog() -> None:
    """What the kernel may hold unsent is set on the listening socket, and accepted ones inherit it."""
    endpoint, listeners = sockets.listen(Endpoint("127.0.0.1", 0))
    with socket.create_connection((endpoint.host, endpoint.port)), listeners[0][0].accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 16 * 1024
    for listener in listeners:
        listener.close()


def test_every_subscription_and_its_end_is_heard(context: Context) -> None:
    """The states socket hears of each of two equal subscriptions, and of the end of each."""
    endpoint, (frames, states, requests) = sockets.listen(Endpoint("127.0.0.1", 0))
    frames.close()
    requests.close()
    publisher = sockets.states_publisher(context, states)
    watchers = [sockets.states_subscriber(context, endpoint, "door") for _ in range(2)]
    for _ in watchers:
        assert publisher.poll(2000)
        assert publisher.recv() == b"\1door\0"
    for watcher in watchers:
        watcher.close()
        assert publisher.poll(2000)
        assert publisher.recv() == b"\0door\0"


def test_oversize_message_is_not_delivered(context: Context) -> None:
    """A message far over the limit ends the connection instead of filling memory."""
    sender = context.socket(zmq.PUB)
    port = sender.bind_to_random_port("tcp://127.0.0.1")
    subscriber = sockets.frames_subscriber(context, Endpoint("127.0.0.1", port), "door")
    send_until_received(sender, subscriber, topic_bytes("door"))
    sender.send(topic_bytes("door") + bytes(2 * LARGEST_MESSAGE))
    while subscriber.poll(300):  # a small one may still have been under way
        assert len(subscriber.recv()) < LARGEST_MESSAGE

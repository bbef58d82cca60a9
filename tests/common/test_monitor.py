"""What is noticed of a connection, against ZeroMQ itself."""

import zmq

from framefan.common.monitor import Monitor
from framefan.common.sockets import Context, Socket
from tests.programs import eventually


def connected(context: Context, publisher: Socket, port: int) -> tuple[Socket, Monitor]:
    """Return a subscriber that has a connection, and its monitor."""
    subscriber = context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.MAXMSGSIZE, 1000)
    subscriber.setsockopt(zmq.RECONNECT_IVL, 20)
    subscriber.subscribe(b"")
    monitor = Monitor(subscriber)
    subscriber.connect(f"tcp://127.0.0.1:{port}")
    eventually(monitor.renewed, "a connection", within=10)
    eventually(lambda: publisher.send(b"x") is None and subscriber.poll(10) > 0, "a message", within=10)
    return subscriber, monitor


def test_a_connection_that_is_given_up(context: Context) -> None:
    """After a message over the size limit there is no other connection, and that is noticed."""
    publisher = context.socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    _, monitor = connected(context, publisher, port)
    assert not monitor.given_up()
    publisher.send(bytes(2000))
    eventually(monitor.given_up, "the end", within=10)
    assert not monitor.renewed()
    monitor.close()


def test_a_connection_that_comes_back(context: Context) -> None:
    """A producer that is started again is no reason to make a socket again."""
    publisher = context.socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    _, monitor = connected(context, publisher, port)
    publisher.close(linger=0)
    publisher = context.socket(zmq.PUB)
    found = []

    def bound() -> bool:
        found.append(monitor.given_up())
        try:
            publisher.bind(f"tcp://127.0.0.1:{port}")
        except zmq.ZMQError:
            return False
        return True

    eventually(bound, "the port", within=10)
    eventually(monitor.renewed, "another connection", within=10)
    found.append(monitor.given_up())
    assert not any(found)
    monitor.close()

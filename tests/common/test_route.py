"""The way to a producer: the address that greets, found aside and again when it moves."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import zmq

from framefan.common import resolution, route
from framefan.common.address import Endpoint
from framefan.common.errors import AddressError
from framefan.common.route import Route
from framefan.common.sockets import Context
from framefan.consumer import Subscriber

NAME = "producer.example"

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """Say which addresses every name has; none for a name that is not known."""
    answers: list[str] = []

    def addresses(host: str) -> list[str]:
        if resolution.is_numeric(host):
            return [host]
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return list(answers)

    monkeypatch.setattr(resolution, "addresses", addresses)
    monkeypatch.setattr(route, "_INTERVAL", 0.0)
    monkeypatch.setattr(route, "_FIRST_PAUSE", 0.0)

    def change(*found: str) -> None:
        answers[:] = found

    yield change
    route._routes.clear()


def producer(context: Context, host: str, port: int = 0) -> int:
    """Listen as a producer does; return the port."""
    public = context.socket(zmq.PUB)
    if port:
        public.bind(f"tcp://{host}:{port}")
    return port or public.bind_to_random_port(f"tcp://{host}")


def found(way: Route) -> str | None:
    """Search, and return the host that was found."""
    way.wait(10.0)
    return way.endpoint.host if way.endpoint else None


def test_address_is_its_own_way() -> None:
    """What needs no search is there at once."""
    endpoint = Endpoint("127.0.0.1", 9)
    assert Route.to(endpoint).endpoint == endpoint


def test_address_that_answers_is_found(names: Names, context: Context) -> None:
    """Of the addresses of a name, the one that a producer listens at is where to connect."""
    names("127.0.0.2", "127.0.0.1")
    way = Route.to(Endpoint(NAME, producer(context, "127.0.0.1")))
    assert way.endpoint is None
    assert found(way) == "127.0.0.1"


def test_somebody_else_is_passed_by(names: Names, context: Context) -> None:
    """A server at the first address that does not greet as ZeroMQ does, such as a tunnel, is not the producer."""
    names("127.0.0.2", "127.0.0.1")
    port = producer(context, "127.0.0.1")
    with socket.create_server(("127.0.0.2", port)) as other:
        rude = threading.Thread(target=lambda: other.accept()[0].close())
        rude.start()
        assert found(Route.to(Endpoint(NAME, port))) == "127.0.0.1"
        rude.join()


def test_producer_that_moves_is_found_again(names: Names, context: Context) -> None:
    """The way leads elsewhere once the name does, and stays as it is as long as it leads somewhere."""
    names("127.0.0.1")
    port = producer(context, "127.0.0.1")
    producer(context, "127.0.0.2", port)
    way = Route.to(Endpoint(NAME, port))
    assert found(way) == "127.0.0.1"
    names("127.0.0.2", "127.0.0.1")
    assert found(way) == "127.0.0.1"
    names("127.0.0.2")
    assert found(way) == "127.0.0.2"


def test_reasons(names: Names) -> None:
    """The reason names a host that is not known, and the addresses that refuse."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        way = Route.to(Endpoint(NAME, server.getsockname()[1]))
    assert found(way) is None
    assert way.reason == f"host name {NAME!r} is not known: check the address"
    names("127.0.0.2", "127.0.0.1")
    assert found(way) is None
    tried = "(tried 127.0.0.2: refused, 127.0.0.1: refused)"
    assert way.reason == f"connection refused {tried}: start a producer there, or check the port"


def test_search_is_not_repeated_at_once(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two searches there is a pause, however often a search is asked for."""
    monkeypatch.setattr(route, "_FIRST_PAUSE", 1000.0)
    way = Route.to(Endpoint(NAME, 9))
    way.wait(10.0)
    assert way.reason
    assert not way.look()


@pytest.mark.parametrize("host", ["*", "two words", "-x"])
def test_impossible_host(host: str) -> None:
    """A host that no producer can have is an error at once."""
    with pytest.raises(AddressError, match="name a host"):
        Route.to(Endpoint(host))


def test_many_share_one_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many subscribers of a process look for a producer, one thread does."""
    over = threading.Event()

    def addresses(*_: object) -> list[str]:
        over.wait()
        return ["127.0.0.1"]

    monkeypatch.setattr(resolution, "addresses", addresses)
    subscribers = [Subscriber(f"tcp://{NAME}:9/door") for _ in range(10)]
    try:
        searching = [thread for thread in threading.enumerate() if thread.name.startswith("framefan route")]
        assert len(searching) == 1
    finally:
        over.set()
        for subscriber in subscribers:
            subscriber.close()

"""Names and their addresses: looked up in time, tried by turns, with an error that names them all."""

import errno
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from framefan.common import resolution
from framefan.common.resolution import MOST_ADDRESSES, STAGGER, Turns
from tests.programs import eventually

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


class SlowNames:
    """A name server that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked = 0
        self.allowed = threading.Event()

    def getaddrinfo(self, *_: object, **__: object) -> list[tuple[object, ...]]:
        """Answer with one address."""
        self.asked += 1
        self.allowed.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    """Names that are slow to resolve."""
    slow = SlowNames()
    monkeypatch.setattr(socket, "getaddrinfo", slow.getaddrinfo)
    yield slow
    slow.allowed.set()
    eventually(lambda: not resolution._lookups, "the end of all lookups", within=5)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
def test_numeric_host_is_its_own_address(names: SlowNames, host: str) -> None:
    """What is no name is not looked up."""
    assert resolution.addresses(host, 0.0) == [host]
    assert names.asked == 0


def test_families_take_turns() -> None:
    """Addresses of both families alternate, each once, and no more than a fixed number."""
    found = ["2001:db8::1", "2001:db8::2", "2001:db8::1", "192.0.2.1"]
    assert resolution.interleaved(found) == ["2001:db8::1", "192.0.2.1", "2001:db8::2"]
    many = [f"192.0.2.{number}" for number in range(20)]
    assert resolution.interleaved([*many, "::1"]) == ["192.0.2.0", "::1", *many[1 : MOST_ADDRESSES - 1]]


def test_name_server_that_never_answers(names: SlowNames) -> None:
    """Nobody waits for it longer than he wants to, and however many ask, it is asked once."""
    for _ in range(3):
        with pytest.raises(socket.gaierror) as caught:
            resolution.addresses("camera.example", 0.01)
        assert "name servers" in resolution.unknown("camera.example", caught.value, "the address")
    assert names.asked == 1
    names.allowed.set()
    assert resolution.addresses("camera.example", 5.0) == ["192.0.2.1"]


def test_impossible_name_is_not_known() -> None:
    """A text that no name can be is reported like one that nobody has."""
    with pytest.raises(socket.gaierror):
        resolution.addresses("camera..example", 5.0)


def test_zone_stays_with_its_address() -> None:
    """An address that is valid on one interface only keeps its zone, on the way in and out."""
    family, where = resolution.socket_address("fe80::1%lo", 80)
    assert family is socket.AF_INET6
    assert resolution.numeric(where) == f"fe80::1%{socket.if_nametoindex('lo')}"


def test_next_address_has_its_turn_after_a_while() -> None:
    """An address that does not answer has a quarter of a second for itself, and one that fails no more time."""
    turns = Turns(["a", "b", "c"])
    assert turns.next(100.0) == "a"
    assert turns.next(100.0 + STAGGER / 2) is None
    assert turns.next_at == 100.0 + STAGGER
    assert turns.next(100.0 + STAGGER) == "b"
    turns.fail("b", REFUSED)
    assert turns.next(100.0 + STAGGER) == "c"
    assert not turns.waiting
    assert turns.next_at == float("inf")


def test_error_is_the_most_telling_one() -> None:
    """If one address refuses, the host is there; and the note has all that were tried, in the order of their turns."""
    turns = Turns(["::1", "192.0.2.1", "127.0.0.1", "192.0.2.2"])
    turns.fail("127.0.0.1", ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))
    turns.fail("192.0.2.1", TimeoutError(errno.ETIMEDOUT, "no answer"))
    turns.fail("::1", OSError(errno.ENETUNREACH, "Network is unreachable"))
    error = turns.failure()
    assert isinstance(error, ConnectionRefusedError)
    text = " (tried ::1: network is unreachable, 192.0.2.1: no answer, 127.0.0.1: refused)"
    assert resolution.tried("localhost", error) == text
    assert resolution.tried("127.0.0.1", error) == ""


def test_address_that_answers_is_connected_to() -> None:
    """Where the first address refuses, the next is tried at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        address, connection = resolution.race(["127.0.0.2", "127.0.0.1"], port, time.monotonic() + 10)
        with connection, server.accept()[0] as accepted:
            assert address == "127.0.0.1"
            accepted.sendall(b"hello")
            assert connection.recv(5) == b"hello"


def test_nobody_answers() -> None:
    """If all addresses refuse, the error is that of a refused connection, with a note of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as caught:
        resolution.race(["127.0.0.2", "127.0.0.1"], port, time.monotonic() + 10)
    assert resolution.tried("here", caught.value) == " (tried 127.0.0.2: refused, 127.0.0.1: refused)"


def test_connecting_by_address() -> None:
    """An address is connected to as it is, within the time-out, which the socket keeps."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        resolution.connect("127.0.0.1", server.getsockname()[1], 5.0) as connection,
    ):
        assert 0 < (connection.gettimeout() or 0) <= 5.0

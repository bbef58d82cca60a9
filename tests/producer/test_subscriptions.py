"""What counts of subscriptions, by peers that send what no real SUB would."""

from collections.abc import Iterator

import pytest
import zmq

from framefan.common import sockets
from framefan.common.address import Endpoint
from framefan.common.complaints import Complaints
from framefan.common.schema import MOST_SUBSCRIPTIONS
from framefan.common.sockets import Context
from framefan.producer.subscriptions import Change, Subscriptions
from tests.programs import eventually
from tests.zmtp import RawSubscriber


class Socket:
    """A socket for states, and what its subscriptions have changed."""

    def __init__(self, context: Context) -> None:
        endpoint, (frames, states, requests) = sockets.listen(Endpoint("127.0.0.1", 0))
        frames.close()
        requests.close()
        self.port = endpoint.port + 1
        self.complaints = Complaints()
        self.subscriptions = Subscriptions(sockets.states_publisher(context, states), self.complaints)
        self.changes: list[Change] = []

    def serve(self) -> list[Change]:
        """Take in what has come, and return all changes so far."""
        self.changes += self.subscriptions.take(1000)
        return self.changes


@pytest.fixture
def states(context: Context) -> Iterator[Socket]:
    """A socket at any free port."""
    made = Socket(context)
    yield made
    made.subscriptions.close()


@pytest.fixture
def peer(states: Socket) -> Iterator[RawSubscriber]:
    """Somebody who subscribes."""
    made = RawSubscriber(states.port)
    yield made
    made.close()


def came(states: Socket, *changes: Change) -> bool:
    """Return whether those and no others have come."""
    eventually(lambda: changes[-1] in states.serve(), f"{changes[-1]}", within=10)
    return states.changes == list(changes)


WATCHED, LEFT = Change("door", watches=True, begun=True), Change("door", watches=True, begun=False)
END = Change("end", watches=False, begun=True)


def test_a_repeated_subscription_counts_once(states: Socket, peer: RawSubscriber) -> None:
    """However often one peer subscribes, it is one watcher, and none when its connection ends."""
    peer.subscribe(b"door\0", b"door\0", b"door\0", b"end")
    assert came(states, WATCHED, END)
    peer.close()
    eventually(lambda: states.serve().count(LEFT) == 1, "the end", within=10)
    assert len(states.changes) == 4


def test_nobody_ends_what_another_has_begun(states: Socket, peer: RawSubscriber) -> None:
    """The end of what never began counts for nothing; that of what did, once."""
    other = RawSubscriber(states.port)
    other.subscribe(b"door\0")
    eventually(lambda: WATCHED in states.serve(), "the other", within=10)
    peer.unsubscribe(b"door\0", b"door\0")
    peer.subscribe(b"end")
    assert came(states, WATCHED, END)
    other.unsubscribe(b"door\0", b"door\0")
    other.subscribe(b"end")
    eventually(lambda: states.serve().count(END) == 2, "the second end", within=10)
    assert states.changes == [WATCHED, END, LEFT, END]
    other.close()


def test_a_real_one_and_its_end(states: Socket, context: Context) -> None:
    """All subscriptions of ZeroMQ's own socket begin and end."""
    subscriber = context.socket(zmq.SUB)
    subscriber.subscribe(b"door\0")
    subscriber.subscribe(b"")
    subscriber.connect(f"tcp://127.0.0.1:{states.port}")
    eventually(lambda: len(states.serve()) == 2, "subscriptions", within=10)
    subscriber.close(linger=0)
    eventually(lambda: len(states.serve()) == 4, "ends", within=10)
    assert [change.begun for change in states.changes] == [True, True, False, False]


@pytest.mark.parametrize("topic", [b"\xff\xfe", b"do\x1bor\0", b"d" * 256 + b"\0", b"d" * 1024])
def test_what_no_camera_can_be_called(states: Socket, peer: RawSubscriber, topic: bytes) -> None:
    """It counts for nothing, is complained of once, and costs that message only."""
    peer.subscribe(topic, topic, b"end")
    assert came(states, END)
    assert states.complaints.count == 2


def test_subscriptions_have_an_end(states: Socket, peer: RawSubscriber) -> None:
    """What comes beyond the limit is ignored; who goes on is disconnected, and others are not."""
    other = RawSubscriber(states.port)
    peer.subscribe(*(b"n%d" % number for number in range(MOST_SUBSCRIPTIONS + 10)))
    eventually(lambda: states.serve() and states.complaints.count == 10, "complaints", within=20)
    assert len(states.changes) == MOST_SUBSCRIPTIONS
    assert not peer.ended
    peer.subscribe(*(b"%0250d" % number for number in range(400)))
    eventually(lambda: states.serve() and peer.ended, "the end", within=20)
    eventually(lambda: len(states.serve()) == 2 * MOST_SUBSCRIPTIONS, "all ends", within=20)
    assert not other.ended
    other.close()


def test_who_only_repeats_is_ended(states: Socket, peer: RawSubscriber) -> None:
    """What counts for nothing has a limit: ZeroMQ keeps it all the same."""
    for _ in range(20):
        peer.subscribe(*[b"door\0"] * 1000)
    eventually(lambda: states.serve() and peer.ended, "the end", within=20)
    assert states.changes[0] == WATCHED


def test_nobody_watches_what_has_no_name(states: Socket, peer: RawSubscriber) -> None:
    """A subscription to a zero byte alone names no camera."""
    peer.subscribe(b"\0", b"end")
    assert came(states, END)
    assert states.complaints.count == 1

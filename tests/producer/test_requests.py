"""Requests for frames, as any DEALER can send them."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import zmq

from framefan.common import sockets, wire
from framefan.common.address import Endpoint
from framefan.common.sockets import Context, Socket
from framefan.producer import Publisher
from tests import pictures
from tests.programs import Start, eventually

JPEG = pictures.jpeg()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher at any free port with the cameras door and yard."""
    with Publisher("tcp://127.0.0.1:0") as made:
        made.publish("door", JPEG)
        made.publish("yard", JPEG)
        yield made


class Asker:
    """Asks in plain ZeroMQ."""

    def __init__(self, context: Context, publisher: Publisher) -> None:
        self._socket: Socket = sockets.requests_client(context, Endpoint.parse(publisher.endpoint))

    def ask(self, camera: Any = "door", **facts: Any) -> None:
        """Ask for the next frame."""
        self._socket.send(msgpack.packb({"ask": "next", "camera": camera} | facts))

    def leave(self, camera: str, seq: int) -> None:
        """Take the request back."""
        self._socket.send(msgpack.packb({"ask": "leave", "camera": camera, "seq": seq}))

    def answer(self, within: float = 5.0) -> tuple[dict[str, Any], wire.Header] | None:
        """Return what was answered, and the frame's header."""
        if not self._socket.poll(int(within * 1000)):
            return None
        head, message = self._socket.recv_multipart()
        header, jpeg = wire.unpack(message)
        assert jpeg == JPEG
        return msgpack.unpackb(head), header

    def wait(self) -> None:
        """Wait until an answer is here."""
        assert self._socket.poll(5000)

    def seq(self, within: float = 5.0) -> int | None:
        """Return the number of the frame that was answered."""
        answer = self.answer(within)
        return answer and answer[1].seq

    def error(self) -> str:
        """Return the error that was answered."""
        self.wait()
        return str(msgpack.unpackb(self._socket.recv())["error"])

    def settle(self) -> None:
        """Wait until what was asked before has been heard."""
        self._socket.send(msgpack.packb({"ask": "clock", "sent": 1}))
        self.wait()
        assert b"clock" in self._socket.recv()


@pytest.fixture
def asker(context: Context, publisher: Publisher) -> Asker:
    """One that asks."""
    return Asker(context, publisher)


def test_the_next_frame_as_soon_as_there_is_one(publisher: Publisher, asker: Asker) -> None:
    """A frame that is new to the asker is sent when it comes, once, and says whom it answers."""
    producer = ""
    for number in (7, 8):
        asker.ask(id=number, after=number - 6, producer=producer)
        asker.settle()
        newest = publisher.publish("door", JPEG)
        published = time.monotonic()
        answer, header = asker.answer() or pytest.fail("no answer")
        assert time.monotonic() - published < 1
        assert (answer["answer"], answer["id"], header.topic, header.seq) == ("next", number, "door", newest)
        assert producer in ("", answer["producer"])
        producer = answer["producer"]
    publisher.publish("door", JPEG)
    assert asker.answer(0.3) is None


def test_a_frame_that_is_here_and_fresh_comes_at_once(publisher: Publisher, asker: Asker) -> None:
    """Nobody waits for the next frame of a slow camera whose last one he has not seen."""
    publisher.publish("door", JPEG, captured_ns=time.monotonic_ns() + 5_000_000_000)  # five seconds apart
    asker.ask()
    assert asker.seq(1.0) == 2
    asker.ask(after=1)
    answer, _ = asker.answer(1.0) or pytest.fail("no answer")
    asker.ask(after=2, producer=answer["producer"])
    assert asker.seq(0.3) is None
    asker.ask(after=2, producer="one that was here before")
    assert asker.seq(1.0) == 2


def test_an_old_frame_is_sent_when_nothing_newer_is_to_be_had(asker: Asker) -> None:
    """Of a camera that has given one picture so far it comes after a little more than a second."""
    asker.ask()
    assert asker.seq(0.3) is None
    assert asker.seq(3.0) == 1


def test_one_request_at_a_time(publisher: Publisher, asker: Asker) -> None:
    """A newer request replaces the one before; one that is taken back is not answered."""
    for _ in range(3):
        asker.ask("door", after=100)
    asker.ask("yard")
    asker.settle()
    publisher.publish("door", JPEG)
    publisher.publish("yard", JPEG)
    answer = asker.answer() or pytest.fail("no answer")
    assert answer[1].topic == "yard"
    assert asker.answer(0.3) is None
    asker.ask("door", after=2)
    asker.leave("", 0)
    asker.settle()
    publisher.publish("door", JPEG)
    assert asker.answer(0.3) is None


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"camera": "cellar"}, "no camera of that name here; there are: door, yard"),
        ({"camera": "door?width=64"}, "makes no renditions"),
        ({"camera": ["cellar", "attic"], "group": "g"}, "no camera of that name"),
        ({"camera": ""}, "about one camera"),
        ({"camera": 7}, "`$.camera`"),
        ({"camera": ["door", "yard"]}, "about one camera"),
        ({"camera": ["door", ""], "group": "g"}, "`$.camera[1]`"),
        ({"camera": ["door"] * 1025, "group": "g"}, "length <= 1024"),
        ({"camera": "x" * 256}, "`$.camera`"),
        ({"camera": "door", "after": -1}, "`$.after`"),
        ({"camera": "door", "after": 2**63}, "`$.after`"),
        ({"camera": "door", "id": "1"}, "`$.id`"),
        ({"camera": "door", "group": 1}, "`$.group`"),
        ({"camera": "door", "group": "g" * 256}, "`$.group`"),
        ({"camera": "door", "group": "g", "redo": 0}, "`$.redo`"),
        ({"camera": "door", "group": "g", "redo": float("nan")}, "`$.redo`"),
        ({"camera": "door", "group": "g", "redo": True}, "`$.redo`"),
        ({"camera": "door", "x": "x" * 65_536}, "65536 is the most"),
    ],
)
def test_what_cannot_be_answered(asker: Asker, facts: dict[str, Any], error: str) -> None:
    """What means nothing, or can never come, is answered by an error."""
    asker.ask(**facts)
    assert error in asker.error()
    asker.settle()  # it has cost that message only


def test_a_request_beyond_all_limits(asker: Asker) -> None:
    """ZeroMQ ends the connection, which comes back by itself."""
    asker.ask(x=bytes(2_000_000))
    eventually(lambda: _settles(asker), "another connection", within=10)


def _settles(asker: Asker) -> bool:
    try:
        asker.settle()
    except (zmq.Again, AssertionError):
        return False
    return True


def test_who_never_reads_is_kept_little(publisher: Publisher, context: Context, asker: Asker) -> None:
    """Whoever asks and asks without reading holds up nobody, and has few answers waiting."""
    silent = context.socket(zmq.DEALER)
    silent.rcvhwm = 1
    silent.rcvbuf = 4096
    silent.connect(Endpoint.parse(publisher.endpoint).requests)
    large = pictures.jpeg(pictures.noisy(1200, 900))
    for number in range(1, 60):
        silent.send(msgpack.packb({"ask": "next", "camera": "shed", "id": number}))
        publisher.publish("shed", large)
        asker.settle()
    got = 0
    while silent.poll(300):
        silent.recv_multipart()
        got += 1
    assert 0 < got < 30


def test_names_of_groups_take_no_place_of_others(publisher: Publisher, context: Context, asker: Asker) -> None:
    """A member keeps its turn, however many groups somebody invents meanwhile."""
    asker.ask(id=1, group="g")
    asker.settle()
    inventor = Asker(context, publisher)
    for number in range(150):
        inventor.ask(id=number + 1, group=f"g{number}")
    inventor.settle()
    assert asker.answer(0.1) is None
    assert publisher.publish("door", JPEG) == asker.seq()


def test_a_member_of_things_that_are_not_here(publisher: Publisher, asker: Asker) -> None:
    """Of a list of topics those that are here are served, and the others are not remembered."""
    asker.ask(["cellar", "door", *(f"x{number}" for number in range(1000))], id=1, group="g")
    asker.settle()
    assert publisher.publish("door", JPEG) == asker.seq()


def test_a_member_gets_a_frame_once(context: Context, publisher: Publisher, asker: Asker) -> None:
    """Whoever has waited longest gets a frame, one that repeats its request keeps its place and its frame."""
    other = Asker(context, publisher)
    asker.ask(id=1, group="g")
    asker.settle()
    other.ask(id=1, group="g")
    asker.ask(id=1, group="g")
    other.settle()
    asker.settle()
    assert publisher.publish("door", JPEG) == asker.seq()
    asker.ask(id=1, group="g")
    asker.settle()
    assert publisher.publish("door", JPEG) == other.seq()
    publisher.publish("door", JPEG)
    assert asker.answer(0.2) is None
    assert other.answer(0.2) is None


def test_the_newest_of_two_unseen_first_and_cameras_by_turns(publisher: Publisher, asker: Asker) -> None:
    """Who comes late gets the newest frame of the camera that was served longest ago, then what is left of two."""
    asker.ask("", id=1, group="g")
    asker.settle()
    publisher.publish("door", JPEG)
    assert asker.seq() == 2
    for _ in range(3):
        publisher.publish("yard", JPEG)
        publisher.publish("door", JPEG)
    found = []
    for number in range(2, 6):
        asker.ask("", id=number, group="g")
        _, header = asker.answer() or pytest.fail("no answer")
        found.append((header.topic, header.seq))
    assert found == [("yard", 4), ("door", 5), ("yard", 3), ("door", 4)]


def test_two_groups_have_their_own(publisher: Publisher, context: Context, asker: Asker) -> None:
    """Each group gets every frame."""
    other = Asker(context, publisher)
    asker.ask(id=1, group="one")
    other.ask(id=1, group="other")
    asker.settle()
    other.settle()
    newest = publisher.publish("door", JPEG)
    assert asker.seq() == other.seq() == newest


def test_who_has_gone_is_passed_over(publisher: Publisher, context: Context, asker: Asker) -> None:
    """A frame goes to the next when the one who has waited longest has left without a word."""
    gone = context.socket(zmq.DEALER)
    gone.connect(Endpoint.parse(publisher.endpoint).requests)
    gone.send(msgpack.packb({"ask": "next", "camera": "door", "group": "g"}))
    gone.send(msgpack.packb({"ask": "clock", "sent": 1}))
    assert gone.recv()
    asker.ask(group="g")
    asker.settle()
    gone.close(linger=0)
    eventually(lambda: _asked_in_vain(publisher, asker), "a frame for who is there", within=5)


def _asked_in_vain(publisher: Publisher, asker: Asker) -> bool:
    publisher.publish("door", JPEG)
    return asker.answer(0.1) is not None


def test_what_was_not_used_goes_to_another(publisher: Publisher, context: Context, asker: Asker) -> None:
    """A frame that was on its way when its member left is not lost; one that was used is not given again."""
    other = Asker(context, publisher)
    asker.ask(id=1, group="g")
    asker.settle()
    newest = publisher.publish("door", JPEG)
    asker.wait()
    asker.leave("door", newest - 1)  # it has not looked at the answer
    other.ask(id=1, group="g")
    assert other.seq() == newest
    other.leave("door", newest)
    asker.ask(id=2, group="g")
    assert (asker.seq(), asker.answer(0.3)) == (newest, None)  # its own, from before it left


def test_a_hung_members_frame_once_more(publisher: Publisher, context: Context, asker: Asker) -> None:
    """With redo a frame is given to another if its member does not ask again in time, but only once."""
    other, third = Asker(context, publisher), Asker(context, publisher)
    asker.ask(id=1, group="g", redo=0.3)
    asker.settle()
    newest = publisher.publish("door", JPEG)
    assert asker.seq() == newest
    other.ask(id=1, group="g", redo=0.3)
    assert other.seq() == newest
    third.ask(id=1, group="g", redo=0.3)
    assert third.answer(1.0) is None


FOREIGN = """
import msgpack, sys, zmq
asker = zmq.Context.instance().socket(zmq.DEALER)
asker.connect(sys.argv[1])
for _ in range(3):
    asker.send(msgpack.packb({"ask": "next", "camera": "door"}))
    _, message = asker.recv_multipart()
    print(message[-2:].hex(), flush=True)
"""


def test_a_few_lines_of_plain_zeromq_ask_for_frames(publisher: Publisher, start: Start) -> None:
    """A program without framefan can pull."""
    program = start(sys.executable, "-c", FOREIGN, Endpoint.parse(publisher.endpoint).requests)
    eventually(lambda: publisher.publish("door", JPEG) and program.output.count("ffd9") == 3, "frames", within=10)

"""Pictures that users publish themselves, seen by consumers of every kind."""

import subprocess
import sys
import time

import msgpack
import numpy as np
import pytest
import zmq

from framefan.common import sockets, state
from framefan.common.address import CameraAddress, Endpoint
from framefan.common.errors import AddressError, BindError
from framefan.common.sockets import Context
from framefan.common.state import State
from framefan.consumer import Subscriber
from framefan.producer import Publisher
from tests import pictures
from tests.programs import eventually

ANYWHERE = "tcp://127.0.0.1:0"


def test_array_arrives() -> None:
    """An array is encoded, published and decoded again, with its facts."""
    with Publisher(ANYWHERE, quality=90) as publisher, Subscriber(publisher.endpoint + "/door") as subscriber:
        frame = eventually(lambda: publish_and_read(publisher, subscriber), "a frame", within=5)
    assert np.abs(frame.image.astype(int) - pictures.flat()).max() < 8
    assert (frame.camera, frame.width, frame.height, frame.quality) == ("door", 64, 48, 90)


def publish_and_read(publisher: Publisher, subscriber: Subscriber, picture: object = None):  # type: ignore[no-untyped-def]
    publisher.publish("door", pictures.flat() if picture is None else picture)  # type: ignore[arg-type]
    try:
        return subscriber.read(0.05)
    except TimeoutError:
        return None


def test_jpeg_passes_through_untouched() -> None:
    """The bytes of a JPEG arrive as they were given."""
    data = pictures.jpeg()
    with Publisher(ANYWHERE) as publisher, Subscriber(publisher.endpoint + "/door") as subscriber:
        frame = eventually(lambda: publish_and_read(publisher, subscriber, data), "a frame", within=5)
    assert frame.jpeg == data


def test_age_counts_from_the_capture_that_is_given() -> None:
    """A picture that was captured a while ago says so."""
    with Publisher(ANYWHERE) as publisher:
        publisher.publish("door", pictures.flat(), captured_ns=time.monotonic_ns() - 2_000_000_000)
        with Subscriber(publisher.endpoint + "/door") as subscriber:
            assert 2.0 <= subscriber.read(5).age < 5.0


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8), None, b"", b"not a jpeg" * 50, pictures.jpeg()[:-2],
    ],
)  # fmt: skip
def test_refuses_what_is_no_picture(picture: object) -> None:
    """What is neither a picture nor a whole JPEG is refused where it is published."""
    with Publisher(ANYWHERE) as publisher, pytest.raises(ValueError, match=r"picture|JPEG"):
        publisher.publish("door", picture)  # type: ignore[arg-type]


def test_refuses_bad_names_endpoints_and_qualities() -> None:
    """A name with a slash, a foreign endpoint, a port in use, and publishing after the end are errors of ours."""
    with Publisher(ANYWHERE) as publisher:
        with pytest.raises(AddressError):
            publisher.publish("a/b", pictures.flat())
        with pytest.raises(BindError, match="address in use"):
            Publisher(publisher.endpoint)
    with pytest.raises(AddressError):
        Publisher("http://127.0.0.1")
    with pytest.raises(ValueError, match="quality"):
        Publisher(ANYWHERE, quality=0)
    publisher.close()
    with pytest.raises(ValueError, match="closed"):
        publisher.publish("door", pictures.flat())


def test_refuses_what_no_subscriber_would_accept() -> None:
    """A picture over the limit of the wire is refused where it is published, instead of vanishing."""
    data = pictures.jpeg()
    huge = data[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 520 + data[2:]
    with Publisher(ANYWHERE) as publisher, pytest.raises(ValueError, match="too large"):
        publisher.publish("door", huge)


def test_a_closed_publisher_leaves_its_port_free() -> None:
    """The same endpoint can be used again at once."""
    with Publisher(ANYWHERE) as publisher:
        publisher.publish("door", pictures.flat())
    with Publisher(publisher.endpoint):
        pass


def test_late_subscriber_gets_the_last_frame_of_a_slow_camera() -> None:
    """Who comes between two frames that are far apart does not wait for the second."""
    with Publisher(ANYWHERE) as publisher:
        seq = publisher.publish("door", pictures.flat())
        with Subscriber(publisher.endpoint + "/door") as first:
            eventually(lambda: first.state.state is State.LIVE, "it is live", within=5)
            eventually(lambda: (first.state.age or 0) > 0.6, "the frame is a while old", within=5)
        with Subscriber(publisher.endpoint + "/door") as second:
            assert second.read(5).seq == seq


FIVE_LINES = """
import zmq
camera = zmq.Context.instance().socket(zmq.SUB)
camera.setsockopt(zmq.CONFLATE, 1)
camera.setsockopt(zmq.SUBSCRIBE, b"door\\0")
camera.connect("{endpoint}")
message = camera.recv()
jpeg = message[-int.from_bytes(message[9:13], "little"):]
print(len(jpeg), jpeg[-2:].hex(), flush=True)
"""


def test_five_lines_of_plain_zeromq_get_frames() -> None:
    """A program without framefan gets frames too."""
    data = pictures.jpeg()
    with Publisher(ANYWHERE) as publisher:
        script = FIVE_LINES.format(endpoint=publisher.endpoint)
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as program:
            eventually(lambda: publisher.publish("door", data) and program.poll() is not None, "its end", within=10)
            assert program.stdout is not None
            assert program.stdout.read() == f"{len(data)} ffd9\n"


def test_states_tell_watchers_and_strangers(context: Context) -> None:
    """A state counts who watches; a camera that is not there is told as unknown, with those that are."""
    with Publisher(ANYWHERE) as publisher:
        publisher.publish("door", pictures.flat())
        endpoint = Endpoint.parse(publisher.endpoint)
        watcher = sockets.states_subscriber(context, endpoint, "door")
        eventually(lambda: state.unpack(watcher.recv()).watchers == 1, "one watcher", within=5)
        second = sockets.states_subscriber(context, endpoint, "door")
        eventually(lambda: state.unpack(watcher.recv()).watchers == 2, "two watchers", within=5)
        second.close()
        eventually(lambda: state.unpack(watcher.recv()).watchers == 1, "one watcher again", within=5)
        stranger = sockets.states_subscriber(context, endpoint, "dor")
        assert stranger.poll(5000)
        told = state.unpack(stranger.recv())
        assert told.state is State.UNKNOWN
        assert told.reason == "no camera of that name here; there are: door"


def test_renditions_are_told_not_to_be_there(context: Context) -> None:
    """Who asks for a rendition hears that there are none."""
    with Publisher(ANYWHERE) as publisher:
        publisher.publish("door", pictures.flat())
        address = CameraAddress.parse(publisher.endpoint + "/door?width=640")
        watcher = sockets.states_subscriber(context, address.endpoint, address.topic)
        assert watcher.poll(5000)
        assert "makes no renditions" in state.unpack(watcher.recv()).reason


def test_clock_and_nonsense_are_answered(context: Context) -> None:
    """The clock is told; whatever else comes is answered with an error and harms nothing."""
    with Publisher(ANYWHERE) as publisher:
        client = sockets.requests_client(context, Endpoint.parse(publisher.endpoint))
        deep = b"\x81\xa3ask" + b"\x91" * 1000 + b"\x01"  # lists within lists
        for question in (b"", b"\xc1", msgpack.packb([1]), msgpack.packb({"ask": "lunch"}), b"\0" * 10_000, deep):
            client.send(question)
            assert client.poll(5000)
            assert "error" in msgpack.unpackb(client.recv())
        before = time.monotonic_ns()
        client.send(msgpack.packb({"ask": "clock", "sent": 7}))
        assert client.poll(5000)
        answer = msgpack.unpackb(client.recv())
        assert answer["sent"] == 7
        assert before < answer["received"] <= answer["answered"] < time.monotonic_ns()


def test_nonsense_on_the_states_socket_harms_nothing(context: Context) -> None:
    """A peer that sends rubbish as subscriptions is ignored."""
    with Publisher(ANYWHERE) as publisher:
        endpoint = Endpoint.parse(publisher.endpoint)
        rude = context.socket(zmq.XSUB)
        rude.connect(endpoint.states)
        for rubbish in (b"", b"\2", b"\1\xff\xfe\0", b"\0never subscribed\0", b"\1" + b"x" * 1000):
            rude.send(rubbish)
        publisher.publish("door", pictures.flat())
        watcher = sockets.states_subscriber(context, endpoint, "door")
        assert watcher.poll(5000)
        assert state.unpack(watcher.recv()).state in (State.CONNECTING, State.LIVE)

"""A relay of a producer that says whatever a test wants."""

import errno
import time
from collections.abc import Iterator
from unittest.mock import Mock

import msgpack
import pytest
import zmq

from framefan.common import sockets
from framefan.common.address import Endpoint
from framefan.common.internal_errors import Containment
from framefan.common.sockets import Context, Socket
from framefan.common.state import State
from framefan.producer.cameras import Camera, CameraSettings
from framefan.producer.hub import Hub
from framefan.producer.relay.relay import Relay
from framefan.producer.source import Source
from tests.programs import eventually

SETTINGS = CameraSettings(quality=80, transport="tcp", loop=False, renditions=4, disconnect_idle=False, hwaccel="none")


class Strange:
    """A producer of nothing but states, and a relay of all that it names."""

    def __init__(self, context: Context) -> None:
        endpoint, (frames, states, requests) = sockets.listen(Endpoint("127.0.0.1", 0))
        frames.close()
        requests.close()
        self._states: Socket = sockets.states_publisher(context, states)
        self.hub = Hub(Endpoint("127.0.0.1", 0))
        self._poller = zmq.Poller()
        self._relay = Relay(self.hub, self._poller, Containment())
        source = Source.parse(str(endpoint))
        self._relay.change([Camera(name=source.name, source=source, settings=SETTINGS)], ())

    def tell(self, camera: str = "yard", **facts: object) -> None:
        """Send a state."""
        self._states.send(camera.encode() + b"\0" + msgpack.packb({"camera": camera, "state": "live", **facts}))

    def serve(self) -> None:
        """Do one pass of a producer's loop."""
        self._relay.serve(dict(self._poller.poll(10)))
        self._relay.look_after_all()
        self.hub.serve()

    def says(self, reason: str) -> bool:
        """Do a pass, and return whether the yard has that reason here."""
        self.tell(reason=reason)
        self.serve()
        return "yard" in self.hub.cameras and self.hub.cameras["yard"].reason == reason

    def close(self) -> None:
        """End all of it."""
        self._relay.close()
        self.hub.close()


@pytest.fixture
def strange(context: Context) -> Iterator[Strange]:
    """A strange producer that is relayed, and whose yard is known."""
    made = Strange(context)
    eventually(lambda: made.says("first"), "the yard", within=10)
    yield made
    made.close()


@pytest.mark.parametrize("age", [1e300, float("nan"), float("inf"), -2e9, True, 2**64 - 1, "1", [[]]])
def test_an_age_that_cannot_be(strange: Strange, caplog: pytest.LogCaptureFixture, age: object) -> None:
    """It costs that message, is logged once, and the next is taken in."""
    for _ in range(3):
        strange.tell(age=age, reason="bad")
    eventually(lambda: strange.says("next"), "the next state", within=10)
    assert len([line for line in caplog.messages if "such messages are dropped" in line]) == 1


def test_a_state_that_changes_all_the_time(strange: Strange, caplog: pytest.LogCaptureFixture) -> None:
    """A log grows by some lines only, and the camera comes to rest in its last state."""
    caplog.set_level("INFO", logger="framefan")
    began = time.monotonic()
    for number in range(500):
        strange.tell(reason=f"reason {number}")
        strange.serve()
    eventually(lambda: strange.says("last"), "the last state", within=10)
    assert 1 < len([line for line in caplog.messages if "yard" in line]) < 15 + (time.monotonic() - began)


def test_names_without_end(strange: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many cameras of one producer are relayed, and no more; those that are here go on."""
    monkeypatch.setattr("framefan.producer.relay.following.MOST_CAMERAS", 10)
    for number in range(50):
        strange.tell(f"c{number}")
    eventually(lambda: strange.says("still here"), "the yard", within=10)
    assert len(strange.hub.cameras) == 10
    assert strange.hub.cameras["yard"].state is State.LIVE


def test_connection_that_fails_is_tried_again(strange: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without files or sockets for a moment, the sockets of before stay, and the relay ends in order."""
    (following,) = strange._relay._producers.values()
    monkeypatch.setattr(sockets, "requests_client", Mock(side_effect=zmq.ZMQError(errno.EMFILE)))
    with pytest.raises(zmq.ZMQError):
        following.reconnect("a test")
    monkeypatch.undo()
    following.reconnect("a test")
    eventually(lambda: strange.says("again"), "the yard", within=10)


def test_producer_that_cannot_be_connected_to_is_tried_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that has no sockets when its configuration is read connects when it has some."""
    monkeypatch.setattr(sockets, "states_subscriber", Mock(side_effect=zmq.ZMQError(errno.EMFILE)))
    strange = Strange(context)
    assert not strange._relay._producers
    assert not strange._relay.empty
    monkeypatch.undo()
    strange.serve()
    assert len(strange._relay._producers) == 1
    strange.close()

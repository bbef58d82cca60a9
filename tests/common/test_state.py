"""States on the wire."""

import msgpack
import pytest

from framefan.common import state
from framefan.common.errors import WireError
from framefan.common.state import CameraState, State

DOOR = CameraState(camera="door", state=State.LIVE, fps=25.0, age=0.01, seq=7, width=64, height=48, codec="h264")


def test_round_trip() -> None:
    """What is packed is unpacked again, under the camera's topic."""
    assert state.pack(DOOR).startswith(b"door\0")
    assert state.unpack(state.pack(DOOR)) == DOOR


def test_unknown_keys_are_ignored() -> None:
    """A newer producer may tell more."""
    message = b"door\0" + msgpack.packb({"camera": "door", "state": "live", "weather": "rain"})
    assert state.unpack(message) == CameraState(camera="door", state=State.LIVE)


@pytest.mark.parametrize("endless", [float("nan"), float("inf"), -float("inf")])
def test_numbers_without_end_are_ignored(endless: float) -> None:
    """Nobody can compute with them, and a relay would end by it."""
    message = b"door\0" + msgpack.packb({"camera": "door", "state": "live", "age": endless, "since": endless})
    assert state.unpack(message) == CameraState(camera="door", state=State.LIVE)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"door", b"door\0", b"door\0\xc1", b"door\0\x93\x01\x02\x03",
        b"door\0" + msgpack.packb({"camera": "door"}),
        b"door\0" + msgpack.packb({"camera": "door", "state": "asleep"}), b"yard" + state.pack(DOOR)[4:],
    ],
)  # fmt: skip
def test_refuses(message: bytes) -> None:
    """What is not a state, or of another camera than its topic says, is refused."""
    with pytest.raises(WireError):
        state.unpack(message)


def test_text() -> None:
    """A state reads as a log line."""
    assert str(DOOR) == "door live: h264 64x48"
    assert str(CameraState(camera="door", state=State.OFFLINE, reason="it rains")) == "door offline: it rains"

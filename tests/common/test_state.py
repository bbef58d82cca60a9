"""States on the wire."""

import tracemalloc
from contextlib import suppress
from dataclasses import replace
from math import inf, nan
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefan.common import state
from framefan.common.errors import WireError
from framefan.common.state import CameraState, State

DOOR = CameraState(camera="door", state=State.LIVE, fps=25.0, age=0.01, seq=7, width=64, height=48, codec="h264")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.integers(-(2**63), 2**64 - 1),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["camera", "state", "age", "reason", "idle"]) | st.text(), inner)
    ),
    max_leaves=10,
)


def message(topic: str = "door", **changes: Any) -> bytes:
    """Return the message of a state: live, but for the changes."""
    return topic.encode() + b"\0" + msgpack.packb({"camera": topic, "state": "live", **changes})


def test_round_trip() -> None:
    """What is packed is unpacked again, under the camera's topic."""
    assert state.pack(DOOR).startswith(b"door\0")
    assert state.unpack(state.pack(DOOR)) == DOOR


def test_unknown_keys_are_ignored() -> None:
    """A newer producer may tell more."""
    message = b"door\0" + msgpack.packb({"camera": "door", "state": "live", "weather": "rain"})
    assert state.unpack(message) == CameraState(camera="door", state=State.LIVE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("age", nan), ("age", inf), ("age", 1e300), ("age", -2e9), ("age", True), ("age", "1"), ("since", nan),
        ("since", -1.0), ("fps", -1), ("fps", nan), ("fps", 2**63), ("attempts", -1), ("attempts", 1.0),
        ("attempts", True), ("seq", -1), ("seq", 2**63), ("seq", None), ("width", -1), ("width", 2**27),
        ("encode_ms", -inf), ("watchers", -1), ("idle", 1), ("codec", "h" * 256), ("via", "a" * 1001),
        ("reason", b"bytes"), ("state", 7), ("camera", "c" * 256),
    ],
)  # fmt: skip
def test_refuses_values_that_cannot_be(key: str, value: object) -> None:
    """Nobody has to compute with a value that no camera has."""
    with pytest.raises(WireError, match=key):
        state.unpack(message("door", **{key: value}))


def test_refuses_what_is_large_or_deep() -> None:
    """A message has 64 KiB and some nesting at most, also in a key that is unknown."""
    with pytest.raises(WireError, match="65536 is the most"):
        state.unpack(message(weather="x" * 66_000))
    with pytest.raises(WireError, match="not msgpack"):
        state.unpack(b"door\0\x83\xa6camera\xa4door\xa5state\xa4live\xa1x" + b"\x91" * 50_000 + b"\x90")


def test_an_unknown_key_makes_no_objects() -> None:
    """What is ignored costs no memory, however many things it says."""
    things = b"\xdd" + (60_000).to_bytes(4, "big") + b"\x90" * 60_000
    bomb = b"door\0\x83\xa6camera\xa4door\xa5state\xa4live\xa1x" + things
    tracemalloc.start()
    try:
        assert state.unpack(bomb).camera == "door"
        assert tracemalloc.get_traced_memory()[1] < 2 * len(bomb)
    finally:
        tracemalloc.stop()


def test_texts_can_be_shown() -> None:
    """No control character of a stranger reaches a terminal or a log, nor does a text without end."""
    found = state.unpack(message(reason="\x1b[2Jred\r\nFORGED door live\x9b", codec="h\x07264"))
    assert (found.reason, found.codec) == ("?[2Jred??FORGED door live?", "h?264")
    assert len(state.unpack(message(reason="long " * 12_000)).reason) == 1000
    with pytest.raises(WireError, match=r"which no camera can be called"):
        state.unpack(message("do\x1bor"))


def test_a_long_reason_is_cut_off_before_it_is_sent() -> None:
    """A producer of thousands of cameras says nothing that its readers refuse."""
    assert len(state.pack(replace(DOOR, reason="a, " * 100_000))) < 2000


@given(data=st.binary(max_size=200) | st.builds(msgpack.packb, JSON))
def test_any_bytes_give_a_state_or_a_wire_error(data: bytes) -> None:
    """Nothing else is raised by what anybody may send."""
    for head in (b"", b"door\0"):
        with suppress(WireError):
            assert isinstance(state.unpack(head + data), CameraState)


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"door", b"door\0", b"door\0\xc1", b"door\0\x93\x01\x02\x03",
        b"door\0" + msgpack.packb({"camera": "door"}),
        b"door\0" + msgpack.packb({"camera": "door", "state": "asleep"}), b"yard" + state.pack(DOOR)[4:],
    ],
)  # fmt: skip
def test_refuses(bad: bytes) -> None:
    """What is not a state, or of another camera than its topic says, is refused."""
    with pytest.raises(WireError):
        state.unpack(bad)


def test_text() -> None:
    """A state reads as a log line."""
    assert str(DOOR) == "door live: h264 64x48"
    assert str(CameraState(camera="door", state=State.OFFLINE, reason="it rains")) == "door offline: it rains"

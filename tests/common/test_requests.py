"""Requests and answers on the wire."""

from contextlib import suppress

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framefan.common import requests
from framefan.common.errors import WireError
from framefan.common.requests import Answer, Clock, Leave, Next

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.integers(-(2**63), 2**64 - 1),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["ask", "camera", "id", "after", "group", "redo", "sent", "seq", "answer", "error"])
ASKED = st.sampled_from(["clock", "next", "leave"])


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        (Clock(sent=7), {"ask": "clock", "sent": 7}),
        (Next(id=1).about(("door",)), {"ask": "next", "camera": "door", "id": 1}),
        (Next(id=1, after=2, producer="aa").about(("door",)),
         {"ask": "next", "camera": "door", "id": 1, "after": 2, "producer": "aa"}),
        (Next(id=1, group="g", redo=2.0).about(("door", "yard")),
         {"ask": "next", "camera": ["door", "yard"], "id": 1, "group": "g", "redo": 2.0}),
        (Next(id=1, group="g").about(()), {"ask": "next", "id": 1, "group": "g"}),
        (Leave(camera="door", seq=3), {"ask": "leave", "camera": "door", "seq": 3}),
        (Answer(answer="next", id=0, producer="aa"), {"answer": "next", "id": 0, "producer": "aa"}),
        (Answer(error="no", id=0), {"error": "no", "id": 0}),
        (Answer(answer="clock", sent=1, received=2, answered=3),
         {"answer": "clock", "sent": 1, "received": 2, "answered": 3}),
    ],
)  # fmt: skip
def test_what_goes_over_the_wire(message: requests.Request | Answer, facts: dict[str, object]) -> None:
    """A message is, key by key, what WIRE.md says, and is understood again; unknown keys are ignored."""
    packed = requests.pack(message)
    assert msgpack.unpackb(packed) == facts
    newer = msgpack.packb(facts | {"weather": {"rain": [1, 2, {}]}})
    for same in (packed, newer):
        found = requests.parse_answer(same) if isinstance(message, Answer) else requests.parse(same)
        assert found == message


def test_the_id_of_what_makes_no_sense() -> None:
    """Who asks nonsense learns which request it was, if that has a number."""
    assert requests.number(msgpack.packb({"ask": "nix", "id": 7})) == 7
    assert requests.number(msgpack.packb({"ask": "nix", "id": -7})) == 0
    assert requests.number(b"\xc1") == 0


def test_refuses_what_is_large_or_deep() -> None:
    """What is over the limits is refused without being looked at, or as soon as it is seen."""
    with pytest.raises(WireError, match="65536 is the most"):
        requests.parse(b"\x81\xa3ask\xdd" + bytes(4) + b"\x90" * 70_000)
    with pytest.raises(WireError, match="not msgpack"):
        requests.parse(b"\x82\xa3ask\xa5clock\xa1x" + b"\x91" * 60_000 + b"\x90")


@given(st.binary(max_size=100) | st.builds(msgpack.packb, st.dictionaries(KEYS, ASKED | VALUES) | VALUES))
def test_any_bytes_are_understood_or_a_wire_error(data: bytes) -> None:
    """Nothing else is raised by what anybody may send."""
    with suppress(WireError):
        assert requests.parse(data).__class__ in (Clock, Next, Leave)
    with suppress(WireError):
        requests.clock_times(requests.parse_answer(data))
    assert requests.number(data) >= 0

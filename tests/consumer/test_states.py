"""What is told of cameras, while it is told and afterwards."""

import time

from framefan.common import state
from framefan.common.address import CameraAddress
from framefan.common.state import CameraState, State
from framefan.consumer.states import States

DOOR = CameraAddress.parse("tcp://127.0.0.1/door")


def test_age_goes_on_in_silence() -> None:
    """A producer that tells nothing more does not keep its last frame young."""
    states = States(DOOR, ("door",), {})
    states.put(state.pack(CameraState(camera="door", state=State.LIVE, age=0.5, since=2.0)))
    time.sleep(0.3)
    told = states.get("")
    assert told.age is not None
    assert told.age > 0.75
    assert told.since > 2.25


def test_no_age_before_the_first_frame() -> None:
    """Of a camera without a frame there is no age to go on."""
    states = States(DOOR, ("door",), {})
    states.put(state.pack(CameraState(camera="door", state=State.CONNECTING)))
    assert states.get("").age is None

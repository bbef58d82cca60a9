"""Slots of time on the clock of a camera's producer, which may be any."""

import time

import pytest

from framefan.common.frame import Frame, Uses
from framefan.consumer.interval import Interval
from framefan.consumer.slots import Slots

SECOND = 1_000_000_000


def frame(ahead: int) -> Frame:
    """Return a frame of now, whose producer's wall clock is ahead of ours by so many seconds."""
    now = time.monotonic_ns()
    return Frame(
        camera="door",
        seq=1,
        run="1",
        captured_ns=time.time_ns() + ahead * SECOND,
        width=64,
        height=48,
        quality=80,
        decode_ns=0,
        encode_ns=0,
        data=memoryview(b""),
        local_ns=now,
        place=None,
        uses=Uses(),
    )


@pytest.mark.parametrize("step", [-100, 100])
def test_a_clock_that_is_set(step: int) -> None:
    """When the producer's clock is set, slots are judged by the new one from the next sample on."""
    slots = Slots(Interval(seconds=2.0))
    slots.takes(frame(0))
    assert slots.takes(frame(2))
    assert slots.takes(frame(2 + step))
    assert not slots.overdue()
    assert not slots.skipped(frame(2 + step))

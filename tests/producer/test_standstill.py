"""The moment at which packets came in, when this process was stopped meanwhile: a clock that the test sets."""

import threading
import time
from collections.abc import Callable

import pytest

from framefan.producer.arrival import Arrival
from framefan.producer.standstill import Standstill

SECOND = 1_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Set the time, ns, of which nothing passes by itself; no thread ticks."""
    now = [100 * SECOND]
    monkeypatch.setattr(Arrival, "now", lambda: Arrival(now[0], now[0]))
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    return now


@pytest.fixture
def tick(clock: list[int], monkeypatch: pytest.MonkeyPatch) -> Callable[[Standstill], None]:
    """Let the thread tick once."""

    class Enough(Exception):
        """Ends the loop."""

    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) % 2 == 0:
            raise Enough

    monkeypatch.setattr(time, "sleep", nap)

    def once(standstill: Standstill) -> None:
        with pytest.raises(Enough):
            standstill._run()

    return once


def read(standstill: Standstill, clock: list[int], waited: float) -> float:
    """Read a packet that was waited for so many seconds, and return how long ago it is said to have come in, s."""
    asked = clock[0]
    clock[0] += int(waited * SECOND)
    return (clock[0] - standstill.arrival(Arrival.now(), asked).monotonic_ns) / SECOND


def test_packets_are_of_now(clock: list[int], tick: Callable[[Standstill], None]) -> None:
    """While nothing is stopped, packets are of the moment at which they were read, early, late, or at once."""
    standstill = Standstill()
    for waited in (0.04, 0.0, 0.3, 0.9, 0.0):
        assert read(standstill, clock, waited) == 0
        tick(standstill)


def test_a_slow_camera_is_no_standstill(clock: list[int], tick: Callable[[Standstill], None]) -> None:
    """A packet that comes after a minute is of now as long as the thread has ticked all the time."""
    standstill = Standstill()
    asked = clock[0]
    for _ in range(240):
        clock[0] += SECOND // 4
        tick(standstill)
    assert standstill.arrival(Arrival.now(), asked) == Arrival.now()


def test_a_camera_that_sends_two_at_a_time(clock: list[int], tick: Callable[[Standstill], None]) -> None:
    """After a standstill, pictures that come in pairs are soon of now, though the second of each is there at once."""
    standstill = Standstill()
    clock[0] += 3 * SECOND
    tick(standstill)
    ages = [read(standstill, clock, waited) for _ in range(10) for waited in (0.08, 0.0)]
    assert ages[0] > 3
    assert ages[-10:] == [0] * 10


@pytest.mark.parametrize("first", ["thread", "reader"])
def test_what_the_kernel_kept_is_old(clock: list[int], tick: Callable[[Standstill], None], first: str) -> None:
    """After a standstill, packets that are there at once are of its beginning; what is waited for for long is of now.

    It is all the same who notices first, and that the reader has to wait for its turn once.
    """
    standstill = Standstill()
    asked = clock[0]
    clock[0] += 60 * SECOND
    if first == "thread":
        tick(standstill)
    assert standstill.arrival(Arrival.now(), asked).monotonic_ns == asked
    if first == "reader":
        tick(standstill)
    for _ in range(50):
        assert read(standstill, clock, 0.0005) > 60
    assert read(standstill, clock, 0.04) > 60
    assert read(standstill, clock, 0.0) > 60
    assert [read(standstill, clock, 0.04) > 60 for _ in range(3)] == [True, True, False]
    assert read(standstill, clock, 0.03) == 0
    assert read(standstill, clock, 0.0) == 0

"""What the hub knows of a camera, by a clock of the test's own."""

import pytest

from framefan.common.state import State
from framefan.common.wire import Stamp
from framefan.producer.status import Status


class Clock:
    """A monotonic clock that stands still until it is set on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return seconds."""
        return self.now

    def monotonic_ns(self) -> int:
        """Return nanoseconds."""
        return int(self.now * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the status and its rates look at."""
    made = Clock()
    monkeypatch.setattr("framefan.producer.status.time", made)
    monkeypatch.setattr("framefan.common.statistics.time", made)
    return made


def fed(clock: Clock, fps: float, frames: int) -> Status:
    """Return the status of a camera that has been live for so many frames."""
    status = Status("door")
    status.enter(State.LIVE)
    for seq in range(1, frames + 1):
        clock.now += 1 / fps
        status.frame(Stamp("door", seq, clock.monotonic_ns(), 0), b"")
    return status


def test_rate_and_age(clock: Clock) -> None:
    """A live camera tells its rate; the age counts on."""
    status = fed(clock, 25, 100)
    assert status.snapshot(0).fps == pytest.approx(25)
    clock.now += 0.5
    assert status.snapshot(0).age == pytest.approx(0.5)


def test_rate_is_zero_when_stale(clock: Clock) -> None:
    """Ten seconds after the last frame the rate is 0, whatever the state says."""
    status = fed(clock, 25, 100)
    clock.now += 11
    assert status.snapshot(0).fps == 0


@pytest.mark.parametrize(("fps", "stalled", "lost"), [(25, 10, 20), (0.2, 15, 30)])
def test_limits_follow_the_rate(clock: Clock, fps: float, stalled: float, lost: float) -> None:
    """Stalled after 10 s or three intervals, lost after 20 s or six."""
    status = fed(clock, fps, 100)
    clock.now += stalled - 0.1
    assert not status.stalled
    clock.now += 0.2
    assert status.stalled
    clock.now += lost - stalled - 0.3
    assert not status.lost_for(0)
    clock.now += 0.4
    assert status.lost_for(0)
    assert not status.lost_for(5)


def test_stalls_are_counted_once(clock: Clock) -> None:
    """A stall counts when it begins, and frames that come again end it."""
    status = fed(clock, 25, 100)
    clock.now += 11
    assert status.enter(State.STALLED, "no frame comes")
    assert not status.enter(State.STALLED, "no frame comes")
    assert status.snapshot(0).stalls == 1
    status.frame(Stamp("door", 101, clock.monotonic_ns(), 0), b"")
    assert status.fresh
    assert not status.stalled


def test_since_restarts_with_the_state_not_with_the_reason(clock: Clock) -> None:
    """Since tells for how long the state holds; another reason for it does not start it over."""
    status = Status("door")
    status.enter(State.OFFLINE, "connection refused")
    clock.now += 5
    assert status.enter(State.OFFLINE, "no answer")
    assert status.snapshot(0).since == pytest.approx(5)


def test_live_before_the_first_frame_is_no_stall(clock: Clock) -> None:
    """That a camera is live may be heard before its first frame is."""
    status = Status("door")
    status.enter(State.LIVE)
    assert not status.stalled


def test_an_outage_is_no_interval(clock: Clock) -> None:
    """After an hour's outage the watchdog is as quick as before."""
    status = fed(clock, 25, 100)
    clock.now += 3600
    for seq in range(101, 111):
        status.frame(Stamp("door", seq, clock.monotonic_ns(), 0), b"")
        clock.now += 0.04
    clock.now += 11
    assert status.stalled


def test_a_new_capture_is_not_judged_by_the_old_ones_frames(clock: Clock) -> None:
    """That the last frame is old says nothing of a capture that has just begun."""
    status = fed(clock, 25, 100)
    clock.now += 100
    status.begin_life()
    assert not status.stalled
    assert not status.lost_for(0)


def test_older_frames_are_refused(clock: Clock) -> None:
    """A number that is not above the last one is not taken."""
    status = fed(clock, 25, 10)
    assert not status.frame(Stamp("door", 10, clock.monotonic_ns(), 0), b"")
    assert status.frame(Stamp("door", 11, clock.monotonic_ns(), 0), b"")

"""What the hub knows of a camera, by a clock of the test's own."""

import pytest

from framefan.common.state import State
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
        status.heard(seq, clock.monotonic_ns())
    return status


def test_age_counts_on(clock: Clock) -> None:
    """The age of the last frame counts on."""
    status = fed(clock, 25, 100)
    clock.now += 0.5
    assert status.snapshot(0, 25.0).age == pytest.approx(0.5)


def test_rate_is_what_the_capture_tells_as_long_as_it_does(clock: Clock) -> None:
    """A capture that tells nothing any more has no rate; who has no capture is told so."""
    status = fed(clock, 25, 100)
    assert status.fps is None
    status.fps = 25.0
    assert status.fps == 25.0
    clock.now += 4
    assert status.fps == 0.0


def test_only_a_live_camera_has_a_rate(clock: Clock) -> None:
    """Whatever was measured before, a camera that is not live gives no frames."""
    status = fed(clock, 25, 100)
    assert status.snapshot(0, 25.0).fps == 25.0
    status.enter(State.STALLED)
    assert status.snapshot(0, 25.0).fps == 0.0


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
    assert status.snapshot(0, 0.0).stalls == 1
    status.heard(101, clock.monotonic_ns())
    assert status.fresh
    assert not status.stalled


def test_since_restarts_with_the_state_not_with_the_reason(clock: Clock) -> None:
    """Since tells for how long the state holds; another reason for it does not start it over."""
    status = Status("door")
    status.enter(State.OFFLINE, "connection refused")
    clock.now += 5
    assert status.enter(State.OFFLINE, "no answer")
    assert status.snapshot(0, 0.0).since == pytest.approx(5)


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
        status.heard(seq, clock.monotonic_ns())
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


def test_frames_that_nobody_wanted_are_no_interval(clock: Clock) -> None:
    """Pictures that are told of once a second count each, so that the watchdog knows the camera's own rate."""
    status = fed(clock, 25, 100)
    for second in range(1, 60):
        clock.now += 1
        status.heard(100 + 25 * second, clock.monotonic_ns())
    clock.now += 10.1
    assert status.stalled


def test_what_a_capture_said_before_may_be_outdated(clock: Clock) -> None:
    """Whether a frame is the newest is known from what the capture has told since; without a capture it always is."""
    status = fed(clock, 25, 100)
    assert status.spoke_since(clock.now)
    status.fps = 25.0
    clock.now += 0.5
    assert not status.spoke_since(clock.now)
    status.fps = 25.0
    assert status.spoke_since(clock.now)

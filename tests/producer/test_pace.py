"""Paces: which of a camera's pictures remain when fewer are asked for."""

import random
from itertools import pairwise

import pytest

from framefan.producer.rendition import Pace

START = 123_456_789_000


def chosen(pace: Pace, camera: float, *, jitter: float = 0.0, seconds: int = 60, seed: int = 0) -> list[int]:
    """Return the numbers of the pictures that are due, of a camera of so many fps.

    Each is captured up to `jitter` of an interval too early or too late.
    """
    deviation = random.Random(seed)
    times = [(number + deviation.uniform(-jitter, jitter)) / camera for number in range(round(camera * seconds))]
    return [number for number, time in enumerate(times) if pace.due(START + round(time * 1e9))]


def steps(numbers: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(numbers)]


def settled(numbers: list[int], camera: float) -> list[int]:
    """Leave out the first two seconds, in which a pace learns the camera's own."""
    return [number for number in numbers if number > 2 * camera]


@pytest.mark.parametrize(
    ("camera", "fps", "expected"), [(25, 5, {5}), (30, 10, {3}), (30, 1, {30}), (25, 10, {2, 3}), (15, 10, {1, 2})]
)
def test_even(camera: int, fps: int, expected: set[int]) -> None:
    """Of a steady camera every fifth picture is taken, or the second and the third in turns."""
    taken = steps(settled(chosen(Pace(fps), camera), camera))
    assert set(taken) == expected
    if len(expected) == 2:
        assert all(one != other for one, other in pairwise(taken))


@pytest.mark.parametrize("jitter", [0.0, 0.2, 0.4])
@pytest.mark.parametrize(
    ("camera", "fps"), [(25, 1), (25, 5), (25, 10), (25, 12), (25, 20), (25, 24), (30, 25), (15, 10), (29.97, 25)]
)
def test_rate(camera: float, fps: int, jitter: float) -> None:
    """Whatever the ratio and the jitter, the rate is met within 3 %, from the first minute on."""
    for seed in range(10):
        numbers = chosen(Pace(fps), camera, jitter=jitter, seed=seed)
        assert len(numbers) / 60 == pytest.approx(fps, rel=0.03)
        assert max(steps(settled(numbers, camera))) <= camera / fps + 2


@pytest.mark.parametrize("jitter", [0.0, 0.4])
@pytest.mark.parametrize(("camera", "fps"), [(25, 25), (25.02, 25), (29.97, 30), (25, 30), (20, 25), (5, 1000)])
def test_nothing_is_lost_of_slow_cameras(camera: float, fps: int, jitter: float) -> None:
    """A camera that is no faster than asked keeps every picture, though no clock is exact."""
    for seed in range(10):
        count = round(camera * 60)
        assert len(chosen(Pace(fps), camera, jitter=jitter, seed=seed)) >= 0.998 * count


def test_jitter_hardly_matters() -> None:
    """With each picture up to 40 % of an interval out of time it is still every fifth one, nearly always."""
    taken = steps(settled(chosen(Pace(5), 25, jitter=0.4), 25))
    assert sum(step == 5 for step in taken) >= 0.9 * len(taken)
    assert set(taken) <= {4, 5, 6}


def test_slow_drift_of_the_clock() -> None:
    """Intervals that are random without a grid behind them (each +-40 %) keep the rate."""
    deviation, pace, now, count = random.Random(1), Pace(5), START, 0
    for _ in range(25 * 60):
        now += round(40e6 * deviation.uniform(0.6, 1.4))
        count += pace.due(now)
    assert count / 60 == pytest.approx(5, rel=0.03)


@pytest.mark.parametrize("jump", [10_000_000_000, 3_600_000_000_000, -3_600_000_000_000, -5_000_000_000])
def test_gaps_and_jumps(jump: int) -> None:
    """After a gap or a jump of the clock the next picture is due, and the rate is as before; nothing is made up."""
    pace = Pace(5)
    before = [pace.due(START + number * 40_000_000) for number in range(250)]
    after = [pace.due(START + 10_000_000_000 + jump + number * 40_000_000) for number in range(250)]
    assert after[0]
    assert sum(before) == pytest.approx(50, abs=1)
    assert sum(after) == pytest.approx(50, abs=1)


def test_camera_that_changes_its_rate() -> None:
    """A camera that becomes slower by night is still seen at the wanted rate, or at its own."""
    pace = Pace(5)
    times = [number * 40_000_000 for number in range(250)]
    times += [times[-1] + number * 250_000_000 for number in range(1, 41)]
    times += [times[-1] + number * 40_000_000 for number in range(1, 251)]
    due = [pace.due(START + time) for time in times]
    assert all(due[250:290])
    assert sum(due[290:]) == pytest.approx(50, abs=3)

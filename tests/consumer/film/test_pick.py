"""Which pictures of a film are wanted."""

from fractions import Fraction

import pytest

from framefan.common.errors import OptionError
from framefan.consumer.film.pick import Pick, Position, moment
from framefan.consumer.interval import Interval

FILM = [Position(number, Fraction(number, 25), number % 30 == 0) for number in range(250)]


def numbers(pick: Pick) -> list[int]:
    return [position.number for position in pick.of(FILM)]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("100f", [0, 100, 200]),
        ("2s", [0, 50, 100, 150, 200]),
        ("2500ms", [0, 63, 125, 188]),
        ("1ms", list(range(250))),
        ("keyframe", [0, 30, 60, 90, 120, 150, 180, 210, 240]),
    ],
)
def test_every(every: str, expected: list[int]) -> None:
    """Every N-th picture, the first one of each slot of time, or every keyframe."""
    assert numbers(Pick(Interval.parse(every))) == expected


def test_a_part_gives_the_same_as_the_whole() -> None:
    """From and to choose among what would be wanted of the whole: from on, and before to."""
    assert numbers(Pick(Interval.parse("100f"), start=4.0, end=8.0)) == [100]
    assert numbers(Pick(Interval.parse("2s"), start=3.0, end=7.0)) == [100, 150]
    assert numbers(Pick(Interval.parse("2s"), start=4.0, count=2)) == [100, 150]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:10:00", 600), ("1:02:03.5", 3723.5), ("10:00", 600), ("90s", 90), ("10m", 600), ("0", 0), ("00:00", 0)],
)
def test_moments(text: str, seconds: float) -> None:
    """Moments are written as clocks or as durations."""
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["", "00:60", "1:2:3:4", "-1s", "10x", ":10"])
def test_no_moments(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="is not a moment of a film"):
        moment(text)


def test_no_interval() -> None:
    """What is no interval is told with examples."""
    with pytest.raises(OptionError, match="such as 10s, 500ms, 250f or keyframe"):
        Interval.parse("keyframes")

"""Rates and ages."""

import pytest

from framefan.common.statistics import Ages, Lately, Rate


def test_rate_of_a_steady_stream() -> None:
    """Events every 40 ms are 25 a second."""
    rate = Rate()
    for number in range(100):
        rate.tick(number * 0.04)
    assert rate.value(99 * 0.04) == pytest.approx(25)


def test_rate_falls_when_events_stop() -> None:
    """A rate goes down with silence and reads 0 when the window is empty."""
    rate = Rate()
    for number in range(26):
        rate.tick(number * 0.04)
    assert rate.value(2.0) == pytest.approx(12.8, abs=0.5)
    assert rate.value(12.0) == 0.0


def test_rate_of_nothing() -> None:
    """No event or one is no rate."""
    rate = Rate()
    assert rate.value(0.0) == 0.0
    rate.tick(0.0)
    assert rate.value(0.0) == 0.0


def test_lately() -> None:
    """Rare events are counted for an hour."""
    lately = Lately()
    assert lately.value(0.0) == 0
    lately.tick(0.0)
    lately.tick(1800.0)
    assert [lately.value(now) for now in (1800.0, 3601.0, 5401.0)] == [2, 1, 0]


def test_ages() -> None:
    """Median and 95th percentile of what was seen."""
    ages = Ages()
    assert ages.percentiles() == (0.0, 0.0)
    for number in range(1, 101):
        ages.add(number / 100)
    median, p95 = ages.percentiles()
    assert median == pytest.approx(0.505)
    assert p95 == pytest.approx(0.96, abs=0.01)

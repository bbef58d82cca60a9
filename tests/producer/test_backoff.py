"""Waits between attempts."""

import random

import pytest

from framefan.producer.backoff import Backoff


def test_waits_double_up_to_half_a_minute() -> None:
    """1, 2, 4 ... 30 s, each at most 20 % off."""
    backoff = Backoff(random.Random(1))
    waits = [backoff.next(live_for=0, refused=False) for _ in range(8)]
    for wait, plain in zip(waits, (1, 2, 4, 8, 16, 30, 30, 30), strict=True):
        assert 0.8 * plain <= wait <= 1.2 * plain
    assert len(set(waits)) == 8


def test_short_lives_do_not_start_it_over() -> None:
    """A camera that comes and goes is not healthy; one with a minute of frames is."""
    backoff = Backoff(random.Random(1))
    for _ in range(5):
        backoff.next(live_for=10, refused=False)
    assert backoff.next(live_for=10, refused=False) > 20
    assert backoff.next(live_for=60, refused=False) == pytest.approx(1, abs=0.2)


def test_refused_waits_a_minute() -> None:
    """A camera that said no is left alone for a minute."""
    assert Backoff().next(live_for=0, refused=True) == 60

"""Time between hosts."""

import time

from framefan.common.clock import Offset, boot_id

SECOND = 1_000_000_000


def test_boot_id_is_the_same_for_every_process_of_a_host() -> None:
    """Two calls agree."""
    assert boot_id() == boot_id() != ""


def test_same_host_is_exact() -> None:
    """On one host a moment is the same number on both ends."""
    assert Offset().local(123, 456, boot_id()) == 123


def test_other_host_by_exchange() -> None:
    """An exchange over a symmetric path gives the offset exactly; the fastest of several counts."""
    offset = Offset()
    theirs = 1000 * SECOND  # their clock is 1000 s ahead
    offset.update(0, theirs + 80, theirs + 90, 100)  # 75 ns out, 15 ns back: skewed by 30 ns
    offset.update(200, theirs + 210, theirs + 210, 220)  # 10 ns each way
    assert offset.local(theirs + 500, 0, "another boot") == 500


def test_a_clock_that_stood_still() -> None:
    """Suspended hosts have clocks that stand still: exchanges from before no longer count, however fast they were."""
    offset = Offset()
    for sent in range(8):
        offset.update(sent, sent + 5, sent + 5, sent + 10)
    asleep = 3600 * SECOND
    offset.update(SECOND, SECOND - asleep, SECOND - asleep, SECOND + 50_000_000)
    assert abs(offset.local(2 * SECOND - asleep, 0, "another boot") - 2 * SECOND) <= 25_000_000
    uncertainty = offset.uncertainty("another boot")
    assert uncertainty == 0.025


def test_slow_exchanges_are_no_steps() -> None:
    """However long an exchange is under way, and on whichever leg, those before count on."""
    offset = Offset()
    offset.update(0, 5, 5, 10)
    offset.update(0, 3 * SECOND, 3 * SECOND, 3 * SECOND + 5)
    offset.update(0, 5, 5, 3 * SECOND)
    assert offset.uncertainty("another boot") == 5e-9


def test_uncertainty_is_half_of_the_least_delay() -> None:
    """However skewed the path, the error is within the uncertainty; on the same host there is none."""
    offset = Offset()
    assert offset.uncertainty("another boot") is None
    offset.update(0, 5_080_000_000, 5_080_000_000, 100_000_000)  # their clock is 5 s ahead: 80 ms out, 20 ms back
    assert offset.uncertainty("another boot") == 0.05
    assert abs(offset.local(5_000_000_000, 0, "another boot")) <= 50_000_000
    offset.update(0, 5_090_000_000, 5_290_000_000, 400_000_000)  # under way for longer, whatever the answer took
    assert offset.uncertainty("another boot") == 0.05
    assert offset.uncertainty(boot_id()) == 0.0


def test_other_host_before_an_exchange_by_wall_clock() -> None:
    """Until the first answer both wall clocks are believed."""
    moment = Offset().local(7, time.time_ns() - 2 * SECOND, "another boot")
    assert abs(time.monotonic_ns() - moment - 2 * SECOND) < SECOND // 2


def test_clear() -> None:
    """After a new connection old exchanges count no more."""
    offset = Offset()
    for _ in range(8):
        offset.update(0, 5, 5, 10)
    assert offset.settled
    offset.clear()
    assert not offset.settled

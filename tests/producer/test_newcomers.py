"""When a last frame is sent again, by times of the test's own."""

from framefan.producer.newcomers import Newcomers


def test_a_newcomer_has_some_turns() -> None:
    """A topic comes up at once and a few times more, then no more."""
    newcomers = Newcomers()
    newcomers.add("door", 100.0, told_since=99.0)
    found = [now for now in range(1000, 1060) for due in newcomers.due(now / 10) if due == ("door", 99.0)]
    assert found == [1000, 1002, 1010, 1030]


def test_many_newcomers_share_turns() -> None:
    """Whoever comes next is not forgotten, and thousands make no more turns than the time between them allows."""
    newcomers, found = Newcomers(), []
    for tick in range(1000):
        newcomers.add("door", tick / 100, told_since=0.0)
        found += [tick for _ in newcomers.due(tick / 100)]
    assert len(found) <= 51
    found = [tick for tick in range(1000, 1400) for _ in newcomers.due(tick / 100)]
    assert found[-1] > 1250


def test_names_leave_nothing_behind() -> None:
    """Thousands of topics cost no memory."""
    newcomers = Newcomers()
    for number in range(5000):
        newcomers.add(f"door?width={number}", 100.0, told_since=0.0)
    assert len(list(newcomers.due(100.0))) == 1000
    for now in (101.0, 103.1, 103.4):
        list(newcomers.due(now))
    assert not list(newcomers.due(110.0))

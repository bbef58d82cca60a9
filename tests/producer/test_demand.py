"""Who wants which frames, by a clock of the test's own."""

import pytest

from framefan.producer.demand import LINGER, Demand


class Clock:
    """A monotonic clock that stands still until it is set on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that demand looks at."""
    made = Clock()
    monkeypatch.setattr("framefan.producer.demand.time", made)
    return made


def test_what_is_watched_is_wanted_and_for_a_while_after(clock: Clock) -> None:
    """Each rendition is wanted from its first watcher on, until some time after its last."""
    demand = Demand()
    assert demand.wanted("door") == []
    for topic in ("door", "door", "door?width=640", "yard?fps=1"):
        demand.watch(topic)
    assert (demand.wanted("door"), demand.wanted("yard")) == (["", "width=640"], ["fps=1"])
    assert (demand.watchers("door"), demand.watchers("yard")) == (2, 0)
    demand.leave("door")
    assert demand.watchers("door") == 1
    demand.leave("door")
    demand.leave("yard?fps=1")
    assert demand.topics("door") == ["door?width=640"]
    clock.now += LINGER - 0.1
    assert (demand.wanted("door"), demand.wanted("yard")) == (["width=640", ""], ["fps=1"])
    clock.now += 0.2
    assert (demand.wanted("door"), demand.wanted("yard")) == (["width=640"], [])


def test_who_comes_back_is_not_forgotten(clock: Clock) -> None:
    """A watcher that leaves and comes back within the time stays, as others do."""
    demand = Demand()
    demand.watch("door")
    demand.leave("door")
    clock.now += 1
    demand.watch("door")
    clock.now += LINGER
    assert demand.wanted("door") == [""]


def test_pixels_and_jpeg_have_their_watchers_in_common() -> None:
    """Who turns from one to the other is one and the same."""
    demand = Demand()
    for topic in ("door", "door?raw=1", "door?quality=50"):
        demand.watch(topic)
    assert (demand.watchers("door"), demand.watchers("door?raw=1")) == (2, 3)


def test_who_listens_wants_no_frames() -> None:
    """What is asked for is known, but only what is watched is wanted."""
    demand = Demand()
    demand.listen("door?width=64")
    assert (demand.topics("door"), demand.wanted("door")) == (["door?width=64"], [])
    demand.stop_listening("door?width=64")
    demand.forget(())
    assert not demand.cameras


def test_names_leave_nothing_behind(clock: Clock) -> None:
    """Thousands of renditions that come and go cost no memory, nor do cameras that are not here."""
    demand = Demand()
    for number in range(5000):
        for topic in (f"door?width={number}", f"name{number}"):
            demand.watch(topic)
            demand.leave(topic)
    demand.forget(("door",))
    assert len(demand.wanted("door")) == 100
    assert list(demand.cameras) == ["door"]
    clock.now += LINGER + 1
    demand.forget(("door",))
    assert not demand.cameras


def test_strangers_are_connections_without_a_watcher(clock: Clock) -> None:
    """A connection for frames that no watcher accounts for is a stranger's, once it has lasted."""
    demand, made = Demand(), {"door": ("",)}
    assert not demand.has_strangers(made)
    demand.connections = 1
    assert not demand.has_strangers(made)
    demand.watch("door")  # it was one of ours
    clock.now += 1
    assert not demand.has_strangers(made)
    demand.connections = 2
    assert not demand.has_strangers(made)
    clock.now += 1
    assert demand.has_strangers(made)
    demand.connections = 1
    clock.now += LINGER - 0.1
    assert demand.has_strangers(made)
    clock.now += 0.2
    assert not demand.has_strangers(made)


def test_names_do_not_hide_strangers(clock: Clock) -> None:
    """A peer that watches many things that are not made accounts for one connection."""
    demand, made = Demand(), {"door": ("",)}
    for number in range(100):
        demand.watch(f"name{number}")
    demand.listeners, demand.connections = 1, 1
    demand.has_strangers(made)
    clock.now += 1
    assert not demand.has_strangers(made)
    demand.connections = 2
    demand.has_strangers(made)
    clock.now += 1
    assert demand.has_strangers(made)

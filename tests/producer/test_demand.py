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
    assert demand.wanted() == {}
    for topic in ("door", "door", "door?width=640", "yard?fps=1"):
        demand.watch(topic)
    assert demand.wanted() == {"door": ["", "width=640"], "yard": ["fps=1"]}
    assert (demand.watchers("door"), demand.watchers("yard")) == (2, 0)
    demand.leave("door")
    assert demand.watchers("door") == 1
    demand.leave("door")
    demand.leave("yard?fps=1")
    assert demand.topics == ["door?width=640"]
    clock.now += LINGER - 0.1
    assert demand.wanted() == {"door": ["width=640", ""], "yard": ["fps=1"]}
    clock.now += 0.2
    assert demand.wanted() == {"door": ["width=640"]}


def test_who_comes_back_is_not_forgotten(clock: Clock) -> None:
    """A watcher that leaves and comes back within the time stays, as others do."""
    demand = Demand()
    demand.watch("door")
    demand.leave("door")
    clock.now += 1
    demand.watch("door")
    clock.now += LINGER
    assert demand.wanted() == {"door": [""]}


def test_strangers_are_connections_without_a_watcher(clock: Clock) -> None:
    """A connection for frames that no watcher accounts for is a stranger's, once it has lasted."""
    demand = Demand()
    assert not demand.has_strangers()
    demand.connections = 1
    assert not demand.has_strangers()
    demand.watch("door")  # it was one of ours
    clock.now += 1
    assert not demand.has_strangers()
    demand.connections = 2
    assert not demand.has_strangers()
    clock.now += 1
    assert demand.has_strangers()
    demand.connections = 1
    clock.now += LINGER - 0.1
    assert demand.has_strangers()
    clock.now += 0.2
    assert not demand.has_strangers()

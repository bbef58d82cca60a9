"""Who has just come to watch, and may have to wait long for a slow camera's next frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

_AGAIN = (0.0, 0.2, 1.0, 3.0)
"""Seconds after which the last frame is sent again: the connection for frames may be ready later than for states."""
_APART = 0.2
"""Seconds between two times, however many come."""
_MOST = 1000
"""Topics at once."""


@dataclass(slots=True)
class _Turn:
    since: float
    told_since: float
    sent: float = -inf

    def due(self) -> float:
        return next((self.since + delay for delay in _AGAIN if self.since + delay > self.sent), inf)


class Newcomers:
    """The topics whose last frame is to be sent again, each a few times for however many have come."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def add(self, topic: str, now: float, told_since: float) -> None:
        """Take in that somebody has come.

        Args:
            topic: which he watches.
            now: monotonic s.
            told_since: from when on it must have been heard that the last frame is the newest, monotonic s.
        """
        if turn := self._turns.get(topic):
            turn.since, turn.told_since = now, max(turn.told_since, told_since)
        elif len(self._turns) < _MOST:
            self._turns[topic] = _Turn(now, told_since)

    def due(self, now: float) -> Iterator[tuple[str, float]]:
        """Yield the topics whose turn has come, and since when it must have been heard of them."""
        for topic, turn in list(self._turns.items()):
            if turn.due() <= now and now - turn.sent >= _APART:
                turn.sent = now
                yield topic, turn.told_since
            if turn.due() == inf:
                del self._turns[topic]

"""What is due to be said at the states socket: each state once per pass, however often it is asked for."""

from collections.abc import Callable, Iterable
from itertools import islice

from ..common.internal_errors import Containment

_MOST_OTHERS = 200
"""States per pass of what is not here, or not made: anybody may ask for thousands."""


class Announcements:
    """The topics whose states are due.

    Args:
        send: publishes the state of a topic.
        containment: keeps an error in one state from holding up the others.
    """

    def __init__(self, send: Callable[[str], None], containment: Containment) -> None:
        self._send = send
        self._containment = containment
        self._ours: dict[str, None] = {}
        self._others: dict[str, None] = {}

    def add(self, topics: Iterable[str], *, ours: bool) -> None:
        """Have the states of topics said in this pass, or those that are not ours as soon as their turn comes."""
        (self._ours if ours else self._others).update(dict.fromkeys(topics))

    def make(self) -> None:
        """Say what is due."""
        due = [*self._ours, *islice(self._others, _MOST_OTHERS)]
        for topic in due:
            self._others.pop(topic, None)
            with self._containment.contain(topic):
                self._send(topic)
        self._ours.clear()

"""How long to wait before a camera is tried again."""

import random

_FIRST, _LONGEST = 1.0, 30.0
_JITTER = 0.2
_REFUSED = 60.0
"""Seconds after 401 and the like: cameras lock accounts that are tried too often."""
_STEADY = 60.0
"""Seconds of frames after which the camera counts as healthy again."""


class Backoff:
    """Waits of 1, 2, 4 ... 30 s, each 20 % shorter or longer by chance, so that cameras do not come back in step."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self.attempts = 0

    def next(self, *, live_for: float, refused: bool) -> float:
        """Return the seconds to wait after a life in which frames came for `live_for` seconds."""
        if live_for >= _STEADY:
            self.attempts = 0
        self.attempts += 1
        if refused:
            return _REFUSED
        wait = min(_LONGEST, _FIRST * 2.0 ** min(self.attempts - 1, 10))
        return wait * self._chance.uniform(1 - _JITTER, 1 + _JITTER)

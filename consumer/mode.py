"""How frames come: all of them by themselves, or one for each time that somebody asks."""

import enum
from dataclasses import dataclass

_SPAN = 5.0
_FRAMES = 8
"""Seconds and frames of the camera that a judgement takes at least."""
_FEW = 0.25
"""Part of the camera's frames: who takes fewer is better served by asking, and the network with them."""
_THIN = 0.6
"""Part of them that comes in, though somebody waits: with less, frames queue up where nobody can replace them."""
_MOST = 0.8
"""Part of them: who asks and gets nearly all of them, waiting for many, may as well have them sent."""
_WAITS = 0.2


class Mode(enum.StrEnum):
    """How frames come."""

    STREAM = "stream"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened up to a moment.

    Attributes:
        now: the moment, in monotonic seconds.
        received, taken: frames that came in, and that the caller got.
        waited: seconds for which the caller waited.
        polls: how often the caller would not wait at all, but take what is there, which asking has not.
    """

    now: float
    received: int
    taken: int
    waited: float
    polls: int


class Choice:
    """Chooses by what the caller has taken of the camera's frames lately; what it has chosen it does not doubt soon."""

    def __init__(self) -> None:
        self._since: Tally | None = None

    def choose(self, mode: Mode, tally: Tally, fps: float) -> Mode:
        """Return the mode to go on with.

        Args:
            mode: the present one.
            tally: of what has happened so far.
            fps: frames per second of the camera; 0 while it is not live, which says nothing about the caller.
        """
        since = self._since
        if not fps or since is None:
            self._since = tally if fps else None
            return mode
        span = tally.now - since.now
        offered = fps * span
        if span < _SPAN or offered < _FRAMES:
            return mode
        self._since = tally
        received, taken = (tally.received - since.received) / offered, (tally.taken - since.taken) / offered
        waited = (tally.waited - since.waited) / span
        if tally.polls > since.polls:
            return Mode.STREAM
        if mode is Mode.STREAM:
            return Mode.PULL if taken < _FEW or (received < _THIN and waited > _WAITS) else Mode.STREAM
        return Mode.STREAM if taken > _MOST and waited > _WAITS else Mode.PULL

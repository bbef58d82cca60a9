"""What a producer has told of the cameras that a subscriber is about."""

import time
from collections.abc import Mapping
from dataclasses import replace

from ..common import state
from ..common.address import CameraAddress
from ..common.schema import MOST_CAMERAS
from ..common.state import CameraState, State

SILENT = "the producer is silent"
"""The reason as long as no better one is known."""
_FIRST_ANSWER = 1.5
"""Seconds that a producer has for its first state: as many round trips as an opening takes, on a slow link."""
_ORDER = (State.LIVE, State.CONNECTING, State.STALLED, State.OFFLINE, State.REFUSED, State.IDLE, State.UNKNOWN)


class States:
    """The state of one camera, or of several as one.

    Args:
        address: theirs.
        topics: of the cameras; none for all that the producer has.
        raw: theirs by the topics of their pixels in memory.

    Attributes:
        memory_refused: the camera has no pixels in memory for us.
    """

    def __init__(self, address: CameraAddress, topics: tuple[str, ...], raw: Mapping[str, str]) -> None:
        self.memory_refused = False
        self._topics = topics
        self._raw = raw
        first = CameraState(camera=address.topic, state=State.CONNECTING, reason=f"no answer of {address} yet")
        self._told = {address.topic: first}
        self._heard_at = {address.topic: time.monotonic() - state.SILENCE + _FIRST_ANSWER}

    def put(self, message: bytes) -> None:
        """Take in a message.

        Raises:
            WireError: it is no state.
        """
        found = state.unpack(message)
        if found.camera in self._raw:
            if found.state in (State.REFUSED, State.UNKNOWN) and not found.memory:
                self.memory_refused = True
                return
            found = replace(found, camera=self._raw[found.camera])
        every = not self._topics and "?" not in found.camera and found.state is not State.UNKNOWN
        every = every and (found.camera in self._told or len(self._told) < MOST_CAMERAS)
        if every or found.camera in self._topics:
            self._told[found.camera], self._heard_at[found.camera] = found, time.monotonic()
            self._told.pop("", None)

    @property
    def silent(self) -> float:
        """Seconds for which nothing was heard."""
        return time.monotonic() - max(self._heard_at.values())

    def get(self, unreachable: str) -> CameraState:
        """Return the state as last heard; `unreachable`, for the reason given if there is one, after 3 s of silence.

        Of several cameras it is the best one's, with the reasons of those that are not live, all their frames per
        second and the least age.
        """
        silent = self.silent
        told, now = list(self._told.values()), time.monotonic()
        # Of cameras that are no longer there nothing is told any more.
        told = [one for one in told if now - self._heard_at[one.camera] < state.SILENCE] or told
        told = [
            one if one.age is None else replace(one, age=one.age + now - self._heard_at[one.camera]) for one in told
        ]
        found = told[0] if len(told) == 1 else _together(told)
        if silent < state.SILENCE:
            return replace(found, since=found.since + silent)
        return replace(found, state=State.UNREACHABLE, reason=unreachable or SILENT, since=silent, fps=0.0, watchers=0)


def _together(told: list[CameraState]) -> CameraState:
    best = min(told, key=lambda one: _ORDER.index(one.state) if one.state in _ORDER else len(_ORDER))
    return replace(
        best,
        camera=", ".join(one.camera for one in told),
        reason="; ".join(str(one) for one in told if one.state is not State.LIVE),
        fps=sum(one.fps for one in told),
        age=min((one.age for one in told if one.age is not None), default=None),
        watchers=sum(one.watchers for one in told),
    )

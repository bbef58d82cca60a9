"""What the hub knows of a camera from moment to moment."""

import time

from ..common.state import CameraState, State
from ..common.statistics import Lately, Rate
from ..common.wire import Stamp

_STALLED = (10.0, 3)
_LOST = (20.0, 6)
"""Seconds without a frame, or so many of the camera's own intervals, whichever is longer (mediamtx, frigate)."""
_SMOOTHING = 0.1


class Status:
    """The state of one camera. All times are seconds on the monotonic clock.

    Args:
        camera: its name.
        seq: number of its last frame, if it was here before.
    """

    def __init__(self, camera: str, seq: int = 0) -> None:
        self.camera = camera
        self.state = State.CONNECTING
        self.reason = ""
        self.since = time.monotonic()
        self.attempts = 0
        self.codec = ""
        self.size: tuple[int, int] = (0, 0)
        self.encode_ms = 0.0
        self.seq = seq
        self.last_message = b""
        self.stalls = Lately()
        self.reconnects = Lately()
        self._captured_ns: int | None = None
        self._alive_ns: int | None = None
        self._rate = Rate()
        self._interval = 0.0

    def enter(self, state: State, reason: str = "") -> bool:
        """Enter a state; return whether that changes anything."""
        if (state, reason) == (self.state, self.reason):
            return False
        if state is not self.state:
            self.since = time.monotonic()
            if state is State.STALLED:
                self.stalls.tick()
        self.state, self.reason = state, reason
        return True

    def begin_life(self) -> None:
        """Begin with a new capture, which is not to be judged by the frames of the one before."""
        self._alive_ns = None

    @property
    def alive(self) -> bool:
        """True once the present capture has given a frame."""
        return self._alive_ns is not None

    def frame(self, stamp: Stamp, message: bytes) -> bool:
        """Take in a frame; return whether it is newer than the one before."""
        if stamp.seq <= self.seq:
            return False
        if self._alive_ns is not None:
            interval = (stamp.monotonic_ns - self._alive_ns) / 1e9
            if not self._interval:
                self._interval = interval
            elif interval < self._limit(_STALLED):  # an outage is no interval
                self._interval += _SMOOTHING * (interval - self._interval)
        self.seq, self.last_message = stamp.seq, message
        self._captured_ns = self._alive_ns = stamp.monotonic_ns
        self._rate.tick()
        return True

    @property
    def age(self) -> float | None:
        """Seconds since the last frame arrived from the camera; None before the first."""
        return None if self._captured_ns is None else (time.monotonic_ns() - self._captured_ns) / 1e9

    @property
    def fresh(self) -> bool:
        """True if frames come as often as they should."""
        return self.age is not None and self.age <= self._limit(_STALLED)

    @property
    def stalled(self) -> bool:
        """True if frames should come and have not for too long."""
        return self.state is State.LIVE and self.alive and not self.fresh

    def lost_for(self, longer: float) -> bool:
        """Return whether frames have not come for so many seconds longer than any stall may last."""
        return self.alive and (self.age or 0.0) > self._limit(_LOST) + longer

    def _limit(self, limit: tuple[float, int]) -> float:
        seconds, intervals = limit
        return max(seconds, intervals * self._interval)

    def snapshot(self, watchers: int) -> CameraState:
        """Return all of it as the record that travels."""
        return CameraState(
            camera=self.camera,
            state=self.state,
            reason=self.reason,
            since=time.monotonic() - self.since,
            attempts=self.attempts,
            fps=round(self._rate.value(), 2) if self.state is State.LIVE else 0.0,
            age=self.age,
            seq=self.seq,
            width=self.size[0],
            height=self.size[1],
            codec=self.codec,
            encode_ms=self.encode_ms,
            watchers=watchers,
            stalls=self.stalls.value(),
            reconnects=self.reconnects.value(),
        )

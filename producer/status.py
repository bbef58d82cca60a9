"""What the hub knows of a camera from moment to moment."""

import time

from ..common.memory import realm
from ..common.state import CameraState, State
from ..common.statistics import Lately

_STALLED = (10.0, 3)
_LOST = (20.0, 6)
"""Seconds without a frame, or so many of the camera's own intervals, whichever is longer (mediamtx, frigate)."""
_SMOOTHING = 0.1
_SPOKEN = 3.0
"""Seconds for which a capture's word about its rate holds; it comes every second."""


class Status:
    """The state of one camera. All times are seconds on the monotonic clock.

    Args:
        camera: its name.
        seq: number of its last frame, if it was here before.
        most_renditions: how many it may have besides the original.

    Attributes:
        via: ids of the producers by which it comes, this one last.
        counted: stalls and reconnects of the last hour, where another producer counts them.
        refusals: why the producer that makes renditions refuses some.
        renditions: width, height (pixels) and milliseconds of encoding of those that are made.
        raw: its pixels can be put into shared memory.
    """

    def __init__(self, camera: str, seq: int = 0, most_renditions: int = 0) -> None:
        self.camera = camera
        self.most_renditions = most_renditions
        self.state = State.CONNECTING
        self.reason = ""
        self.since = time.monotonic()
        self.attempts = 0
        self.codec = ""
        self.size: tuple[int, int] = (0, 0)
        self.encode_ms = 0.0
        self.seq = seq
        self.idle = False
        self.via = ""
        self.counted: tuple[int, int] | None = None
        self.refusals: dict[str, str] = {}
        self.renditions: dict[str, tuple[int, int, float]] = {}
        self.raw = False
        self.stalls = Lately()
        self.reconnects = Lately()
        self._captured_ns: int | None = None
        self._alive_ns: int | None = None
        self._interval = 0.0
        self._fps: tuple[float, float] | None = None

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

    def begin_numbers(self) -> None:
        """Begin with numbers from the start, as the producer does that the camera comes from."""
        self.seq, self._captured_ns = 0, None
        self.begin_life()

    @property
    def alive(self) -> bool:
        """True once the present capture has given a frame."""
        return self._alive_ns is not None

    def heard(self, seq: int, captured_ns: int) -> None:
        """Take in that the camera has given a picture, whether or not it was published.

        Args:
            seq: its number.
            captured_ns: when it arrived, on the monotonic clock, ns.
        """
        if seq <= self.seq:
            return
        if self._alive_ns is not None:
            interval = (captured_ns - self._alive_ns) / 1e9 / (seq - self.seq)
            if not self._interval:
                self._interval = interval
            elif interval < self._limit(_STALLED):  # an outage is no interval
                self._interval += _SMOOTHING * (interval - self._interval)
        self.seq = seq
        self._captured_ns = self._alive_ns = captured_ns

    @property
    def fps(self) -> float | None:
        """Frames per second, as its capture tells; None if it has none."""
        if self._fps is None:
            return None
        fps, told = self._fps
        return fps if time.monotonic() - told < _SPOKEN else 0.0

    @fps.setter
    def fps(self, fps: float) -> None:
        self._fps = fps, time.monotonic()

    def spoke_since(self, moment: float) -> bool:
        """Return whether its capture has told anything since then; where there is none, all is known anyway."""
        return self._fps is None or self._fps[1] >= moment

    @property
    def age(self) -> float | None:
        """Seconds since the last frame arrived from the camera; None before the first."""
        return None if self._captured_ns is None else (time.monotonic_ns() - self._captured_ns) / 1e9

    @property
    def interval(self) -> float:
        """Seconds between frames, smoothed; 0 before the second one."""
        return self._interval

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

    def snapshot(self, watchers: int, fps: float) -> CameraState:
        """Return all of it as the record that travels, with what is known elsewhere."""
        stalls, reconnects = self.counted or (self.stalls.value(), self.reconnects.value())
        return CameraState(
            camera=self.camera,
            state=self.state,
            reason=self.reason,
            since=time.monotonic() - self.since,
            attempts=self.attempts,
            fps=round(fps, 2) if self.state is State.LIVE else 0.0,
            age=None if self.age is None else max(0.0, self.age),
            seq=self.seq,
            width=self.size[0],
            height=self.size[1],
            codec=self.codec,
            encode_ms=self.encode_ms,
            watchers=watchers,
            idle=self.idle,
            stalls=stalls,
            reconnects=reconnects,
            via=self.via,
            memory=realm() if self.raw else "",
        )

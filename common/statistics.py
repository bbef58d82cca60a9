"""Figures over the last seconds: rates that read 0 when stale, and ages."""

import time
from collections import deque
from statistics import quantiles

WINDOW = 10.0
"""Seconds that a rate looks back."""
_HOUR = 3600.0


class Lately:
    """How often something rare has happened within the last hour."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=10_000)

    def tick(self, now: float | None = None) -> None:
        """Count one event, at `now` on the monotonic clock, s."""
        self._times.append(time.monotonic() if now is None else now)

    def value(self, now: float | None = None) -> int:
        """Return the events of the last hour."""
        now = time.monotonic() if now is None else now
        while self._times and now - self._times[0] > _HOUR:
            self._times.popleft()
        return len(self._times)


class Rate:
    """Events per second over the last `WINDOW` seconds; 0 as soon as the window is empty."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def tick(self, now: float | None = None) -> None:
        """Count one event, at `now` on the monotonic clock, s."""
        now = time.monotonic() if now is None else now
        self._times.append(now)
        self._forget(now)

    def value(self, now: float | None = None) -> float:
        """Return events per second."""
        now = time.monotonic() if now is None else now
        self._forget(now)
        if len(self._times) < 2:
            return 0.0
        # From the first event to now once events stop coming, so that the rate falls instead of freezing.
        intervals = len(self._times) - 1
        spacing = (self._times[-1] - self._times[0]) / intervals
        silent = now - self._times[-1]
        span = self._times[-1] - self._times[0] + max(0.0, silent - spacing)
        return intervals / span if span > 0 else 0.0

    def _forget(self, now: float) -> None:
        while self._times and now - self._times[0] > WINDOW:
            self._times.popleft()


class Ages:
    """Median and 95th percentile of the last ages, s."""

    def __init__(self, size: int = 250) -> None:
        self._ages: deque[float] = deque(maxlen=size)

    def add(self, age: float) -> None:
        """Take in one age."""
        self._ages.append(age)

    def percentiles(self) -> tuple[float, float]:
        """Return (median, 95th percentile), s; zeros before the second age."""
        if len(self._ages) < 2:
            return 0.0, 0.0
        cuts = quantiles(self._ages, n=20)
        return cuts[9], cuts[18]

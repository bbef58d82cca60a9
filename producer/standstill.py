"""Notices that this process was stopped, since what the kernel kept for it meanwhile is not as new as it looks."""

import threading
import time

from .arrival import Arrival

_TICK = 0.25
_LONG_NS = 1_000_000_000
"""A thread that does nothing but tick and was away for this long was stopped with its process, or starved."""
_WAIT_NS = 5_000_000
"""What was there sooner lay in the kernel."""
_AT_ONCE_NS = 30_000_000
"""What waiting counts less for each packet that was there: cameras may send two at a time, the kernel gives out all."""
_NOW_NS = 100_000_000
"""What has to be waited for, for so long in all, comes just now. A shorter wait may be for this thread's turn."""


class Standstill:
    """Corrects the moment at which packets came in, after this process was stopped.

    When they came nobody knows: they are taken to be from the moment at which it was stopped, so that no picture claims
    to be newer than it is.
    """

    def __init__(self) -> None:
        self._ticked = Arrival.now()
        self._stopped: Arrival | None = None
        self._resumed_ns = 0
        self._waited_ns = 0
        threading.Thread(target=self._run, daemon=True, name="standstill").start()

    def arrival(self, told: Arrival, asked_ns: int) -> Arrival:
        """Return when a packet came in, which the one thread that reads packets has to ask of each.

        Args:
            told: when it was read.
            asked_ns: since when it was waited for, on the monotonic clock, ns.
        """
        self._look(told)
        waited_ns = told.monotonic_ns - max(asked_ns, self._resumed_ns)
        self._waited_ns = max(0, self._waited_ns + (waited_ns if waited_ns > _WAIT_NS else -_AT_ONCE_NS))
        if self._waited_ns > _NOW_NS:
            self._stopped = None
        return self._stopped or told

    def _run(self) -> None:
        while True:
            time.sleep(_TICK)
            now = Arrival.now()
            self._look(now)
            self._ticked = now

    def _look(self, now: Arrival) -> None:
        ticked = self._ticked
        if now.monotonic_ns - max(ticked.monotonic_ns, self._resumed_ns) > _LONG_NS:
            self._stopped, self._resumed_ns, self._waited_ns = ticked, now.monotonic_ns, 0

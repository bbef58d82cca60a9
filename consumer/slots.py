"""Slots of time or of frame numbers, each of which gets one sample or is missed."""

import time

from ..common.frame import Frame
from .interval import Interval

_LATE_NS = 1_000_000_000
"""How long after its end a slot's frame may still be on its way."""
_SET_BACK_NS = 60_000_000_000
"""A clock that goes back by more was set, and the slots begin anew."""


class Slots:
    """Which slots of a camera have had their sample: the first frame of each.

    The first frame of all is no sample. It tells where the camera's clock stands, and its slot may be long under way.

    Attributes:
        begun: whether there was that frame.
    """

    def __init__(self, every: Interval) -> None:
        self._every = every
        self._ahead_ns = time.time_ns() - time.monotonic_ns()
        self._last = self._slot_of_now()
        self.begun = False

    def takes(self, frame: Frame) -> bool:
        """Return whether a frame is a sample."""
        self._ahead_ns = frame.captured_ns - frame.local_ns
        slot, last = self._every.slot(frame), self._last
        if slot == last or not self.begun or self._is_late(slot):
            self._last = max(slot, last) if self.begun else slot
            self.begun = True
            return False
        self._last = slot
        return True

    def skipped(self, frame: Frame) -> range:
        """Return the slots between the last sample and a frame; call it before :meth:`takes`."""
        return range(self._last + 1, self._every.slot(frame)) if self.begun else range(0)

    def overdue(self) -> range:
        """Return slots that are over without a sample, each once; of frames only the next one tells."""
        if self._every.frames:
            return range(0)
        found = range(self._last + 1, self._slot_of_now(_LATE_NS))
        self._last = max(self._last, found.stop - 1)
        return found

    def _is_late(self, slot: int) -> bool:
        """Return whether a slot has been told to be missed; a clock that was set back, or a new count, is no reason."""
        return 0 < (self._last - slot) * self._every.seconds * 1e9 < _SET_BACK_NS

    def _slot_of_now(self, late_ns: int = 0) -> int:
        """Return the slot that the camera's clock is in, or was some time ago."""
        if self._every.frames:
            return -1
        return int((time.monotonic_ns() + self._ahead_ns - late_ns) // (self._every.seconds * 1e9))

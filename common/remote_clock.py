"""The producer's clock, asked for as often as it takes to know it."""

import time

from . import requests
from .clock import Offset, boot_id
from .errors import WireError
from .wire import Header

_INTERVAL = 10.0
_RETRY = 0.25
_EXACT_NS = 1_000_000
"""By how much the producer may seem to take longer than the exchange took, since no two clocks run equally fast."""
_LONGEST_NS = 60_000_000_000
"""For an exchange. What was under way for longer says little about now, or answers nothing that was asked."""


class RemoteClock:
    """Tells moments on a producer's host in our own time; asks for its clock if that is another host."""

    def __init__(self) -> None:
        self._offset = Offset()
        self._boot: str | None = None
        self._ask_at = 0.0

    def local(self, header: Header) -> int:
        """Return when a frame was captured, on our own monotonic clock, ns."""
        self._boot = header.boot
        if header.boot != boot_id():
            self._ask_at = self._ask_at or time.monotonic()
        return self._offset.local(header.monotonic_ns, header.wall_ns, header.boot)

    def request(self) -> bytes | None:
        """Return a request if one is due: often at first, then now and then, since clocks drift."""
        now = time.monotonic()
        if not self._ask_at or now < self._ask_at:
            return None
        self._ask_at = now + (_INTERVAL if self._offset.settled else _RETRY)
        return requests.pack(requests.Clock(sent=time.monotonic_ns()))

    def take(self, answer: requests.Answer, arrived: int) -> None:
        """Take in an answer that arrived at that time on our monotonic clock, ns.

        Raises:
            WireError: it tells no time, or one that cannot be true.
        """
        sent, received, answered = requests.clock_times(answer)
        if not 0 <= answered - received <= arrived - sent + _EXACT_NS <= _LONGEST_NS:
            raise WireError("an answer with times of a clock that cannot be true")
        self._offset.update(sent, received, answered, arrived)

    def clear(self) -> None:
        """Forget everything: it may be another host when it comes back."""
        self._offset.clear()
        self._ask_at = 0.0

    @property
    def uncertainty(self) -> float | None:
        """By how much ages may be wrong, s; None before a frame, and of another host before an answer."""
        return None if self._boot is None else self._offset.uncertainty(self._boot)

"""The moment that age counts from."""

import time
from typing import NamedTuple


class Arrival(NamedTuple):
    """When a packet's last byte came in, on the monotonic and on the wall clock, ns."""

    monotonic_ns: int
    wall_ns: int

    @classmethod
    def now(cls) -> "Arrival":
        """Return this very moment."""
        return cls(time.monotonic_ns(), time.time_ns())

"""The newest frame of one topic."""

from ..common.statistics import Rate
from ..common.wire import Stamp


class Stream:
    """What was published last under a topic: a camera's name, or with a rendition.

    Attributes:
        seq: its number.
        message: itself; empty before the first.
        rate: at which they come.
    """

    def __init__(self, seq: int = 0) -> None:
        self.seq = seq
        self.message = b""
        self.rate = Rate()

    def accept(self, stamp: Stamp, message: bytes) -> bool:
        """Take in a frame; return whether it is newer than the one before."""
        if stamp.seq <= self.seq:
            return False
        self.seq, self.message = stamp.seq, message
        self.rate.tick()
        return True

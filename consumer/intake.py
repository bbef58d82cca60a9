"""What becomes of the frames that come in: the newest is kept, and what is old or was here before is dropped."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..common import wire
from ..common.frame import Frame, Uses
from ..common.remote_clock import RemoteClock
from ..common.statistics import Rate


@dataclass(slots=True)
class Counts:
    """What became of the messages that came in."""

    received: int = 0
    repeated: int = 0
    outdated: int = 0
    rejected: int = 0
    taken: int = 0


class Intake:
    """Keeps the newest frame until it is taken.

    Args:
        clock: of the producer.
        names: what to call the topics that are not called by their own name.
        in_order: drop what is not newer than the last one. Frames of a group need not come in order.

    Attributes:
        frame: what is there to be taken.
        last: the newest that came.
        used: camera and number of the frame that was taken last.
        uses: what the reader has made of frames.
        not_before_ns: frames from before are of the time when this process was stopped; own monotonic clock.
    """

    def __init__(self, clock: RemoteClock, names: Mapping[str, str], *, in_order: bool) -> None:
        self._clock = clock
        self._names = names
        self._in_order = in_order
        self.counts = Counts()
        self.rate = Rate()
        self.frame: Frame | None = None
        self.last: Frame | None = None
        self.used = ("", 0)
        self.uses = Uses()
        self.not_before_ns = 0

    def put(self, message: bytes) -> None:
        """Take in a message.

        Raises:
            WireError: it is no frame.
        """
        header, jpeg = wire.unpack(message)
        self.counts.received += 1
        frame = Frame(
            camera=self._names.get(header.topic, header.topic),
            seq=header.seq,
            run=header.run,
            captured_ns=header.wall_ns,
            width=header.width,
            height=header.height,
            quality=header.quality,
            decode_ns=header.decode_ns,
            encode_ns=header.encode_ns,
            data=jpeg,
            local_ns=self._clock.local(header),
            place=header.place,
            uses=self.uses,
        )
        if self._in_order and self.last is not None and not _newer(frame, self.last):
            self.counts.repeated += 1
        elif frame.local_ns < self.not_before_ns:
            self.counts.outdated += 1
        else:
            self.rate.tick()
            self.last = self.frame = frame

    def take(self, max_age: float) -> Frame | None:
        """Return the frame that is there, unless it is older than so many seconds; it is gone then."""
        frame, self.frame = self.frame, None
        if frame is None:
            return None
        self.used = frame.camera, frame.seq
        if frame.age > max_age:
            self.counts.outdated += 1
            return None
        self.counts.taken += 1
        return frame


def _newer(frame: Frame, last: Frame) -> bool:
    """Compare by number within one life of the capture, else by time, since numbers start anew with a producer."""
    return frame.seq > last.seq if frame.run == last.run else frame.local_ns > last.local_ns

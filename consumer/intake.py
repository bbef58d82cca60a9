"""What becomes of the frames that come in: the newest is kept, and what is old or was here before is dropped."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..common import wire
from ..common.clock import AHEAD_NS
from ..common.errors import WireError
from ..common.frame import Frame, Uses
from ..common.memory import Place
from ..common.remote_clock import RemoteClock
from ..common.statistics import Rate
from .memory import SharedMemory

log = logging.getLogger("framefan")


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
        out_of_reach: pixels in memory could not be had.
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
        self._newest: wire.Header | None = None
        self.used = ("", 0)
        self.uses = Uses()
        self.out_of_reach = False
        self._memory = SharedMemory()
        self.not_before_ns = 0

    def put(self, message: bytes) -> None:
        """Take in a message.

        Raises:
            WireError: it is no frame, or one of the future, after which none of now would be the newest.
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
        if self._clock.uncertainty is not None and frame.local_ns > time.monotonic_ns() + AHEAD_NS:
            raise WireError("a frame of the future")
        if self._in_order and self._newest is not None and not header.is_newer(self._newest):
            self.counts.repeated += 1
            return
        self._newest = header
        if frame.local_ns < self.not_before_ns:
            self.counts.outdated += 1
        else:
            self.rate.tick()
            self.last = self.frame = frame
            self._hold(frame)

    def take(self, max_age: float) -> Frame | None:
        """Return the frame that is there, unless it is older than so many seconds; it is gone then."""
        frame, self.frame = self.frame, None
        if frame is None:
            return None
        self.used = frame.camera, frame.seq
        if frame.age > max_age:
            self.counts.outdated += 1
            return None
        if frame.place is not None and (frame := self._with_pixels(frame, frame.place)) is None:
            return None
        self.counts.taken += 1
        return frame

    def forget_memory(self) -> None:
        """Let go of shared memory, as a forked process must of what its parent has."""
        self._memory.close()

    def _hold(self, frame: Frame) -> None:
        """See that the pixels of a frame stay within reach, even if the process ends that has made them."""
        if frame.place is not None:
            try:
                self._memory.hold(frame.place)
            except OSError as error:
                log.debug("no pixels of %s from memory: %s", frame.camera, error.strerror or error)
                self.out_of_reach, self.frame = True, None

    def _with_pixels(self, frame: Frame, place: Place) -> Frame | None:
        """Return a frame with its pixels; None if a newer one has taken their place, which will be here soon."""
        try:
            pixels = self._memory.copy(place, frame.seq, place.layout.shape(frame.width, frame.height))
        except OSError:  # another process's came since, and only its pixels are still held
            return None
        return None if pixels is None else replace(frame, pixels=pixels)

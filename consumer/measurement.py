"""How frames of a camera come in, measured for a few seconds through a subscriber as any program has it."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..common.address import CameraAddress
from ..common.errors import NoFrame
from ..common.frame import Frame
from ..common.signals import Stop
from ..common.state import CameraState, State
from ..common.statistics import Ages
from .subscriber import Subscriber, SubscriberStatistics

_SLICE = 0.1
"""Seconds between looks at the wish to stop while no frame comes."""


@dataclass(slots=True)
class Measurement:
    """What was measured.

    Attributes:
        address: of the camera.
        frames: that came in.
        fps: frames per second, from the first to the last one.
        lost: frames of the camera that did not come, by the gaps in their numbers.
        bytes_per_second: of JPEG.
        age_median, age_p95: s; None without frames.
        clock_ahead: seconds by which the producer's wall clock is ahead of ours; None without frames.
        state: of the camera in the end.
        statistics: of the subscriber in the end.
    """

    address: CameraAddress
    state: CameraState
    statistics: SubscriberStatistics
    frames: int = 0
    fps: float = 0.0
    lost: int = 0
    bytes_per_second: float = 0.0
    age_median: float | None = None
    age_p95: float | None = None
    clock_ahead: float | None = None


@dataclass(slots=True)
class _Tally:
    """Adds frames up. The first one may have been sent again and is old news: rates begin with the second."""

    count: int = 0
    lost: int = 0
    size: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    last: Frame | None = None
    last_age: float = 0.0
    clock_ahead: float = 0.0
    ages: Ages = field(default_factory=lambda: Ages(100_000))

    def add(self, frame: Frame) -> None:
        now, wall_ns, self.last_age = time.monotonic(), time.time_ns(), frame.age
        if self.last is not None:
            if self.count == 1:
                self.first_at = now
            else:
                self.size += len(frame.data)
            self.ages.add(self.last_age)
            if frame.run == self.last.run:
                self.lost += frame.seq - self.last.seq - 1
        self.clock_ahead = (frame.captured_ns - wall_ns) / 1e9 + self.last_age
        self.count, self.last, self.last_at = self.count + 1, frame, now


def measure(
    addresses: Sequence[CameraAddress], *, seconds: float, max_age: float, wait: float, stop: Stop
) -> list[Measurement]:
    """Measure cameras at the same time.

    Args:
        addresses: of the cameras, at least one.
        seconds: to measure for, from the first frame of each.
        max_age: seconds; frames that are older are dropped.
        wait: seconds within which the first frame must come.
        stop: the wish to end.
    """
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(lambda address: _measure(address, seconds, max_age, wait, stop), addresses))


def _measure(address: CameraAddress, seconds: float, max_age: float, wait: float, stop: Stop) -> Measurement:
    tally = _Tally()
    with Subscriber(address, max_age=max_age) as subscriber:
        until = time.monotonic() + wait
        while not stop.requested and (left := until - time.monotonic()) > 0:
            try:
                frame = subscriber.read(min(_SLICE, left))
            except NoFrame as missing:
                if missing.state in (State.ENDED, State.UNKNOWN):
                    break
                continue
            if tally.last is None:
                until = time.monotonic() + seconds
            tally.add(frame)
        found = Measurement(address, subscriber.state, subscriber.statistics())
    if tally.last is not None:
        found.frames, found.clock_ahead = tally.count, tally.clock_ahead
        if "fps=" not in address.rendition:  # which leaves out frames on purpose
            found.lost = tally.lost
        if tally.count > 2:
            span = tally.last_at - tally.first_at
            found.fps, found.bytes_per_second = (tally.count - 2) / span, tally.size / span
        found.age_median, found.age_p95 = (
            tally.ages.percentiles() if tally.count > 1 else (tally.last_age, tally.last_age)
        )
    return found

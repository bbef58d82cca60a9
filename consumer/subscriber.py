"""The newest frame of one camera."""

import os
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType, TracebackType
from typing import Any, Self

from ..common.address import CameraAddress
from ..common.errors import NoFrame
from ..common.frame import Frame
from ..common.state import CameraState, State
from ..common.statistics import Ages
from .receiver import Receiver

_OUTAGES = {State.STALLED, State.REFUSED, State.OFFLINE, State.UNREACHABLE}
_OUTAGE_AGE = 1.0
"""Seconds: of a camera that is down no older frame is given out, even if it came before and was never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberStatistics:
    """What a subscriber has done since it was made.

    Attributes:
        received: frames that came in.
        returned: of these, given to the caller.
        replaced: neither returned nor dropped, because a newer one came before the caller did.
        repeated: dropped, because they were not newer than the one before.
        outdated: dropped, because they were older than `max_age`, or than a pause of this process.
        rejected: messages that were no frames or states.
        fps: frames per second that came in over the last 10 s.
        age_median, age_p95: of the last 250 frames returned, s.
    """

    received: int
    returned: int
    replaced: int
    repeated: int
    outdated: int
    rejected: int
    fps: float
    age_median: float
    age_p95: float


class Subscriber:
    """Gives the newest frame of one camera: never the same twice, never an older one, never a silent wait.

        for frame in Subscriber("tcp://host:5550/door"):
            print(frame.age, frame.image.shape)

    A thread inside receives; frames that come while the caller works replace each other. Safe to share between
    threads, each frame being returned once. After a fork it connects anew in the child, and it pickles as its address,
    so that it can be handed to another process.

    Args:
        address: of the camera.
        timeout: seconds that :meth:`read` and iteration wait for a frame; None waits for ever.
        max_age: seconds; a frame that is older when it could be returned is dropped instead.

    Raises:
        AddressError: the address means nothing, or names no camera.
    """

    def __init__(self, address: str | CameraAddress, *, timeout: float | None = 10.0, max_age: float = 10.0) -> None:
        self.address = CameraAddress.parse_camera(str(address))
        self.timeout = timeout
        self.max_age = max_age
        self._closed = False
        self._connect()

    def read(self, timeout: float | EllipsisType | None = ...) -> Frame:
        """Return a frame newer than the last one returned, waiting for it if need be.

        Args:
            timeout: seconds to wait, instead of those given at the start; None waits for ever.

        Raises:
            NoFrame: none came in time, or none will come any more because a file has ended.
            ValueError: the subscriber is closed.
        """
        limit = self.timeout if timeout is ... else timeout
        deadline = None if limit is None else time.monotonic() + limit
        receiver = self._receiver_of_this_process()
        with receiver.changed:
            while True:
                if self._closed:
                    raise ValueError(f"the subscriber to {self.address} is closed")
                frame = None if receiver.paused else self._take(receiver)
                if frame is not None:
                    return frame
                left = None if deadline is None else deadline - time.monotonic()
                if receiver.state.state is State.ENDED or (left is not None and left <= 0):
                    state = receiver.state
                    raise NoFrame(str(self.address), state.state, state.reason, limit)
                receiver.changed.wait(left)

    @property
    def state(self) -> CameraState:
        """The camera's state: as the producer tells it, or `unreachable` if the producer has been silent for 3 s."""
        return self._receiver_of_this_process().state

    def statistics(self) -> SubscriberStatistics:
        """Return the figures since the start."""
        receiver = self._receiver_of_this_process()
        counts = receiver.counts
        median, p95 = self._ages.percentiles()
        outdated = counts.outdated + self._too_old
        return SubscriberStatistics(
            received=counts.received,
            returned=self._returned,
            replaced=max(0, counts.received - self._returned - counts.repeated - outdated),
            repeated=counts.repeated,
            outdated=outdated,
            rejected=counts.rejected,
            fps=receiver.rate.value(),
            age_median=median,
            age_p95=p95,
        )

    def close(self) -> None:
        """Disconnect; a waiting :meth:`read` raises. Safe to call twice."""
        self._closed = True
        if self._process == os.getpid():
            self._finalizer()
            with self._receiver.changed:
                self._receiver.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the newest frame again and again; end when a file does.

        Raises:
            NoFrame: none came in time.
        """
        while True:
            try:
                frame = self.read()
            except NoFrame as error:
                if error.state == State.ENDED:
                    return
                raise
            yield frame

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (str(self.address), self.timeout, self.max_age)

    def __repr__(self) -> str:
        return f"<Subscriber {self.address}>"

    def _connect(self) -> None:
        self._process = os.getpid()
        self._returned = 0
        self._too_old = 0
        self._ages = Ages()
        self._receiver = Receiver(self.address)
        # The thread knows the receiver only, so that a forgotten subscriber is collected and its thread ended.
        self._finalizer = weakref.finalize(self, _stop, self._receiver, self._process)

    def _receiver_of_this_process(self) -> Receiver:
        """Return the receiver; after a fork make another, since neither threads nor sockets come along."""
        if self._process != os.getpid() and not self._closed:
            self._finalizer.detach()
            self._connect()
        return self._receiver

    def _take(self, receiver: Receiver) -> Frame | None:
        frame, receiver.frame = receiver.frame, None
        if frame is None:
            return None
        age = frame.age
        if age > (min(self.max_age, _OUTAGE_AGE) if receiver.state.state in _OUTAGES else self.max_age):
            self._too_old += 1
            return None
        self._returned += 1
        self._ages.add(age)
        return frame


def _stop(receiver: Receiver, process: int) -> None:
    if process == os.getpid():
        receiver.stop()


def _restore(address: str, timeout: float | None, max_age: float) -> Subscriber:
    return Subscriber(address, timeout=timeout, max_age=max_age)

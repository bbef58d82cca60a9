"""The newest frame of one camera."""

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import EllipsisType, TracebackType
from typing import Any, Literal, Self

from ..common.address import CameraAddress
from ..common.errors import AddressError, NoFrame, OptionError
from ..common.frame import Frame
from ..common.requests import Next
from ..common.state import CameraState, State
from ..common.statistics import Ages
from .forks import tell_of_forks
from .mode import Mode
from .receiver import Receiver

_OUTAGES = {State.STALLED, State.REFUSED, State.OFFLINE, State.UNREACHABLE}
_LONGEST_REDO = 1e9
_POLL = 0.1
"""Seconds: who waits for less wants what is there, not what has to be asked for."""
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
        age_uncertainty: by how much ages may be wrong, s; 0 on the producer's host, None while that is not known.
        mode: how frames come now, `stream` or `pull`.
        in_memory: they come as pixels in the memory of the producer's host, and not as JPEG.
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
    age_uncertainty: float | None
    mode: Mode
    in_memory: bool


class Subscriber:
    """Gives the newest frame of one camera: never the same twice, never an older one, never a silent wait.

        for frame in Subscriber("tcp://host:5550/door"):
            print(frame.age, frame.image.shape)

    A thread inside receives; frames that come while the caller works replace each other. Safe to share between
    threads, each frame being returned once. After a fork it connects anew in the child, and it pickles as its address,
    so that it can be handed to another process.

    Frames stream, or with `mode="pull"` each is asked for when :meth:`read` wants it: what nobody reads does not cross
    the network then. `auto` streams to who takes most of the frames over a link that carries them, else it pulls.
    On the producer's host, who decodes frames and does not ask for their JPEG gets pixels from shared memory.

    With a `group`, the subscribers of that name share the frames: each frame goes to one of them, the newest first.
    A member that hangs or dies costs the frame that it holds. Frames are pulled, and may come out of order.

    Args:
        address: of the camera; in a group also of several, or of a producer for all cameras that it has.
        timeout: seconds that :meth:`read` and iteration wait for a frame; None waits for ever.
        max_age: seconds; a frame that is older when it could be returned is dropped instead.
        mode: `auto`, `stream` or `pull`.
        group: to share with.
        share: what is shared out in a group; `frame` is all there is here.
        redo: seconds after which a frame of the group whose member has not asked for another is given out again, once.

    Raises:
        AddressError: an address means nothing, names no camera, or is of another producer than the first.
        OptionError: mode, share or redo are not possible.
    """

    def __init__(
        self,
        address: str | CameraAddress | Sequence[str | CameraAddress],
        *,
        timeout: float | None = 10.0,
        max_age: float = 10.0,
        mode: Literal["auto", "stream", "pull"] = "auto",
        group: str = "",
        share: Literal["frame"] = "frame",
        redo: float | None = None,
    ) -> None:
        self.address, self._cameras = _parse(address, group)
        if share != "frame" or mode not in ("auto", "stream", "pull") or (group and mode == "stream"):
            raise OptionError(
                f"a subscriber has no mode {mode!r} with share {share!r}: use 'pull' and 'frame' in a group"
            )
        if redo is not None and not (group and 0 < redo <= _LONGEST_REDO):
            raise OptionError(f"redo is for groups, in seconds above zero, {_LONGEST_REDO:.0f} at most")
        self.timeout = timeout
        self.max_age = max_age
        self.group = group
        self.redo = redo
        self._mode = None if mode == "auto" else Mode(mode)
        self._closed = self._stale = False
        self._lock = threading.RLock()
        self._connect()
        tell_of_forks(self)

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
        if limit is not None and limit < _POLL:
            receiver.polls += 1
        with receiver.changed, receiver.reader():
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
        counts = receiver.intake.counts
        median, p95 = self._ages.percentiles()
        return SubscriberStatistics(
            received=counts.received,
            returned=counts.taken,
            replaced=max(0, counts.received - counts.taken - counts.repeated - counts.outdated),
            repeated=counts.repeated,
            outdated=counts.outdated,
            rejected=counts.rejected,
            fps=receiver.intake.rate.value(),
            age_median=median,
            age_p95=p95,
            age_uncertainty=receiver.uncertainty,
            mode=receiver.mode,
            in_memory=receiver.in_memory,
        )

    def close(self) -> None:
        """Disconnect; a waiting :meth:`read` raises. Safe to call twice."""
        self._closed = True
        with self._lock:
            if not self._stale:
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
        options: dict[str, Any] = {"timeout": self.timeout, "max_age": self.max_age, "mode": self._mode or "auto"}
        address = self._cameras if len(self._cameras) > 1 else self.address
        return partial(Subscriber, **options, group=self.group, redo=self.redo), (address,)

    def __repr__(self) -> str:
        return f"<Subscriber {self.address}>"

    def _connect(self) -> None:
        self._ages = Ages()
        request = Next(group=self.group, redo=self.redo).about(tuple(camera.topic for camera in self._cameras))
        self._receiver = Receiver(self.address, request, Mode.PULL if self.group else self._mode)
        # The thread knows the receiver only, so that a forgotten subscriber is collected and its thread ended.
        self._finalizer = weakref.finalize(self, self._receiver.stop)

    def _forked(self) -> None:
        self._lock, self._stale = threading.RLock(), True
        self._finalizer.detach()

    def _receiver_of_this_process(self) -> Receiver:
        """Return the receiver; after a fork one thread makes another, since neither threads nor sockets come along."""
        if self._stale:
            with self._lock:
                if self._stale and not self._closed:
                    self._receiver.intake.forget_memory()
                    self._connect()
                    self._stale = False
        return self._receiver

    def _take(self, receiver: Receiver) -> Frame | None:
        # A frame that another member has had first may be older by as long as that one was waited for.
        max_age = self.max_age + (self.redo or 0.0)
        frame = receiver.intake.take(min(max_age, _OUTAGE_AGE) if receiver.state.state in _OUTAGES else max_age)
        if frame is not None:
            self._ages.add(frame.age)
        return frame


def _parse(
    address: str | CameraAddress | Sequence[str | CameraAddress], group: str
) -> tuple[CameraAddress, tuple[CameraAddress, ...]]:
    """Return the address to tell people, and those of the cameras; none for all cameras of a producer."""
    if isinstance(address, str | CameraAddress):
        one = (CameraAddress.parse if group else CameraAddress.parse_camera)(str(address))
        return one, (one,) if one.camera else ()
    several = tuple(CameraAddress.parse_camera(str(each)) for each in address)
    if not group or len({each.endpoint for each in several}) != 1:
        raise AddressError("only a group has several cameras, which are of one producer")
    return (several[0] if len(several) == 1 else CameraAddress(several[0].endpoint, "")), several

"""What sample and analyze have in common: follow cameras, as they come and leave, until the end is asked for."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator

from ..common.address import CameraAddress
from ..common.errors import AnalyzerError, FramefanError, NoFrame
from ..common.frame import Frame
from ..common.internal_errors import Containment
from ..common.signals import Stop
from ..common.state import State
from .subscriber import Subscriber

log = logging.getLogger("framefan")

_SLICE = 0.25
"""Seconds between looks at what is wanted: the end, and which cameras."""

_ENDING = (FramefanError, ImportError, OSError)
"""What ends the work for all cameras: errors of ours, a package that is missing, an output that is full or gone."""
_RESPITE = 5.0
"""Seconds until the work for a camera begins again that an error ended which nobody foresaw."""

Work = Callable[[Iterator[Frame]], None]
"""What is done with one camera: takes its newest frames until it is done, or until they end."""


def each(
    cameras: Callable[[], frozenset[CameraAddress]],
    work: Work,
    stop: Stop,
    *,
    wait: float,
    subscribe: Callable[[CameraAddress], Subscriber] = Subscriber,
) -> None:
    """Do the work for every camera, each in a thread of its own, until it is done for all that give frames.

    The first error of ours ends all and is raised. A camera that gives no frame is only logged and waited for, unless
    none ever gave one. An error that nobody foresaw costs its camera some seconds, and the others nothing.

    Args:
        cameras: returns those that there are now; the frames of one that leaves end, and one that comes is begun.
        work: for one camera.
        stop: the wish to end.
        wait: seconds that a camera has for its first frame.
        subscribe: connects to a camera.

    Raises:
        NoFrame: no camera gave a frame in time, or before its end.
        AnalyzerError: the work ended the program.
    """
    jobs: dict[CameraAddress, _Job] = {}
    begun: list[_Job] = []
    errors: list[Exception] = []
    begins_at: dict[CameraAddress, float] = {}
    containment = Containment()
    served = False
    try:
        while not stop.requested:
            wanted = cameras()
            for address in [address for address, job in jobs.items() if address not in wanted or job.may_begin_again]:
                jobs.pop(address).drop()
                begins_at.pop(address, None)
            for address in sorted(wanted - jobs.keys(), key=str):
                if time.monotonic() < begins_at.get(address, 0.0):
                    continue
                begins_at[address] = time.monotonic() + _RESPITE
                with containment.contain(str(address), foreseen=(FramefanError,)):
                    jobs[address] = _Job(subscribe(address), work, stop, wait, errors, containment)
                    begun.append(jobs[address])
            served = served or any(job.seen for job in begun)
            begun = [job for job in begun if not job.over]
            if _is_done(jobs.values(), served):
                break
            for job in jobs.values():
                job.tell_silence()
            stop.wait(_SLICE)
    finally:
        for job in begun:
            job.drop()
        for job in begun:
            job.join()
    if errors:
        raise errors[0]


def _is_done(jobs: Collection["_Job"], served: bool) -> bool:
    """Return whether work was done and none runs any more.

    Raises:
        NoFrame: none runs because no camera ever gave a frame.
    """
    if not jobs or any(job.runs for job in jobs):
        return False
    if not served and all(job.in_vain or not job.over for job in jobs):
        raise min(jobs, key=lambda job: job.over).missing
    return any(job.over for job in jobs)


class _Job:
    """The work for one camera.

    Attributes:
        seen: True once a frame has come.
        over: True once the work has ended, for whatever reason.
        in_vain: True once a film has ended of which no frame has come.
        begins_at: monotonic seconds at which the work begins again, after an error that nobody foresaw.

    Args:
        subscriber: to the camera; closed in the end.
        work: to do.
        stop: the wish to end, which an error makes.
        wait: seconds that the camera has for its first frame.
        errors: where an error goes that ends all.
        containment: where an error goes that nobody foresaw.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        work: Work,
        stop: Stop,
        wait: float,
        errors: list[Exception],
        containment: Containment,
    ) -> None:
        self.seen = self.over = self.in_vain = False
        self.begins_at: float | None = None
        self._subscriber = subscriber
        self._work = work
        self._stop = stop
        self._wait = wait
        self._errors = errors
        self._containment = containment
        self._deadline = time.monotonic() + wait
        self._told = self._dropped = False
        self._thread = threading.Thread(target=self._run, name=f"framefan work on {subscriber.address}")
        self._thread.start()

    @property
    def runs(self) -> bool:
        """True while the work is not over, and the camera gives frames or has time left for the first."""
        if self.over:
            return self.begins_at is not None
        return self.seen or time.monotonic() < self._deadline

    @property
    def may_begin_again(self) -> bool:
        """True once the work that an error ended may begin again."""
        return self.over and self.begins_at is not None and time.monotonic() >= self.begins_at

    @property
    def missing(self) -> NoFrame:
        """Why there is no frame."""
        state = self._subscriber.state
        return NoFrame(str(self._subscriber.address), state.state, state.reason, None if self.in_vain else self._wait)

    def tell_silence(self) -> None:
        """Log once that the camera has not given a frame in time."""
        if not (self.runs or self.over or self._told):
            self._told = True
            log.warning("%s; the other cameras go on", self.missing)

    def drop(self) -> None:
        """End the frames."""
        self._dropped = True

    def join(self) -> None:
        """Wait for the end of the work."""
        self._thread.join()

    def _run(self) -> None:
        address = self._subscriber.address
        try:
            with self._containment.contain(str(address), self._pause, foreseen=_ENDING), self._subscriber:
                self._work(self._frames())
        except _ENDING as error:  # raised again by each()
            self._fail(error)
        except BaseException as error:  # noqa: BLE001 - it would end this thread only
            self._fail(AnalyzerError(f"the analyzer of {address} ended the program: {error!r}"))
        finally:
            self.over = True

    def _pause(self, _: str) -> None:
        self.begins_at = time.monotonic() + _RESPITE

    def _fail(self, error: Exception) -> None:
        self._errors.append(error)
        self._stop.request()

    def _frames(self) -> Iterator[Frame]:
        """Yield the newest frames until somebody wishes the end or a file ends; log changes of state."""
        told = State.LIVE
        while not (self._dropped or self._stop.requested):
            try:
                frame = self._subscriber.read(_SLICE)
            except NoFrame as missing:
                if missing.state == State.ENDED:
                    self.in_vain = not self.seen
                    return
            else:
                self.seen = True
                yield frame
            state = self._subscriber.state
            if state.state is not told and state.state is not State.CONNECTING:
                told = state.state
                log.log(logging.INFO if told is State.LIVE else logging.WARNING, "%s", state)

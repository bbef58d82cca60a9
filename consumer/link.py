"""A reader's way to a camera, which holds through outages, the end of a private producer, and a fork."""

import logging
import threading
import time

from ..common.errors import FramefanError, NoFrame
from ..common.frame import Frame
from ..common.state import CameraState, State
from ..common.url import shown
from .forks import tell_of_forks
from .lease import Lease
from .subscriber import Subscriber

log = logging.getLogger("framefan")

_SLICE = 0.25
"""Seconds between looks at whether the private producer is still there."""
_RESPITE = 5.0
"""Seconds between two attempts to start a private producer, if they end at once."""


class Link:
    """A subscriber and, to a camera of one's own, a share in its private producer.

    Safe to share between threads.

    Args:
        source: a camera's address (`tcp://host:5550/door`), or the URL or device that a private producer is to grab.
        max_age: seconds, as for :class:`Subscriber`.

    Raises:
        FramefanError: the address or the URL means nothing, or there can be no producer here.
    """

    def __init__(self, source: str, *, max_age: float) -> None:
        self._source = source
        self._max_age = max_age
        self._closed = False
        self._lock = threading.Lock()
        self._renew_at = 0.0
        self._lease = None if source.lower().startswith("tcp://") else Lease(source)
        self._subscriber = self._subscribe(self._lease.address if self._lease else source)
        tell_of_forks(self)

    def read(self, timeout: float) -> Frame:
        """Return a frame newer than the last one, waiting for it if need be.

        Args:
            timeout: seconds to wait.

        Raises:
            NoFrame: none came in time, or none will come any more because a film has ended.
            ValueError: the link is closed.
        """
        deadline = time.monotonic() + timeout
        while True:
            subscriber = self._present()
            left = deadline - time.monotonic()
            try:
                return subscriber.read(max(0.0, min(left, _SLICE)))
            except NoFrame as missing:
                if missing.state == State.ENDED or left <= _SLICE:
                    raise NoFrame(str(self), missing.state, missing.reason, timeout) from None
            except ValueError:
                if self._closed:  # and not only replaced by another thread
                    raise

    @property
    def state(self) -> CameraState:
        """The camera's state."""
        return self._present().state

    def close(self) -> None:
        """Let the camera go; a waiting :meth:`read` raises. Safe to call twice."""
        self._closed = True
        self._subscriber.close()
        if self._lease:
            self._lease.close()

    def __str__(self) -> str:
        return shown(self._source)

    def _subscribe(self, address: str) -> Subscriber:
        return Subscriber(address, max_age=self._max_age)

    def _forked(self) -> None:
        self._lock, self._renew_at = threading.Lock(), 0.0

    def _present(self) -> Subscriber:
        """Return the subscriber, to another private producer if the one before has ended."""
        if self._lease and self._lease.lost:
            with self._lock:
                if self._lease.lost and not self._closed and time.monotonic() >= self._renew_at:
                    self._renew()
        return self._subscriber

    def _renew(self) -> None:
        self._renew_at = time.monotonic() + _RESPITE
        try:
            self._lease = Lease(self._source)
        except (FramefanError, OSError) as error:  # also no more files or processes: the next attempt may succeed
            log.warning("%s", error)
            return
        if self._lease.address != str(self._subscriber.address):
            before, self._subscriber = self._subscriber, self._subscribe(self._lease.address)
            before.close()
        if self._closed:  # meanwhile
            self.close()

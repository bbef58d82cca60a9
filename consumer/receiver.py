"""The thread inside a subscriber: takes everything off the network and keeps the newest frame and state.

It never works on a frame and never waits for anybody, so that what is kept is now. A consumer that polled the socket
itself would pin one frame there while it works, and then get that old one.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import zmq

from ..common import requests, sockets, state, wire
from ..common.address import CameraAddress
from ..common.clock import Offset, boot_id
from ..common.errors import WireError
from ..common.frame import Frame
from ..common.state import CameraState, State
from ..common.statistics import Rate
from .reachability import Reachability

log = logging.getLogger("framefan")

_PASS_MS = 250
_PAUSE_NS = 1_000_000_000
"""A thread that was away for this long was stopped with its process, and finds frames of the past in the kernel."""
_FIRST_ANSWER = 1.5
"""Seconds that a producer has for its first state: as many round trips as an opening takes, on a slow link."""
_DOUBT = 1.25
"""Seconds of silence after which it is looked into, since states come every second."""
_DEAF = 10.0
"""Seconds without what should come after which the sockets are made anew; as long as heartbeats take to notice."""
_CLOCK_INTERVAL = 10.0
_CLOCK_RETRY = 0.25


@dataclass(slots=True)
class Counts:
    """What became of the messages that came in."""

    received: int = 0
    repeated: int = 0
    outdated: int = 0
    rejected: int = 0


class Receiver:
    """Receives one camera. Readers share :attr:`changed` and take :attr:`frame` under it.

    Args:
        address: the camera's.
    """

    def __init__(self, address: CameraAddress) -> None:
        self.address = address
        self.changed = threading.Condition()
        self.frame: Frame | None = None
        self.counts = Counts()
        self.rate = Rate()
        self._state = CameraState(camera=address.topic, state=State.CONNECTING, reason=f"no answer of {address} yet")
        self._heard = time.monotonic() - state.SILENCE + _FIRST_ANSWER
        self._passed_ns = time.monotonic_ns()
        self._not_before_ns = 0
        self._last: Frame | None = None
        self._offset = Offset()
        self._ask_at = 0.0
        self._reachability = Reachability(address.endpoint)
        self._waker, self._woken = socket.socketpair()
        self._connect()  # here, so that a mistake in the address shows at once and not in a thread
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"framefan {address}")
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the sockets. Safe to call twice."""
        if self._thread.is_alive():
            self._waker.send(b"\0")
            if self._thread is not threading.current_thread():  # a collection of garbage may run in it
                self._thread.join()

    @property
    def state(self) -> CameraState:
        """The camera's state as last heard; `unreachable` once the producer has been silent for 3 s."""
        silent = time.monotonic() - self._heard
        if silent < state.SILENCE:
            return replace(self._state, since=self._state.since + silent)
        return replace(
            self._state, state=State.UNREACHABLE, reason=self._reachability.reason, since=silent, fps=0.0, watchers=0
        )

    @property
    def paused(self) -> bool:
        """True if this process has just been resumed and the thread has not yet looked at what came meanwhile."""
        return time.monotonic_ns() - self._passed_ns > _PAUSE_NS

    def _connect(self) -> None:
        context: sockets.Context = zmq.Context.instance()
        endpoint, topic = self.address.endpoint, self.address.topic
        self._frames = sockets.frames_subscriber(context, endpoint, topic)
        self._states = sockets.states_subscriber(context, endpoint, topic)
        self._requests = sockets.requests_client(context, endpoint)
        self._offset.clear()  # it may be another host when it comes back
        self._ask_at = 0.0
        self._poller = zmq.Poller()
        for source in (self._frames, self._states, self._requests, self._woken):
            self._poller.register(source, zmq.POLLIN)
        self._connected = self._received = time.monotonic()

    def _disconnect(self) -> None:
        for used in (self._frames, self._states, self._requests):
            used.close()

    @property
    def _deaf(self) -> bool:
        """True if nothing comes although it should.

        ZeroMQ reconnects by itself except after a message that is too large, which ends a connection for good.
        """
        now = time.monotonic()
        if now - self._connected < _DEAF or now - self._received < _DEAF:
            return False
        misses_frames = self._state.state is State.LIVE and (self._last is None or self._state.seq != self._last.seq)
        return misses_frames or now - self._heard > _DEAF

    def _run(self) -> None:
        while self._woken.fileno() not in dict(self._poller.poll(_PASS_MS)):
            now = time.monotonic_ns()
            if now - self._passed_ns > _PAUSE_NS:
                self._not_before_ns = now
            self._drain(self._states, self._take_state)
            self._drain(self._requests, self._take_answer)
            self._drain(self._frames, self._take_frame)
            self._ask_clock()
            if self._deaf:
                self._disconnect()
                self._connect()
            self._reachability.check(time.monotonic() - self._heard > _DOUBT)
            with self.changed:
                self._passed_ns = time.monotonic_ns()
                self.changed.notify_all()
        self._disconnect()
        self._waker.close()
        self._woken.close()

    def _drain(self, source: sockets.Socket, take: Callable[[bytes], None]) -> None:
        while True:
            try:
                message = source.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                take(message)
            except WireError as error:
                self.counts.rejected += 1
                if self.counts.rejected == 1:
                    log.warning("%s sends %s; such messages are dropped", self.address.endpoint, error)

    def _take_frame(self, message: bytes) -> None:
        header, jpeg = wire.unpack(message)
        self.counts.received += 1
        self._received = time.monotonic()
        local_ns = self._offset.local(header.monotonic_ns, header.wall_ns, header.boot)
        if header.boot != boot_id():
            self._ask_at = self._ask_at or time.monotonic()
        frame = Frame(
            camera=header.topic,
            seq=header.seq,
            run=header.run,
            captured_ns=header.wall_ns,
            width=header.width,
            height=header.height,
            quality=header.quality,
            encode_ns=header.encode_ns,
            data=jpeg,
            local_ns=local_ns,
        )
        if self._last is not None and not _newer(frame, self._last):
            self.counts.repeated += 1
        elif local_ns < self._not_before_ns:
            self.counts.outdated += 1
        else:
            self.rate.tick()
            with self.changed:
                self._last = self.frame = frame

    def _take_state(self, message: bytes) -> None:
        found = state.unpack(message)
        if found.camera == self.address.topic:
            self._state, self._heard = found, time.monotonic()

    def _ask_clock(self) -> None:
        """Ask for the time of another host: often at first, then now and then, since clocks drift."""
        now = time.monotonic()
        if self._ask_at and now >= self._ask_at:
            self._ask_at = now + (_CLOCK_INTERVAL if self._offset.settled else _CLOCK_RETRY)
            with suppress(zmq.Again):  # the one before has not left yet
                self._requests.send(requests.clock_request(time.monotonic_ns()), zmq.NOBLOCK)

    def _take_answer(self, message: bytes) -> None:
        arrived = time.monotonic_ns()
        self._offset.update(*requests.clock_times(requests.unpack(message)), arrived)


def _newer(frame: Frame, last: Frame) -> bool:
    """Compare by number within one life of the capture, else by time, since numbers start anew with a producer."""
    return frame.seq > last.seq if frame.run == last.run else frame.local_ns > last.local_ns

"""The thread inside a subscriber: takes everything off the network and keeps the newest frame and state.

It never works on a frame and never waits for anybody, so that what is kept is now. A consumer that polled the socket
itself would pin one frame there while it works, and then get that old one.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import zmq

from ..common import requests
from ..common.address import CameraAddress, raw_topic
from ..common.clock import passing_ns
from ..common.complaints import Complaints
from ..common.errors import NoFrame, WireError
from ..common.monitor import GIVEN_UP
from ..common.remote_clock import RemoteClock
from ..common.requests import Next
from ..common.route import DOUBT, Route
from ..common.state import CameraState, State
from .connection import Connection
from .intake import Intake
from .memory import Preference
from .mode import Choice, Mode, Tally
from .puller import Puller
from .states import States

log = logging.getLogger("framefan")

_PASS_MS = 250
_LOOK = 0.1
"""Seconds between looks at other things than frames, which they would delay."""
_PAUSE_NS = 1_000_000_000
"""A thread that was away for this long was stopped with its process, and finds frames of the past in the kernel."""
_MOST_FRAMES = 8
_MOST_STATES = 64
_MOST_ANSWERS = 8
"""That are taken in per pass, so that frames do not wait for what a producer may send by the thousand."""
_DEAF = 10.0
"""Seconds without what should come after which the sockets are made anew; as long as heartbeats take to notice."""


class Receiver:
    """Receives what is asked for. Readers share :attr:`changed`, and take out of :attr:`intake` under it.

    Args:
        address: of a camera, or of all of a producer.
        request: which cameras, and as member of which group.
        mode: how frames come; None to choose as it goes.

    Attributes:
        intake: what came.
        mode: how frames come now.
        in_memory: they come as pixels in shared memory.
        polls: how often a reader would not wait.
    """

    def __init__(self, address: CameraAddress, request: Next, mode: Mode | None) -> None:
        self.address = address
        self.changed = threading.Condition()
        self.mode = mode or Mode.STREAM
        self.in_memory = False
        self.polls = 0
        self._cameras = request.cameras
        self._raw = {raw_topic(camera): camera for camera in request.cameras}
        self._clock = RemoteClock()
        self._complaints = Complaints()
        self.intake = Intake(self._clock, self._raw, in_order=not request.group)
        self._told = States(address, request.cameras, self._raw)
        self._puller = Puller(request, lambda message: self._connection.send(message))
        self._choice = None if mode else Choice()
        self._preference = Preference()
        self._readers = 0
        self._left_without = False
        self._waited = 0.0
        self._waiting_since = 0.0
        self._passed_ns = passing_ns()
        self._route = Route.to(address.endpoint)
        self._look_at = 0.0
        self._stopped = False
        self._connection = self._connect()  # here, so that a mistake in the address shows at once and not in a thread
        if self._connection.endpoint is None:
            self._route.look(self._wake)
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"framefan {address}")
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the sockets. Safe to call twice."""
        if self._thread.is_alive():
            self._stopped = True
            self._connection.wake()
            if self._thread is not threading.current_thread():  # a collection of garbage may run in it
                self._thread.join()
        with self.changed:
            self.intake.forget_memory()

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Count somebody as waiting for a frame, while :attr:`changed` is held."""
        if not self._readers:
            self._waiting_since = time.monotonic()
        self._readers += 1
        if self.mode is Mode.PULL:
            self._connection.wake()
        try:
            yield
        except NoFrame:
            self._left_without = True
            raise
        finally:
            self._readers -= 1
            if not self._readers:
                self._waited += time.monotonic() - self._waiting_since

    @property
    def state(self) -> CameraState:
        """The camera's state as last heard; `unreachable` once the producer has been silent for 3 s."""
        return self._told.get(self._route.reason)

    @property
    def uncertainty(self) -> float | None:
        """By how much ages may be wrong, s; None before a frame, and of another host before an answer of its clock."""
        return self._clock.uncertainty

    @property
    def paused(self) -> bool:
        """True if this process has just been resumed and the thread has not yet looked at what came meanwhile."""
        return passing_ns() - self._passed_ns > _PAUSE_NS

    def _connect(self) -> Connection:
        self._connected = self._received = time.monotonic()
        self._clock.clear()
        return Connection(self._route.endpoint, self._topics, self.mode)

    def _wake(self) -> None:
        self._connection.wake()

    @property
    def _topics(self) -> tuple[str, ...]:
        return tuple(self._raw) if self.in_memory else self._cameras

    def _turn_to(self, mode: Mode, in_memory: bool) -> None:
        if (mode, in_memory) != (self.mode, self.in_memory):
            log.debug("%s: turns to %s%s", self.address, mode, " of pixels in memory" * in_memory)
            self.mode, self.in_memory = mode, in_memory
            self._connected = time.monotonic()
            self._puller.leave(self.intake.used)
            self._puller.ask_for(self._topics)
            self._connection.turn_to(mode, self._topics)

    @property
    def _deaf(self) -> bool:
        """True if nothing comes although it should.

        ZeroMQ reconnects by itself except after a message that is too large, which ends a connection for good.
        """
        now = time.monotonic()
        asked = self._connected if self.mode is Mode.STREAM else self._puller.asked or now
        if now - max(self._connected, self._received, asked) < _DEAF:
            return False
        state, last = self._told.get(""), self.intake.last
        misses_frames = state.state is State.LIVE and (last is None or state.seq != last.seq)
        return misses_frames or self._told.silent > _DEAF

    def _has_moved(self) -> bool:
        """Look into the route of a silent producer; return whether another address of it answers than before."""
        if self._told.silent > DOUBT:
            self._route.look(self._wake)
            return self._route.endpoint != self._connection.endpoint
        return False

    def _run(self) -> None:
        while not self._stopped:
            self._connection.wait(_PASS_MS)
            self._receive()
            at_once = self.mode is Mode.PULL or self._connection.endpoint is None
            if at_once or time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + _LOOK
                self._look_after()
        self._puller.leave(self.intake.used)
        self._connection.close()

    def _receive(self) -> None:
        """Take in all that has come, frames first, and let those who wait for it go on."""
        if self.paused:
            self.intake.not_before_ns = time.monotonic_ns()
        if self._connection.frames is not None:
            self._drain(self._connection.frames.recv, self._take_frame, _MOST_FRAMES)
        self._drain(self._connection.requests.recv_multipart, self._take_answer, _MOST_ANSWERS)
        self._drain(self._connection.states.recv, self._told.put, _MOST_STATES)
        with self.changed:
            self._passed_ns = passing_ns()
            self.changed.notify_all()

    def _look_after(self) -> None:
        """Choose how frames come, ask for them, and see that something comes at all."""
        self._choose()
        self._ask()
        if self._connection.mend():
            self._complaints.add(str(self.address.endpoint), GIVEN_UP)
        if self._has_moved() or self._deaf:
            self._connection.close()
            self._connection = self._connect()

    def _drain(self, receive: Callable[[int], Any], take: Callable[[Any], None], most: int) -> None:
        for _ in range(most):
            try:
                message = receive(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                take(message)
            except WireError as error:
                self.intake.counts.rejected += 1
                self._complaints.add(str(self.address.endpoint), error)

    def _take_frame(self, message: bytes) -> None:
        self._received = time.monotonic()
        with self.changed:
            self.intake.put(message)

    def _take_answer(self, parts: list[bytes]) -> None:
        arrived = time.monotonic_ns()
        answer = requests.parse_answer(parts[0])
        if answer.answer == "clock":
            self._clock.take(answer, arrived)
        elif (message := self._puller.take(answer, *parts[1:])) is not None:
            self._take_frame(message)

    def _ask(self) -> None:
        """Ask for the time if that is due, and for a frame if somebody waits for one."""
        if self._connection.renewed():
            self._puller.again()
        if request := self._clock.request():
            self._connection.send(request)
        if self.mode is Mode.STREAM:
            return
        with self.changed:
            unread = self.intake.frame is not None
            # Who would not wait longer may come again at once.
            wanted = self._readers > 0 or self._left_without
            self._left_without = False
            if not wanted and self._puller.rest(self.intake.used, unread):
                self.intake.frame = None
        if wanted and not unread:
            self._puller.want()

    def _choose(self) -> None:
        if self._choice is None:
            return
        now = time.monotonic()
        state, counts = self.state, self.intake.counts
        with self.changed:
            waited = self._waited + (now - self._waiting_since if self._readers else 0.0)
            tally = Tally(now, counts.received, counts.taken, waited, self.polls)
        if self.intake.out_of_reach or (self.in_memory and self._told.memory_refused):
            self._preference.fail()
        self.intake.out_of_reach = self._told.memory_refused = False
        self._turn_to(
            self._choice.choose(self.mode, tally, state.fps if state.state is State.LIVE else 0.0),
            self._preference.prefers(self.intake.uses, state),
        )

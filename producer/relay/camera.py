"""A camera of another producer, under its name here."""

import time

import zmq

from ...common import wire
from ...common.clock import AHEAD_NS, boot_id
from ...common.errors import WireError
from ...common.state import CameraState, State
from ...common.wire import Header
from ..hub import Hub
from .upstream import Upstream

_MOST_RENDITIONS = 100
"""How many there may be knows the producer that makes them, which has no more."""
_MOST_CHANGES = 10
"""Of its state that are passed on and logged at once; then one per second."""
_DEAF = 10.0
"""Seconds without a frame, while the camera gives some, after which the socket is made anew."""


class RelayedCamera:
    """Tells the states of another producer's camera on, and its frames while somebody here wants them.

    Attributes:
        name: here.
        told: when its state was told last, monotonic s.
        note: what to tell of it as long as its own producer has nothing to say.

    Args:
        hub: where to publish.
        upstream: the other producer.
        camera: its name there.
        name: its name here.
    """

    def __init__(self, hub: Hub, upstream: Upstream, camera: str, name: str) -> None:
        self.name = name
        self.told = time.monotonic()
        self.note = ""
        self._hub = hub
        self._upstream = upstream
        self._camera = camera
        self._status = hub.add(name, most_renditions=_MOST_RENDITIONS)
        self._received: dict[str, float] = {}  # by what is wanted here, when a frame last came
        self._last: dict[str, Header] = {}
        self._looped = False
        self._changes, self._counted = float(_MOST_CHANGES), self.told

    def be(self, to: State, reason: str) -> None:
        """Enter a state that its own producer has not told."""
        self._hub.change(self._status, to, reason)

    def tell(self, told: CameraState) -> None:
        """Tell its state on as it is, but for what is counted here."""
        status, self.told = self._status, time.monotonic()
        self._looped = self._hub.id in told.via.split()
        if self._looped:
            status.via = told.via
            self.be(State.REFUSED, looped(self._hub, self._upstream, told))
            return
        via = f"{told.via} {self._hub.id}".strip()
        if via != status.via:  # another life of a producer on its way
            status.via = via
            self._hub.restart(self.name)
        status.attempts, status.codec, status.size = told.attempts, told.codec, (told.width, told.height)
        status.encode_ms, status.fps, status.counted = told.encode_ms, told.fps, (told.stalls, told.reconnects)
        if told.age is not None:
            status.heard(told.seq, time.monotonic_ns() - int(told.age * 1e9))
        to = told.state, told.reason or self.note
        if to != (status.state, status.reason) and self._may_change():
            self.be(*to)
        status.since = self.told - told.since

    def _may_change(self) -> bool:
        """Return whether another change is due: one that comes too fast waits until its state is repeated."""
        self._changes = min(_MOST_CHANGES, self._changes + self.told - self._counted)
        self._counted = self.told
        if self._changes < 1:
            return False
        self._changes -= 1
        return True

    def tell_rendition(self, rendition: str, told: CameraState) -> None:
        """Take in what is told of a rendition."""
        status = self._status
        if rendition not in self._received:  # others ask for it
            return
        status.renditions[rendition] = told.width, told.height, told.encode_ms
        refused = told.state is State.REFUSED and status.state is not State.REFUSED
        status.refusals[rendition] = told.reason if refused else ""

    def want(self, renditions: tuple[str, ...]) -> None:
        """Have the frames of these renditions sent here, and of no others; the original is the empty one."""
        wanted = () if self._looped else renditions
        for told in (self._status.renditions, self._status.refusals):
            for rendition in told.keys() - renditions:
                del told[rendition]
        for rendition in self._received.keys() - wanted:
            self._leave(rendition)
        for rendition in wanted:
            if rendition in self._received:
                continue
            try:
                self._watch(rendition)
            except zmq.ZMQError as error:  # no more files, or sockets: what is relayed already goes on
                self.be(State.OFFLINE, f"cannot connect to {self._upstream.endpoint}: {error.strerror}")
                return

    def look_after(self) -> None:
        """Disconnect where no frames come although there are some; :meth:`want` connects anew."""
        for rendition, received in list(self._received.items()):
            last = self._last.get(rendition)
            misses = self._status.state is State.LIVE and (last is None or last.seq != self._status.seq)
            deaf = misses and time.monotonic() - received > _DEAF
            if deaf or self._upstream.given_up(self._topic(rendition)):
                self._leave(rendition)

    def close(self) -> None:
        """Forget it."""
        self.want(())
        self._upstream.unfollow(self._camera)
        self._hub.remove(self.name)

    def _topic(self, rendition: str, camera: str = "") -> str:
        return (camera or self._camera) + (rendition and f"?{rendition}")

    def _watch(self, rendition: str) -> None:
        self._upstream.watch(self._topic(rendition), lambda message: self._take(rendition, message))
        self._received[rendition] = time.monotonic()

    def _leave(self, rendition: str) -> None:
        del self._received[rendition]
        self._upstream.leave(self._topic(rendition))

    def _take(self, rendition: str, message: bytes) -> None:
        header, _ = wire.unpack(message)
        self._received[rendition] = time.monotonic()
        last = self._last.get(rendition)
        if last is not None and not header.is_newer(last):
            return
        captured_ns = self._upstream.local(header)
        if captured_ns is None or captured_ns < self._upstream.inputs.not_before_ns:
            return
        # Without an answer of its clock, the other host's wall clock is believed, which may be wrong by anything.
        if self._upstream.knows_clock and captured_ns > time.monotonic_ns() + AHEAD_NS:
            raise WireError("a frame of the future")
        self._last[rendition] = header
        topic = self._topic(rendition, self.name)
        if (topic, boot_id()) != (header.topic, header.boot):
            message = wire.forward(message, topic=topic, monotonic_ns=captured_ns, boot=boot_id())
        if not self._hub.publish(message):  # newer, but its number is not: they have begun again
            self._hub.restart(self.name)
            self._hub.publish(message)


def looped(hub: Hub, upstream: Upstream, told: CameraState) -> str:
    """Return what to say of a camera that comes from this very producer."""
    return f"a loop: {upstream.endpoint}/{told.camera} comes from here, {hub.endpoint}: relay the camera one way only"

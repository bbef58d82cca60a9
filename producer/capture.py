"""The process that owns one connection to one camera: connect, drain, decode, encode.

It lives as long as the connection. Whatever goes wrong, it tells its hub why and ends, and the hub starts another:
one mechanism for errors, hangs and crashes, and no library can leak into the next attempt.
"""

import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple

import av
import zmq

from ..common.address import is_raw
from ..common.errors import SourceError
from ..common.internal_errors import internal_error
from ..common.memory import realm
from ..common.signals import die_with_parent
from ..common.state import State
from ..common.statistics import Rate
from .arrival import Arrival
from .assignment import Assignment, read_renditions
from .backlog import Backlog
from .decoder import Decoder
from .demuxer import PacketSource
from .drain import drain
from .film import LAST_SHOWN
from .opening import open_source
from .outlet import Outlet
from .pattern import Pattern
from .picture import Jpeg
from .reporter import Reporter
from .source import Kind, Source

_MOST_REORDERED = 32
"""Packets that a decoder may hold before it shows the first of them; H.264 and H.265 allow 16."""
_LONGEST_GAP = 0.2
"""Seconds within which a picture is encoded even if a newer one waits already: who is always late still shows some."""
_LONGEST_CATCHING_UP_NS = 500_000_000
"""After which who has just come gets a picture even if a newer one waits: where decoding is slow, one always does."""
_TOLERATED = 1.0
"""Frames left out per second, over ten seconds, that are no overload yet: a burst of the network causes them too."""
_IN_SOFTWARE = "there is no such hardware decoder here, so the CPU decodes"
_OVERLOADED = "overloaded: this machine is too slow for every frame, so some are left out"


class _Picture(NamedTuple):
    seq: int
    arrival: Arrival
    content: Jpeg | av.VideoFrame


class Capture:
    """Carries out an assignment until the source ends or fails."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._reporter = Reporter(self._context, assignment)
        self._outlets = {"": Outlet(self._context, assignment, "")}
        self._wanted: tuple[str, ...] = ()
        self._served: tuple[str, ...] = ()
        self._packets: PacketSource | Pattern | None = None
        self._backlog: Backlog[Any] = Backlog()
        self._decoded = 0
        self._newest: _Picture | None = None
        self._catching_up_to_ns = 0
        self._published_at = 0.0
        self._left_out = Rate()
        self._given_up = 0
        self._in_software = False
        self._is_film = False
        self._raw = bool(realm())

    def run(self) -> None:
        """Publish what is wanted of the source; tell why there is no more."""
        self._reporter.tell(State.CONNECTING)
        try:
            for picture in self._pictures():
                self._serve()
                if picture is not None:
                    self._take(picture)
                self._note()
            time.sleep(LAST_SHOWN)
            self._reporter.tell(State.ENDED, "the file came to its end")
        except SourceError as error:
            state = State.REFUSED if error.refused else State.OFFLINE
            self._reporter.tell(state, error.reason, final=error.final, retry_after=error.retry_after)
        except Exception as error:  # noqa: BLE001 - reported without its text, which may hold a password
            self._reporter.tell(State.OFFLINE, internal_error(error))
        for outlet in self._outlets.values():
            outlet.close()
        self._reporter.close()
        self._context.term()

    def listen(self, descriptor: int) -> bool:
        """Read once what the hub wants, in any thread; return False when the hub has gone."""
        try:
            self._wanted = read_renditions(descriptor)
        except EOFError:
            return False
        self._backlog.nudge()
        return True

    def close(self) -> None:
        """End the session with the camera, within about a second and from any thread."""
        if self._packets is not None:
            self._packets.close()

    def _pictures(self) -> Iterator[_Picture | None]:
        """Yield pictures, and None now and then while there are none to decode."""
        self._packets, decoder = self._open()
        threading.Thread(target=drain, args=(self._packets, self._backlog), daemon=True).start()
        try:
            arrivals: OrderedDict[int | None, Arrival] = OrderedDict()
            left_out_before = 0
            for item in self._backlog:
                if item is None:
                    yield None
                    continue
                packet, arrival = item
                if isinstance(packet, Jpeg):
                    yield _Picture(self._next_seq, arrival, packet)
                    self._decoded += 1
                    continue
                left_out = self._backlog.given_up + self._backlog.forgotten
                if packet.is_keyframe and left_out != left_out_before:
                    decoder.flush()  # what it still holds is from before the gap
                    left_out_before = left_out
                arrivals[packet.pts] = arrival
                if len(arrivals) > _MOST_REORDERED:
                    arrivals.popitem(last=False)
                started = time.thread_time()  # and not what others take of this machine's time
                pictures = list(decoder.decode(packet))
                self._backlog.learn(time.thread_time() - started)
                for content in pictures:
                    if self._is_film and not packet.size:  # kept by the decoder until the end; shown at the same rate
                        time.sleep(1 / max(1.0, self._backlog.fps))
                    # Where pictures come in another order than they are shown, each has the age of its own packet.
                    yield _Picture(self._next_seq, arrivals.pop(content.pts, arrival), content)
                    self._decoded += 1
        finally:
            self.close()

    def _open(self) -> tuple[PacketSource | Pattern, Decoder | Pattern]:
        source = Source.parse(self._assignment.source)
        self._is_film = source.kind is Kind.FILE
        if source.kind is Kind.PATTERN:
            self._reporter.facts["codec"] = "test"
            pattern = Pattern(self._assignment.camera, *source.pattern)
            return pattern, pattern
        packets = open_source(source, transport=self._assignment.transport, loop=self._assignment.loop)
        self._reporter.facts["codec"] = packets.codec_context.name
        decoder = Decoder(packets, self._assignment.hwaccel)
        self._in_software = self._assignment.hwaccel != "none" and not decoder.is_hardware
        return packets, decoder

    @property
    def _next_seq(self) -> int:
        """Number of the next picture, which counts those that nobody decodes as well."""
        return self._assignment.first_seq + self._decoded + self._backlog.given_up + self._backlog.forgotten

    def _serve(self) -> None:
        """Turn to what is wanted now."""
        wanted = self._wanted
        if self._newest is None or wanted == self._served:
            return
        new = [rendition for rendition in wanted if rendition not in self._served]
        more = any(rendition not in self._outlets for rendition in new)
        for rendition in [known for known in self._outlets if known and known not in wanted]:
            if more or is_raw(rendition):  # which holds memory; others are kept until there are new ones
                self._outlets.pop(rendition).close()
        for rendition in new:
            if rendition not in self._outlets:
                self._outlets[rendition] = Outlet(self._context, self._assignment, rendition)
        if not self._served and len(self._backlog):
            self._catching_up_to_ns = time.monotonic_ns() + _LONGEST_CATCHING_UP_NS
        if not self._catching_up(self._newest):
            self._publish(self._newest, new)
        self._served = wanted
        self._backlog.rest(not wanted)
        self._reporter.hasten()  # at once, so that the hub knows whether the frame it has is the newest

    def _take(self, picture: _Picture) -> None:
        first = self._newest is None
        self._newest = picture
        if first:  # shows that all is well, even if nobody watches
            self._outlets[""].send(picture.seq, picture.arrival, picture.content)
            self._backlog.rest(not self._wanted)
        elif self._catching_up(picture):
            return
        elif self._served and self._overtaken():
            self._left_out.tick()
        else:
            due = [rendition for rendition in self._served if self._outlets[rendition].due(picture.arrival)]
            self._publish(picture, due)
        self._catching_up_to_ns = 0

    def _catching_up(self, picture: _Picture) -> bool:
        """Return whether somebody has just come to an idle camera, and a newer picture than this one waits."""
        return len(self._backlog) > 0 and picture.arrival.monotonic_ns < self._catching_up_to_ns

    def _overtaken(self) -> bool:
        """Return whether a newer picture is so near that encoding this one would only make that one late."""
        return len(self._backlog) > 1 and time.monotonic() - self._published_at < _LONGEST_GAP

    def _publish(self, picture: _Picture, renditions: list[str]) -> None:
        for rendition in renditions:
            if self._outlets[rendition].seq < picture.seq:
                try:
                    self._outlets[rendition].send(picture.seq, picture.arrival, picture.content)
                except ValueError:  # a JPEG that cannot be decoded; the next one may be whole
                    pass
                except OSError:  # no memory to share; readers hear of it and turn to JPEG
                    self._raw = False
                    self._reporter.hasten()
        self._published_at = time.monotonic()

    def _note(self) -> None:
        """Tell the hub once a second how the camera is, and at once when the picture's size changes."""
        if self._newest is None:
            return
        width, height = self._newest.content.width, self._newest.content.height
        changed = (width, height) != (self._reporter.facts.get("width"), self._reporter.facts.get("height"))
        if changed or self._reporter.due:
            for _ in range(self._backlog.given_up - self._given_up):
                self._left_out.tick()
            self._given_up = self._backlog.given_up
            left_out = self._left_out.value()
            newest, waiting = self._backlog.newest or self._newest.arrival, len(self._backlog)
            self._reporter.facts |= {
                "width": width,
                "height": height,
                "encode_ms": round(self._outlets[""].facts[2], 2),
                "seq": max(self._newest.seq, self._next_seq + waiting - 1),
                "captured_ns": newest.monotonic_ns,
                "fps": max(0.0, self._backlog.fps - left_out),
                "renditions": {rendition: self._outlets[rendition].facts for rendition in self._served if rendition},
                "raw": self._raw and isinstance(self._newest.content, av.VideoFrame),
            }
            overloaded = left_out > _TOLERATED
            self._reporter.tell(State.LIVE, _OVERLOADED if overloaded else _IN_SOFTWARE if self._in_software else "")


def main() -> None:
    """Run the capture that standard input describes; end when it is closed, which is when the hub ends."""
    descriptor = sys.stdin.fileno()
    assignment = Assignment.read(descriptor)
    capture = Capture(assignment)
    die_with_parent(descriptor, farewell=capture.close, listen=capture.listen)
    capture.run()
    # Without the interpreter's farewell: a native call that hangs in the draining thread must not hold us up.
    os._exit(0)


if __name__ == "__main__":
    main()

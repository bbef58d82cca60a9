"""The process that owns one connection to one camera: connect, drain, decode, encode.

It lives as long as the connection. Whatever goes wrong, it tells its hub why and ends, and the hub starts another:
one mechanism for errors, hangs and crashes, and no library can leak into the next attempt.
"""

import os
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import zmq

from ..common import jpeg, wire
from ..common.clock import boot_id
from ..common.errors import SourceError
from ..common.signals import die_with_parent
from ..common.state import State
from ..common.statistics import Rate
from .arrival import Arrival
from .assignment import Assignment
from .backlog import Backlog
from .channel import Report, connect
from .decoder import Decoder
from .demuxer import PacketSource
from .encoder import encode
from .opening import open_source
from .source import Kind, Source

_REPORT_INTERVAL = 1.0
_MOST_REORDERED = 32
"""Packets that a decoder may hold before it shows the first of them; H.264 and H.265 allow 16."""
_SMOOTHING = 0.1
_LONGEST_GAP = 0.2
"""Seconds within which a picture is encoded even if a newer one waits already: who is always late still shows some."""
_TOLERATED = 1.0
"""Frames left out per second, over ten seconds, that are no overload yet: a burst of the network causes them too."""
_IN_SOFTWARE = "there is no such hardware decoder here, so the CPU decodes"
_OVERLOADED = "overloaded: this machine is too slow for every frame, so some are left out"

Picture = tuple[Arrival, bytes | av.VideoFrame]


class Capture:
    """Carries out an assignment until the source ends or fails."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._frames, self._reports = connect(self._context, Path(assignment.channel))
        self._facts: dict[str, Any] = {}
        self._report_at = 0.0
        self._encode_ns = 0.0
        self._packets: PacketSource | None = None
        self._backlog = Backlog()
        self._published_at = 0.0
        self._left_out = Rate()
        self._given_up = 0
        self._in_software = False

    def run(self) -> None:
        """Publish every picture of the source; tell why there are no more."""
        self._report(State.CONNECTING)
        try:
            for number, (arrival, picture) in enumerate(self._pictures(), self._assignment.first_seq):
                seq = number + self._backlog.given_up
                if self._overtaken():
                    self._left_out.tick()
                else:
                    self._publish(seq, arrival, picture)
            self._report(State.ENDED, "the file came to its end")
        except SourceError as error:
            state = State.REFUSED if error.refused else State.OFFLINE
            self._report(state, error.reason, final=error.final, retry_after=error.retry_after)
        except Exception as error:  # noqa: BLE001 - told without its text, which may hold the URL with its password
            self._report(State.OFFLINE, f"defect in the capture: {_where(error)}")
        self._frames.close()
        self._reports.close()
        self._context.term()

    def close(self) -> None:
        """End the session with the camera, within about a second and from any thread."""
        if self._packets is not None:
            self._packets.close()

    def _pictures(self) -> Iterator[Picture]:
        source = Source.parse(self._assignment.source)
        if source.kind is Kind.PATTERN:
            from .pattern import pictures

            self._facts["codec"] = "test"
            yield from pictures(self._assignment.camera, *source.pattern)
            return
        self._packets = open_source(source, transport=self._assignment.transport, loop=self._assignment.loop)
        self._facts["codec"] = self._packets.codec_context.name
        decoder = Decoder(self._packets, self._assignment.hwaccel)
        self._in_software = self._assignment.hwaccel != "none" and not decoder.is_hardware
        threading.Thread(target=_drain, args=(self._packets, self._backlog), daemon=True).start()
        try:
            arrivals: OrderedDict[int | None, Arrival] = OrderedDict()
            for packet, arrival in self._backlog:
                arrivals[packet.pts] = arrival
                if len(arrivals) > _MOST_REORDERED:
                    arrivals.popitem(last=False)
                for picture in decoder.decode(packet):
                    # Where pictures come in another order than they are shown, each has the age of its own packet.
                    pts = packet.pts if isinstance(picture, bytes) else picture.pts
                    yield arrivals.pop(pts, arrival), picture
        finally:
            self.close()

    def _overtaken(self) -> bool:
        """Return whether a newer picture is so near that encoding this one would only make that one late."""
        return len(self._backlog) > 1 and time.monotonic() - self._published_at < _LONGEST_GAP

    def _publish(self, seq: int, arrival: Arrival, picture: bytes | av.VideoFrame) -> None:
        started = time.monotonic_ns()
        if isinstance(picture, bytes):
            data, quality = picture, 0
            width, height = jpeg.size(data)
        else:
            data, quality = encode(picture, self._assignment.quality), self._assignment.quality
            width, height = picture.width, picture.height
        took = time.monotonic_ns() - started
        header = wire.Header(
            self._assignment.camera,
            seq,
            arrival.monotonic_ns,
            arrival.wall_ns,
            run=self._assignment.run,
            boot=boot_id(),
            width=width,
            height=height,
            quality=quality,
            encode_ns=took,
        )
        self._note(width, height, took)
        self._frames.send(wire.pack(header, data), copy=False)
        self._published_at = time.monotonic()

    def _note(self, width: int, height: int, took_ns: int) -> None:
        """Tell the hub once a second that all is well, and at once when the picture's size changes."""
        self._encode_ns += _SMOOTHING * (took_ns - self._encode_ns) if self._encode_ns else took_ns
        changed = (width, height) != (self._facts.get("width"), self._facts.get("height"))
        if changed or time.monotonic() >= self._report_at:
            self._facts |= {"width": width, "height": height, "encode_ms": round(self._encode_ns / 1e6, 2)}
            for _ in range(self._backlog.given_up - self._given_up):
                self._left_out.tick()
            self._given_up = self._backlog.given_up
            overloaded = self._left_out.value() > _TOLERATED
            self._report(State.LIVE, _OVERLOADED if overloaded else _IN_SOFTWARE if self._in_software else "")

    def _report(self, state: State, reason: str = "", *, final: bool = False, retry_after: float = 0.0) -> None:
        self._report_at = time.monotonic() + _REPORT_INTERVAL
        report = Report(
            camera=self._assignment.camera,
            run=self._assignment.run,
            state=state,
            reason=reason,
            final=final,
            retry_after=retry_after,
            **self._facts,
        )
        self._reports.send(report.pack())


def _drain(source: PacketSource, backlog: Backlog) -> None:
    """Take everything from the camera as it comes, however long decoding takes."""
    try:
        for packet, arrival in source.packets():
            backlog.put(packet, arrival)
    except Exception as error:  # noqa: BLE001 - raised again where the backlog is read
        backlog.close(error)
    else:
        backlog.close()


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def main() -> None:
    """Run the capture that standard input describes; end when it is closed, which is when the hub ends."""
    descriptor = sys.stdin.fileno()
    assignment = Assignment.read(descriptor)
    capture = Capture(assignment)
    die_with_parent(descriptor, farewell=capture.close)
    capture.run()
    # Without the interpreter's farewell: a native call that hangs in the draining thread must not hold us up.
    os._exit(0)


if __name__ == "__main__":
    main()

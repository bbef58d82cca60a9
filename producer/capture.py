"""The process that owns one connection to one camera: connect, drain, decode, encode.

It lives as long as the connection. Whatever goes wrong, it tells its hub why and ends, and the hub starts another:
one mechanism for errors, hangs and crashes, and no library can leak into the next attempt.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import av
import msgpack
import zmq

from ..common import jpeg, wire
from ..common.clock import boot_id
from ..common.errors import SourceError
from ..common.signals import die_with_parent
from ..common.state import State
from .backlog import Backlog
from .channel import Report, connect
from .decoder import Decoder
from .demuxer import Arrival, Demuxer
from .encoder import encode
from .source import Kind, Source

_REPORT_INTERVAL = 1.0
_SMOOTHING = 0.1

Picture = tuple[Arrival, bytes | av.VideoFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a capture is to do. It comes by standard input: the URL holds a password, and `ps` shows arguments.

    Attributes:
        camera: name.
        run: id of this life.
        source: as the user wrote it.
        channel: directory of the hub's sockets.
        first_seq: number of the first frame.
        quality: of the JPEG, 1 to 100.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.
    """

    camera: str
    run: str
    source: str
    channel: str
    first_seq: int
    quality: int
    transport: str
    loop: bool

    def pack(self) -> bytes:
        """Serialize, with the length in front."""
        data: bytes = msgpack.packb(asdict(self))
        return len(data).to_bytes(4, "big") + data

    @classmethod
    def read(cls, descriptor: int) -> Self:
        """Read one from a file descriptor."""
        data = _read(descriptor, int.from_bytes(_read(descriptor, 4), "big"))
        return cls(**msgpack.unpackb(data))


class Capture:
    """Carries out an assignment until the source ends or fails."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._frames, self._reports = connect(self._context, Path(assignment.channel))
        self._facts: dict[str, Any] = {}
        self._report_at = 0.0
        self._encode_ns = 0.0

    def run(self) -> None:
        """Publish every picture of the source; tell why there are no more."""
        self._report(State.CONNECTING)
        try:
            for seq, (arrival, picture) in enumerate(self._pictures(), self._assignment.first_seq):
                self._publish(seq, arrival, picture)
            self._report(State.ENDED, "the file came to its end")
        except SourceError as error:
            state = State.REFUSED if error.refused else State.OFFLINE
            self._report(state, error.reason, final=error.final)
        self._frames.close()
        self._reports.close()
        self._context.term()

    def _pictures(self) -> Iterator[Picture]:
        source = Source.parse(self._assignment.source)
        if source.kind is Kind.PATTERN:
            from .pattern import pictures

            self._facts["codec"] = "test"
            yield from pictures(self._assignment.camera, *source.pattern)
            return
        demuxer = Demuxer(source, transport=self._assignment.transport, loop=self._assignment.loop)
        self._facts["codec"] = demuxer.stream.codec_context.name
        decoder, backlog = Decoder(demuxer.stream), Backlog()
        threading.Thread(target=_drain, args=(demuxer, backlog), daemon=True).start()
        for packet, arrival in backlog:
            for picture in decoder.decode(packet):
                yield arrival, picture
        demuxer.close()

    def _publish(self, seq: int, arrival: Arrival, picture: bytes | av.VideoFrame) -> None:
        started = time.monotonic_ns()
        passed_through = isinstance(picture, bytes)
        data = picture if isinstance(picture, bytes) else encode(picture, self._assignment.quality)
        width, height = jpeg.size(data) if isinstance(picture, bytes) else (picture.width, picture.height)
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
            quality=0 if passed_through else self._assignment.quality,
            encode_ns=took,
        )
        known = (self._facts.get("width"), self._facts.get("height"))
        if time.monotonic() >= self._report_at or (width, height) != known:
            self._encode_ns = took if not self._encode_ns else self._encode_ns
            self._facts |= {"width": width, "height": height, "encode_ms": round(self._encode_ns / 1e6, 2)}
            self._report(State.LIVE)
        self._encode_ns += _SMOOTHING * (took - self._encode_ns)
        self._frames.send(wire.pack(header, data), copy=False)

    def _report(self, state: State, reason: str = "", *, final: bool = False) -> None:
        self._report_at = time.monotonic() + _REPORT_INTERVAL
        report = Report(
            camera=self._assignment.camera,
            run=self._assignment.run,
            state=state,
            reason=reason,
            final=final,
            **self._facts,
        )
        self._reports.send(report.pack())


def _drain(demuxer: Demuxer, backlog: Backlog) -> None:
    """Take everything from the camera as it comes, however long decoding takes."""
    try:
        for packet, arrival in demuxer.packets():
            backlog.put(packet, arrival)
    except SourceError as error:
        backlog.close(error)
    else:
        backlog.close()


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def main() -> None:
    """Run the capture that standard input describes; end when it is closed, which is when the hub ends."""
    descriptor = sys.stdin.fileno()
    assignment = Assignment.read(descriptor)
    die_with_parent(descriptor)
    Capture(assignment).run()
    # Without the interpreter's farewell: a native call that hangs in the draining thread must not hold us up.
    os._exit(0)


if __name__ == "__main__":
    main()

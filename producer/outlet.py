"""One rendition of a camera, on its way from the capture to the hub, or into memory and only its place to the hub."""

import time
from pathlib import Path

import av

from ..common import wire
from ..common.clock import boot_id
from ..common.sockets import Context
from .arrival import Arrival
from .assignment import Assignment
from .channel import connect_frames
from .encoder import pixels
from .picture import Jpeg
from .rendition import Pace, Rendered, Rendition, render
from .ring import Ring

_SMOOTHING = 0.1


class Outlet:
    """Makes JPEG of pictures, or pixels in shared memory, and sends them, the newest only.

    Args:
        context: of the socket.
        assignment: of the capture.
        rendition: in canonical form; empty for the original.

    Attributes:
        seq: number of the last picture sent; 0 before the first.
        facts: width and height of the last one, pixels, and milliseconds of encoding, on average.
    """

    def __init__(self, context: Context, assignment: Assignment, rendition: str) -> None:
        self.seq = 0
        self.facts = (0, 0, 0.0)
        self._assignment = assignment
        self._topic = f"{assignment.camera}?{rendition}" if rendition else assignment.camera
        self._rendition = Rendition.parse(rendition)
        self._pace = Pace(self._rendition.fps) if self._rendition.fps else None
        self._ring = Ring() if self._rendition.raw else None
        self._frames = connect_frames(context, Path(assignment.channel))

    def due(self, arrival: Arrival) -> bool:
        """Return whether a picture of that moment is to be sent, at the rate that is asked for."""
        return self._pace is None or self._pace.due(arrival.monotonic_ns)

    def send(self, seq: int, arrival: Arrival, picture: Jpeg | av.VideoFrame) -> None:
        """Make a frame of a picture, decoded or JPEG, and send it.

        Raises:
            ValueError: a JPEG that cannot be decoded, or that somebody wants as pixels.
            OSError: there is no memory for pixels.
        """
        started = time.monotonic_ns()
        if self._ring is None:
            made = render(picture, self._rendition, self._assignment.quality)
            self._send(self._header(seq, arrival, made, started), made.jpeg)
        elif isinstance(picture, Jpeg):
            raise ValueError("a JPEG is not decoded here")
        else:
            size = self._rendition.size(picture.width, picture.height)
            made = Rendered(b"", *size, 0)
            parts, layout = pixels(picture, size=size, gray=self._rendition.gray)
            with self._ring.writing(seq, parts, layout) as place:
                # On its way already while the pixels are copied.
                self._send(self._header(seq, arrival, made, started)._replace(place=place), b"")
        took = time.monotonic_ns() - started
        self.seq = seq
        average = self.facts[2]
        self.facts = (made.width, made.height, average + (_SMOOTHING if average else 1.0) * (took / 1e6 - average))

    def close(self) -> None:
        """Close the socket; what is on its way may be lost."""
        self._frames.close()
        if self._ring:
            self._ring.close()

    def _header(self, seq: int, arrival: Arrival, made: Rendered, started: int) -> wire.Header:
        return wire.Header(
            self._topic,
            seq,
            arrival.monotonic_ns,
            arrival.wall_ns,
            run=self._assignment.run,
            boot=boot_id(),
            width=made.width,
            height=made.height,
            quality=made.quality,
            decode_ns=max(0, started - arrival.monotonic_ns),
            encode_ns=time.monotonic_ns() - started,
        )

    def _send(self, header: wire.Header, jpeg: bytes) -> None:
        # Without a copy ZeroMQ would wake another thread of Python for each frame, which costs more.
        self._frames.send(wire.pack(header, jpeg))

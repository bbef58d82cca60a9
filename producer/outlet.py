"""One rendition of a camera, on its way from the capture to the hub."""

import time
from pathlib import Path

import av

from ..common import wire
from ..common.clock import boot_id
from ..common.sockets import Context
from .arrival import Arrival
from .assignment import Assignment
from .channel import connect_frames
from .picture import Jpeg
from .rendition import Pace, Rendition, render

_SMOOTHING = 0.1


class Outlet:
    """Makes JPEG of pictures and sends them, the newest only.

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
        self._frames = connect_frames(context, Path(assignment.channel))

    def due(self, arrival: Arrival) -> bool:
        """Return whether a picture of that moment is to be sent, at the rate that is asked for."""
        return self._pace is None or self._pace.due(arrival.monotonic_ns)

    def send(self, seq: int, arrival: Arrival, picture: Jpeg | av.VideoFrame) -> None:
        """Make a frame of a picture, decoded or JPEG, and send it."""
        started = time.monotonic_ns()
        made = render(picture, self._rendition, self._assignment.quality)
        took = time.monotonic_ns() - started
        header = wire.Header(
            self._topic,
            seq,
            arrival.monotonic_ns,
            arrival.wall_ns,
            run=self._assignment.run,
            boot=boot_id(),
            width=made.width,
            height=made.height,
            quality=made.quality,
            encode_ns=took,
        )
        # Without a copy ZeroMQ would wake another thread of Python for each frame, which costs more.
        self._frames.send(wire.pack(header, made.jpeg))
        self.seq = seq
        average = self.facts[2]
        self.facts = (made.width, made.height, average + (_SMOOTHING if average else 1.0) * (took / 1e6 - average))

    def close(self) -> None:
        """Close the socket; what is on its way may be lost."""
        self._frames.close()

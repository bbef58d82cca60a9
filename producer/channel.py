"""The sockets between captures and their hub: frames, latest only, and reports, every one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgpack
import zmq

from ..common.errors import BindError
from ..common.sockets import Context, Socket
from ..common.state import State
from .held_directory import HeldDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a capture tells its hub beside the frames.

    Attributes:
        camera: name.
        run: id of the capture's life.
        state: `connecting` before the camera answers, `live` from then on, or why the capture ends.
        reason: why, in words a person can act on.
        final: trying again is of no use.
        retry_after: seconds that the camera wants to be left alone for.
        codec: what the camera sends.
        width, height: pixels.
        encode_ms: milliseconds that encoding takes, on average.
        seq: number of the camera's newest picture; 0 before the first.
        captured_ns: when it arrived, on the monotonic clock, ns.
        fps: pictures per second.
        renditions: width, height and milliseconds of encoding of each that is made.
        raw: its pixels can be put into shared memory.
    """

    camera: str
    run: str
    state: State
    reason: str = ""
    final: bool = False
    retry_after: float = 0.0
    codec: str = ""
    width: int = 0
    height: int = 0
    encode_ms: float = 0.0
    seq: int = 0
    captured_ns: int = 0
    fps: float = 0.0
    renditions: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    raw: bool = False

    def pack(self) -> bytes:
        """Serialize."""
        return msgpack.packb({key: getattr(self, key) for key in self.__slots__})

    @classmethod
    def unpack(cls, message: bytes) -> Self:
        """Parse; only our own captures can write to the channel, so nothing is checked."""
        facts = msgpack.unpackb(message)
        return cls(**facts | {"state": State(facts["state"])})


class Channel:
    """The hub's end, in a directory that nobody else may enter."""

    def __init__(self, context: Context) -> None:
        try:
            self._directory = HeldDirectory("framefan-hub-")
        except OSError as error:
            raise BindError(f"cannot make a temporary directory: {error.strerror}; set TMPDIR to one") from None
        self.path = self._directory.path
        self.frames = context.socket(zmq.PULL)
        self.frames.conflate = True  # per connection, hence per rendition
        self.reports = context.socket(zmq.PULL)
        for name, receiver in (("frames", self.frames), ("reports", self.reports)):
            receiver.linger = 0
            try:
                receiver.bind(f"ipc://{self.path / name}")
            except zmq.ZMQError as error:
                raise BindError(
                    f"cannot make sockets in {self.path}: {error.strerror}; set TMPDIR to another directory"
                ) from None

    def close(self) -> None:
        """Close the sockets and remove the directory."""
        self.frames.close()
        self.reports.close()
        self._directory.close()


def connect_reports(context: Context, path: Path) -> Socket:
    """Return a capture's end of the channel for reports."""
    reports = context.socket(zmq.PUSH)
    reports.linger = 1000  # the last report tells why the capture ends
    reports.connect(f"ipc://{path / 'reports'}")
    return reports


def connect_frames(context: Context, path: Path) -> Socket:
    """Return a capture's end for the frames of one rendition: on one connection they would replace each other."""
    frames = context.socket(zmq.PUSH)
    frames.conflate = True
    frames.linger = 0
    frames.connect(f"ipc://{path / 'frames'}")
    return frames

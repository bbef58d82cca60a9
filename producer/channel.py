"""The sockets between captures and their hub: frames, latest only, and reports, every one."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgpack
import zmq

from ..common.errors import BindError
from ..common.sockets import Context, Socket
from ..common.state import State


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
        self._directory = tempfile.TemporaryDirectory(prefix="framefan-", ignore_cleanup_errors=True)
        self.path = Path(self._directory.name)
        self.frames = context.socket(zmq.PULL)
        self.frames.conflate = True  # per connection, hence per capture
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
        self._directory.cleanup()


def connect(context: Context, path: Path) -> tuple[Socket, Socket]:
    """Return a capture's ends of the channel: where it sends frames, and where it sends reports."""
    frames, reports = context.socket(zmq.PUSH), context.socket(zmq.PUSH)
    frames.conflate = True
    frames.linger = 0
    reports.linger = 1000  # the last report tells why the capture ends
    frames.connect(f"ipc://{path / 'frames'}")
    reports.connect(f"ipc://{path / 'reports'}")
    return frames, reports

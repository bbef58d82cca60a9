"""What a hub tells a capture to do."""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import msgpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a capture is to do. It comes by standard input: the URL holds a password, and `ps` shows arguments.

    Attributes:
        camera: name.
        run: id of this life.
        source: as :attr:`.source.Source.url` has it.
        channel: directory of the hub's sockets.
        first_seq: number of the first frame.
        quality: of the JPEG, 1 to 100.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.
        hwaccel: `none`, `auto` or a kind of hardware decoder.
    """

    camera: str
    run: str
    source: str = field(repr=False)
    channel: str
    first_seq: int
    quality: int
    transport: str
    loop: bool
    hwaccel: str

    def pack(self) -> bytes:
        """Serialize, with the length in front."""
        return _framed(asdict(self))

    @classmethod
    def read(cls, descriptor: int) -> Self:
        """Read one from a file descriptor.

        Raises:
            EOFError: the other end was closed.
        """
        return cls(**_read_framed(descriptor))


def pack_renditions(renditions: Iterable[str]) -> bytes:
    """Serialize which renditions a capture is to make from now on; the original is the empty one."""
    return _framed(list(renditions))


def read_renditions(descriptor: int) -> tuple[str, ...]:
    """Read from a file descriptor which renditions to make.

    Raises:
        EOFError: the other end was closed.
    """
    return tuple(_read_framed(descriptor))


def _framed(content: object) -> bytes:
    data: bytes = msgpack.packb(content)
    return len(data).to_bytes(4, "big") + data


def _read_framed(descriptor: int) -> Any:
    return msgpack.unpackb(_read(descriptor, int.from_bytes(_read(descriptor, 4), "big")))


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data

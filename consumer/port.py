"""What listens at a port. ZeroMQ tells the type of its socket to anybody who greets it (ZMTP 3.1)."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass

from ..common import resolution

_SIGNATURE = b"\xff" + bytes(7) + b"\x01\x7f"
_GREETING = _SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MECHANISM = slice(12, 32)
_TYPE = re.compile(rb"\x05READY.*?\x0bSocket-Type\0\0\0.([A-Z]+)", re.DOTALL)
_PATIENCE = 1.0
"""Seconds that somebody who has accepted a connection may take to greet, or to answer."""
_QUESTION = b"GET / HTTP/1.0\r\n\r\n"
_OTHERS = {b"HTTP/": "an HTTP server", b"<": "an HTTP server", b"RTSP/": "an RTSP server", b"SSH-": "an SSH server"}


@dataclass(frozen=True, slots=True)
class Listener:
    """Who has accepted a connection.

    Attributes:
        kind: the type of a ZeroMQ socket, such as `PUB`; empty for anybody else.
        description: who it is, in words.
        took: seconds that connecting took.
        address: where, numeric.
    """

    kind: str
    description: str
    took: float
    address: str


def look(host: str, port: int, timeout: float) -> Listener:
    """Connect, and find out who is there, without subscribing to anything.

    Raises:
        OSError: nobody accepts a connection within `timeout` seconds.
    """
    started = time.monotonic()
    with resolution.connect(host, port, timeout) as connection:
        took = time.monotonic() - started
        address = resolution.numeric(connection.getpeername())
        said = _answer(connection, _GREETING, _TYPE)
    if said.startswith(_SIGNATURE[:1]) and said[9:10] == _SIGNATURE[9:]:
        if match := _TYPE.search(said):
            return Listener(match[1].decode(), f"ZeroMQ {match[1].decode()}", took, address)
        mechanism = said[_MECHANISM].rstrip(b"\0").decode("ascii", "replace")
        return Listener("", f"a ZeroMQ socket with security mechanism {mechanism}", took, address)
    if not said:
        with contextlib.suppress(OSError), resolution.connect(address, port, timeout) as connection:
            said = _answer(connection, _QUESTION, re.compile(rb"\n"))
    other = next((name for start, name in _OTHERS.items() if said.startswith(start)), "")
    return Listener(
        "", other or ("something else than framefan" if said else "somebody who says nothing"), took, address
    )


def _answer(connection: socket.socket, question: bytes, end: re.Pattern[bytes]) -> bytes:
    """Return what is said until `end` is in it, the connection is closed, or patience has come to its end."""
    said = b""
    deadline = time.monotonic() + _PATIENCE
    with contextlib.suppress(OSError):
        connection.sendall(question)
        while not end.search(said) and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            piece = connection.recv(4096)
            if not piece:
                break
            said += piece
    return said

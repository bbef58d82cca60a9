"""One answer to a GET (RFC 9110, RFC 9112) that goes on for ever: multipart/x-mixed-replace over plain HTTP."""

import contextlib
import re
import secrets
import socket
import struct
import time
from collections.abc import Mapping

from ...common.url import Url
from ..rtsp.authentication import Challenge
from ..rtsp.connection import Refused, redirected
from ..rtsp.messages import Refusal
from ..rtsp.sdp import Unsupported
from .multipart import Multipart
from .stream import Chunks, Stream

CONNECT_TIMEOUT = 5.0
_ATTEMPTS = 5  # redirections and requests with a password
_REDIRECTIONS = (301, 302, 303, 307, 308)
_STATUS = re.compile(rb"(?:HTTP/1\.\d|ICY) +(\d{3})\b")
_BOUNDARY = re.compile(r'(?i)boundary\s*=\s*(?:"([^"]*)"|([^\s;]+))')


class Client:
    """A connection on which a camera sends pictures.

    Args:
        url: of the camera, with user and password if it asks for them.
        open_timeout: seconds for the whole opening.
        read_timeout: seconds that the camera may be silent.

    Attributes:
        multipart: the pictures.

    Raises:
        Refused: the server answered, and said no.
        Unsupported: FFmpeg's libraries may read this; the connection is closed.
        Refusal: something else than an HTTP server answered.
        OSError, EOFError: it cannot be connected to, or does not answer.
    """

    def __init__(self, url: Url, *, open_timeout: float, read_timeout: float) -> None:
        self._deadline: float | None = time.monotonic() + open_timeout
        self._address = url
        self._challenge: Challenge | None = None
        self._socket = socket.socket()
        try:
            self.multipart = self._open()
        except BaseException:
            self.close()
            raise
        self._deadline = None
        self._set_timeout(read_timeout)

    def close(self) -> None:
        """Close the connection, from any thread; one that reads from it is woken up. May be called again."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _open(self) -> Multipart:
        """Return the pictures, after going where the server sends us and giving the password that it asks for."""
        status = 0
        for _ in range(_ATTEMPTS):
            self.close()  # cameras bear few connections
            stream, status, headers = self._get()
            if 200 <= status < 300:
                return _multipart(stream, headers)
            if status == 401 and self._learns_from(headers):
                continue
            if status not in _REDIRECTIONS or "location" not in headers:
                break
            self._follow(headers["location"])
        raise Refused(status)

    def _get(self) -> tuple[Stream, int, Mapping[str, str]]:
        """Connect, ask, and return the answer's body, status and headers."""
        address = self._address
        self._socket = socket.create_connection((address.host, address.port), min(CONNECT_TIMEOUT, self._left()))
        self._socket.settimeout(None)
        # A fragment means nothing to a server, so its sign belongs to what people write.
        target = ("" if address.target.startswith("/") else "/") + address.target.replace("#", "%23")
        lines = [f"GET {target} HTTP/1.1", f"Host: {address.place}", "User-Agent: framefan", "Accept: */*"]
        if self._challenge is not None:
            nonce = secrets.token_hex(8)
            answer = self._challenge.answer(
                address.user, address.password, method="GET", url=target, count=1, client_nonce=nonce
            )
            lines.append(f"Authorization: {answer}")
        self._socket.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode(errors="surrogateescape"))
        stream = Stream(self._receive)
        match = _STATUS.match(stream.line())
        if not match:
            raise Refusal(400, "malformed status line")
        return stream, int(match[1]), stream.headers()

    def _receive(self, most: int, whole: bool) -> bytes:
        """Return what `Receive` says. One system call waits for all of a picture and copies it to its place."""
        if self._deadline is not None:
            self._set_timeout(self._left())
        try:
            data = self._socket.recv(most, socket.MSG_WAITALL if whole else 0)
        except BlockingIOError:
            raise TimeoutError from None
        if not data:
            raise EOFError
        return data

    def _set_timeout(self, seconds: float) -> None:
        """Let the kernel watch the time: with a time-out of Python's, MSG_WAITALL would not wait."""
        whole, rest = divmod(seconds, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", int(whole), int(rest * 1e6)))

    def _left(self) -> float:
        """Return how many seconds of the opening are left.

        Raises:
            TimeoutError: none.
        """
        assert self._deadline is not None
        left = self._deadline - time.monotonic()
        if left < 0.001:  # which would mean for ever
            raise TimeoutError
        return left

    def _learns_from(self, headers: Mapping[str, str]) -> bool:
        """Take over the challenge of a 401; return whether another attempt has a chance (RFC 2617, 3.2.1)."""
        header = headers.get("www-authenticate", "")
        if not (self._address.user or self._address.password) or not header:
            return False
        challenge = Challenge.parse(header)
        if challenge is None:
            raise Unsupported("scheme of authentication")
        if self._challenge is not None and challenge.parameters.get("stale", "").lower() != "true":
            return False
        self._challenge = challenge
        return True

    def _follow(self, location: str) -> None:
        self._address, self._challenge = redirected(self._address, location), None


def _multipart(stream: Stream, headers: Mapping[str, str]) -> Multipart:
    kind = headers.get("content-type", "")
    if not kind.lower().startswith("multipart/x-mixed-replace"):
        raise Unsupported("type of content")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        stream = Stream(Chunks(stream).receive)
    boundary = _BOUNDARY.search(kind)
    return Multipart(stream, (boundary[1] or boundary[2] or "") if boundary else "")

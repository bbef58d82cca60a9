"""A client's connection to an RTSP server: requests, with a password if asked for, and what comes in between."""

import contextlib
import secrets
import socket
import time
from collections import deque
from dataclasses import replace

from ...common.url import Url
from .authentication import Challenge
from .messages import Inbox, Packet, Request, Response
from .sdp import Unsupported

_PIECE = 65_536  # what one system call reads
_EARLY = 4096  # packets kept that overtake the answer to PLAY
_UNDERSTOOD = ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")


def redirected(url: Url, location: str) -> Url:
    """Return where a server sends us. A password is for one host only.

    Raises:
        Unsupported: it speaks another protocol.
        AddressError: it is no URL.
    """
    new = url.joined(location)
    if new.scheme != url.scheme:
        raise Unsupported("redirection")
    if new.user or new.host != url.host:
        return new
    return replace(new, user=url.user, password=url.password)


class Refused(Exception):
    """A request that the server answered with an error.

    Attributes:
        status: its code.
        location: where the server sends us instead, if it does.
    """

    def __init__(self, status: int, location: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.location = location


class Connection:
    """One TCP connection. One thread reads; any may send.

    Args:
        address: the server, and who we are.
        timeout: seconds to connect within.

    Raises:
        OSError: it cannot be connected to.
    """

    def __init__(self, address: Url, timeout: float) -> None:
        self._address = address
        self._challenge: Challenge | None = None
        self._challenged = 0
        self._client_nonce = secrets.token_hex(8)
        self._cseq = 0
        self._inbox = Inbox()
        self._early: deque[Packet] = deque(maxlen=_EARLY)
        self._socket = socket.create_connection((address.host, address.port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, url: str, *, deadline: float, **headers: str) -> Response:
        """Send a request and return its answer, a success; packets that come first are kept for :meth:`take`.

        Raises:
            Refused: the answer is no success.
            Refusal: the server speaks something else.
            OSError, EOFError: it does not answer before `deadline` (monotonic seconds), or not at all.
            Unsupported: it asks for a password in a way that we do not know.
        """
        response = self._exchange(method, url, deadline, headers)
        if response.status == 401 and self.learns_from(response):
            response = self._exchange(method, url, deadline, headers)
        if not 200 <= response.status < 300:
            raise Refused(response.status, response.headers.get("location", ""))
        return response

    def send(self, method: str, url: str, **headers: str) -> int:
        """Send a request and return its number, which its answer repeats."""
        self._cseq += 1
        if self._challenge is not None:
            self._challenged += 1
            headers["Authorization"] = self._challenge.answer(
                self._address.user,
                self._address.password,
                method=method,
                url=url,
                count=self._challenged,
                client_nonce=self._client_nonce,
            )
        self._socket.sendall(Request(method, url, {"User-Agent": "framefan", **headers}, self._cseq).to_bytes())
        return self._cseq

    def learns_from(self, response: Response) -> bool:
        """Take over the challenge of a 401; return whether another attempt has a chance.

        A second one has none, unless only its nonce was out of date (RFC 2617, 3.2.1).
        """
        header = response.headers.get("www-authenticate", "")
        challenge = Challenge.parse(header)
        if not (self._address.user or self._address.password) or not header:
            return False
        if challenge is None:
            raise Unsupported("scheme of authentication")
        if self._challenge is not None and challenge.parameters.get("stale", "").lower() != "true":
            return False
        self._challenge, self._challenged = challenge, 0
        return True

    def packets(self, channel: int) -> list[memoryview]:
        """Return the packets of a channel that have come in, up to the next message."""
        early = [packet.data for packet in self._early if packet.channel == channel]
        self._early.clear()
        return early + self._inbox.packets(channel)

    def take(self) -> Packet | Response | None:
        """Return what has come in next; None if there is nothing more without :meth:`wait`. Answers requests.

        Raises:
            Refusal: the server speaks something else.
        """
        if self._early:
            return self._early.popleft()
        return self._take()

    def wait(self, timeout: float) -> None:
        """Wait for more to come in.

        Raises:
            TimeoutError: nothing came.
            EOFError: the server closed the connection.
            OSError: the connection broke.
        """
        if timeout != self._socket.gettimeout():
            self._socket.settimeout(timeout)
        data = self._socket.recv(_PIECE)
        if not data:
            raise EOFError
        self._inbox.feed(data)

    def close(self) -> None:
        """Close the connection; a thread that reads from it is woken up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _take(self) -> Packet | Response | None:
        while isinstance(item := self._inbox.take(), Request):
            # Cameras ask whether we are still there; RFC 2326, 10.1.
            response = Response() if item.method in _UNDERSTOOD else Response(501)
            with contextlib.suppress(OSError):
                self._socket.sendall(response.to_bytes(item.cseq))
        return item

    def _exchange(self, method: str, url: str, deadline: float, headers: dict[str, str]) -> Response:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        number = str(self.send(method, url, **headers))
        while True:
            item = self._take()
            if isinstance(item, Packet):
                self._early.append(item)
            elif item is None:
                self.wait(max(0.001, deadline - time.monotonic()))
            elif item.headers.get("cseq", number) == number:
                return item

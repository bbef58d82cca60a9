"""One RTSP session that plays the first video track of a URL, interleaved with the dialogue (RFC 2326)."""

import contextlib
import re
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from urllib.parse import urljoin

from ...common.url import Url
from ..arrival import Arrival
from . import sdp
from .connection import Connection, Refused, redirected
from .messages import Response
from .sdp import Unsupported

CONNECT_TIMEOUT = 5.0
FAREWELL = 1.0
"""Seconds that the end of a session may take."""
_REDIRECTIONS = 3
_TICK = 1.0  # how often a silent connection is looked after, at least
_SESSION_TIMEOUT = 60.0  # unless the server tells another (RFC 2326, 12.37)


class Client:
    """A session, playing.

    Args:
        url: of the camera, with user and password if it asks for them.
        open_timeout: seconds for the whole opening.
        read_timeout: seconds that the camera may be silent.

    Attributes:
        track: what it plays.

    Raises:
        Refused: the server answered, and said no.
        Unsupported: FFmpeg's libraries may play this; the session is ended.
        sdp.NoVideo: there is none.
        Refusal: something else than an RTSP server answered.
        OSError, EOFError: it cannot be connected to, or does not answer.
    """

    def __init__(self, url: Url, *, open_timeout: float, read_timeout: float) -> None:
        self._deadline = time.monotonic() + open_timeout
        self._read_timeout = read_timeout
        self._address = url
        self._keepalive = "OPTIONS"
        self._keepalive_every = _SESSION_TIMEOUT / 2
        self._channel = 0
        self._session = ""
        self._closing = False
        self._reading = threading.Lock()
        self._connection, described = self._describe()
        try:
            base = described.headers.get("content-base") or described.headers.get("content-location")
            self.track = sdp.parse(described.body, urljoin(self._address.bare, base or ""))
            self._set_up()
            self._ask("PLAY", self.track.session, Range="npt=0.000-")
        except BaseException:
            self.close()
            raise

    def packets(self) -> Generator[tuple[Sequence[memoryview], Arrival], None, None]:
        """Yield RTP packets that came in together, and when, until the session is closed.

        Raises:
            TimeoutError: the camera is silent.
            EOFError, OSError: it ended the connection, or broke it.
            Refusal: it no longer speaks RTSP.
        """
        with self._reading:
            arrival = Arrival.now()
            heard = asked = time.monotonic()
            tick = min(_TICK, self._keepalive_every / 4)
            while not self._closing:
                for packets in self._received():
                    heard = arrival.monotonic_ns / 1e9
                    yield packets, arrival
                if arrival.monotonic_ns / 1e9 - asked > self._keepalive_every:
                    asked = time.monotonic()
                    self._send(self._keepalive, self.track.session)
                try:
                    self._connection.wait(tick)
                except TimeoutError:
                    pass
                except (EOFError, OSError):
                    if self._closing:
                        return
                    raise
                arrival = Arrival.now()
                if arrival.monotonic_ns / 1e9 - heard > self._read_timeout:
                    raise TimeoutError

    def _received(self) -> Iterator[Sequence[memoryview]]:
        """Yield the packets that have come in, and learn from the messages between them."""
        while not self._closing:  # the answer to TEARDOWN is left to who sent it
            if packets := self._connection.packets(self._channel):
                yield packets
            item = None if self._closing else self._connection.take()
            if item is None:
                return
            if isinstance(item, Response):
                self._learn(item)
            elif item.channel == self._channel:  # right after a request of the camera
                yield [item.data]

    def close(self) -> None:
        """End the session, within a second and from any thread; cameras bear few sessions. May be called again."""
        if self._closing:
            return
        self._closing = True
        deadline = time.monotonic() + FAREWELL
        with contextlib.suppress(Exception):  # a session that broke needs no end
            if self._session:
                number = str(self._send("TEARDOWN", self.track.session))
                if self._reading.acquire(timeout=FAREWELL):
                    try:
                        self._await(number, deadline)
                    finally:
                        self._reading.release()
        self._connection.close()

    def _await(self, number: str, deadline: float) -> None:
        """Read until a request is answered: closing with packets unread would reset the connection."""
        while (left := deadline - time.monotonic()) > 0:
            while (item := self._connection.take()) is not None:
                if isinstance(item, Response) and item.headers.get("cseq") == number:
                    return
            self._connection.wait(left)

    def _learn(self, response: Response) -> None:
        """Take the next nonce from an answer to a keepalive; what else it says does not matter."""
        if response.status == 401:
            self._connection.learns_from(response)

    def _describe(self) -> tuple[Connection, Response]:
        """Return a connection and the answer to DESCRIBE, after going where the server sends us."""
        for _ in range(_REDIRECTIONS):
            connection = Connection(self._address, CONNECT_TIMEOUT)
            try:
                self._connection = connection
                self._note_methods()
                return connection, self._ask("DESCRIBE", self._address.bare, Accept="application/sdp")
            except Refused as refused:
                connection.close()
                if refused.status not in (301, 302) or not refused.location:
                    raise
                self._address = redirected(self._address, refused.location)
            except BaseException:
                connection.close()
                raise
        raise Refused(302)

    def _note_methods(self) -> None:
        """Ask what the server can do, which it need not tell."""
        try:
            public = self._ask("OPTIONS", self._address.bare).headers.get("public", "")
        except Refused as refused:
            if refused.status == 401:  # another attempt with this password might lock the account
                raise
        else:
            self._keepalive = "GET_PARAMETER" if "GET_PARAMETER" in public else "OPTIONS"

    def _set_up(self) -> None:
        transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
        try:
            response = self._ask("SETUP", self.track.control, Transport=transport)
        except Refused as refused:
            if refused.status == 461:
                raise Unsupported("transport") from None
            raise
        self._session, _, parameters = (part.strip() for part in response.headers.get("session", "").partition(";"))
        if match := re.search(r"timeout\s*=\s*(\d{1,6})", parameters):
            self._keepalive_every = max(1, int(match[1])) / 2
        agreed = response.headers.get("transport", transport)
        if "TCP" not in agreed.upper():
            raise Unsupported("transport")
        if match := re.search(r"interleaved\s*=\s*(\d{1,3})", agreed):
            self._channel = int(match[1])

    def _ask(self, method: str, url: str, **headers: str) -> Response:
        return self._connection.ask(method, url, deadline=self._deadline, **self._in_session(headers))

    def _send(self, method: str, url: str) -> int:
        return self._connection.send(method, url, **self._in_session({}))

    def _in_session(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Session": self._session, **headers} if self._session else headers

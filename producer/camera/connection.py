"""The dialogue with one client, from its connection to its end."""

import asyncio
import contextlib
import socket

from ..rtsp.messages import Inbox, Refusal, Request, Response
from . import sdp
from .authentication import Guard
from .outlet import Outlet, TcpOutlet, UdpOutlet
from .session import Session
from .settings import Settings
from .stream import Stream, Streams
from .target import Target, track_url
from .transport import parse_transport

METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")

_PIECE = 65_536
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}


class Connection:
    """One client.

    Args:
        reader: what the client sends.
        writer: what it gets.
        streams: the cameras.
        defaults: settings of a URL that does not say otherwise.
        guard: asks for the password.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        streams: Streams,
        defaults: Settings,
        guard: Guard,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._inbox = Inbox()
        self._streams = streams
        self._defaults = defaults
        self._guard = guard
        self._local: str = writer.get_extra_info("sockname")[0]
        self._peer: str = writer.get_extra_info("peername")[0]
        self._target: Target | None = None
        self._stream: Stream | None = None
        self._session: Session | None = None

    async def run(self) -> None:
        """Answer requests until the client leaves."""
        try:
            self._notice_vanished_clients()
            while await self._answer_next():
                pass
        except (EOFError, OSError):
            pass  # the client has left
        finally:
            self._lose_session()
            self._release()
            self._writer.transport.abort()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def _notice_vanished_clients(self) -> None:
        """Have the kernel end a connection to a host that is gone without a word."""
        end = self._writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                end.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    async def _answer_next(self) -> bool:
        """Answer one request; return False if there is no going on after it."""
        try:
            request = await self._next_request()
        except Refusal as refusal:
            self._write(Response(refusal.status, refusal.reason), None)
            return False
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = Response(refusal.status, refusal.reason, refusal.headers)
        if response is not None:
            self._write(response, request.cseq)
            if request.method == "PLAY" and response.status == 200 and self._session is not None:
                self._session.play()
            await self._writer.drain()
        return True

    async def _next_request(self) -> Request:
        """Return the next request; packets between requests, which are RTCP, are skipped."""
        while True:
            item = self._inbox.take()
            if isinstance(item, Request):
                return item
            if item is None:
                data = await self._reader.read(_PIECE)
                if not data:
                    raise EOFError
                self._inbox.feed(data)

    async def _answer(self, request: Request) -> Response | None:
        """Return the answer to a request, None for none.

        Raises:
            Refusal: the answer is an error status.
        """
        if request.method not in METHODS:
            raise Refusal(501, headers={"Public": ", ".join(METHODS)})
        target = self._target
        if request.method in ("OPTIONS", "DESCRIBE", "SETUP") and request.url != "*":
            target = self._parse(request.url)
        if target is not None and target.faults.mutes(request.method):
            return None
        if request.method == "OPTIONS":
            return Response(headers={"Public": ", ".join(METHODS)})
        self._guard.check(request)
        if target is None:
            raise Refusal(455)
        status = target.faults.refuses(request.method)
        if status is not None:
            raise Refusal(status, headers=self._guard.challenge if status == 401 else None)
        if request.method == "DESCRIBE":
            return await self._describe(request, target)
        if request.method == "SETUP":
            return await self._set_up(request, target)
        return self._answer_in_session(request)

    def _parse(self, url: str) -> Target:
        try:
            return Target.parse(url, self._defaults)
        except ValueError as error:
            raise Refusal(400, str(error)) from None

    async def _describe(self, request: Request, target: Target) -> Response:
        if self._session is not None and target != self._target:
            raise Refusal(455)
        control = track_url(request.url)
        stream = self._acquire(target)
        if stream is None:
            body = sdp.describe_sound(target.name, control)
        else:
            # Shielded, because others wait for the same future when this client leaves.
            sets = await asyncio.shield(stream.parameter_sets)
            if sets is None:
                raise Refusal(500)
            body = sdp.describe(target.name, target.settings, sets, control)
        headers = {"Content-Type": "application/sdp", "Content-Base": request.url}
        return Response(headers=headers, body=body)

    async def _set_up(self, request: Request, target: Target) -> Response:
        if self._session is not None:
            raise Refusal(455)
        transport = parse_transport(request.headers.get("transport"))
        if self._streams.full:
            raise Refusal(453)
        stream = self._acquire(target)
        ports = None
        outlet: Outlet
        if transport.tcp:
            outlet = TcpOutlet(self._writer.transport, transport.pair)
        else:
            outlet = UdpOutlet(self._local, self._peer, transport.pair)
            ports = outlet.ports
        self._session = Session(target, stream, outlet, self._writer)
        self._streams.sessions += 1
        agreed = transport.answer(ports, stream.ssrc if stream is not None else 0)
        return Response(headers={"Transport": agreed, **self._session.headers})

    def _answer_in_session(self, request: Request) -> Response:
        named = request.headers.get("session", "").partition(";")[0].strip()
        if named and (self._session is None or named != self._session.id):
            raise Refusal(454)
        if self._session is not None and named:
            self._session.heard()
        if request.method in ("GET_PARAMETER", "SET_PARAMETER"):
            return Response()
        if self._session is None or not named:
            raise Refusal(455 if self._session is None else 454)
        headers = self._session.headers
        if request.method == "TEARDOWN":
            self._end_session()
            return Response()
        return Response(headers={"Range": "npt=now-", **headers})

    def _end_session(self, linger: float = 0.0) -> None:
        if self._session is not None:
            self._session.end()
            self._streams.end_session(linger)
        self._session = None

    def _lose_session(self) -> None:
        """End the session of a client that has not done so itself; its place may stay taken for a while."""
        self._end_session(self._target.faults.linger if self._target is not None else 0.0)

    def _acquire(self, target: Target) -> Stream | None:
        """Return the target's stream, which this connection then holds instead of any other."""
        if target != self._target:
            self._release()
            self._target = target
            if not target.faults.novideo:
                self._stream = self._streams.acquire(target)
        return self._stream

    def _release(self) -> None:
        if self._stream is not None and self._target is not None:
            self._streams.release(self._target)
        self._stream = self._target = None

    def _write(self, response: Response, cseq: int | None) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(response.to_bytes(cseq))

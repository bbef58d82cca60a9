"""RTSP 1.0 (RFC 2326) as pure functions on bytes: what client and server say to each other."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version not supported",
}

_LONGEST_HEAD = 65_536
_LONGEST_BODY = 65_536
_DOLLAR = 0x24
_FRAMING = struct.Struct("!BBH")
"""Of a packet: a dollar sign, channel and length (RFC 2326, 10.12)."""
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class Refusal(Exception):
    """A message that is malformed, or a request that is answered with an error status.

    Attributes:
        status: the status code.
        reason: the reason phrase, ASCII and without line breaks.
        headers: headers of the answer.
    """

    def __init__(self, status: int, reason: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = REASONS[status] if reason is None else _one_line(reason)
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        method: e.g. DESCRIBE.
        url: as sent, with the query.
        headers: by name; those of a parsed request in lower case. They may hold a password, as the URL may.
        cseq: the request's number, which its answer repeats.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cseq: int

    def to_bytes(self) -> bytes:
        """Return what goes over the wire."""
        return _format(f"{self.method} {self.url} RTSP/1.0", {"CSeq": str(self.cseq), **self.headers})


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a request; the header names of a parsed one are in lower case."""

    status: int = 200
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self, cseq: int | None) -> bytes:
        """Return what goes over the wire; `cseq` is None if the request's number is not known."""
        headers = {} if cseq is None else {"CSeq": str(cseq)}
        headers |= {"Server": "framefan", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        return _format(f"RTSP/1.0 {self.status} {self.reason or REASONS[self.status]}", headers) + self.body


class Packet(NamedTuple):
    """An RTP or RTCP packet interleaved with the dialogue (RFC 2326, 10.12)."""

    channel: int
    data: memoryview


class Inbox:
    """Cuts what comes in over a connection into messages and packets, none of which is copied."""

    def __init__(self) -> None:
        self._data = b""
        self._view = memoryview(b"")
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Add what has come in."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._view = memoryview(self._data)
        self._at = 0

    def packets(self, channel: int) -> list[memoryview]:
        """Return a channel's packets that have come in entirely, up to the next message; leave out other channels'."""
        data, view, at, end = self._data, self._view, self._at, len(self._data)
        found = []
        while at + 4 <= end:
            dollar, at_channel, length = _FRAMING.unpack_from(data, at)
            stop = at + 4 + length
            if dollar != _DOLLAR or stop > end:
                break
            if at_channel == channel:
                found.append(view[at + 4 : stop])
            at = stop
        self._at = at
        return found

    def take(self) -> Packet | Request | Response | None:
        """Return the next one; None if it has not come in entirely.

        Raises:
            Refusal: what comes in is no RTSP.
        """
        data, at, end = self._data, self._at, len(self._data)
        if at < end and data[at] == _DOLLAR:
            if end - at < 4:
                return None
            stop = at + 4 + (data[at + 2] << 8 | data[at + 3])
            if stop > end:
                return None
            self._at = stop
            return Packet(data[at + 1], self._view[at + 4 : stop])
        return self._take_message()

    def _take_message(self) -> Packet | Request | Response | None:
        while self._at < len(self._data) and self._data[self._at] in b"\r\n":  # some servers end a body with a line
            self._at += 1
        data, at = self._data, self._at
        if at == len(data) or data[at] == _DOLLAR:
            return self.take() if at < len(data) else None
        line_end = data.find(b"\n", at)
        # Another protocol is told by its first line, or byte, without waiting for more.
        if not data[at : at + 1].isupper() or (line_end >= 0 and b"RTSP/" not in data[at:line_end]):
            raise Refusal(400, "malformed request line")
        head = _END_OF_HEAD.search(data, at)
        if head is None:
            if len(data) - at > _LONGEST_HEAD:
                raise Refusal(400, "message too long")
            return None
        message, length = _parse_head(data[at : head.end()])
        stop = head.end() + length
        if stop > len(data):
            return None
        self._at = stop
        if isinstance(message, Response):
            return Response(message.status, message.reason, message.headers, data[head.end() : stop])
        return message


def parse_request(head: bytes) -> Request:
    """Parse a request up to and with its empty line.

    Raises:
        Refusal: 400 or 505, the request is malformed.
    """
    try:
        first, lines = _lines(head.decode())
    except UnicodeDecodeError:
        raise Refusal(400, "request is not UTF-8") from None
    match = re.fullmatch(r"([A-Z_]{1,20}) (\S{1,4096}) (RTSP/\d\.\d)", first)
    if not match:
        raise Refusal(400, "malformed request line")
    if match[3] != "RTSP/1.0":
        raise Refusal(505)
    headers = _parse_headers(lines)
    return Request(match[1], match[2], headers, _number(headers.get("cseq"), "CSeq"))


def parse_response(head: bytes) -> Response:
    """Parse an answer up to and with its empty line.

    Raises:
        Refusal: it is malformed.
    """
    first, lines = _lines(head.decode(errors="replace"))  # cameras name themselves in any character set
    match = re.fullmatch(r"RTSP/1\.\d +(\d{3})(?: (.*))?", first)
    if not match:
        raise Refusal(400, "malformed status line")
    # Cameras break lines where they should not, too.
    return Response(int(match[1]), match[2], _parse_headers([line for line in lines if ":" in line.strip()[1:]]))


def interleaved(channel: int, packet: bytes) -> bytes:
    """Return a packet framed for the RTSP connection."""
    return b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet


def _parse_head(head: bytes) -> tuple[Request | Response, int]:
    """Return a message and how many bytes of body follow it."""
    message = parse_response(head) if head.startswith(b"RTSP/") else parse_request(head)
    # Of one that was told twice the first counts.
    length = _number(message.headers.get("content-length", "0").partition(",")[0], "Content-Length")
    if length > _LONGEST_BODY:
        raise Refusal(400, "body too long")
    return message, length


def _lines(head: str) -> tuple[str, list[str]]:
    """Return the first line and the header lines; those that begin with a blank go on with the one before."""
    first, *lines = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]+", " ", head.rstrip("\r\n")))
    return first.rstrip(), lines


def _parse_headers(lines: list[str]) -> dict[str, str]:
    """Return headers by lower-case name; the values of those that repeat are joined by commas (RFC 2616, 4.2)."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise Refusal(400, "malformed header line")
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return headers


def _format(first: str, headers: Mapping[str, str]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode(
        errors="surrogateescape"
    )


def _number(text: str | None, name: str) -> int:
    if text is None or not re.fullmatch(r"\d{1,9}", text):
        raise Refusal(400, f"no valid {name}")
    return int(text)


def _one_line(reason: str) -> str:
    """Make a text that may quote a client's own words safe to send on one line."""
    return "".join(char if " " <= char <= "~" else "?" for char in reason)[:200]

"""RTSP 1.0 (RFC 2326) as pure functions on bytes: requests in, responses out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
METHODS = (
    "OPTIONS",
    "DESCRIBE",
    "SETUP",
    "PLAY",
    "TEARDOWN",
    "GET_PARAMETER",
    "SET_PARAMETER",
)


class Refusal(Exception):
    """A request that is answered with an error status.

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
    """A request without its body.

    Attributes:
        method: e.g. DESCRIBE.
        url: as sent, with the query.
        headers: by name in lower case.
        cseq: the request's number, which its answer repeats.
        length: how many bytes of body follow.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    cseq: int
    length: int


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a request."""

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
        lines = [f"RTSP/1.0 {self.status} {self.reason or REASONS[self.status]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Transport:
    """How a client wants its packets.

    Attributes:
        tcp: True for packets interleaved with the dialogue, False for UDP.
        pair: the two channels (TCP) or the client's two ports (UDP), for RTP and RTCP.
    """

    tcp: bool
    pair: tuple[int, int]

    def answer(self, server_ports: tuple[int, int] | None, ssrc: int) -> str:
        """Return the Transport header of the answer to SETUP."""
        low, high = self.pair
        if self.tcp:
            return f"RTP/AVP/TCP;unicast;interleaved={low}-{high};ssrc={ssrc:08X}"
        assert server_ports is not None
        return (
            f"RTP/AVP;unicast;client_port={low}-{high};server_port={server_ports[0]}-{server_ports[1]};ssrc={ssrc:08X}"
        )


def parse_request(head: bytes) -> Request:
    """Parse a request up to and with its empty line.

    Raises:
        Refusal: 400 or 505, the request is malformed.
    """
    try:
        first, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    except UnicodeDecodeError:
        raise Refusal(400, "request is not UTF-8") from None
    match = re.fullmatch(r"([A-Z_]{1,20}) (\S{1,4096}) (RTSP/\d\.\d)", first)
    if not match:
        raise Refusal(400, "malformed request line")
    if match[3] != "RTSP/1.0":
        raise Refusal(505)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name):
            raise Refusal(400, "malformed header line")
        headers[name.lower()] = value.strip()
    cseq = _number(headers.get("cseq"), "CSeq")
    length = _number(headers.get("content-length", "0"), "Content-Length")
    if length > 65_536:
        raise Refusal(400, "body too long")
    return Request(match[1], match[2], headers, cseq, length)


def parse_transport(header: str | None) -> Transport:
    """Parse a Transport header and choose the first of its offers that this camera can serve.

    Raises:
        Refusal: 400 or 461, there is none.
    """
    if not header:
        raise Refusal(400, "no Transport header")
    for offer in header.split(","):
        protocol, *parameters = (part.strip() for part in offer.split(";"))
        values = {name: value for name, _, value in (part.partition("=") for part in parameters)}
        if "multicast" in values:
            continue
        if protocol == "RTP/AVP/TCP":
            pair = _pair(values.get("interleaved", "0-1"), 255)
        elif protocol in ("RTP/AVP", "RTP/AVP/UDP"):
            pair = _pair(values.get("client_port", ""), 65_535)
        else:
            continue
        if pair:
            return Transport(protocol == "RTP/AVP/TCP", pair)
    raise Refusal(461)


def interleaved(channel: int, packet: bytes) -> bytes:
    """Return a packet framed for the RTSP connection."""
    return b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)
    if not match:
        return None
    low = int(match[1])
    high = int(match[2]) if match[2] else low + 1
    return (low, high) if max(low, high) <= highest else None


def _number(text: str | None, name: str) -> int:
    if text is None or not re.fullmatch(r"\d{1,9}", text):
        raise Refusal(400, f"no valid {name}")
    return int(text)


def _one_line(reason: str) -> str:
    """Make a text that may quote a client's own words safe to send on one line."""
    return "".join(char if " " <= char <= "~" else "?" for char in reason)[:200]

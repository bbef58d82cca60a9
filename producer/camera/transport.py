"""How a client wants its packets, as the Transport header of SETUP says (RFC 2326, 12.39)."""

import re
from dataclasses import dataclass

from ..rtsp.messages import Refusal


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


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)
    if not match:
        return None
    low = int(match[1])
    high = int(match[2]) if match[2] else low + 1
    return (low, high) if max(low, high) <= highest else None

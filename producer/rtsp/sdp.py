"""What a client reads from a session description (RFC 4566): the video track, and how to ask for it."""

import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ...common.errors import AddressError
from ...common.url import Url

_CODECS = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg"}
_STATIC = {26: "JPEG"}
"""Payload types that need no rtpmap (RFC 3551, 6)."""
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")
_START = b"\0\0\0\1"


class Unsupported(Exception):
    """Something that this client does not handle, and FFmpeg's libraries may."""


class NoVideo(Exception):
    """A description without a video track."""


@dataclass(frozen=True, slots=True)
class Track:
    """The first video track of a description.

    Attributes:
        codec: `h264`, `hevc` or `mjpeg`, as FFmpeg calls them.
        payload: RTP payload type.
        control: URL to set the track up with.
        session: URL to play and end the session with.
        parameter_sets: VPS, SPS and PPS that the description holds, as a byte stream with start codes; may be empty.
        fps: frames per second, if told.
        size: width and height in pixels, if told.
    """

    codec: str
    payload: int
    control: str = field(repr=False)
    session: str = field(repr=False)
    parameter_sets: bytes
    fps: float | None
    size: tuple[int, int] | None


def parse(body: bytes, base: str) -> Track:
    """Find the first video track.

    Args:
        body: the description.
        base: URL that those in the description are relative to: Content-Base, Content-Location or the request's.
            Users and passwords in any of them are left out, since requests have them elsewhere.

    Raises:
        NoVideo: there is none.
        Unsupported: it is neither H.264, H.265 nor JPEG, or packed in a way that no camera is known to use.
    """
    base = _without_user(base)
    head, *media = re.split(r"(?m)^m=", body.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n"))
    video = next((section for section in media if section.startswith("video ")), None)
    if video is None:
        raise NoVideo
    words = video.partition("\n")[0].split()
    if len(words) < 4 or not words[3].isdecimal():
        raise Unsupported("media line")
    payload = int(words[3])
    attributes = _attributes(video)
    name = _of_payload(attributes, "rtpmap", payload).partition("/")[0].upper() or _STATIC.get(payload, "")
    if name not in _CODECS:
        raise Unsupported(f"codec {name}")
    parameters = _parameters(_of_payload(attributes, "fmtp", payload))
    # RFC 6184, 6.4: interleaved units. RFC 7798, 7.1: any value above 0 puts DONL fields into packets.
    if parameters.get("packetization-mode", "0") not in ("0", "1") or parameters.get("sprop-max-don-diff", "0") != "0":
        raise Unsupported("packetization mode")
    return Track(
        codec=_CODECS[name],
        payload=payload,
        control=_resolve(_first(attributes, "control"), base),
        session=_resolve(_first(_attributes(head), "control"), base),
        parameter_sets=_parameter_sets(parameters),
        fps=_number(_first(attributes, "framerate")),
        # GStreamer writes `framesize:26 640-480` (3GPP TS 26.234), ONVIF and others `x-dimensions:640,480`.
        size=_size(_of_payload(attributes, "framesize", payload) or _first(attributes, "x-dimensions")),
    )


def _attributes(section: str) -> list[tuple[str, str]]:
    """Return the `a=name:value` lines of a section."""
    found = re.findall(r"(?m)^a=([^:\s]+):?(.*)$", section)
    return [(name.lower(), value.strip()) for name, value in found]


def _first(attributes: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in attributes if key == name), "")


def _of_payload(attributes: list[tuple[str, str]], name: str, payload: int) -> str:
    """Return what an attribute says of a payload type."""
    for key, value in attributes:
        number, _, rest = value.partition(" ")
        if key == name and number == str(payload):
            return rest.strip()
    return ""


def _parameters(text: str) -> dict[str, str]:
    """Parse `name=value; name=value`; values are Base64 with equals signs of its own."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parameter_sets(parameters: dict[str, str]) -> bytes:
    texts = [text for name in _SETS for text in parameters.get(name, "").split(",") if text]
    try:
        return b"".join(_START + base64.b64decode(text) for text in texts)
    except binascii.Error:
        return b""  # cameras repeat them in the stream


def _resolve(control: str, base: str) -> str:
    """Return the URL that a control attribute means (RFC 2326, C.1.1).

    A relative one is appended, as every client does: a base may end with a query, which RFC 3986 would drop.
    """
    if control in ("", "*"):
        return base
    if urlsplit(control).scheme:
        return _without_user(control)
    if control.startswith("/"):
        return urljoin(base, control)
    return base + ("" if base.endswith("/") else "/") + control


def _without_user(url: str) -> str:
    if "@" in url:
        with suppress(AddressError):  # cameras name hosts that nobody else would
            return Url.parse(url).bare
    return url


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text) else None


def _size(text: str) -> tuple[int, int] | None:
    match = re.match(r"(\d{1,4})\s*[-,]\s*(\d{1,4})\b", text)
    return (int(match[1]), int(match[2])) if match else None

"""Session descriptions (RFC 4566): what a client learns from DESCRIBE."""

import base64
from collections.abc import Sequence

from .encoder import FORMATS
from .settings import Settings


def describe(name: str, settings: Settings, sets: Sequence[bytes], control: str) -> bytes:
    """Return the description of a camera with a video track.

    Args:
        name: the camera's name.
        settings: what it is encoded as.
        sets: its parameter sets, VPS (H.265 only), SPS and PPS; none for JPEG.
        control: the URL to set the track up with.
    """
    chosen = FORMATS[settings.codec]
    lines = [
        *_head(name),
        f"m=video 0 RTP/AVP {chosen.payload}",
        f"a=rtpmap:{chosen.payload} {chosen.rtp}/90000",
        *_parameters(settings.codec, chosen.payload, sets),
        f"a=framerate:{settings.fps:g}",
        f"a=control:{control}",
    ]
    return _text(lines)


def describe_sound(name: str, control: str) -> bytes:
    """Return the description of a camera that offers sound only."""
    return _text([*_head(name), "m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a=control:{control}"])


def _head(name: str) -> list[str]:
    return [
        "v=0",
        "o=- 0 0 IN IP4 0.0.0.0",
        f"s={''.join(char for char in name if char.isprintable()) or ' '}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=range:npt=now-",
        "a=control:*",
    ]


def _parameters(codec: str, payload: int, sets: Sequence[bytes]) -> list[str]:
    texts = [base64.b64encode(unit).decode() for unit in sets]
    if codec == "h264":
        level = sets[0][1:4].hex().upper()
        return [
            f"a=fmtp:{payload} packetization-mode=1;profile-level-id={level};sprop-parameter-sets={','.join(texts)}"
        ]
    if codec == "h265":
        vps, sps, pps = texts[:3]
        return [f"a=fmtp:{payload} sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}"]
    return []


def _text(lines: Sequence[str]) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode()

"""What an RTSP URL asks this camera for: a name, how to encode it, and which faults to have.

rtsp://host:8554/door?codec=h265&size=640x360&fps=10&gop=50&fault=freeze&after=3&for=10
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ...common.options import integer, one_of
from .faults import KINDS, Faults
from .settings import CODECS, Settings, parse_fps, parse_gop, parse_size

TRACK = "/trackID=0"


def _number(lowest: float, highest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if re.fullmatch(r"-?\d{1,6}(\.\d{1,6})?", text) and lowest <= float(text) <= highest:
            return float(text)
        raise ValueError(f"{text!r} is not a number from {lowest:g} to {highest:g}")

    return parse


def _yes(text: str) -> bool:
    return one_of("0", "1")(text) == "1"


_SETTINGS: dict[str, Callable[[str], Any]] = {
    "codec": one_of(*CODECS),
    "size": parse_size,
    "fps": parse_fps,
    "gop": parse_gop,
}
_FAULTS: dict[str, Callable[[str], Any]] = {
    "fault": one_of(*KINDS),
    "after": _number(0, 86_400),
    "for": _number(0, 86_400),
    "drop": _number(0, 1),
    "cut": _number(0, 1),
    "resize": parse_size,
    "jump": _number(-86_400, 86_400),
    "midgop": _yes,
    "novideo": _yes,
    "timeout": integer(1, 86_400),
    "linger": _number(0, 86_400),
}
_FIELDS = {"for": "lasting"}


@dataclass(frozen=True, slots=True)
class Target:
    """A camera's name, its settings and its faults. Equal targets share one encoder."""

    name: str
    settings: Settings
    faults: Faults

    @classmethod
    def parse(cls, url: str, defaults: Settings) -> "Target":
        """Parse a URL, with or without the suffix of its track.

        Raises:
            ValueError: it is no RTSP URL, or a query key or value means nothing; the text names the key.
        """
        parts = urlsplit(url)
        if parts.scheme.lower() != "rtsp":
            raise ValueError("not an rtsp:// URL")
        name = unquote(parts.path.removesuffix(TRACK)).strip("/")
        try:
            pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise ValueError("malformed query") from None
        settings: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for key, value in pairs:
            if key in _SETTINGS:
                settings[key] = _parse(_SETTINGS[key], key, value)
            elif key in _FAULTS:
                faults[_FIELDS.get(key, key)] = _parse(_FAULTS[key], key, value)
            else:
                raise ValueError(f"unknown query key {key!r}")
        target = cls(name or "camera", dataclasses.replace(defaults, **settings), Faults(**faults))
        target._check()
        return target

    def _check(self) -> None:
        """Refuse what cannot be together."""
        if not self.name.isprintable():
            raise ValueError("the camera's name does not print")
        if self.faults.resize is not None:
            dataclasses.replace(self.settings, size=self.faults.resize)
        if self.faults.midgop and (self.settings.codec == "mjpeg" or self.settings.keyframe_interval == 1):
            raise ValueError("midgop: every frame of this camera is a keyframe")


def to_path(name: str, query: dict[str, object]) -> str:
    """Return the path and query of a URL; True and False are written as 1 and 0, a trailing `_` of a key is dropped."""
    pairs = {key.removesuffix("_"): int(value) if isinstance(value, bool) else value for key, value in query.items()}
    return "/" + quote(name) + ("?" + urlencode(pairs) if pairs else "")


def track_url(url: str) -> str:
    """Return the absolute control URL of the video track of the camera at `url`.

    The track is part of the path: FFmpeg would append a relative one to the query.
    """
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rstrip("/") + TRACK).geturl()


def _parse(parse: Callable[[str], Any], key: str, value: str) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None

"""Addresses: `tcp://host:5550` is a producer's endpoint, `tcp://host:5550/door?width=640` a camera's."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlencode

from .errors import AddressError
from .url import Url, shown

PORT = 5550
"""Default port of frames; states are at the next one, requests at the one after that."""

_LONGEST_NAME = 192
"""Bytes: a topic has 255 at most, and a rendition is written behind the name."""
_NAME = re.compile(r"[^\W_.-][\w.-]{0,63}")
_RENDITION = {"width": 16384, "height": 16384, "fps": 1000, "quality": 100, "gray": 1}
"""What a rendition may ask for, and the most of it."""
_RAW = {"raw": 1}
"""What it has besides if its pictures are pixels in shared memory, which subscribers choose, not people."""


def camera_name(text: str) -> str:
    """Check a camera's name: letters, digits, `_`, `-` and `.`, at most 64, a letter or digit first.

    It serves as a topic, as a path and as a file name, hence neither slash nor zero byte.

    Raises:
        AddressError: it is anything else.
    """
    if not _NAME.fullmatch(text) or len(text.encode()) > _LONGEST_NAME:
        raise AddressError(
            f"camera name {shown(text)!r} is not possible: use up to 64 letters, digits, '_', '-' and '.', "
            "the first a letter or digit"
        )
    return text


def canonical_rendition(query: str, *, address: str = "", raw: bool = False) -> str:
    """Check the wishes for a rendition and return their only form, sorted and without empty ones: `fps=5&width=640`.

    Args:
        query: what stands behind the question mark; empty for the original.
        address: what it is a part of, if it is one, to be named in a complaint.
        raw: its pictures may also be pixels in shared memory, `raw=1`.

    Raises:
        AddressError: it asks for what no rendition has.
    """
    subject = repr(address) if address else "a rendition"
    possible = _RENDITION | _RAW if raw else _RENDITION
    wanted = dict(parse_qsl(query, keep_blank_values=True))
    for key, value in wanted.items():
        if key not in possible:
            unknown = repr(key) if value else "something else"  # a word alone may be a password
            raise AddressError(f"{subject} asks for {unknown}; a rendition has {', '.join(_RENDITION)}")
        if value and not (re.fullmatch(r"\d{1,5}", value) and 0 < int(value) <= possible[key]):
            raise AddressError(f"{subject} asks for a {key} that is not a whole number from 1 to {possible[key]}")
    return "&".join(f"{key}={int(value)}" for key, value in sorted(wanted.items()) if value)


def split_topic(topic: str) -> tuple[str, str]:
    """Split `door?fps=5&width=640` into camera and rendition, as :attr:`CameraAddress.topic` has put them together.

    Raises:
        AddressError: no camera can have that name, there is no such rendition, or it is not in its canonical form.
    """
    name, _, query = topic.partition("?")
    camera, rendition = camera_name(name), canonical_rendition(query, address=topic, raw=True)
    if topic != _topic(camera, rendition):
        raise AddressError(f"topic {topic!r} is not in its canonical form {_topic(camera, rendition)!r}")
    return camera, rendition


def raw_rendition(rendition: str) -> str:
    """Return the rendition of the same pictures as pixels in shared memory, where no quality is lost."""
    wanted = {key: value for key, value in parse_qsl(rendition) if key != "quality"} | {"raw": "1"}
    return urlencode(sorted(wanted.items()))


def raw_topic(topic: str) -> str:
    """Return the topic of the same pictures as pixels in shared memory."""
    camera, _, rendition = topic.partition("?")
    return _topic(camera, raw_rendition(rendition))


def is_raw(rendition: str) -> bool:
    """Return whether the pictures of a rendition are pixels in shared memory."""
    return "raw=1" in rendition.split("&")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a producer is: a host and three ports in a row."""

    host: str
    port: int = PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `tcp://host:port`; `*` stands for every interface, port 0 for any free one.

        Raises:
            AddressError: it is anything else.
        """
        host, port, path, query = _split(text)
        if path.strip("/") or query:
            raise AddressError(f"{shown(text)!r} names a camera where an endpoint is wanted: tcp://host:{PORT}")
        return cls(host, port)

    @property
    def frames(self) -> str:
        """Where frames are published."""
        return self._at(self.port)

    @property
    def states(self) -> str:
        """Where states are published."""
        return self._at(self.port + 1)

    @property
    def requests(self) -> str:
        """Where requests are answered."""
        return self._at(self.port + 2)

    def __str__(self) -> str:
        return self.frames

    def _at(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{port}"


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """Where a camera's frames are to be had.

    Attributes:
        endpoint: its producer's.
        camera: its name there; empty for all cameras of the producer.
        rendition: the wanted size, rate and quality in canonical form (`fps=5&width=640`); empty for the original.
    """

    endpoint: Endpoint
    camera: str = ""
    rendition: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `tcp://host:port[/camera[?width=640&height=&fps=5&quality=60&gray=1]]`.

        Raises:
            AddressError: it is anything else.
        """
        host, port, path, query = _split(text)
        name = unquote(path.removeprefix("/"))
        if not name and query:
            raise AddressError(f"{shown(text)!r} asks for a rendition of no camera: tcp://host:{PORT}/door?width=640")
        return cls(
            Endpoint(host, port),
            camera_name(name) if name else "",
            canonical_rendition(query, address=shown(text)),
        )

    @classmethod
    def parse_camera(cls, text: str) -> Self:
        """Parse the address of one camera; like :meth:`parse`, but a camera must be named."""
        address = cls.parse(text)
        if not address.camera:
            raise AddressError(f"{shown(text)!r} names no camera: tcp://host:{PORT}/door")
        return address

    @property
    def topic(self) -> str:
        """What messages about this camera are published under."""
        return _topic(self.camera, self.rendition)

    def __str__(self) -> str:
        return f"{self.endpoint}/{self.topic}" if self.camera else str(self.endpoint)


def _topic(camera: str, rendition: str) -> str:
    return f"{camera}?{rendition}" if rendition else camera


def _split(text: str) -> tuple[str, int, str, str]:
    try:
        url = Url.parse(text)
    except AddressError:
        url = None
    path, _, query = url.target.partition("?") if url else ("", "", "")
    if url is None or url.scheme != "tcp" or url.user or url.password or "#" in query:
        raise AddressError(f"{shown(text)!r} is not a framefan address: tcp://host:{PORT}/door")
    port = PORT if url.explicit_port is None else url.explicit_port
    if port > 65533:
        raise AddressError(f"{shown(text)!r} leaves no room for two more ports: use 65533 or less")
    return url.host, port, path, query

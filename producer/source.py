"""What a user may name as a source of pictures, and how FFmpeg's libraries are asked to open it."""

import enum
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..common.address import CameraAddress
from ..common.errors import AddressError, SourceError
from ..common.route import is_possible
from ..common.url import Url, shown

_DEVICE = re.compile(r"/dev/video\d+|/dev/v4l/by-(?:id|path)/\S+|\d{1,2}")
_PATTERN = re.compile(r"test:(?:(\d{2,5})x(\d{2,5}))?(?:@(\d{1,3}))?")
_NOT_IN_NAME = re.compile(r"[^\w.-]+")


class Kind(enum.StrEnum):
    """The kinds of source."""

    RTSP = "rtsp"
    HTTP = "http"
    DEVICE = "device"
    FILE = "file"
    PATTERN = "test"
    PRODUCER = "tcp"


@dataclass(frozen=True, slots=True)
class Source:
    """A source of pictures. Its text form and its repr hold no password.

    Attributes:
        kind: what it is.
        where: a camera's URL, another producer or its camera, the path of a device or file, or a test pattern.
    """

    kind: Kind
    where: Url | CameraAddress | str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `rtsp://...`, `http://...` (MJPEG), `/dev/video0` or `0`, `test:1280x720@25`, or a file.

        `tcp://...` is a camera of another producer, or all that it has.

        Raises:
            SourceError: it can never be opened: no such scheme, no host, no such file.
        """
        scheme = text.partition("://")[0].lower() if "://" in text else ""
        if scheme in ("rtsp", "rtsps", "http", "https"):
            return cls(Kind.RTSP if scheme.startswith("rtsp") else Kind.HTTP, _camera_url(text))
        if scheme == "tcp":
            return cls(Kind.PRODUCER, _checked_address(text))
        if scheme not in ("", "file"):
            raise SourceError(
                f"source {shown(text)!r} is of no known kind: use rtsp://, http://, /dev/video0, "
                "a file, test:1280x720@25 or tcp://host:5550 for the cameras of another producer",
                final=True,
            )
        if text.startswith("test:"):
            return cls(Kind.PATTERN, _checked_pattern(text))
        if _DEVICE.fullmatch(text):
            return cls(Kind.DEVICE, f"/dev/video{text}" if text.isdigit() else text)
        return cls(Kind.FILE, _checked_path(text))

    @property
    def url(self) -> str:
        """What FFmpeg's libraries are to open. It holds the password, and is never shown."""
        return self.where.encoded if isinstance(self.where, Url) else str(self.where)

    @property
    def camera_url(self) -> Url:
        """The URL of an RTSP or HTTP camera."""
        assert isinstance(self.where, Url)
        return self.where

    @property
    def host(self) -> str:
        """The host of an RTSP or HTTP camera; empty for any other source."""
        return self.where.host if isinstance(self.where, Url) else ""

    @property
    def name(self) -> str:
        """A camera name derived from the source, for users who give none; of a whole producer its endpoint.

        Of a URL it is the host, since the path may be a secret.
        """
        if self.kind is Kind.PRODUCER:
            return self.address.camera or str(self.address.endpoint)
        if isinstance(self.where, Url):
            text = self.where.host
        elif self.kind is Kind.PATTERN:
            text = "test"
        else:
            text = Path(self.url).stem
        return _NOT_IN_NAME.sub("-", text).strip("-._")[:64] or "camera"

    @property
    def address(self) -> CameraAddress:
        """Where another producer publishes it; without a camera for all that it has."""
        assert isinstance(self.where, CameraAddress)
        return self.where

    @property
    def whole(self) -> bool:
        """True if all cameras of another producer are meant."""
        return self.kind is Kind.PRODUCER and not self.address.camera

    @property
    def place(self) -> str:
        """Host and port, or the path: what to name in a complaint."""
        return self.where.place if isinstance(self.where, Url) else str(self.where)

    @property
    def pattern(self) -> tuple[int, int, int]:
        """Width and height in pixels and frames per second of a test pattern."""
        match = _PATTERN.fullmatch(str(self.where))
        assert match is not None
        return int(match[1] or 1280), int(match[2] or 720), int(match[3] or 25)

    def __str__(self) -> str:
        return str(self.where)


def _camera_url(text: str) -> Url:
    try:
        url = Url.parse(text)
    except AddressError as error:
        raise SourceError(f"source {error}", final=True) from None
    if url.host == "*" or url.explicit_port == 0:
        raise SourceError(f"source '{url}' has no valid host and port: write rtsp://host:554/path", final=True)
    return url


def _checked_address(text: str) -> CameraAddress:
    try:
        address = CameraAddress.parse(text)
    except AddressError as error:
        raise SourceError(str(error), final=True) from None
    if address.rendition or not is_possible(address.endpoint):
        raise SourceError(
            f"source '{address}' is not a camera or a producer: name tcp://host:5550/door, and ask for renditions "
            "there",
            final=True,
        )
    return address


def _checked_path(text: str) -> str:
    path = Path(text.removeprefix("file://"))
    try:
        there = path.is_file()
    except (OSError, ValueError) as error:  # a directory that may not be looked into, a name that is too long
        reason = getattr(error, "strerror", None) or "it is no path"
        raise SourceError(f"source {shown(text)!r} cannot be opened: {reason}", final=True) from None
    if not there:
        raise SourceError(f"source {shown(text)!r} is neither a URL nor a file that exists", final=True)
    if any("\udc80" <= character <= "\udcff" for character in text):  # bytes that are no UTF-8: os.fsdecode
        raise SourceError(f"source {text!a} has a name that is not UTF-8: rename it", final=True)
    return str(path)


def _checked_pattern(text: str) -> str:
    match = _PATTERN.fullmatch(text)
    if match:
        width, height, fps = (int(number or 64) for number in match.groups())
        if 64 <= width <= 4096 and 64 <= height <= 4096 and width % 2 == height % 2 == 0 and fps > 0:
            return text
    raise SourceError(
        f"test pattern {shown(text)!r} is not like test:1280x720@25, with even sides from 64 to 4096", final=True
    )

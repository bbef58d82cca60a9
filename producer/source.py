"""What a user may name as a source of pictures, and how FFmpeg's libraries are asked to open it."""

import enum
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from ..common.address import CameraAddress
from ..common.errors import AddressError, SourceError
from ..common.redact import url_without_password, without_password
from ..common.route import is_possible

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
    """A source of pictures. Its text form holds no password; `url` does, and is never shown.

    Attributes:
        kind: what it is.
        url: what to open: URL, path of a device or file, or size and rate of a test pattern.
    """

    kind: Kind
    url: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `rtsp://...`, `http://...` (MJPEG), `/dev/video0` or `0`, `test:1280x720@25`, or a file.

        `tcp://...` is a camera of another producer, or all that it has.

        Raises:
            SourceError: it can never be opened: no such scheme, no host, no such file.
        """
        scheme = text.partition("://")[0].lower() if "://" in text else ""
        if scheme in ("rtsp", "rtsps", "http", "https"):
            return cls(Kind.RTSP if scheme.startswith("rtsp") else Kind.HTTP, _checked(text))
        if scheme == "tcp":
            return cls(Kind.PRODUCER, _checked_address(text))
        if scheme not in ("", "file"):
            raise SourceError(
                f"source {url_without_password(text)!r} is of no known kind: use rtsp://, http://, /dev/video0, "
                "a file, test:1280x720@25 or tcp://host:5550 for the cameras of another producer",
                final=True,
            )
        if text.startswith("test:"):
            return cls(Kind.PATTERN, _checked_pattern(text))
        if _DEVICE.fullmatch(text):
            return cls(Kind.DEVICE, f"/dev/video{text}" if text.isdigit() else text)
        path = Path(text.removeprefix("file://"))
        try:
            there = path.is_file()
        except OSError as error:  # a directory that may not be looked into, a name that is too long
            reason = error.strerror or error
            raise SourceError(f"source {without_password(text)!r} cannot be opened: {reason}", final=True) from None
        if not there:
            raise SourceError(f"source {without_password(text)!r} is neither a URL nor a file that exists", final=True)
        if any("\udc80" <= character <= "\udcff" for character in text):  # bytes that are no UTF-8: os.fsdecode
            raise SourceError(f"source {text!a} has a name that is not UTF-8: rename it", final=True)
        return cls(Kind.FILE, str(path))

    @property
    def name(self) -> str:
        """A camera name derived from the source, for users who give none; of a whole producer its endpoint."""
        if self.kind is Kind.PRODUCER:
            return self.address.camera or str(self.address.endpoint)
        if self.kind in (Kind.RTSP, Kind.HTTP):
            parts = urlsplit(self.url)
            shown = urlsplit(str(self)).path.strip("/.")  # some cameras take a password in the path
            text = shown.rpartition("/")[2] or parts.hostname or ""
        elif self.kind is Kind.PATTERN:
            text = "test"
        else:
            text = Path(self.url).stem
        return _NOT_IN_NAME.sub("-", text).strip("-._")[:64] or "camera"

    @property
    def address(self) -> CameraAddress:
        """Where another producer publishes it; without a camera for all that it has."""
        return CameraAddress.parse(self.url)

    @property
    def whole(self) -> bool:
        """True if all cameras of another producer are meant."""
        return self.kind is Kind.PRODUCER and not self.address.camera

    @property
    def place(self) -> str:
        """Host and port, or the path: what to name in a complaint."""
        parts = urlsplit(self.url)
        if self.kind not in (Kind.RTSP, Kind.HTTP):
            return self.url
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def pattern(self) -> tuple[int, int, int]:
        """Width and height in pixels and frames per second of a test pattern."""
        match = _PATTERN.fullmatch(self.url)
        assert match is not None
        return int(match[1] or 1280), int(match[2] or 720), int(match[3] or 25)

    def __str__(self) -> str:
        return url_without_password(self.url)


def _checked(url: str) -> str:
    if re.search(r"\s", url):
        raise SourceError(f"source {url_without_password(url)!r} has a space in it: write %20", final=True)
    try:
        parts = urlsplit(url)
        if "@" in parts.path:
            raise SourceError(
                f"source {without_password(url)!r} has an @ in its path: write %2F for / in a password, %40 for @",
                final=True,
            )
        if parts.hostname and parts.port != 0:
            return url
    except ValueError:
        pass
    raise SourceError(f"source {without_password(url)!r} has no valid host and port: rtsp://host:554/path", final=True)


def _checked_address(text: str) -> str:
    try:
        address = CameraAddress.parse(text)
    except AddressError as error:
        raise SourceError(str(error), final=True) from None
    if address.rendition or not is_possible(address.endpoint):
        raise SourceError(
            f"source {text!r} is not a camera or a producer: name tcp://host:5550/door, and ask for renditions there",
            final=True,
        )
    return text


def _checked_pattern(text: str) -> str:
    match = _PATTERN.fullmatch(text)
    if match:
        width, height, fps = (int(number or 64) for number in match.groups())
        if 64 <= width <= 4096 and 64 <= height <= 4096 and width % 2 == height % 2 == 0 and fps > 0:
            return text
    raise SourceError(
        f"test pattern {text!r} is not like test:1280x720@25, with even sides from 64 to 4096", final=True
    )

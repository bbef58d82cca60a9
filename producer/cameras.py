"""Which cameras a producer captures, under which names and with which settings."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..common.address import camera_name
from ..common.errors import AddressError
from ..common.options import flag, integer, one_of, option
from .source import Kind, Source

DEVICES = ("vaapi", "cuda", "qsv", "videotoolbox", "drm", "vulkan")
"""Kinds of hardware decoders that FFmpeg may know; which of them are there is found out when a camera is opened."""


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """What can be set for one camera, on the command line for all of them, or in the configuration file."""

    quality: int = option("80", "JPEG quality, 1 to 100", parse=integer(1, 100), metavar="N")
    transport: str = option("tcp", "tcp or udp, for RTSP", parse=one_of("tcp", "udp"), metavar="NAME")
    loop: bool = flag("start a file anew at its end")
    renditions: int = option(
        "4", "the most other sizes, rates and qualities at once", parse=integer(0, 100), metavar="N"
    )
    disconnect_idle: bool = flag("let the camera go while nobody watches")
    hwaccel: str = option(
        "none", "hardware decoding: none, auto, or one of " + ", ".join(DEVICES), parse=one_of("none", "auto", *DEVICES)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera to be captured, or one or all of another producer to be relayed.

    Attributes:
        name: under which it is published; where all of a producer are meant, its endpoint.
        source: where its pictures come from.
        settings: how it is captured.
    """

    name: str
    source: Source
    settings: CameraSettings


def named(sources: Iterable[tuple[str, str | None]]) -> list[tuple[str, Source]]:
    """Return (name, source) of (source, name or None) pairs; a missing name is derived from the source.

    Raises:
        SourceError: a source can never be opened.
        AddressError: a name is not possible, or given twice.
    """
    pairs = list(sources)
    taken: set[str] = set()
    for _, name in pairs:
        if name is not None:
            if camera_name(name) in taken:
                raise AddressError(f"camera name {name!r} is given twice: choose another --name")
            taken.add(name)
    found = []
    for text, name in pairs:
        source = Source.parse(text)
        if source.whole and name:
            raise AddressError(
                f"{source} names a producer, whose cameras keep their names: {source}/door --name {name}"
            )
        found.append((name or (source.name if source.whole else _free(source.name, taken)), source))
        taken.add(found[-1][0])
    return found


def check_relayed(cameras: Iterable[Camera]) -> None:
    """Check that no camera of another producer, and no producer, is to be relayed twice.

    Raises:
        AddressError: one is.
    """
    found = [str(camera.source.address) for camera in cameras if camera.source.kind is Kind.PRODUCER]
    if len(found) > len(set(found)):
        twice = max(found, key=found.count)
        raise AddressError(f"{twice} is given twice: one name is enough, and any number can watch it")


def _free(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name[:58]}-{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)

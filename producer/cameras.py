"""Which cameras a producer captures, and under which names."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..common.address import camera_name
from ..common.errors import AddressError
from .source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera to be captured.

    Attributes:
        name: under which it is published.
        source: as the user wrote it, password included.
        quality: of the JPEG, 1 to 100.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.
    """

    name: str
    source: str = field(repr=False)
    quality: int = 80
    transport: str = "tcp"
    loop: bool = False


def named(sources: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
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
    for source, name in pairs:
        derived = Source.parse(source).name  # also when a name is given: a bad source is refused here
        found.append((name or _free(derived, taken), source))
        taken.add(found[-1][0])
    return found


def _free(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)

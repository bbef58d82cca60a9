"""Which renditions a camera may have."""

from collections.abc import Sequence

from ..common.address import is_raw, raw_rendition, split_topic
from ..common.errors import AddressError
from .status import Status

_ORIGINALS = ("raw=1", "")
"""Those that every camera may have: as pixels in memory, which are ready sooner, and as JPEG."""


def allowed(status: Status, renditions: list[str]) -> list[str]:
    """Return the originals that are among them, and the first renditions, which others do not displace."""
    possible = [rendition for rendition in renditions if not rendition or not _error(status, rendition)]
    originals = [rendition for rendition in _ORIGINALS if rendition in possible]
    others = [rendition for rendition in possible if rendition not in _ORIGINALS]
    # Pixels in memory are no more work than the JPEG that they take the place of, and count as one with it.
    twins = {raw_rendition(rendition): rendition for rendition in others if not is_raw(rendition)}
    first = [rendition for rendition in others if rendition not in twins][: status.most_renditions]
    return originals + [rendition for rendition in others if twins.get(rendition, rendition) in first]


def refusal(status: Status, rendition: str, made: Sequence[str]) -> str:
    """Return why a rendition is not made beside those that are, or nothing."""
    if error := _error(status, rendition):
        return error
    if not status.most_renditions and rendition not in _ORIGINALS:
        return f"this producer makes no renditions: ask for {status.camera} as it is"
    if reason := status.refusals.get(rendition):
        return reason
    if rendition in made or rendition in allowed(status, [*made, rendition]):
        return ""
    taken = ", ".join(other for other in made if other not in _ORIGINALS)
    return f"{status.camera} may have {status.most_renditions} renditions, which are taken: use one of {taken}"


def _error(status: Status, rendition: str) -> str:
    """Return why a rendition is none of this camera, or nothing."""
    try:
        split_topic(f"{status.camera}?{rendition}")
    except AddressError as error:
        return str(error)
    return "" if status.raw or not is_raw(rendition) else f"{status.camera} has no pixels in memory here"

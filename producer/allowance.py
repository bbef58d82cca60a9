"""Which renditions a camera may have."""

from ..common.address import split_topic
from ..common.errors import AddressError
from .status import Status


def allowed(status: Status, renditions: list[str]) -> list[str]:
    """Return the original, if it is among them, and the first renditions, which others do not displace."""
    others = [rendition for rendition in renditions if rendition and not _error(status.camera, rendition)]
    return [""] * ("" in renditions) + others[: status.most_renditions]


def refusal(status: Status, rendition: str, wanted: list[str]) -> str:
    """Return why a rendition is not made while those are wanted, or nothing."""
    if error := _error(status.camera, rendition):
        return error
    if not status.most_renditions:
        return f"this producer makes no renditions: ask for {status.camera} as it is"
    if reason := status.refusals.get(rendition):
        return reason
    if rendition in allowed(status, list(dict.fromkeys([*wanted, rendition]))):
        return ""
    made = ", ".join(other for other in allowed(status, wanted) if other)
    return f"{status.camera} may have {status.most_renditions} renditions, which are taken: use one of {made}"


def _error(camera: str, rendition: str) -> str:
    """Return what is wrong with the name of a rendition, or nothing."""
    try:
        split_topic(f"{camera}?{rendition}")
    except AddressError as error:
        return str(error)
    return ""

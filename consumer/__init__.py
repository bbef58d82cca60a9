"""The consumer's end: subscribes to cameras and gives their newest frame."""

import importlib
from typing import TYPE_CHECKING, Any

from ..common.errors import MissingPackage

if TYPE_CHECKING:
    from ..common.errors import NoFrame
    from ..common.frame import Frame
    from ..common.state import CameraState, State
    from .subscriber import Subscriber
    from .video_capture import VideoCapture

__all__ = ["CameraState", "Frame", "NoFrame", "State", "Subscriber", "VideoCapture"]

_HOMES = {
    "CameraState": "..common.state",
    "Frame": "..common.frame",
    "NoFrame": "..common.errors",
    "State": "..common.state",
    "Subscriber": ".subscriber",
    "VideoCapture": ".video_capture",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: the command line has no use for most, and VideoCapture needs OpenCV."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name], __name__), name)
    except ImportError as error:
        raise MissingPackage.of(error) or error from None


def __dir__() -> list[str]:
    """Return the names that are imported when they are asked for as well."""
    return sorted({*globals(), *__all__})

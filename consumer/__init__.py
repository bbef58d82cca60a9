"""The consumer's end: subscribes to cameras and gives their newest frame."""

from typing import TYPE_CHECKING, Any

from ..common.errors import MissingPackage, NoFrame
from ..common.frame import Frame
from ..common.state import CameraState, State
from .subscriber import Subscriber

if TYPE_CHECKING:
    from .video_capture import VideoCapture

__all__ = ["CameraState", "Frame", "NoFrame", "State", "Subscriber", "VideoCapture"]


def __getattr__(name: str) -> Any:
    """Import what needs OpenCV when it is asked for, so that the rest can be had without."""
    if name != "VideoCapture":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from .video_capture import VideoCapture
    except ImportError as error:
        raise MissingPackage.of(error) or error from None
    return VideoCapture

"""The consumer's end: subscribes to cameras and gives their newest frame."""

from ..common.errors import NoFrame
from ..common.frame import Frame
from ..common.state import CameraState, State
from .subscriber import Subscriber

__all__ = ["CameraState", "Frame", "NoFrame", "State", "Subscriber"]

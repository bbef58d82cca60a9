"""A picture of a film, and how it is converted."""

from dataclasses import dataclass
from typing import TypeAlias

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from .pick import Position

Image: TypeAlias = npt.NDArray[np.uint8]
"""BGR pixels, height x width x 3, as OpenCV has them."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
"""What to do about a film's note by how many degrees, counterclockwise, it is to be shown turned."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its place in the film."""

    position: Position
    image: Image


class Converter:
    """Makes of decoded frames what OpenCV makes of them, to the bit: its way of scaling colours, and of turning."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def image(self, frame: av.VideoFrame) -> Image:
        """Return a frame's pixels."""
        found = self._reformatter.reformat(frame, format="bgr24", interpolation=Interpolation.BICUBIC).to_ndarray()
        turn = _TURNS.get(frame.rotation % 360)
        return np.asarray(found if turn is None else cv2.rotate(found, turn), np.uint8)

"""Reading every frame of a film with OpenCV: slow, and by definition right."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import filterfalse
from pathlib import Path

import cv2
import numpy as np

from ...common.signals import Stop
from .pick import Pick, Position
from .picture import Image, Picture

_INTRA = ord("I")
"""The type of a picture that needs no other."""


class WholeFilm:
    """A film as OpenCV reads it from its beginning to its end, or until the end is asked for."""

    def __init__(self, path: Path, stop: Stop | None = None) -> None:
        self._capture = _open(path)
        self._stop = stop

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def pictures(self, pick: Pick, unless: Callable[[Position], bool]) -> Iterator[Picture]:
        """Yield the wanted pictures, except for some; the others are decoded, but not converted."""
        for position in filterfalse(unless, pick.of(self._positions())):
            found, image = self._capture.retrieve()
            if found:
                yield Picture(position, np.asarray(image, np.uint8))

    def _positions(self) -> Iterator[Position]:
        number, first = 0, 0.0
        while not (self._stop is not None and self._stop.requested) and self._capture.grab():
            milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            first = first if number else milliseconds
            # Not CAP_PROP_LRF_HAS_KEY_FRAME: it is about the packet read last, from which later pictures come.
            keyframe = self._capture.get(cv2.CAP_PROP_FRAME_TYPE) == _INTRA
            yield Position(number, Fraction(round((milliseconds - first) * 1000), 1_000_000), keyframe)
            number += 1


def first_image(path: Path) -> Image | None:
    """Return a film's first picture as OpenCV reads it; None if it cannot read this film."""
    capture = _open(path)
    try:
        found, image = capture.read()
        return np.asarray(image, np.uint8) if found else None
    finally:
        capture.release()


def _open(path: Path) -> cv2.VideoCapture:
    # Absolute, since FFmpeg takes what stands before a colon in a name for a protocol.
    return cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)

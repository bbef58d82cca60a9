"""Reading every frame of a film with OpenCV: slow, and by definition right."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import filterfalse
from pathlib import Path

import cv2
import numpy as np

from .pick import Pick, Position
from .picture import Image, Picture


class WholeFilm:
    """A film as OpenCV reads it from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)

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
        while self._capture.grab():
            milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            first = first if number else milliseconds
            keyframe = bool(self._capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))
            yield Position(number, Fraction(round((milliseconds - first) * 1000), 1_000_000), keyframe)
            number += 1


def first_image(path: Path) -> Image | None:
    """Return a film's first picture as OpenCV reads it; None if it cannot read this film."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        found, image = capture.read()
        return np.asarray(image, np.uint8) if found else None
    finally:
        capture.release()

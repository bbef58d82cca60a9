"""Where something moves: a background model that learns the scene and forgets within seconds."""

from typing import Any

import cv2
import numpy as np

from ...common.frame import Frame

_WIDTH = 480
"""Pixels of width that are enough to see motion."""
_LEARNING = 5
"""Frames at the start that only teach the background."""
_SMALLEST = 0.0005
"""Part of the picture that must move to count, which leaves out noise."""


class Motion:
    """Finds moving areas; one instance per camera."""

    def __init__(self) -> None:
        self._background = cv2.createBackgroundSubtractorMOG2(history=250, varThreshold=25, detectShadows=False)
        self._kernel = np.ones((3, 3), np.uint8)
        self._seen = 0
        self._shape: tuple[int, ...] = ()

    def __call__(self, frame: Frame) -> dict[str, Any] | None:
        """Return `{"moving": part of the picture, "boxes": [[x, y, width, height], ...]}`, largest box first.

        Boxes are in pixels of the frame. None while nothing moves.
        """
        gray = frame.decode(reduce=_reduction(frame.width), gray=True)
        if gray.shape != self._shape:
            self._shape, self._seen = gray.shape, 0
        mask = self._background.apply(gray, learningRate=1.0 if self._seen == 0 else -1)
        self._seen += 1
        if self._seen <= _LEARNING:
            return None
        mask = cv2.dilate(cv2.morphologyEx(mask, cv2.MORPH_OPEN, self._kernel), self._kernel, iterations=2)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        scale = frame.width / gray.shape[1]
        boxes = [
            [round(side * scale) for side in cv2.boundingRect(contour)]
            for contour in sorted(contours, key=cv2.contourArea, reverse=True)
            if cv2.contourArea(contour) >= _SMALLEST * gray.size
        ]
        return {"moving": round(float(np.count_nonzero(mask)) / mask.size, 4), "boxes": boxes} if boxes else None


def _reduction(width: int) -> int:
    return next((factor for factor in (8, 4, 2) if width / factor >= _WIDTH), 1)

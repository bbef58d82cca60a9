"""A film of a street as a fixed camera sees it: fine detail that stays, some of it moving, and a sensor's noise."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from .pictures import FPS, pictures

_SECONDS = 4
_MOVING = 240
"""Pixels of the sides of what moves."""
_NOISE = 3.0


def make(path: Path) -> None:
    """Write a film of 1920x1080 at 25 fps, H.264 without losses that matter."""
    _, street = next(iter(pictures()))
    random = np.random.default_rng(1)
    passer_by = np.ascontiguousarray(street[:_MOVING, :_MOVING, ::-1])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20"})
        stream.height, stream.width = street.shape[:2]
        for number in range(_SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(_picture(street, passer_by, number, random), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _picture(
    street: npt.NDArray[np.uint8], passer_by: npt.NDArray[np.uint8], number: int, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    picture = street.astype(np.float32)
    for row in range(3):
        at = (number * 8 * (row + 1) + 500 * row) % (street.shape[1] - _MOVING)
        picture[300 * row + 60 : 300 * row + 60 + _MOVING, at : at + _MOVING] = passer_by
    picture += random.normal(0, _NOISE, street.shape[:2]).astype(np.float32)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)

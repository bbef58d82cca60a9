"""Pictures that the tests publish and recognize."""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def flat(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (40, 120, 200)) -> Image:
    """Return a picture of one colour: BGR uint8 (height, width, 3)."""
    return np.full((height, width, 3), colour, np.uint8)


def noisy(width: int, height: int, seed: int = 0) -> Image:
    """Return a picture that does not compress well: BGR uint8 (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def jpeg(image: Image | None = None) -> bytes:
    """Return the JPEG of a picture."""
    written, data = cv2.imencode(".jpg", flat() if image is None else image)
    assert written
    return data.tobytes()

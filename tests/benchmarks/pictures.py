"""Pictures from a source without a codec: 1920x1080 BGR, 25 a second, with as much detail as a camera's."""

import time
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

FPS = 25
_COUNT = 8


def pictures() -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield monotonic time in ns and a picture, for ever. They cost nothing: a few are shown again and again."""
    random = np.random.default_rng(0)
    # Fine detail in luma, coarse in colour: about 220 kB as a JPEG of quality 80, which is what a street scene takes.
    luma = cv2.GaussianBlur(random.normal(0, 100, (1080, 1920)).astype(np.float32), (0, 0), 2.5)
    noise = luma[..., None] + cv2.GaussianBlur(random.normal(0, 100, (1080, 1920, 3)).astype(np.float32), (0, 0), 10)
    slope = np.linspace(60, 180, 1920, dtype=np.float32)[None, :, None]
    scene = np.clip(noise + slope, 0, 255).astype(np.uint8)
    shown = [np.ascontiguousarray(np.roll(scene, 16 * number, axis=1)) for number in range(_COUNT)]
    due, number = time.monotonic(), 0
    while True:
        yield time.monotonic_ns(), shown[number % _COUNT]
        number += 1
        due += 1 / FPS
        time.sleep(max(0.0, due - time.monotonic()))

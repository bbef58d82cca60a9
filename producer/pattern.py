"""A source without a camera: a moving scene at a steady rate."""

import time
from collections.abc import Iterator
from itertools import count

import av

from .arrival import Arrival
from .camera.scene import Scene
from .camera.settings import Settings


def pictures(name: str, width: int, height: int, fps: int) -> Iterator[tuple[Arrival, av.VideoFrame]]:
    """Yield pictures for ever, `fps` a second, width x height pixels, with the camera's name in them."""
    scene = Scene(name, Settings(size=(width, height), fps=fps))
    due = time.monotonic()
    for number in count():
        arrival = Arrival.now()
        yield arrival, scene.picture(number, 0.0, arrival.wall_ns)
        due += 1 / fps
        time.sleep(max(0.0, due - time.monotonic()))

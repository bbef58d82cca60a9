"""A source without a camera: a moving scene at a steady rate, drawn when somebody wants it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import av

from .arrival import Arrival
from .camera.scene import Scene
from .camera.settings import Settings


@dataclass(frozen=True, slots=True)
class Moment:
    """A picture that is not drawn yet: what a packet is to a camera."""

    pts: int
    wall_ns: int
    size: int = 1
    is_keyframe: bool = True


class Pattern:
    """A scene that is a source of packets and its own decoder.

    Args:
        name: the camera's, shown in the picture.
        width, height: pixels.
        fps: pictures per second.
    """

    is_hardware = False

    def __init__(self, name: str, width: int, height: int, fps: int) -> None:
        self._scene = Scene(name, Settings(size=(width, height), fps=fps))
        self._fps = fps

    def packets(self) -> Iterator[tuple[Moment, Arrival]]:
        """Yield a moment `fps` times a second, for ever."""
        due = time.monotonic()
        for number in count():
            arrival = Arrival.now()
            yield Moment(number, arrival.wall_ns), arrival
            due += 1 / self._fps
            time.sleep(max(0.0, due - time.monotonic()))

    def decode(self, moment: Moment) -> Iterator[av.VideoFrame]:
        """Draw the scene at a moment."""
        picture = self._scene.picture(moment.pts, 0.0, moment.wall_ns)
        picture.pts = moment.pts
        yield picture

    def flush(self) -> None:
        """Do nothing: no picture is held back."""

    def close(self) -> None:
        """Do nothing: there is no session to end."""

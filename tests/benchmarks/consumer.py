"""A consumer of a camera that does what a user's program does, and tells of every frame how old it was."""

import argparse
import math
import time

import cv2
import numpy as np

from framefan.consumer import Subscriber
from framefan.producer.camera import stamp

from .processes import tell


def main() -> None:
    """Read frames until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--work", type=float, default=0.0, help="seconds of work per frame")
    parser.add_argument("--busy", action="store_true", help="work on pixels instead of sleeping")
    parser.add_argument("--mode", default="auto", help="how frames come: auto, stream or pull")
    parser.add_argument("--group", default="", help="to share the frames with")
    options = parser.parse_args()
    with Subscriber(options.address, timeout=30, mode=options.mode, group=options.group) as subscriber:
        for frame in subscriber:
            read = frame.age
            picture = frame.image
            image = frame.age
            moment = stamp.read(picture)
            tell(read, image, math.nan if moment is None else (time.time_ns() - moment) / 1e9)
            if options.busy:
                _blur(picture, options.work)
            else:
                time.sleep(options.work)


def _blur(picture: np.ndarray, seconds: float) -> None:
    """Keep one core busy, mostly without the GIL, as libraries for pictures do."""
    cv2.setNumThreads(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cv2.GaussianBlur(picture, (9, 9), 0)


if __name__ == "__main__":
    main()

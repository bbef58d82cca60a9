"""The usual recipe for "the latest frame" in OpenCV: a reader process appends to a Manager().list(), a consumer pops.

Found in countless answers and articles: the list serves as a stack, and the reader empties it when it gets long. The
consumer asks for the length again and again while the stack is empty; with --pause it is kinder than the recipe.
"""

import argparse
import gc
import math
import multiprocessing
import signal
import sys
import time
from collections.abc import Iterator, MutableSequence
from contextlib import suppress
from typing import Any

import cv2
import numpy as np

from framefan.producer.camera import stamp

from .pictures import pictures
from .processes import tell

_LONGEST = 100

Stack = MutableSequence[Any]


def main() -> None:
    """Read the newest picture again and again until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="an RTSP URL, or raw for pictures that need no decoding")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to sleep when the stack is empty")
    parser.add_argument("--work", type=float, default=0.0, help="seconds of work per picture")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that the manager and the reader end as well
    with multiprocessing.get_context("spawn").Manager() as manager:
        stack: Stack = manager.list()
        reader = multiprocessing.get_context("spawn").Process(target=_write, args=(stack, options.source), daemon=True)
        reader.start()
        while reader.is_alive():
            if len(stack) == 0:
                time.sleep(options.pause)
                continue
            captured_ns, picture = stack.pop()
            age = (time.monotonic_ns() - captured_ns) / 1e9
            moment = stamp.read(picture)
            tell(age, age, math.nan if moment is None else (time.time_ns() - moment) / 1e9)
            time.sleep(options.work)


def _write(stack: Stack, source: str) -> None:
    with suppress(OSError, EOFError, TypeError):  # the manager is ending, whose last answer may be None
        for captured_ns, picture in pictures() if source == "raw" else _grab(source):
            stack.append((captured_ns, picture))
            if len(stack) >= _LONGEST:
                del stack[:]
                gc.collect()


def _grab(url: str) -> Iterator[tuple[int, np.ndarray]]:
    camera = cv2.VideoCapture(url)
    while True:
        read, picture = camera.read()
        if not read:
            return
        yield time.monotonic_ns(), picture


if __name__ == "__main__":
    main()

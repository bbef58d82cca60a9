"""A program that wants a camera's newest picture, written with our `VideoCapture`, or as one finds it for OpenCV.

`framefan` reads a camera's address; `thread` is the recipe with a background thread that reads and keeps the last
picture; `direct` calls `cv2.VideoCapture.read` when it wants a picture. `decode` is no such program: it does what our
capture does before a picture can be handed over, and nothing else.
"""

import argparse
import math
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from framefan.consumer import VideoCapture
from framefan.producer.camera import stamp
from framefan.producer.decoder import Decoder
from framefan.producer.rtsp.demuxer import RtspDemuxer
from framefan.producer.source import Source

from .processes import tell

Pictures = Iterator[tuple[float, float, np.ndarray | None]]
"""Seconds from the moment when a picture was decoded until it was here, and until it was BGR; the picture, if it is."""


def main() -> None:
    """Take pictures and work on each, until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--way", choices=_WAYS, required=True)
    parser.add_argument("--work", type=float, default=0.0, help="seconds of work per picture")
    words = parser.parse_args()
    cv2.setNumThreads(1)  # a second thread saves nobody a tenth of a millisecond here, and costs as much as the first
    for here, age, picture in _WAYS[words.way](words.source):
        moment = None if picture is None else stamp.read(picture)
        tell(here, age, math.nan if moment is None else (time.time_ns() - moment) / 1e9)
        time.sleep(words.work)


def _framefan(address: str) -> Pictures:
    capture = VideoCapture(address)
    while capture.grab():
        frame = capture.frame()
        assert frame is not None
        here = frame.age
        _, picture = capture.retrieve()
        assert picture is not None
        decoded = frame.decode_ns / 1e9
        yield here - decoded, frame.age - decoded, picture


def _thread(url: str) -> Pictures:
    camera = cv2.VideoCapture(url)
    changed = threading.Condition()
    newest: list[tuple[float, np.ndarray]] = []

    def run() -> None:
        while True:
            read, picture = camera.read()
            if not read:
                return
            with changed:
                newest[:] = [(time.monotonic(), picture)]
                changed.notify()

    threading.Thread(target=run, daemon=True).start()
    while True:
        with changed:
            changed.wait_for(lambda: newest)
            taken, picture = newest.pop()
        age = time.monotonic() - taken
        yield age, age, picture


def _direct(url: str) -> Pictures:
    camera = cv2.VideoCapture(url)
    while True:
        read, picture = camera.read()
        if not read:
            return
        yield 0.0, 0.0, picture


def _decode(url: str) -> Pictures:
    opened = RtspDemuxer(Source.parse(url))
    decoder = Decoder(opened)
    for packet, _ in opened.packets():
        for _ in decoder.decode(packet):
            yield 0.0, 0.0, None


_WAYS = {"framefan": _framefan, "thread": _thread, "direct": _direct, "decode": _decode}


if __name__ == "__main__":
    main()

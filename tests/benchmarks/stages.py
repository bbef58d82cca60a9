"""What no way from a camera to pixels can save: one H.264 decode, one JPEG encode, one JPEG decode, single thread.

Everything that a benchmark says about age is told in multiples of this sum, for the same pictures, in the same run.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import cv2
import numpy as np

from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import Demuxer, VideoPacket
from framefan.producer.encoder import encode
from framefan.producer.picture import Jpeg
from framefan.producer.source import Source

from .report import Report, median

_PACKETS = 76
"""Three keyframes' worth at 25 fps."""
_ROUNDS = 3
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "268435456"}
"""Without these, glibc gives the memory of pictures back each time: a thousand page faults per frame double the sum."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Medians, s.

    Attributes:
        h264_decode: from a packet to planes.
        jpeg_encode: from planes to JPEG.
        jpeg_decode: from JPEG to BGR.
        jpeg_bytes: size of the JPEG.
    """

    h264_decode: float
    jpeg_encode: float
    jpeg_decode: float
    jpeg_bytes: float

    @property
    def total(self) -> float:
        """Return the sum of the three, s."""
        return self.h264_decode + self.jpeg_encode + self.jpeg_decode

    def report(self, report: Report) -> None:
        """Add the sum and its parts to a report."""
        parts = [f"{part * 1000:.2f}" for part in (self.h264_decode, self.jpeg_encode, self.jpeg_decode)]
        report.note(
            f"H.264 decode {parts[0]} + JPEG encode {parts[1]} + JPEG decode {parts[2]} ms, "
            f"{self.jpeg_bytes / 1000:.0f} kB per JPEG"
        )
        report.figure("the sum of one decode, one encode, one decode", self.total * 1000, "ms")


def measure(url: str) -> Stages:
    """Measure the pictures of a camera, in a process of its own, so that nothing else holds its GIL."""
    command = [sys.executable, "-m", __name__, url]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | _KEEP_MEMORY, check=True)
    return Stages(**json.loads(done.stdout))


def _measure(url: str) -> Stages:
    cv2.setNumThreads(1)
    demuxer = Demuxer(Source.parse(url), transport="tcp", loop=False)
    packets = [packet for packet, _ in islice(demuxer.packets(), _PACKETS)]
    columns = zip(*_times(Decoder(demuxer.stream), packets * _ROUNDS), strict=True)
    return Stages(*(median(column) for column in columns))


def _times(decoder: Decoder, packets: list[VideoPacket]) -> Iterator[tuple[float, float, float, float]]:
    for packet in packets:
        started = time.perf_counter()
        for picture in decoder.decode(packet):
            assert not isinstance(picture, Jpeg)
            decoded = time.perf_counter()
            jpeg = encode(picture, 80)
            encoded = time.perf_counter()
            cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            yield decoded - started, encoded - decoded, time.perf_counter() - encoded, len(jpeg)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a camera that sends H.264")
    print(json.dumps(asdict(_measure(parser.parse_args().url))))

"""Reads a camera with one of two demuxers and prints what that takes as JSON; :mod:`tests.benchmarks.rtsp` runs it."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import av
import numpy as np

from framefan.producer.arrival import Arrival
from framefan.producer.camera import stamp
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import Demuxer, PacketSource
from framefan.producer.picture import Jpeg
from framefan.producer.rtsp.demuxer import RtspDemuxer
from framefan.producer.source import Source

READERS = {"ours": "own client", "ffmpeg": "FFmpeg's demuxer"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader measured.

    Attributes:
        opened: from the start to the first decoded picture, s.
        glass: from each picture's stamp to its packet, s; none if only CPU time is measured.
        cpu: CPU time per picture of reading without decoding, s; 0 if pictures are decoded.
    """

    opened: float
    glass: list[float]
    cpu: float


def _open(url: str, reader: str) -> PacketSource:
    source = Source.parse(url)
    return RtspDemuxer(source) if reader == "ours" else Demuxer(source, transport="tcp", loop=False)


def _read(url: str, reader: str, seconds: float, *, decode: bool) -> Reading:
    started = time.monotonic()
    source = _open(url, reader)
    packets = source.packets()
    opened, glass, cpu = 0.0, [], 0.0
    if decode:
        for arrival, picture in _pictures(source):
            opened = opened or time.monotonic() - started
            moment = stamp.read(np.asarray(picture.to_ndarray(format="gray"), np.uint8))
            if moment is not None:
                glass.append((arrival.wall_ns - moment) / 1e9)
            if time.monotonic() - started > opened + seconds:
                break
        glass = glass[len(glass) // 4 :]  # what an opening has piled up is no latency
    else:
        next(packets)
        until, before, count = time.monotonic() + seconds, time.process_time(), 0
        for _ in packets:
            count += 1
            if time.monotonic() > until:
                break
        cpu = (time.process_time() - before) / count
    return Reading(opened, glass, cpu)


def _pictures(source: PacketSource) -> Iterator[tuple[Arrival, av.VideoFrame]]:
    decoder = Decoder(source)
    for packet, arrival in source.packets():
        for picture in decoder.decode(packet):
            assert not isinstance(picture, Jpeg)
            yield arrival, picture


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a camera that sends H.264")
    parser.add_argument("--reader", choices=READERS, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--decode", action="store_true")
    words = parser.parse_args()
    print(json.dumps(asdict(_read(words.url, words.reader, words.seconds, decode=words.decode))))

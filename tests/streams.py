"""Streams that tests damage or pack in strange ways: coded units, RTP packets of them, and what a viewer sees."""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from framefan.producer.arrival import Arrival
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import VideoPacket
from framefan.producer.rtsp.depacketizer import Depacketizer
from framefan.producer.rtsp.formats import FORMATS, Format

START = b"\0\0\0\1"
PAYLOAD_TYPE = 96
GOP = 5
WIDTH, HEIGHT = 128, 96
ROOM = 250
"""Bytes of the largest payload."""


@dataclass(frozen=True)
class Stream:
    """Pictures as an encoder makes them.

    Attributes:
        codec: `h264` or `hevc`.
        pictures: of each its units without start codes, in the order of decoding.
    """

    codec: str
    pictures: tuple[tuple[bytes, ...], ...]

    @property
    def form(self) -> Format:
        """How its units are packed."""
        return FORMATS[self.codec]

    def is_slice(self, unit: bytes) -> bool:
        """Return whether a unit is a part of the picture itself."""
        return self.form.kind(unit) in self.form.slices


@lru_cache
def encoded(codec: str, *, gops: int = 2, slices: int = 1, **parameters: int | str) -> Stream:
    """Return a small stream in which everything moves, so that what is old or missing shows.

    Args:
        codec: `h264` or `hevc`.
        gops: groups of `GOP` pictures.
        slices: per picture.
        parameters: for x264 or x265, with _ for -.
    """
    encoder = av.CodecContext.create({"h264": "libx264", "hevc": "libx265"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = WIDTH, HEIGHT, "yuv420p", Fraction(25)
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    given: dict[str, int | str] = {"keyint": GOP, "min-keyint": GOP, "scenecut": 0, "qp": 24, "slices": slices}
    given |= {"ctu": 16, "frame-threads": 1, "log-level": "none"} if codec == "hevc" else {}
    given |= {"repeat-headers": 1, "bframes": 0} | {name.replace("_", "-"): value for name, value in parameters.items()}
    joined = ":".join(f"{name}={value}" for name, value in given.items())
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", f"{encoder.codec.name[3:]}-params": joined}
    packets = []
    for number in range(gops * GOP):
        packets += encoder.encode(_picture(number))
    packets += encoder.encode(None)
    units = (re.split(rb"\x00{2,3}\x01", bytes(packet)) for packet in packets)
    return Stream(codec, tuple(tuple(filter(None, found)) for found in units))


def _picture(number: int) -> av.VideoFrame:
    x, y = np.arange(WIDTH), np.arange(HEIGHT)[:, None]
    waves = 125 + 55 * np.sin(x / 17 + 0.7 * number) + 55 * np.sin(y / 13 - 0.9 * number) + 15 * np.sin(x + y + number)
    chroma = np.full((HEIGHT // 2, WIDTH), 100 + 5 * (number % 7))
    picture = av.VideoFrame.from_ndarray(np.vstack([waves, chroma]).clip(16, 235).astype(np.uint8), format="yuv420p")
    picture.pts = number
    return picture


def payloads(stream: Stream, unit: bytes, room: int = ROOM) -> Iterator[bytes]:
    """Yield a unit as RTP payloads: as it is, or in fragments where it is longer than `room`."""
    form = stream.form
    if len(unit) <= room:
        yield unit
        return
    kind, body = form.kind(unit), unit[form.header :]
    header = bytes((unit[0] & ~(form.mask << form.shift) | form.fragment << form.shift,)) + unit[1 : form.header]
    pieces = [body[at : at + room] for at in range(0, len(body), room)]
    for at, piece in enumerate(pieces):
        yield header + bytes((kind | (at == 0) << 7 | (at == len(pieces) - 1) << 6,)) + piece


def aggregate(stream: Stream, units: list[bytes]) -> bytes:
    """Return the payload of a packet with several units."""
    form = stream.form
    header = bytes((form.aggregate << form.shift,)) + b"\1" * (form.header - 1)
    return header + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def rtp(sequence: int, timestamp: int, payload: bytes, *, marker: bool) -> bytes:
    """Return an RTP packet."""
    return struct.pack("!BBHII", 0x80, PAYLOAD_TYPE | marker << 7, sequence & 0xFFFF, timestamp, 7) + payload


def packed(stream: Stream) -> list[list[bytes]]:
    """Return the RTP packets of each picture as RFC 6184 and RFC 7798 have them."""
    pictures: list[list[bytes]] = []
    sequence = 0xFFF0
    for number, units in enumerate(stream.pictures):
        found = [payload for unit in units for payload in payloads(stream, unit)]
        at = range(sequence, sequence + len(found))
        pictures.append([rtp(n, number, one, marker=n == at[-1]) for n, one in zip(at, found, strict=True)])
        sequence += len(found)
    return pictures


class Coded:
    """A stream whose size is known beforehand, or not, which decides how many threads decode H.265."""

    def __init__(self, codec: str, width: int) -> None:
        self.codec_context = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
        self.codec_context.width = width


class Viewer:
    """Puts packets together and decodes them, and remembers the pixels of what it would show, by their hashes.

    Args:
        codec: `h264` or `hevc`.
        width: of the pictures; 0 if it is not known.
        subject: what puts them together; by default, one that has seen nothing.
    """

    def __init__(self, codec: str, width: int = 0, subject: Depacketizer | None = None) -> None:
        self._depacketizer = subject or Depacketizer(codec, PAYLOAD_TYPE)
        self._decoder = Decoder(Coded(codec, width))
        self.shown: list[int] = []

    def watch(self, packets: Iterable[bytes]) -> list[int]:
        """Return all that has been shown up to the end of these packets."""
        for given in packets:
            for unit in self._depacketizer.push(memoryview(given), Arrival(1, 1)):
                packet = av.Packet(unit.data)
                packet.is_keyframe = unit.keyframe
                pictures = cast(Iterator[av.VideoFrame], self._decoder.decode(cast(VideoPacket, packet)))
                self.shown += [hash(picture.to_ndarray().tobytes()) for picture in pictures]
        return self.shown


@lru_cache
def originals(stream: Stream) -> list[int]:
    """Return the pixels of each picture, as a decoder that lacks nothing makes them, by their hashes."""
    decoder = av.CodecContext.create(stream.codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    packets = [av.Packet(b"".join(START + unit for unit in units)) for units in stream.pictures]
    found = [picture for packet in [*packets, None] for picture in decoder.decode(packet)]
    assert len(found) == len(stream.pictures)
    return [hash(picture.to_ndarray().tobytes()) for picture in found]

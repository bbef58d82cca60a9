"""Streams that tests damage or pack in strange ways: coded units, and RTP packets made of them."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from framefan.producer.rtsp.formats import FORMATS, Format

START = b"\0\0\0\1"
PAYLOAD_TYPE = 96
GOP = 5


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
def encoded(codec: str, *, gops: int = 2, slices: int = 1, **parameters: int) -> Stream:
    """Return a small stream in which everything moves, so that what is old or missing shows.

    Args:
        codec: `h264` or `hevc`.
        gops: groups of `GOP` pictures.
        slices: per picture.
        parameters: for x264 or x265, with _ for -.
    """
    encoder = av.CodecContext.create({"h264": "libx264", "hevc": "libx265"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 160, 128, "yuv420p", Fraction(25)
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    given: dict[str, object] = {"keyint": GOP, "min-keyint": GOP, "scenecut": 0, "qp": 24, "slices": slices}
    given |= {"h264": {"bframes": 0}, "hevc": {"ctu": 16, "frame-threads": 1, "log-level": "none"}}[codec]
    given |= {"repeat-headers": 1} | {name.replace("_", "-"): value for name, value in parameters.items()}
    joined = ":".join(f"{name}={value}" for name, value in given.items())
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", f"{encoder.codec.name[3:]}-params": joined}
    packets = []
    for number in range(gops * GOP):
        packets += encoder.encode(_picture(number, encoder.width, encoder.height))
    packets += encoder.encode(None)
    units = (re.split(rb"\x00{2,3}\x01", bytes(packet)) for packet in packets)
    return Stream(codec, tuple(tuple(filter(None, found)) for found in units))


def _picture(number: int, width: int, height: int) -> av.VideoFrame:
    x, y = np.arange(width), np.arange(height)[:, None]
    waves = 125 + 55 * np.sin(x / 17 + 0.7 * number) + 55 * np.sin(y / 13 - 0.9 * number) + 15 * np.sin(x + y + number)
    chroma = np.full((height // 2, width), 100 + 5 * (number % 7))
    picture = av.VideoFrame.from_ndarray(np.vstack([waves, chroma]).clip(16, 235).astype(np.uint8), format="yuv420p")
    picture.pts = number
    return picture


def payloads(stream: Stream, unit: bytes, room: int = 400) -> Iterator[bytes]:
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

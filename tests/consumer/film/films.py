"""Tiny films of many kinds, each picture of which can be told from all others."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from tests.pictures import Image

FRAMES = 60
WIDTH, HEIGHT = 64, 48


@dataclass(frozen=True)
class Kind:
    """How a film is made.

    Attributes:
        name: of the file.
        codec, pix_fmt, options, b_frames: of the encoder.
        container: options of the muxer.
        variable: whether its frame rate varies.
        change: what is done to the file's bytes in the end.
    """

    name: str
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    b_frames: int = 2
    container: dict[str, str] = field(default_factory=dict)
    variable: bool = False
    size: tuple[int, int] = (WIDTH, HEIGHT)
    change: Callable[[bytes], bytes] = bytes


def make_packed(path: Path) -> None:
    """Write an AVI as DivX does: a picture and the B-frame before it in one packet, and then a packet without any."""
    source = make(path.parent, Kind("source.avi", codec="mpeg4", b_frames=1))
    with av.open(str(source)) as container:
        pictures = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        for number, (data, after) in enumerate(pairwise([*pictures, pictures[0]])):
            if _picture_type(data) == _B:
                data = _NOTHING
            elif _picture_type(after) == _B:
                data += after
            packet = av.Packet(re.sub(rb"Lavc[0-9.]+", b"DivX503b1393p", data))
            packet.pts = packet.dts = number
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.is_keyframe = _picture_type(data) == _I
            container.mux(packet)


_I, _B = 0, 2
_NOTHING = bytes.fromhex("000001b6500200")
"""A picture of MPEG-4 that says it is not coded."""


def _picture_type(data: bytes) -> int:
    return data[data.index(b"\0\0\1\xb6") + 4] >> 6


def make(directory: Path, kind: Kind) -> Path:
    """Write a film of 60 pictures, with a keyframe every 12."""
    path = directory / kind.name.partition(" ")[0]
    width, height = kind.size
    random = np.random.default_rng(1)
    with av.open(str(path), "w", options=kind.container) as container:
        stream = container.add_stream(kind.codec, rate=25, options=kind.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, kind.pix_fmt
        stream.codec_context.gop_size = 12
        stream.codec_context.max_b_frames = kind.b_frames
        if kind.variable:
            stream.codec_context.time_base = Fraction(1, 1000)
        milliseconds = 0
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24")
            frame = frame.reformat(format=kind.pix_fmt)
            if kind.variable:
                frame.pts, frame.time_base = milliseconds, Fraction(1, 1000)
                milliseconds += int(random.integers(10, 90))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    path.write_bytes(kind.change(path.read_bytes()))
    return path


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """Return a picture that tells its number."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 3 + number * 5, y * 4 + number * 3, (x + y) * 2 + number * 7], 2).astype(np.uint8)
    image[:, number * width // FRAMES :][:, :2] = 255
    return image


def read_with_opencv(path: Path) -> list[Image]:
    """Return every picture of a film as OpenCV reads it."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    images = []
    while (found := capture.read())[0]:
        images.append(np.asarray(found[1], np.uint8).copy())
    capture.release()
    return images


def turned(film: bytes) -> bytes:
    """Return an MP4 that says it is to be shown turned by 90 degrees: another matrix in its track's header."""
    at = film.index((1 << 16).to_bytes(4, "big") + bytes(12) + (1 << 16).to_bytes(4, "big"), film.index(b"tkhd"))
    matrix = (0, 1 << 16, 0, 0xFFFF0000, 0, 0, 0, 0, 1 << 30)
    return film[:at] + b"".join(word.to_bytes(4, "big") for word in matrix) + film[at + 36 :]


def with_false_keyframes(film: bytes) -> bytes:
    """Return an MP4 whose list of keyframes names others, except for the first."""
    at = film.index(b"stss") + 8
    count = int.from_bytes(film[at : at + 4], "big")
    numbers = [int.from_bytes(film[at + 4 * i : at + 4 * i + 4], "big") for i in range(1, count + 1)]
    false = [numbers[0], *(number + 3 for number in numbers[1:])]
    return film[: at + 4] + b"".join(n.to_bytes(4, "big") for n in false) + film[at + 4 + 4 * count :]


def without_index(film: bytes) -> bytes:
    """Return an AVI without its index."""
    return film[: film.rindex(b"idx1")]


def with_false_index(film: bytes) -> bytes:
    """Return an AVI whose index calls every picture a keyframe."""
    at = film.rindex(b"idx1") + 8
    entries = [film[i : i + 16] for i in range(at, len(film) - 15, 16)]
    return film[:at] + b"".join(entry[:4] + (0x10).to_bytes(4, "little") + entry[8:] for entry in entries)


def cut_off(film: bytes) -> bytes:
    """Return the first three quarters of a film."""
    return film[: len(film) * 3 // 4]


OPEN = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0"}
OPEN_265 = {"x265-params": "log-level=none:open-gop=1:keyint=12:min-keyint=12:bframes=3"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

KINDS = (
    Kind("film.mp4"),
    Kind("film.mkv"),
    Kind("film.ts"),
    Kind("film.flv"),
    Kind("fragments.mp4", container=FRAGMENTS),
    Kind("no-b-frames.mp4", b_frames=0),
    Kind("open.mp4", options=OPEN, b_frames=3),
    Kind("open.mkv", options=OPEN, b_frames=3),
    Kind("open.ts", options=OPEN, b_frames=3),
    Kind("refresh.mp4", options={"x264-params": "intra-refresh=1:keyint=12"}, b_frames=0),
    Kind("variable.mp4", variable=True),
    Kind("variable.mkv", variable=True),
    Kind("h265.mp4", codec="libx265", options=OPEN_265),
    Kind("h265.mkv", codec="libx265", options=OPEN_265),
    Kind("h265.ts", codec="libx265", options=OPEN_265),
    Kind("ten-bit.mp4", pix_fmt="yuv420p10le"),
    Kind("odd.mp4", pix_fmt="yuv444p", size=(63, 47)),
    Kind("turned.mp4", change=turned),
    Kind("mpeg4.avi", codec="mpeg4", b_frames=0),
    Kind("mpeg4-b-frames.avi", codec="mpeg4"),
    Kind("mpeg4-b-frames.mp4", codec="mpeg4"),
    Kind("mpeg2.ts", codec="mpeg2video"),
    Kind("mpeg2.mpg", codec="mpeg2video"),
    Kind("h264-b-frames.avi"),
    Kind("h264.avi", b_frames=0),
    Kind("mjpeg.avi", codec="mjpeg", pix_fmt="yuvj420p", b_frames=0),
    Kind("vp8.mkv", codec="libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "10"}),
    Kind("false-keyframes.mp4", change=with_false_keyframes),
    Kind("no-index.avi", codec="mpeg4", change=without_index),
    Kind("false-index.avi", codec="mpeg4", change=with_false_index),
    Kind("false-index-h264.avi", b_frames=0, change=with_false_index),
    Kind("no-index-mjpeg.avi", codec="mjpeg", pix_fmt="yuvj420p", b_frames=0, change=without_index),
    Kind("cut-off.mkv", change=cut_off),
    Kind("cut-off.ts", change=cut_off),
    Kind("cut-off.avi", codec="mjpeg", pix_fmt="yuvj420p", b_frames=0, change=cut_off),
    Kind("cut-off-fast-start.mp4", container={"movflags": "faststart"}, change=cut_off),
)

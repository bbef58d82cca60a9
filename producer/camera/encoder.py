"""Encoding for an RTSP stream: one picture in, its RTP packets (RFC 2435, 6184, 7798) out, without delay."""

import re
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.frame import PictureType

from .settings import Settings

CLOCK = 90_000  # ticks per second of RTP time, for every video format

_MTU = 1400


@dataclass(frozen=True, slots=True)
class Format:
    """How a codec is encoded and announced.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        pixels: FFmpeg's name of the pixel format.
        rtp: name in SDP.
        payload: RTP payload type.
        options: of the encoder; parameter sets are repeated in-band, so that a size may change mid-stream.
    """

    encoder: str
    pixels: str
    rtp: str
    payload: int
    options: dict[str, str]


FORMATS = {
    "h264": Format(
        encoder="libx264",
        pixels="yuv420p",
        rtp="H264",
        payload=96,
        options={
            "preset": "ultrafast",
            "tune": "zerolatency",
            "forced-idr": "1",
            # Entropy coding and loop filter as cameras have them, which decoding costs most for.
            "x264-params": "repeat-headers=1:scenecut=0:cabac=1:no-deblock=0",
        },
    ),
    "h265": Format(
        encoder="libx265",
        pixels="yuv420p",
        rtp="H265",
        payload=96,
        options={
            "preset": "ultrafast",
            "tune": "zerolatency",
            "forced-idr": "1",
            "x265-params": "repeat-headers=1:scenecut=0:open-gop=0:pools=none:frame-threads=1:log-level=none",
        },
    ),
    # RFC 2435 carries no Huffman tables: a receiver assumes the standard ones. FFmpeg's receiver warns of every picture
    # with a single quantization table for luma and chroma.
    "mjpeg": Format(
        encoder="mjpeg",
        pixels="yuvj420p",
        rtp="JPEG",
        payload=26,
        options={"huffman": "default", "force_duplicated_matrix": "1", "qmin": "4", "qmax": "4"},
    ),
}


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded picture.

    Attributes:
        data: an H.264 or H.265 byte stream with start codes, or a JPEG.
        payloads: the same as RTP packets, whose sequence number, time and SSRC mean nothing yet.
        keyframe: whether decoding can start here.
    """

    data: bytes
    payloads: tuple[bytes, ...]
    keyframe: bool


class Encoder:
    """An encoder with one thread and no look-ahead, and FFmpeg's RTP muxer behind it."""

    def __init__(self, settings: Settings) -> None:
        chosen = FORMATS[settings.codec]
        options = {"packetsize": str(_MTU), "rtpflags": "skip_rtcp"}
        options["payload_type"] = str(chosen.payload)
        self._sink = _Sink()
        self._muxer = av.open(self._sink, "w", format="rtp", options=options)
        stream = self._muxer.add_stream(chosen.encoder, rate=settings.rate)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.width, context.height = settings.size
        context.pix_fmt = chosen.pixels
        context.time_base = Fraction(1, CLOCK)
        context.gop_size = settings.keyframe_interval
        context.max_b_frames = 0
        context.thread_count = 1
        context.options = dict(chosen.options)
        self._stream = stream
        self._end = b"\xff\xd9" if settings.codec == "mjpeg" else b""

    def encode(self, picture: av.VideoFrame, ticks: int, *, keyframe: bool) -> AccessUnit:
        """Encode a picture.

        Args:
            picture: of the size and pixel format of the settings.
            ticks: its time in units of 1/90000 s, more than that of the picture before.
            keyframe: make it a keyframe.

        Raises:
            av.error.FFmpegError: the encoder failed.
        """
        picture.pts = ticks
        picture.time_base = Fraction(1, CLOCK)
        picture.pict_type = PictureType.I if keyframe else PictureType.NONE
        packets = self._stream.encode(picture)
        data = b"".join(bytes(packet) for packet in packets)
        is_keyframe = any(packet.is_keyframe for packet in packets)
        self._muxer.mux(packets)
        return AccessUnit(data, self._finished(self._sink.take()), is_keyframe)

    def _finished(self, payloads: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return packets with a JPEG's end marker, which FFmpeg's muxer leaves out: it shows what was cut off."""
        return (*payloads[:-1], payloads[-1] + self._end) if payloads else payloads

    def close(self) -> None:
        """Free the encoder and the muxer."""
        self._muxer.close()


class _Sink:
    """The file that the muxer writes into, one packet per write."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._packets.append(bytes(data))
        return len(data)

    def take(self) -> tuple[bytes, ...]:
        packets = tuple(self._packets)
        self._packets.clear()
        return packets


def parameter_sets(codec: str, data: bytes) -> list[bytes]:
    """Return the parameter sets in a byte stream with start codes, in their order; none for JPEG."""
    units = [unit for unit in re.split(rb"\x00{2,3}\x01", data) if unit] if codec != "mjpeg" else []
    if codec == "h264":
        return [unit for unit in units if unit[0] & 0x1F in (7, 8)]
    return [unit for unit in units if unit[0] >> 1 & 0x3F in (32, 33, 34)]

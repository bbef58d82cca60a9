"""Packets of a camera without FFmpeg's demuxer, which holds each picture back until the next one begins."""

import contextlib
import time
from collections.abc import Iterator
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext

from .. import diagnosis
from ..arrival import Arrival
from ..demuxer import OPEN_TIMEOUT, READ_TIMEOUT, AvPacket, VideoPacket
from ..source import Source
from .client import Client
from .connection import Refused
from .depacketizer import Depacketizer, Unit
from .jpeg import JpegDepacketizer, Picture
from .messages import Refusal
from .sdp import NoVideo, Unsupported

_FAILURES = (Refused, Refusal, NoVideo, OSError, EOFError, ValueError)


class RtspDemuxer:
    """One connection to a camera with H.264, H.265 or MJPEG, over TCP.

    Args:
        source: the camera.

    Attributes:
        codec_context: a decoder for it, not opened.

    Raises:
        SourceError: it cannot be opened, or holds no video.
        Unsupported: it can only be opened through FFmpeg's libraries.
    """

    def __init__(self, source: Source) -> None:
        self._source, started = source, time.monotonic()
        try:
            self._client = Client(source.camera_url, open_timeout=OPEN_TIMEOUT, read_timeout=READ_TIMEOUT)
        except _FAILURES as error:
            status = error.status if isinstance(error, Refused) else None
            raise diagnosis.opening(source, error, time.monotonic() - started, OPEN_TIMEOUT, status) from None
        self._count = 0
        track = self._client.track
        self._depacketizer: Depacketizer | JpegDepacketizer
        if track.codec == "mjpeg":
            self._depacketizer = JpegDepacketizer(track.payload, track.size)
        else:
            self._depacketizer = Depacketizer(track.codec, track.payload)
        self.codec_context = cast(VideoCodecContext, av.CodecContext.create(track.codec, "r"))
        self.codec_context.extradata = track.parameter_sets or None  # cameras may leave them out of the stream

    def packets(self) -> Iterator[tuple[VideoPacket, Arrival]]:
        """Yield pictures as they come. An empty packet stands for lost ones: a keyframe follows.

        Raises:
            SourceError: the camera went silent or away.
        """
        push = self._depacketizer.push_all
        try:
            with contextlib.closing(self._client.packets()) as packets:
                for together, arrival in packets:
                    for unit in push(together, arrival):
                        yield self._packet(unit), unit.arrival
        except (*_FAILURES, Unsupported) as error:
            ended = isinstance(error, EOFError)
            raise diagnosis.reading(self._source, None if ended else error, READ_TIMEOUT) from None

    def _packet(self, unit: Unit | Picture) -> VideoPacket:
        if isinstance(unit, Picture):
            return unit.jpeg
        packet = cast(AvPacket, av.Packet(unit.data))
        packet.is_keyframe = unit.keyframe
        packet.pts = self._count = self._count + 1  # tells apart what the decoder may reorder
        return packet

    def close(self) -> None:
        """End the session within a second, from any thread."""
        self._client.close()

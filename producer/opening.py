"""Chooses who reads a source."""

import contextlib

from .demuxer import Demuxer, PacketSource
from .rtsp.demuxer import RtspDemuxer
from .rtsp.sdp import Unsupported
from .source import Kind, Source


def open_source(source: Source, *, transport: str, loop: bool) -> PacketSource:
    """Open a source: RTSP over TCP by ourselves; anything else, and what we cannot play, with FFmpeg's libraries.

    Args:
        source: what to open.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.

    Raises:
        SourceError: it cannot be opened, or holds no video.
    """
    if source.kind is Kind.RTSP and transport == "tcp" and source.url.lower().startswith("rtsp://"):
        with contextlib.suppress(Unsupported):
            return RtspDemuxer(source)
    return Demuxer(source, transport=transport, loop=loop)

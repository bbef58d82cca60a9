"""Chooses who reads a source."""

import contextlib

from ..common.url import Url
from .demuxer import Demuxer, PacketSource
from .http.demuxer import HttpDemuxer
from .rtsp.demuxer import RtspDemuxer
from .rtsp.sdp import Unsupported
from .source import Source


def open_source(source: Source, *, transport: str, loop: bool) -> PacketSource:
    """Open a source: RTSP over TCP and MJPEG by HTTP ourselves; all else with FFmpeg's libraries.

    Args:
        source: what to open.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.

    Raises:
        SourceError: it cannot be opened, or holds no video.
    """
    scheme = source.where.scheme if isinstance(source.where, Url) else ""
    with contextlib.suppress(Unsupported):
        if scheme == "rtsp" and transport == "tcp":
            return RtspDemuxer(source)
        if scheme == "http":
            return HttpDemuxer(source)
    return Demuxer(source, transport=transport, loop=loop)

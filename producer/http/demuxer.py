"""Packets of a camera that speaks HTTP, without FFmpeg's demuxer, which takes twice the CPU."""

import time
from collections.abc import Iterator

import av

from .. import diagnosis
from ..arrival import Arrival
from ..demuxer import OPEN_TIMEOUT, READ_TIMEOUT
from ..picture import Jpeg
from ..rtsp.connection import Refused
from ..rtsp.messages import Refusal
from ..source import Source
from .client import Client

_FAILURES = (Refused, Refusal, OSError, EOFError, ValueError)


class HttpDemuxer:
    """One connection to a camera with MJPEG over plain HTTP.

    Args:
        source: the camera.

    Attributes:
        codec_context: a decoder for it, not opened.

    Raises:
        SourceError: it cannot be opened.
        Unsupported: it can only be opened through FFmpeg's libraries.
    """

    def __init__(self, source: Source) -> None:
        self._source, started = source, time.monotonic()
        self._closing = False
        self.codec_context = av.CodecContext.create("mjpeg", "r")
        try:
            self._client = Client(source.camera_url, open_timeout=OPEN_TIMEOUT, read_timeout=READ_TIMEOUT)
        except _FAILURES as error:
            status = error.status if isinstance(error, Refused) else None
            raise diagnosis.opening(source, error, time.monotonic() - started, OPEN_TIMEOUT, status) from None

    def packets(self) -> Iterator[tuple[Jpeg, Arrival]]:
        """Yield pictures as they come.

        Raises:
            SourceError: the camera went silent or away.
        """
        try:
            for picture in self._client.multipart.pictures():
                yield picture, Arrival.now()
        except _FAILURES as error:
            if self._closing:
                return
            ended = isinstance(error, EOFError)
            raise diagnosis.reading(self._source, None if ended else error, READ_TIMEOUT) from None

    def close(self) -> None:
        """Close the connection, from any thread."""
        self._closing = True
        self._client.close()

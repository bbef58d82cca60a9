"""Opens a source and hands over its packets, each with the moment of its arrival."""

import threading
import time
from collections.abc import Iterator
from typing import Protocol, TypeAlias, cast

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ..common.errors import SourceError
from . import diagnosis
from .arrival import Arrival
from .film import paced
from .picture import Jpeg
from .source import Kind, Source

AvPacket: TypeAlias = "Packet[VideoStream]"
"""A packet of FFmpeg's libraries. Generic to type checkers only; hence the quotes."""
VideoPacket: TypeAlias = "Packet[VideoStream] | Jpeg"

OPEN_TIMEOUT = 10.0
"""Seconds for a whole opening: connection, dialogue, first packets (mediamtx, frigate)."""
READ_TIMEOUT = 20.0
"""Seconds that a camera may be silent before its connection is given up (frigate, moonfire)."""
_FAREWELL = 1.0
"""Seconds that closing may wait."""
_UNSOUND = 2
"""Packets that a loss may have damaged: FFmpeg's demuxer is a picture behind when it logs one."""
_TEXT = "tty"
"""FFmpeg plays text files, as ANSI art."""


class PacketSource(Protocol):
    """Where packets come from."""

    @property
    def codec_context(self) -> VideoCodecContext:
        """What can decode them; not opened."""
        ...

    def packets(self) -> Iterator[tuple[VideoPacket, Arrival]]:
        """Yield packets as they come, those of a file at its own rate. An empty packet flushes the decoder.

        Raises:
            SourceError: the other side went silent or away. A file just ends.
        """
        ...

    def close(self) -> None:
        """End the session and close the connection, within about a second and from any thread."""


class Demuxer:
    """One connection to a camera, or one open file, through FFmpeg's libraries.

    Args:
        source: what to open.
        transport: `tcp` or `udp`, for RTSP.
        loop: start a file anew at its end.

    Raises:
        SourceError: it cannot be opened, or holds no video.
    """

    def __init__(self, source: Source, *, transport: str, loop: bool) -> None:
        self._source = source
        self._loop = loop
        self._closing = False
        self._reading = threading.Lock()
        self._log = diagnosis.LibraryLog()
        self._addresses = diagnosis.check_host(source)
        self._container = self._open(transport)
        if self._container.format.name == _TEXT:
            self.close()
            raise diagnosis.not_a_video(source)
        if not self._container.streams.video:
            self.close()
            raise SourceError(f"{source.place} has no video stream", final=source.kind is Kind.FILE)
        self.stream: VideoStream = self._container.streams.video[0]
        self.codec_context = self.stream.codec_context
        self._fps = float(self.stream.guessed_rate or 25)

    def packets(self) -> Iterator[tuple[VideoPacket, Arrival]]:
        """Yield packets as they come, those of a file at its own rate. An empty packet flushes the decoder.

        Raises:
            SourceError: the other side went silent or away. A file just ends.
        """
        is_file = self._source.kind is Kind.FILE
        with self._reading:
            while True:
                packets = self._container.demux(self.stream)
                for item in paced(packets, self._fps) if is_file else self._live(packets):
                    if self._closing:
                        return
                    yield item
                if not self._loop:
                    return
                self._rewind()

    def close(self) -> None:
        """End the session and close the connection, from any thread.

        Nobody may close a container that is being read, so this waits for the next packet; a silent one is left open.
        """
        self._closing = True
        if self._reading.acquire(timeout=_FAREWELL):
            self._container.close()
            self._reading.release()

    def _open(self, transport: str) -> InputContainer:
        source, started = self._source, time.monotonic()
        options = {"fflags": "nobuffer", "fpsprobesize": "0"}
        if source.kind is Kind.RTSP:
            options |= {"rtsp_transport": transport, "allowed_media_types": "video"}
            # Without a time-out of its own, FFmpeg's RTSP client tries the first address of a name only.
            options["timeout"] = str(int(READ_TIMEOUT * 1e6))
        try:
            return av.open(
                source.url,
                format="v4l2" if source.kind is Kind.DEVICE else None,
                options={} if source.kind is Kind.FILE else options,
                timeout=(OPEN_TIMEOUT, READ_TIMEOUT),
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            if self._addresses:
                error.add_note(f"tried {', '.join(self._addresses)}")
            elapsed = time.monotonic() - started
            reason = diagnosis.opening(source, error, elapsed, OPEN_TIMEOUT, self._log.status)
        raise reason  # outside the handler: the error of FFmpeg holds the URL, and must not travel as context

    def _rewind(self) -> None:
        try:
            self._container.seek(0)
        except av.error.FFmpegError:  # a bare stream has no timestamps to go by
            self._container.close()
            self._container = self._open("tcp")
            self.stream = self._container.streams.video[0]

    def _sound(self, packets: Iterator[AvPacket]) -> Iterator[AvPacket]:
        """Yield packets, and an empty one in place of what a loss on the network may have damaged."""
        losses = unsound = 0
        for packet in packets:
            if self._log.losses != losses and self.codec_context.name != "mjpeg":  # each of its pictures stands alone
                losses, unsound = self._log.losses, _UNSOUND
                yield cast(AvPacket, Packet(b""))
            if unsound:
                unsound -= 1
            elif packet.size:
                yield packet

    def _live(self, packets: Iterator[AvPacket]) -> Iterator[tuple[AvPacket, Arrival]]:
        try:
            yield from ((packet, Arrival.now()) for packet in self._sound(packets))
        except (av.error.FFmpegError, OSError) as error:
            reason = diagnosis.reading(self._source, error, READ_TIMEOUT)
        else:
            reason = diagnosis.reading(self._source, None, READ_TIMEOUT)
        raise reason

"""The packets of a film, from any place in the file on."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import av
import av.error
from av.video.stream import VideoStream

from .index import Index, Unfit

Placed: TypeAlias = "tuple[int | None, av.Packet[VideoStream]]"
"""A packet and its place in the file; None if the index does not know it."""


class Reader:
    """Reads a film's packets.

    What a file says about where things are in it is not taken on trust: after a jump packets must come that the index
    knows, and not too late. Otherwise there are no more jumps, but all is read from the start on.

    Attributes:
        index: of all packets.
        stream: the film's first video stream; another object after each start from the beginning.

    Raises:
        av.error.FFmpegError: it cannot be opened.
        Unfit: there is no video in it, or its packets do not tell which pictures come out of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jumps = True
        self._rewind()
        try:
            packets, time_base = self._container.demux(self.stream), self.stream.time_base or Fraction(1)
            self.index = Index.of(packets, time_base, has_b_frames=self.stream.codec_context.has_b_frames)
        except BaseException:
            self.close()
            raise
        self._at = self._end = len(self.index.packets)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def packets(self, start: int) -> Iterator[Placed]:
        """Return the packets from a place in the file on."""
        if self._jumps:
            if found := self._jump(start):
                return found
            self._jumps = False
            self._at = self._end
        if self._at > start:
            self.close()
            self._rewind()
        if found := self._skip(start):
            return found
        raise Unfit("it cannot be read twice with the same result")

    def _jump(self, start: int) -> Iterator[Placed] | None:
        """Let FFmpeg find the place; None if it does not. Some formats are searched by pts, others by dts."""
        packet = self.index.packets[start]
        for timestamp in dict.fromkeys((packet.pts, packet.dts)):
            with suppress(av.error.FFmpegError):
                self._container.seek(timestamp, stream=self.stream)
                self._packets = self._placed()
                self._at = 0
                if found := self._skip(start):
                    return found
        return None

    def _skip(self, start: int) -> Iterator[Placed] | None:
        """Skip packets up to a place; None if only later ones come."""
        for place, packet in self._packets:
            if place == start:
                return chain([(place, packet)], self._packets)
            if place is not None and place > start:
                return None
        return None

    def _placed(self) -> Iterator[Placed]:
        for packet in self._container.demux(self.stream):
            if packet.size:
                place = self.index.place(packet.pts)
                self._at = self._at if place is None else place + 1
                yield place, packet

    def _rewind(self) -> None:
        # Absolute, since FFmpeg takes what stands before a colon in a name for a protocol.
        self._container = av.open(str(self._path.absolute()))
        if not self._container.streams.video:
            self.close()
            raise Unfit("there is no video in it")
        self.stream: VideoStream = self._container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self._packets = self._placed()
        self._at = 0

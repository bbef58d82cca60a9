"""Decoding no more of a film than the wanted pictures need."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import av
import av.error

from .index import Unfit
from .pick import Position
from .picture import Converter, Picture
from .reader import Reader

_NEAR = 8
"""Packets that are rather decoded than jumped over."""
_PROOF = 16
"""Pictures at the beginning that have to come out in the order of the index."""


class _Astray(Exception):
    """What comes out after a keyframe does not begin with its picture."""


class SparseFilm:
    """A film whose pictures are found by an index, each decoded from the keyframe before it.

    What comes out is compared with the index, picture by picture: a keyframe that is none makes it begin at an earlier
    one, a picture that is missing or comes besides makes it give up.

    Attributes:
        first: the film's first picture.
        interlaced: whether that one is.

    Raises:
        av.error.FFmpegError: it cannot be opened, or is no film.
        Unfit: its packets do not tell which pictures come out of it.
    """

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)
        self._converter = Converter()
        try:
            frame = self._first()
            self.first = self._converter.image(frame)
            self.interlaced = frame.interlaced_frame
            self._index = self._reader.index = self._reader.index.beginning_with(frame.pts)
            # Two pictures in a packet, or two packets for one, show here.
            deque(self._pass(0, min(_PROOF, len(self._index)) - 1), maxlen=0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def positions(self) -> Iterator[Position]:
        """Yield the positions of all pictures, in the order in which they are shown."""
        return self._index.positions()

    def pictures(self, wanted: Iterable[Position]) -> Iterator[Picture]:
        """Yield the pictures at some positions, in their order.

        Raises:
            Unfit: another picture came out than the index promises; those before were right.
        """
        for together in self._passes(wanted):
            positions = {position.number: position for position in together}
            for number, frame in self._pass(together[0].number, together[-1].number):
                if number in positions:
                    yield Picture(positions[number], self._converter.image(frame))

    def _first(self) -> av.VideoFrame:
        index = self._reader.index
        frame = next(self._decoded(0, len(index.packets) - 1), None)
        if frame is None or index.place(frame.pts) is None:
            raise Unfit("its pictures are not those of its packets")
        return frame

    def _passes(self, wanted: Iterable[Position]) -> Iterator[list[Position]]:
        """Divide positions into those that are decoded in one go."""
        together: list[Position] = []
        for position in wanted:
            start = self._index.start(self._index.keyframe(position.number))
            if together and start > self._index.reach(together[-1].number) + _NEAR:
                yield together
                together = []
            together.append(position)
        if together:
            yield together

    def _pass(self, first: int, last: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield at least the pictures from one number to another, from an earlier keyframe if need be."""
        keyframe, back = self._index.keyframe(first), 1
        while True:
            try:
                yield from self._from(self._index.start(keyframe), last)
            except _Astray:
                if keyframe == 0:
                    raise Unfit("nothing comes out of its first keyframe") from None
                keyframe, back = max(0, keyframe - back), 2 * back
            else:
                return

    def _from(self, start: int, last: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode from the keyframe at a place in the file up to a picture, and check what comes out.

        Raises:
            _Astray: the first picture is not that of the keyframe.
            Unfit: a later one is not the next.
        """
        shown = self._index.packets[start].pts
        expected = begin = self._index.number(shown)
        for frame in self._decoded(start, self._index.reach(last)):
            if frame.pts is not None and frame.pts < shown:
                continue  # of an open group: it needs the keyframe before
            if frame.pts is None or self._index.pts(expected) != frame.pts or frame.is_corrupt:
                raise _Astray if expected == begin else Unfit(f"picture {expected} is missing")
            yield expected, frame
            expected += 1
            if expected > last:
                return
        if expected == begin:
            raise _Astray
        if self._index.reach(last) < self._index.reach(len(self._index) - 1):
            raise Unfit(f"picture {expected} is missing")  # and not because the film is cut off

    def _decoded(self, start: int, end: int) -> Iterator[av.VideoFrame]:
        """Yield what comes out of the packets from one place in the file to another."""
        packets = self._reader.packets(start)
        context = self._reader.stream.codec_context
        context.flush_buffers()
        for place, packet in packets:
            with suppress(av.error.FFmpegError):  # a damaged packet; OpenCV goes on, too
                yield from context.decode(packet)
            if place is not None and place >= end:
                break
        with suppress(av.error.FFmpegError):
            yield from context.decode(None)

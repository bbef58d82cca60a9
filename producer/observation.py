"""What comes out of a source, watched for a while: rate, keyframes, and what decoding costs."""

import statistics
import threading
import time

from ..common.errors import SourceError
from ..common.signals import Stop
from .decoder import Decoder
from .demuxer import PacketSource, VideoPacket
from .picture import Jpeg

_PASS = 0.05
_SILENCE = 5.0
"""Seconds that the first packet may take."""
_STOPPED = 1.5
"""Seconds after which a pause is no pause any more."""
KEYFRAME_PATIENCE = 12.0
"""Seconds that the second keyframe is waited for."""
_DECODED = 50
"""Packets that are decoded, two seconds' worth of most cameras."""
_B = 3  # AV_PICTURE_TYPE_B


class Observation:
    """Watches an open source; a thread drains it, so that decoding does not disturb the figures.

    Attributes:
        codec: as FFmpeg calls it.
        first: seconds until the first packet; None if none came.
        count: packets that came.
        losses: how often some were missing.
        intervals: frames, and seconds, from one keyframe to the next.
        silence: seconds for which packets had stopped in the end, though they should have come; 0 if they had not.
        end: why it ended early, in words; empty if it did not, or was over like a film.
        size: width and height in pixels; (0, 0) if nothing could be decoded.
        b_frames: whether there are frames that later ones must come before.
        decoding: seconds that decoding takes per frame.
    """

    def __init__(self, opened: PacketSource) -> None:
        self.codec = opened.codec_context.name
        self.first: float | None = None
        self.count = self.losses = 0
        self.intervals: list[tuple[int, float]] = []
        self.silence = 0.0
        self.end = ""
        self.size = (0, 0)
        self.b_frames = False
        self.decoding = 0.0
        self._opened = opened
        self._begin = 0.0
        self._last = 0.0
        self._bytes = 0
        self._keyframe: tuple[int, float] | None = None
        self._kept: list[VideoPacket] = []

    def run(self, seconds: float, stop: Stop) -> None:
        """Watch for so many seconds from the first packet, and longer if there were no two keyframes by then."""
        started = time.monotonic()
        thread = threading.Thread(target=self._drain, args=(started,), daemon=True)
        thread.start()
        while thread.is_alive() and not stop.wait(_PASS):
            waited = time.monotonic() - (self._begin or started)
            enough = seconds if self.intervals else max(seconds, KEYFRAME_PATIENCE)
            if waited > (enough if self.count else _SILENCE) and not 0 < self._pause() <= _STOPPED:
                break
        pause = self._pause()
        self.silence = pause if pause > _STOPPED and thread.is_alive() else 0.0
        if not stop.requested:
            self._decode()

    @property
    def span(self) -> float:
        """Seconds from the first to the last packet."""
        return self._last - self._begin

    @property
    def fps(self) -> float:
        """Frames per second; 0 before the second."""
        return (self.count - 1) / self.span if self.count > 1 and self.span > 0 else 0.0

    @property
    def bits_per_second(self) -> float:
        """Of the packets behind the first one."""
        return self._bytes * 8 / self.span if self.span > 0 else 0.0

    @property
    def keyframe_interval(self) -> tuple[float, float] | None:
        """Frames and seconds from one keyframe to the next, the median of all; None if there were no two."""
        if not self.intervals:
            return None
        frames, seconds = zip(*self.intervals, strict=True)
        return statistics.median(frames), statistics.median(seconds)

    def _pause(self) -> float:
        """Return the seconds since the last packet if that is longer than usual, else 0."""
        silent = time.monotonic() - self._last
        usual = self.span / (self.count - 1) if self.count > 1 else 0.0
        return silent if self.count and silent > 3 * usual else 0.0

    def _drain(self, started: float) -> None:
        try:
            for packet, arrival in self._opened.packets():
                self._take(packet, arrival.monotonic_ns / 1e9, started)
        except SourceError as error:
            self.end = error.reason

    def _take(self, packet: VideoPacket, now: float, started: float) -> None:
        if not packet.size:
            self.losses += 1
            self._keyframe = None
            return
        if self.first is None:
            self._begin, self.first = now, now - started
        else:
            self._bytes += packet.size
        self._last = now
        if packet.is_keyframe:
            if self._keyframe is not None:
                self.intervals.append((self.count - self._keyframe[0], now - self._keyframe[1]))
            self._keyframe = self.count, now
        if len(self._kept) < _DECODED:
            self._kept.append(packet)
        self.count += 1

    def _decode(self) -> None:
        decoder, pictures = Decoder(self._opened), 0
        started = time.monotonic()
        for packet in self._kept[:_DECODED]:
            for picture in decoder.decode(packet):
                pictures += 1
                self.size = picture.width, picture.height
                if not isinstance(picture, Jpeg):
                    self.b_frames = self.b_frames or picture.pict_type == _B
        if pictures:
            self.decoding = (time.monotonic() - started) / pictures

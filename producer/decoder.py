"""From packets to whole pictures: nothing before the first keyframe, nothing after an error until the next one."""

import contextlib
from collections.abc import Iterator
from typing import Protocol, cast

import av
import av.error
from av.codec.context import Flags, ThreadType
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.video.codeccontext import VideoCodecContext

from .demuxer import VideoPacket
from .picture import Jpeg

_WIDE = 3000
"""Pixels of width from which one thread no longer keeps up with a camera."""
_RESILIENT = "h264"
"""The codec whose decoder notices what a picture lacks, and conceals it, as long as it has one thread."""


class Coded(Protocol):
    """What knows how its packets are to be decoded."""

    @property
    def codec_context(self) -> VideoCodecContext:
        """A decoder that is not opened."""
        ...


class Decoder:
    """Decodes a video stream without delay of its own: one thread, or slices of one picture.

    Frame threads would hold back as many frames as there are threads. H.264 always gets one thread: with more,
    libavcodec switches its error resilience off, and with it every sign of damage.

    Args:
        stream: whose packets it shall decode.
        hwaccel: `none`, `auto` or a kind of hardware decoder; without one the CPU decodes.

    Attributes:
        is_hardware: whether a hardware decoder does it.
    """

    def __init__(self, stream: Coded, hwaccel: str = "none") -> None:
        hardware = _hardware(stream.codec_context, hwaccel)
        self.is_hardware = hardware is not None
        self._context = _prepared(hardware or stream.codec_context)
        self._is_jpeg = self._context.name == "mjpeg"
        self._waiting_for_keyframe = True

    def decode(self, packet: VideoPacket) -> Iterator[Jpeg | av.VideoFrame]:
        """Yield the pictures that a packet completes: JPEG as it came, anything else decoded.

        An empty packet stands for the end of a film, or for lost ones, and yields what the decoder still holds.
        """
        if isinstance(packet, Jpeg):
            yield packet
            return
        if self._is_jpeg:
            with contextlib.suppress(ValueError):  # one that was cut off in transfer
                yield Jpeg.parse(bytes(packet))
            return
        if self._waiting_for_keyframe and packet.size and not packet.is_keyframe:
            return
        self._waiting_for_keyframe = False
        try:
            for frame in self._context.decode(packet if packet.size else None):
                if frame.is_corrupt:
                    self._start_over()
                    break
                yield frame
        except av.error.FFmpegError:
            self._start_over()
        if not packet.size:  # a film that loops, or a camera whose packets got lost, starts over
            self.flush()

    def flush(self) -> None:
        """Forget what is held and go on with the next keyframe."""
        self._context.flush_buffers()
        self._waiting_for_keyframe = True

    def _start_over(self) -> None:
        """Go on with the next keyframe after damage, of which libavcodec's H.264 leaves traces in later pictures."""
        old = self._context
        if old.name != _RESILIENT or self.is_hardware:
            self.flush()
            return
        new = cast(VideoCodecContext, av.CodecContext.create(old.name, "r"))
        new.extradata = old.extradata
        self._context = _prepared(new)
        self._waiting_for_keyframe = True


def _prepared(context: VideoCodecContext) -> VideoCodecContext:
    """Return a decoder that holds nothing back."""
    context.thread_type = ThreadType.SLICE
    # Where the width is not known before the first picture, a second thread idles unless pictures can be shared out.
    one = context.name == _RESILIENT or 0 < context.width < _WIDE
    context.thread_count = 1 if one else 2
    context.flags |= Flags.low_delay
    return context


def _hardware(software: VideoCodecContext, wanted: str) -> VideoCodecContext | None:
    """Return the first of the wanted hardware decoders that is there and knows the codec; None if there is none."""
    there = hwdevices_available() if wanted == "auto" else [wanted] if wanted != "none" else []
    for device in there:
        try:
            found = av.CodecContext.create(software.codec.name, "r", hwaccel=HWAccel(device))
        except (av.error.FFmpegError, ValueError, NotImplementedError):
            continue
        if isinstance(found, VideoCodecContext) and found.is_hwaccel:
            found.extradata = software.extradata
            return found
    return None

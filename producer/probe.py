"""Looks into a source of pictures step by step: connection, password, codec, rate, keyframes; and gives advice."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

from ..common.errors import SourceError
from ..common.probe import Mark, Step, resolve, several
from ..common.signals import Stop
from ..common.url import Url
from . import diagnosis
from .dialogue import describe
from .observation import KEYFRAME_PATIENCE, Observation
from .opening import open_source
from .rtsp.connection import Refused
from .rtsp.demuxer import RtspDemuxer
from .rtsp.messages import Refusal
from .rtsp.sdp import Unsupported
from .source import Kind, Source

_TIMEOUT = 5.0
_NAMES = {"h264": "H.264", "hevc": "H.265", "mjpeg": "MJPEG"}
_LONGEST_INTERVAL = 4.0
"""Seconds from one keyframe to the next that are still bearable."""
_EXPENSIVE = 0.5
"""Share of a core that decoding may take."""


def probe_source(url: str, seconds: float, stop: Stop) -> Iterator[Step]:
    """Look into an RTSP or HTTP camera, a device or a file.

    Args:
        url: as `framefan produce` takes it.
        seconds: to measure frames for.
        stop: the wish to end.

    Raises:
        SourceError: the URL can never be opened.
    """
    source = Source.parse(url)
    if source.kind is Kind.PATTERN:
        raise SourceError("a test pattern is always well: there is nothing to probe", final=True)
    for look in (_connect, _describe):
        for step in look(source):
            yield step
            if step.failed:
                return
    try:
        opened = open_source(source, transport="tcp", loop=False)
    except SourceError as error:
        yield Step("play", "it does not play", Mark.FAIL, error.reason)
        return
    with closing(opened):
        seen = Observation(opened)
        seen.run(seconds, stop)
    if not stop.requested:
        yield from _seen(source, seen, isinstance(opened, RtspDemuxer))


def _connect(source: Source) -> Iterator[Step]:
    if not isinstance(source.where, Url):
        return
    host, port = source.where.host, source.where.port
    yield resolve(host)
    started = time.monotonic()
    try:
        socket.create_connection((host, port), _TIMEOUT).close()
    except OSError as error:
        took = time.monotonic() - started
        reason = diagnosis.opening(source, error, took, _TIMEOUT, None).reason
        yield Step("connect", f"port {port} does not let us in", Mark.FAIL, reason, {"port": port})
    else:
        took = time.monotonic() - started
        yield Step("connect", f"port {port} within {took * 1000:.2g} ms", facts={"port": port, "connect": took})


def _describe(source: Source) -> Iterator[Step]:
    if not isinstance(source.where, Url) or source.where.scheme != "rtsp":
        return
    started = time.monotonic()
    try:
        found = describe(source.where, _TIMEOUT)
    except Unsupported:
        yield Step("password", "asked for in a way that only FFmpeg's libraries may know", Mark.WARN)
        return
    except (OSError, EOFError, Refusal) as error:
        reason = diagnosis.opening(source, error, time.monotonic() - started, _TIMEOUT, None).reason
        yield Step("describe", "no answer that is RTSP", Mark.FAIL, reason)
        return
    took = time.monotonic() - started
    status = found.status
    facts = {"status": status, "scheme": found.scheme, "server": found.server}
    refused = diagnosis.opening(source, Refused(status), took, _TIMEOUT, status).reason
    if not found.scheme:
        yield Step("password", "not asked for", facts=facts)
    elif not found.answered:
        advice = "put user and password into the URL: rtsp://user:password@host/path"
        yield Step("password", f"asked for ({found.scheme}), and none is given", Mark.FAIL, advice, facts)
    elif status == 401:
        yield Step("password", f"refused ({found.scheme})", Mark.FAIL, refused, facts)
    else:
        yield Step("password", f"accepted ({found.scheme})", facts=facts)
    if status in (301, 302):
        yield Step("describe", "the camera sends us elsewhere", facts=facts)
    elif 200 <= status < 300:
        by = f" by {found.server}" if found.server else ""
        yield Step("describe", f"answered within {took * 1000:.2g} ms{by}", facts=facts)
    elif status != 401:
        yield Step("describe", f"answered {status}", Mark.FAIL, refused, facts)


def _seen(source: Source, seen: Observation, by_ourselves: bool) -> Iterator[Step]:
    if seen.first is None:
        advice = seen.end or f"{source.place} lets us in, but sends nothing: restart the camera, or its stream"
        yield Step("frames", "none came", Mark.FAIL, advice)
        return
    way = "RTP over TCP" if by_ourselves else "through FFmpeg's libraries"
    facts = {"transport": "tcp" if source.kind is Kind.RTSP else source.kind.value, "first": seen.first}
    yield Step("play", f"first picture after {seen.first * 1000:.0f} ms, {way}", facts=facts)
    yield _picture(seen)
    yield _frames(source, seen)
    yield _keyframes(seen)


def _picture(seen: Observation) -> Step:
    width, height = seen.size
    facts = {
        "codec": seen.codec,
        "width": width,
        "height": height,
        "b_frames": seen.b_frames,
        "decoding": seen.decoding,
    }
    text = _NAMES.get(seen.codec, seen.codec)
    if not width:
        return Step(
            "picture", f"{text} that cannot be decoded", Mark.FAIL, "choose H.264 in the camera's settings", facts
        )
    text += f" {width}x{height}"
    if seen.codec == "mjpeg":
        return Step("picture", f"{text}, passed on as it is", facts=facts)
    share = seen.decoding * seen.fps
    text += f", {'with' if seen.b_frames else 'no'} B-frames, decoding takes {seen.decoding * 1000:.1f} ms each"
    if share > _EXPENSIVE:
        advice = f"decoding takes {share:.0%} of a core: use the substream, or fewer frames"
        advice += ", or H.264, which costs less than H.265" if seen.codec == "hevc" else ""
        return Step("picture", text, Mark.WARN, advice, facts)
    if seen.b_frames:
        advice = "switch B-frames off: each is held back until the frame behind it has come (profile baseline has none)"
        return Step("picture", text, Mark.WARN, advice, facts)
    return Step("picture", text, facts=facts)


def _frames(source: Source, seen: Observation) -> Step:
    text = f"{several(seen.count, 'frame')} in {seen.span:.1f} s, {seen.fps:.1f} fps, "
    text += f"{seen.bits_per_second * 1e-6:.1f} Mbit/s, " + (f"{seen.losses} gaps" if seen.losses else "none lost")
    facts = {
        "frames": seen.count,
        "seconds": seen.span,
        "fps": seen.fps,
        "bits_per_second": seen.bits_per_second,
        "gaps": seen.losses,
    }
    if seen.end:
        return Step("frames", text, Mark.FAIL, seen.end, facts)
    if seen.silence:
        text += f", then nothing for {seen.silence:.0f} s"
        return Step("frames", text, Mark.FAIL, f"{source.place} stopped sending: does it hang?", facts)
    if seen.losses:
        advice = f"packets of {source.place} get lost on the way: check cables and Wi-Fi, or lower the bitrate"
        return Step("frames", text, Mark.WARN, advice, facts)
    return Step("frames", text, facts=facts)


def _keyframes(seen: Observation) -> Step:
    frames, interval = seen.keyframe_interval or (None, None)
    facts = {"frames": frames, "seconds": interval}
    if interval is not None and interval <= _LONGEST_INTERVAL:
        if frames == 1:
            return Step("keyframes", "every frame is one", facts=facts)
        return Step("keyframes", f"every {interval:.1f} s, which is every {frames:g} frames", facts=facts)
    if interval is None and seen.span < KEYFRAME_PATIENCE:
        return Step("keyframes", "only one before the end", facts=facts)
    text = f"none for {seen.span:.0f} s" if interval is None else f"only every {interval:.1f} s ({frames:g} frames)"
    advice = "set the camera's I-frame interval to 1 or 2 s: whoever joins, or loses a packet, waits so long"
    return Step("keyframes", text, Mark.WARN, advice, facts)

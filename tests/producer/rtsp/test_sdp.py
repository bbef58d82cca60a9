"""What a client reads from descriptions, among them those that cameras of many makers send."""

import pytest

from framefan.producer.camera.sdp import describe, describe_sound
from framefan.producer.camera.settings import Settings
from framefan.producer.rtsp.sdp import NoVideo, Track, Unsupported, parse

BASE = "rtsp://h/door/"


def body(*lines: str) -> bytes:
    return "\r\n".join(["v=0", "s=x", "t=0 0", *lines, ""]).encode()


def track(*lines: str, base: str = BASE) -> Track:
    return parse(body("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", *lines), base)


def test_description_of_our_own_camera() -> None:
    """Codec, payload type, URLs, parameter sets and rate are read."""
    text = describe("door", Settings(), [b"\x67\x42\xc0\x1f", b"\x68\xce"], "rtsp://h/door/trackID=0")
    assert parse(text, "rtsp://h/door") == Track(
        codec="h264",
        payload=96,
        control="rtsp://h/door/trackID=0",
        session="rtsp://h/door",
        parameter_sets=b"\0\0\0\1\x67\x42\xc0\x1f\0\0\0\1\x68\xce",
        fps=25,
        size=None,
    )


def test_description_of_h265() -> None:
    """All three parameter sets are read, in the order that a decoder needs."""
    text = describe("door", Settings(codec="h265"), [b"\x40", b"\x42", b"\x44"], "c")
    found = parse(text, BASE)
    assert (found.codec, found.parameter_sets) == ("hevc", b"\0\0\0\1\x40\0\0\0\1\x42\0\0\0\1\x44")


@pytest.mark.parametrize(
    ("control", "base", "url"),
    [
        ("trackID=1", "rtsp://h/door/", "rtsp://h/door/trackID=1"),
        ("trackID=1", "rtsp://h/door", "rtsp://h/door/trackID=1"),
        ("trackID=1", "rtsp://h/cam?channel=1&subtype=0/", "rtsp://h/cam?channel=1&subtype=0/trackID=1"),
        ("rtsp://h:99/other/track", "rtsp://h/door", "rtsp://h:99/other/track"),
        ("rtsp://me:secret@h/other", "rtsp://h/door", "rtsp://h/other"),
        ("/live/track1", "rtsp://h/door/x", "rtsp://h/live/track1"),
        ("*", "rtsp://h/door/", "rtsp://h/door/"),
    ],
)
def test_control_url(control: str, base: str, url: str) -> None:
    """A control URL is absolute, relative, or that of the whole description (RFC 2326, C.1.1)."""
    assert track(f"a=control:{control}", base=base).control == url


def test_control_of_the_session() -> None:
    """The session's own control URL is what is played, the track's what is set up."""
    found = parse(
        body("a=control:rtsp://h/all", "m=video 0 RTP/AVP 97", "a=control:one", "a=rtpmap:97 H265/90000"), BASE
    )
    assert (found.session, found.control, found.payload) == ("rtsp://h/all", BASE + "one", 97)
    assert track().control == BASE


def test_first_video_among_other_media() -> None:
    """Sound, metadata and further videos are passed over, and so are attributes of other payload types."""
    found = parse(
        body(
            "m=audio 0 RTP/AVP 0",
            "a=control:sound",
            "m=video 0 RTP/AVP 98 99",
            "a=rtpmap:99 JPEG/90000",
            "a=rtpmap:98 h264/90000",
            "a=control:first",
            "a=framerate:12.5",
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 H265/90000",
            "a=control:second",
        ),
        BASE,
    )
    assert (found.codec, found.control, found.fps) == ("h264", BASE + "first", 12.5)


@pytest.mark.parametrize(
    ("lines", "payload", "size"),
    [
        (("m=video 0 RTP/AVP 26",), 26, None),
        (("m=video 0 RTP/AVP 26", "a=framesize:26 2560-1440"), 26, (2560, 1440)),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 JPEG/90000", "a=x-dimensions:640, 480"), 96, (640, 480)),
        (("m=video 0 RTP/AVP 26", "a=x-dimensions:wide"), 26, None),
    ],
)
def test_mjpeg(lines: tuple[str, ...], payload: int, size: tuple[int, int] | None) -> None:
    """MJPEG has a payload type of its own, and its size may be told."""
    found = parse(body(*lines), BASE)
    assert (found.codec, found.payload, found.size) == ("mjpeg", payload, size)


@pytest.mark.parametrize("sets", ["", "Z0LAHw", "Z,a"])
def test_broken_parameter_sets_are_left_out(sets: str) -> None:
    """Cameras repeat them in the stream, so that broken ones are no reason to give up."""
    assert track(f"a=fmtp:96 packetization-mode=1; sprop-parameter-sets={sets}").parameter_sets == b""


def test_line_feeds_alone_and_any_bytes() -> None:
    """Lines may end as they like, and a name may be in any character set."""
    text = b"v=0\ns=\xb0\xb2\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:x\n"
    assert parse(text, BASE).control == BASE + "x"


@pytest.mark.parametrize("text", [b"", b"\0\xff", describe_sound("d", "c")])
def test_no_video(text: bytes) -> None:
    """Sound alone, or nothing, is no video."""
    with pytest.raises(NoVideo):
        parse(text, BASE)


@pytest.mark.parametrize(
    "lines",
    [
        ("m=video 0 RTP/AVP 31",),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 VP8/90000"),
        ("m=video 0 RTP/AVP",),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", "a=fmtp:96 sprop-max-don-diff=2"),
    ],
)
def test_unsupported(lines: tuple[str, ...]) -> None:
    """Other codecs and interleaved packing are for FFmpeg's libraries."""
    with pytest.raises(Unsupported):
        parse(body(*lines), BASE)

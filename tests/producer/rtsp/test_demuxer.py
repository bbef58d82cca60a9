"""Cameras of every kind and with every fault, read by our own client or, where it cannot, by FFmpeg's libraries."""

import contextlib
import socket
import struct
import threading
import traceback
from collections.abc import Iterator
from itertools import islice, pairwise, product

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from framefan.common.errors import SourceError
from framefan.producer.camera import stamp
from framefan.producer.camera.server import CameraServer
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import Demuxer, PacketSource
from framefan.producer.opening import open_source
from framefan.producer.picture import Jpeg
from framefan.producer.rtsp import demuxer as subject
from framefan.producer.rtsp.demuxer import RtspDemuxer
from framefan.producer.rtsp.messages import Response, interleaved
from framefan.producer.source import Source
from tests.producer.rtsp.conftest import SDP, ScriptedCamera

SECRETS = ("s3cret", "s3cr%65t", "tok3n")
USER = "me:s3cr%65t@"


@contextlib.contextmanager
def opened(url: str, transport: str = "tcp") -> Iterator[PacketSource]:
    source = open_source(Source.parse(url), transport=transport, loop=False)
    try:
        yield source
    finally:
        source.close()


def pictures(source: PacketSource) -> Iterator[av.VideoFrame]:
    """Yield decoded pictures."""
    decoder = Decoder(source)
    for packet, _ in source.packets():
        for picture in decoder.decode(packet):
            yield decoded(picture) if isinstance(picture, Jpeg) else picture


def decoded(picture: Jpeg) -> av.VideoFrame:
    (frame,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(picture.data))
    assert (frame.width, frame.height) == (picture.width, picture.height)
    return frame


def moments(source: PacketSource, count: int) -> list[int]:
    """Return the stamps of so many pictures, none of which is damaged, and which are in order."""
    found = []
    for picture in pictures(source):
        moment = stamp.read(np.asarray(picture.to_ndarray(format="gray"), np.uint8))
        assert moment is not None, "a damaged picture"
        found.append(moment)
        if len(found) == count:
            break
    assert found == sorted(set(found))
    return found


@pytest.mark.parametrize(
    ("codec", "query"),
    [
        *product(("h264", "h265", "mjpeg"), ({}, {"drop": 0.02}, {"jump": -10, "after": 0.2})),
        ("h264", {"midgop": 1}),
        ("h265", {"midgop": 1}),
    ],
)
def test_only_sound_pictures(camera: CameraServer, codec: str, query: dict[str, object]) -> None:
    """Losses, a start between keyframes and jumping timestamps cost pictures, and damage none."""
    with opened(camera.url("door", codec=codec, size="640x352", **query)) as source:
        assert isinstance(source, RtspDemuxer)
        assert source.codec_context.name == codec.replace("h265", "hevc")
        assert len(moments(source, 60)) == 60


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_losses_by_udp(camera: CameraServer, codec: str) -> None:
    """What FFmpeg's libraries read by UDP is as sound, although they report losses in their log only."""
    with opened(camera.url("door", codec=codec, size="640x352", drop=0.03), "udp") as source:
        assert isinstance(source, Demuxer)
        assert len(moments(source, 60)) == 60


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_first_picture_is_the_first_one_sent(camera: CameraServer, codec: str) -> None:
    """Nothing is read ahead: the keyframe that PLAY is answered with is the first picture."""
    with opened(camera.url("door", codec=codec, gop=10_000)) as source:
        assert moments(source, 2)


def test_mjpeg_has_the_same_pixels_as_by_ffmpeg(camera: CameraServer) -> None:
    """Every picture that FFmpeg's libraries read too is the same to the pixel."""
    url = camera.url("door", codec="mjpeg", size="640x352")
    ours: dict[int, NDArray[np.uint8]] = {}
    theirs: dict[int, NDArray[np.uint8]] = {}
    with opened(url, "udp") as foreign, opened(url) as own:
        assert isinstance(own, RtspDemuxer)
        both = zip(pictures(own), pictures(foreign), strict=False)
        for pair in islice(both, 20):
            for found, frame in zip((ours, theirs), pair, strict=True):
                image = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
                found[stamp.read(image) or 0] = np.asarray(frame.to_ndarray(), np.uint8)
    common = ours.keys() & theirs.keys() - {0}
    assert len(common) > 5
    assert all(np.array_equal(ours[moment], theirs[moment]) for moment in common)


def test_picture_that_cannot_be_read() -> None:
    """MJPEG of more than 2040 pixels, whose size nobody tells, is told as such."""
    body = SDP.replace(b"RTP/AVP 96", b"RTP/AVP 26").replace(b"H264", b"JPEG").replace(b":96", b":26")
    packet = struct.pack("!BBHIIIBBBB", 0x80, 26, 1, 1, 1, 0, 1, 80, 0, 0) + bytes(20)
    with (
        ScriptedCamera({"DESCRIBE": Response(body=body)}, interleaved(0, packet)) as camera,
        opened(camera.url()) as source,
        pytest.raises(SourceError, match="JPEG of more than 2040 pixels: choose"),
    ):
        list(source.packets())


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_resize(camera: CameraServer, codec: str) -> None:
    """A picture that changes its size goes on without a break."""
    with opened(camera.url("door", codec=codec, resize="160x96", after=0.3)) as source:
        sizes = iter((picture.width, picture.height) for picture in pictures(source))
        assert next(sizes) == (320, 176)
        assert next(size for size in sizes if size != (320, 176)) == (160, 96)


def test_freeze_and_recovery(camera: CameraServer) -> None:
    """A camera that is silent for less than the time-out goes on."""
    with opened(camera.url("door", fault="freeze", after=0.2, for_=0.8)) as source:
        found = moments(source, 30)
    assert max(after - before for before, after in pairwise(found)) > 0.5e9


@pytest.mark.parametrize(
    ("query", "reason", "refused"),
    [
        ({"fault": "401"}, "user name or password refused (401): put the right ones into the source's URL", True),
        ({"fault": "403"}, "access forbidden (403): allow this user to view the stream in the camera's settings", True),
        ({"fault": "404"}, "no such stream (404): check the path of the URL", True),
        ({"fault": "453"}, "too many viewers (453): the camera allows no more connections, close another one", False),
        ({"fault": "503"}, "camera is busy (503): it restarts or has no session left", False),
        ({"novideo": 1}, "no video stream is offered: check the path of the URL", False),
        ({"colour": "red"}, "answered 400", False),
    ],
)
def test_refusals(camera: CameraServer, query: dict[str, object], reason: str, refused: bool) -> None:
    """What a camera answers is told with its address and a remedy."""
    with pytest.raises(SourceError) as caught, opened(camera.url("door", **query)):
        pass
    assert caught.value.reason == f"{camera.address.removeprefix('rtsp://')}: {reason}"
    assert caught.value.refused == refused


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("mute", "did not answer within 1 s"),
        ("mute-describe", "did not answer within 1 s"),
        ("mute-setup", "did not answer within 1 s"),
        ("mute-play", "did not answer within 1 s"),
        ("freeze", "sent nothing for 1 s"),
        ("close", "ended the stream"),
        ("reset", "broke the connection"),
    ],
)
def test_breakdowns(camera: CameraServer, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str) -> None:
    """A camera that goes silent or away is told as such, while it is opened and later."""
    monkeypatch.setattr(subject, "OPEN_TIMEOUT", 1.0)
    monkeypatch.setattr(subject, "READ_TIMEOUT", 1.0)
    with (
        pytest.raises(SourceError) as caught,
        opened(camera.url("door", fault=fault, **({} if "mute" in fault else {"after": 0.2}))) as source,
    ):
        list(source.packets())
    assert caught.value.reason == f"{camera.address.removeprefix('rtsp://')} {reason}"


NOT_RTSP = "answers, but not as an RTSP server of video: check the URL"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"OPTIONS": b"HTTP/1.0 400 Bad Request\r\n\r\n"}, f" {NOT_RTSP}"),
        ({"OPTIONS": b"SSH-2.0-OpenSSH_9.2\r\n"}, f" {NOT_RTSP}"),
        ({"DESCRIBE": Response(headers={"Content-Length": "x"})}, f" {NOT_RTSP}"),
        ({"DESCRIBE": Response(body=b"nonsense")}, ": no video stream is offered: check the path of the URL"),
        ({"DESCRIBE": Response(302, reason="Found", headers={"Location": "rtsp://h:99999/"})}, f" {NOT_RTSP}"),
        ({"DESCRIBE": Response(headers={"Content-Base": "rtsp://["})}, f" {NOT_RTSP}"),
        ({"PLAY": Response(454)}, ": answered 454"),
        ({"PLAY": b"\0" * 100}, f" {NOT_RTSP}"),
    ],
)
def test_strange_servers(script: dict[str, Response | bytes], reason: str) -> None:
    """A server of another kind, or one that breaks the rules, is told as such, and nothing secret is."""
    with ScriptedCamera(script) as camera:
        with pytest.raises(SourceError) as caught, opened(camera.url(USER)):
            pass
        assert caught.value.reason == f"127.0.0.1:{camera.port}{reason}"
    assert_no_secret(caught.value)


def test_no_longer_rtsp() -> None:
    """A camera that loses the thread in mid-stream is told as such."""
    with ScriptedCamera(after_play=b"\0" * 100 + b"\r\n") as camera, opened(camera.url(USER)) as source:
        with pytest.raises(SourceError, match="sent something that is no RTSP") as caught:
            list(source.packets())
        assert_no_secret(caught.value)


def test_unreachable() -> None:
    """A host without an address and a port without a server are told, and nothing secret is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for place, reason in (
        ("nohost.invalid", "host name 'nohost.invalid' is not known: check the source's URL"),
        (f"127.0.0.1:{port}", f"127.0.0.1:{port} refuses connections: is it on, and is the port right?"),
    ):
        with pytest.raises(SourceError) as caught, opened(f"rtsp://{USER}{place}/door?token=tok3n"):
            pass
        assert caught.value.reason == reason
        assert_no_secret(caught.value)


def assert_no_secret(error: BaseException) -> None:
    """Look through an error and all that it came from."""
    cause: BaseException | None = error
    while cause is not None:
        told = "".join(traceback.format_exception_only(cause)) + repr(cause)
        assert not [secret for secret in SECRETS if secret in told]
        cause = cause.__context__


@pytest.mark.parametrize(("codec", "transport"), [("mjpeg", "udp"), ("h264", "udp")])
def test_what_is_left_to_ffmpeg(camera: CameraServer, codec: str, transport: str) -> None:
    """UDP is read by FFmpeg's libraries."""
    with opened(camera.url("door", codec=codec), transport) as source:
        assert isinstance(source, Demuxer)
        assert source.codec_context.name == codec
        assert next(source.packets())[0].size
        assert (camera.statistics().connections, camera.statistics().sessions) == (1, 1)


def test_interleaving_refused_is_tried_with_ffmpeg() -> None:
    """A camera without interleaving gets one more chance, whose answer is told."""
    with ScriptedCamera({"SETUP": Response(461)}) as camera:
        with pytest.raises(SourceError, match="answered 461"), opened(camera.url()):
            pass
        assert camera.methods().count("SETUP") > 1


def test_parameter_sets_of_the_description(camera: CameraServer) -> None:
    """A camera that tells its parameter sets only in its description can be decoded."""
    sets = b"Z0LAHw==,aM4P"
    body = SDP.replace(b"a=control", b"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=" + sets + b"\r\na=control")
    with ScriptedCamera({"DESCRIBE": Response(body=body)}) as scripted, opened(scripted.url()) as source:
        assert source.codec_context.extradata == b"\0\0\0\1\x67\x42\xc0\x1f\0\0\0\1\x68\xce\x0f"


@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_close_while_another_thread_reads(camera: CameraServer, codec: str) -> None:
    """A source that is being read can be closed at any time; its reader then comes to an orderly end."""
    with opened(camera.url("door", codec=codec)) as source:
        first, ended = threading.Event(), threading.Event()

        def read() -> None:
            for _ in source.packets():
                first.set()
            ended.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert first.wait(10)
        source.close()
        thread.join(5)
        assert ended.is_set()

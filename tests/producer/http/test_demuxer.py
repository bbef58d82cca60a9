"""Cameras that speak HTTP, read by our own client or, where it cannot, by FFmpeg's libraries."""

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from framefan.common.errors import SourceError
from framefan.producer.camera.authentication import Credentials, Guard
from framefan.producer.demuxer import Demuxer, PacketSource
from framefan.producer.http import demuxer as subject
from framefan.producer.http.demuxer import HttpDemuxer
from framefan.producer.opening import open_source
from framefan.producer.picture import Jpeg
from framefan.producer.rtsp.messages import Refusal, Request
from framefan.producer.source import Source
from tests.pictures import jpeg, noisy
from tests.producer.http.conftest import Answer, HttpCamera, header

PICTURE = jpeg(noisy(64, 48))
OK = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n"
PART = b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(PICTURE), PICTURE)
USER = "me:s3cr%65t@"
SECRETS = ("s3cret", "s3cr%65t", "tok3n")


@contextlib.contextmanager
def opened(url: str) -> Iterator[PacketSource]:
    source = open_source(Source.parse(url), transport="tcp", loop=False)
    try:
        yield source
    finally:
        source.close()


def always(*pieces: bytes) -> Answer:
    """Return an answer that is always the same; an empty piece waits until the client has gone."""
    return lambda _: iter(pieces)


@pytest.mark.parametrize(
    "head",
    [
        OK,
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"; boundary=cut", b';charset=x; BOUNDARY="cut"'),
        OK.replace(b"; boundary=cut", b";boundary=--cut"),
        OK.replace(b"; boundary=cut", b""),
        OK.replace(b"; boundary=cut", b';boundary=""'),
        OK.replace(b"Content-Type: multipart", b"content-type:Multipart"),
        OK.replace(b"\r\n", b"\n"),
    ],
)
def test_pictures(head: bytes) -> None:
    """Pictures come as they are, from every kind of server, over one connection."""
    with HttpCamera(always(head, PART, PART, b"")) as camera:
        with opened(camera.url()) as source:
            assert isinstance(source, HttpDemuxer)
            assert source.codec_context.name == "mjpeg"
            packets = source.packets()
            assert [next(packets)[0] for _ in range(2)] == [Jpeg(PICTURE, 64, 48)] * 2
        assert len(camera.requests) == 1
        assert camera.requests[0].startswith("GET /video?token=tok3n HTTP/1.1\r\n")
        assert header(camera.requests[0], "Host") == f"127.0.0.1:{camera.port}"


def test_chunked() -> None:
    """Chunked transfer encoding is taken apart."""
    head = OK.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (len(PART), PART)
    with HttpCamera(always(head, chunk, chunk, b"0\r\n\r\n")) as camera, opened(camera.url()) as source:
        found = source.packets()
        assert [next(found)[0] for _ in range(2)] == [Jpeg(PICTURE, 64, 48)] * 2
        with pytest.raises(SourceError, match="ended the stream"):
            next(found)


def test_arrival_is_when_the_last_byte_came() -> None:
    """A picture is not held back until the next part begins, and its time is that of its own end."""
    slow = [OK, PART[:100], PART[100:-100], PART[-100:], b""]
    with HttpCamera(always(*slow)) as camera, opened(camera.url()) as source:
        _, arrival = next(iter(source.packets()))
        assert 0 <= time.monotonic_ns() - arrival.monotonic_ns < 1e9


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_password(scheme: str) -> None:
    """The right password opens a camera, by a connection of its own; a wrong one and none are refused."""

    def answer(request: str) -> Iterator[bytes]:
        try:
            guard.check(Request("GET", "/", {"authorization": header(request, "Authorization")}, 0))
            yield from (OK, PART, b"")
        except Refusal as refusal:
            yield f"HTTP/1.1 401 No\r\nWWW-Authenticate: {refusal.headers['WWW-Authenticate']}\r\n\r\n".encode()

    guard = Guard(Credentials("me", "s3cret", scheme))
    with HttpCamera(answer) as camera:
        with opened(camera.url(USER)) as source:
            assert next(iter(source.packets()))[0].size == len(PICTURE)
        assert not camera.overlapping
        for user, tries in (("me:wrong@", 2), ("", 1)):
            camera.requests.clear()
            guard = Guard(Credentials("me", "s3cret", scheme))
            with pytest.raises(SourceError, match="refused") as caught, opened(camera.url(user)):
                pass
            assert caught.value.refused
            assert len(camera.requests) == tries
            assert_no_secret(caught.value)


def test_redirection() -> None:
    """A camera that sends us elsewhere is followed, without the password if that is another host."""
    challenge = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\n\r\n'
    for host, tries in (("localhost", 1), ("127.0.0.1", 2)):
        with HttpCamera(always(challenge)) as target:
            location = target.url(host=host)
            with HttpCamera(always(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())) as camera:
                with pytest.raises(SourceError), opened(camera.url(USER)):
                    pass
                assert len(target.requests) == tries
                assert header(target.requests[0], "Authorization") == ""
    nowhere = b"HTTP/1.1 301 Moved\r\nLocation: http://h:99999/\r\n\r\n"
    with (
        HttpCamera(always(nowhere)) as camera,
        pytest.raises(SourceError, match="answers, but not as an HTTP server"),
        opened(camera.url()),
    ):
        pass
    with HttpCamera(always(b"HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n")) as camera:
        with pytest.raises(SourceError, match="answered 301"), opened(camera.url()):
            pass
        assert camera.requests[-1].startswith("GET /there ")


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ((b"HTTP/1.1 404 Not Found\r\n\r\n",), ": no such stream (404): check the path of the URL"),
        ((b"HTTP/1.1 503 Busy\r\n\r\n",), ": camera is busy (503): it restarts or has no session left"),
        ((b"HTTP/1.1 500 Oh\r\n\r\n",), ": answered 500"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), " answers, but not as an HTTP server of video: check the URL"),
        ((b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",), " answers, but not as an HTTP server of video: check the URL"),
        ((), " closed the connection while it was opened"),
        ((b"HTTP/1.1 200 OK\r\n", b""), " did not answer within 1 s"),
        ((OK, PART), " ended the stream"),
        ((OK, PART, b""), " sent nothing for 1 s"),
        ((OK, PART[:200], b""), " sent nothing for 1 s"),
    ],
)
def test_faults(pieces: tuple[bytes, ...], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a camera refuses or breaks is told with its address, and nothing secret is."""
    monkeypatch.setattr(subject, "OPEN_TIMEOUT", 1.0)
    monkeypatch.setattr(subject, "READ_TIMEOUT", 1.0)
    with HttpCamera(always(*pieces)) as camera:
        with pytest.raises(SourceError) as caught, opened(camera.url(USER)) as source:
            list(source.packets())
        assert caught.value.reason == f"127.0.0.1:{camera.port}{reason}"
        assert_no_secret(caught.value)


def test_unreachable() -> None:
    """A port without a server is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(SourceError, match="refuses connections") as caught, opened(f"http://{USER}127.0.0.1:{port}/"):
        pass
    assert_no_secret(caught.value)


def assert_no_secret(error: BaseException) -> None:
    """Look through an error and all that it came from."""
    cause: BaseException | None = error
    while cause is not None:
        told = "".join(traceback.format_exception_only(cause)) + repr(cause)
        assert not [secret for secret in SECRETS if secret in told]
        cause = cause.__context__


def test_what_is_left_to_ffmpeg() -> None:
    """Anything but multipart/x-mixed-replace is for FFmpeg's libraries, and our own connection is closed first."""
    plain = b"HTTP/1.1 200 OK\r\nContent-Type: video/x-motion-jpeg\r\n\r\n"
    with HttpCamera(lambda _: chain([plain], repeat(PICTURE))) as camera:
        with opened(camera.url()) as source:
            assert isinstance(source, Demuxer)
            assert next(iter(source.packets()))[0].size
        assert not camera.overlapping
        assert len(camera.requests) == 2


def test_close_while_another_thread_reads() -> None:
    """A source that is being read can be closed at any time; its reader then comes to an orderly end."""
    with HttpCamera(always(OK, PART, b"")) as camera, opened(camera.url()) as source:
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

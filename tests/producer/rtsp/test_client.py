"""The session: what is asked, in what order, and how it ends."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from framefan.common.url import Url
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.rtsp.client import Client
from framefan.producer.rtsp.connection import Refused
from framefan.producer.rtsp.messages import Request, Response, interleaved
from framefan.producer.rtsp.sdp import Unsupported
from tests.producer.rtsp.conftest import SDP, ScriptedCamera


@contextlib.contextmanager
def playing(url: str, read_timeout: float = 5.0) -> Iterator[Client]:
    client = Client(Url.parse(url), open_timeout=5.0, read_timeout=read_timeout)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def draining(client: Client) -> Iterator[threading.Thread]:
    """Read in a thread of its own, as a capture does."""
    thread = threading.Thread(target=lambda: list(client.packets()))
    thread.start()
    yield thread
    thread.join(5)
    assert not thread.is_alive()


def rtp(sequence: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence, 0, 0) + b"\x65\x88"


def test_dialogue_in_its_order() -> None:
    """A session is described, set up, played and ended, at the URLs that the description tells."""
    with ScriptedCamera() as camera:
        with playing(camera.url("me:s3cret@")):
            pass
        assert camera.heard("TEARDOWN")
    assert camera.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    base = f"rtsp://127.0.0.1:{camera.port}/door?token=tok3n"
    assert [request.url for request in camera.requests] == [base, base, base + "/track", base, base]
    assert [request.headers.get("session") for request in camera.requests] == [None, None, None, "abc", "abc"]
    assert not any("authorization" in request.headers for request in camera.requests)


@pytest.mark.parametrize(("public", "method"), [("GET_PARAMETER", "GET_PARAMETER"), ("DESCRIBE", "OPTIONS")])
def test_keepalive(public: str, method: str) -> None:
    """A session is kept alive within its time-out, by the method that the camera knows."""
    with ScriptedCamera({"OPTIONS": Response(headers={"Public": public})}) as camera, playing(camera.url()) as client:
        with draining(client):
            assert camera.heard(method, 2 + (method == "OPTIONS"))
            client.close()
        assert camera.requests[-2].headers["session"] == "abc"


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_password(scheme: str) -> None:
    """The right password opens a camera, a wrong one and none are refused."""
    with CameraServer(port=0, credentials=Credentials("me", "p@ss/wörd", scheme)) as server:
        with playing(server.url("door", size="320x176")) as client:
            assert next(client.packets())[0][0]
        for url in (f"{server.address}/door", server.url("door").replace("me:", "you:")):
            with pytest.raises(Refused) as caught, playing(url):
                pass
            assert caught.value.status == 401


@pytest.mark.parametrize("user", ["me:s3cret@", ":s3cret@"])
def test_password_is_tried_once(user: str) -> None:
    """A camera that answers 401 for ever is asked twice and no more: some lock the account. Some know no users."""
    denied = Response(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n"'})
    with ScriptedCamera({"DESCRIBE": denied}) as camera:
        with pytest.raises(Refused), playing(camera.url(user)):
            pass
        assert camera.methods().count("DESCRIBE") == 2
        assert "s3cret" not in str([(request.url, request.headers) for request in camera.requests])


def test_packets_before_the_answer_to_play_are_kept() -> None:
    """Packets may overtake the answer, and are the first of the stream."""
    early = interleaved(0, rtp(1)) + interleaved(1, b"rtcp") + b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"
    with ScriptedCamera({"PLAY": early + interleaved(0, rtp(2))}) as camera, playing(camera.url()) as client:
        packets = client.packets()
        found: list[bytes] = []
        while len(found) < 2:
            found += map(bytes, next(packets)[0])
        assert found == [rtp(1), rtp(2)]
        packets.close()


def test_channel_that_the_camera_chooses() -> None:
    """Packets are taken from the channel that the camera has agreed to."""
    agreed = Response(headers={"Session": "abc", "Transport": "RTP/AVP/TCP;unicast;interleaved=4-5"})
    sent = interleaved(0, rtp(1)) + interleaved(4, rtp(2))
    with ScriptedCamera({"SETUP": agreed}, sent) as camera, playing(camera.url()) as client:
        packets = client.packets()
        assert list(map(bytes, next(packets)[0])) == [rtp(2)]
        packets.close()


def test_requests_of_the_camera_are_answered() -> None:
    """A camera that asks whether we are there is answered, and one that asks for more is told that we cannot."""
    asked = Request("GET_PARAMETER", "*", {}, 7).to_bytes() + Request("ANNOUNCE", "*", {}, 8).to_bytes()
    with ScriptedCamera(after_play=asked) as camera, playing(camera.url()) as client, draining(client):
        assert camera.answered(2)
        client.close()
    assert [(answer.status, answer.headers["cseq"]) for answer in camera.answers] == [(200, "7"), (501, "8")]


def test_redirection() -> None:
    """A camera that sends us elsewhere is followed, without the password if that is another host."""
    challenge = {"WWW-Authenticate": 'Basic realm="r"'}
    with ScriptedCamera({"DESCRIBE": Response(401, headers=challenge)}) as target:
        for host, tries in (("localhost", 1), ("127.0.0.1", 2)):
            elsewhere = Response(302, reason="Found", headers={"Location": target.url(host=host)})
            with ScriptedCamera({"DESCRIBE": elsewhere}) as camera:
                with pytest.raises(Refused) as caught, playing(camera.url("me:s3cret@")):
                    pass
                assert caught.value.status == 401
            assert target.methods().count("DESCRIBE") == tries + (host == "127.0.0.1")


def test_redirection_in_circles() -> None:
    """A camera that sends us round in circles is given up."""
    with ScriptedCamera({"DESCRIBE": Response(301, reason="Moved", headers={"Location": "/door"})}) as camera:
        with pytest.raises(Refused), playing(camera.url()):
            pass
        assert camera.methods().count("DESCRIBE") == 3


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ({"DESCRIBE": Response(body=SDP + b"a=fmtp:96 packetization-mode=2\r\n")}, False),
        ({"DESCRIBE": Response(body=SDP.replace(b"H264", b"VP8"))}, False),
        ({"SETUP": Response(461)}, False),
        ({"SETUP": Response(headers={"Session": "abc", "Transport": "RTP/AVP;unicast;client_port=1-2"})}, True),
        ({"DESCRIBE": Response(302, reason="Found", headers={"Location": "rtsps://127.0.0.1/door"})}, False),
        ({"DESCRIBE": Response(401, headers={"WWW-Authenticate": "Negotiate"})}, False),
    ],
)
def test_unsupported(script: dict[str, Response], ends: bool) -> None:
    """What only FFmpeg's libraries may play is told as such, and a session that is set up is ended first."""
    with ScriptedCamera(script) as camera:
        with pytest.raises(Unsupported), playing(camera.url("me:s3cret@")):
            pass
        assert ("TEARDOWN" in camera.methods()) == ends


def test_close_is_bounded() -> None:
    """A camera that does not answer TEARDOWN holds up the end for no more than a second, reader included."""
    with (
        ScriptedCamera({"TEARDOWN": None}) as camera,
        playing(camera.url(), read_timeout=60) as client,
        draining(client),
    ):
        closing = threading.Thread(target=client.close)
        closing.start()
        assert camera.heard("TEARDOWN")
        closing.join(5)
        assert not closing.is_alive()


def test_silence() -> None:
    """A camera that sends nothing for too long is given up."""
    with ScriptedCamera() as camera, playing(camera.url(), read_timeout=0.5) as client, pytest.raises(TimeoutError):
        next(client.packets())


def test_ipv6() -> None:
    """A camera with an IPv6 address plays."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with CameraServer(host="::1", port=0) as server, playing(server.url("door", size="320x176")) as client:
        assert next(client.packets())[0][0]

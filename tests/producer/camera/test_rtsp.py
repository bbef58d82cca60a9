import pytest

from framefan.producer.camera.rtp import Numbering, sender_report
from framefan.producer.camera.rtsp import (
    Refusal,
    Response,
    Transport,
    interleaved,
    parse_request,
    parse_transport,
)
from framefan.producer.camera.sdp import describe, describe_sound
from framefan.producer.camera.settings import Settings


def refusal(head: bytes) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        parse_request(head)
    return caught.value.status, caught.value.reason


def test_request_is_parsed() -> None:
    """A request has a method, a URL, headers by lower-case name, a number and a length."""
    request = parse_request(b"SETUP rtsp://h/door?fps=5 RTSP/1.0\r\nCSeq: 3\r\nTransport:RTP/AVP\r\n\r\n")
    assert (request.method, request.url, request.cseq) == ("SETUP", "rtsp://h/door?fps=5", 3)
    assert request.headers["transport"] == "RTP/AVP"
    assert request.length == 0


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", (400, "malformed request line")),
        (b"\xff\xfe\r\n\r\n", (400, "request is not UTF-8")),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", (505, "RTSP Version not supported")),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", (400, "no valid CSeq")),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: -1\r\n\r\n", (400, "no valid CSeq")),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: x\r\n\r\n", (400, "no valid Content-Length")),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n", (400, "body too long")),
        (b"OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n", (400, "malformed header line")),
    ],
)
def test_malformed_request_is_refused(head: bytes, answer: tuple[int, str]) -> None:
    """A malformed request is answered with a status and a reason."""
    assert refusal(head) == answer


def test_response_is_formatted() -> None:
    """A response repeats the request's number and states its length."""
    response = Response(headers={"Content-Type": "application/sdp"}, body=b"v=0\r\n")
    assert response.to_bytes(7) == (
        b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nServer: framefan\r\n"
        b"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )
    assert Response(404).to_bytes(None) == b"RTSP/1.0 404 Not Found\r\nServer: framefan\r\n\r\n"


def test_reason_cannot_break_the_line() -> None:
    """What a client wrote cannot add a header to the answer."""
    assert Refusal(400, "key 'a\r\nX: y\x00é'").reason == "key 'a??X: y??'"


@pytest.mark.parametrize(
    ("header", "transport"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", Transport(True, (2, 3))),
        ("RTP/AVP/TCP;unicast", Transport(True, (0, 1))),
        ("RTP/AVP;unicast;client_port=5000-5001", Transport(False, (5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000", Transport(False, (5000, 5001))),
        ("RTP/AVP;multicast, RTP/AVP/TCP;unicast;interleaved=0-1", Transport(True, (0, 1))),
    ],
)
def test_transport_is_chosen(header: str, transport: Transport) -> None:
    """The first offer that can be served is taken."""
    assert parse_transport(header) == transport


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 400),
        ("RTP/AVP;multicast", 461),
        ("RTP/SAVP;unicast;client_port=1-2", 461),
        ("RTP/AVP;unicast", 461),
        ("RTP/AVP;unicast;client_port=70000-70001", 461),
        ("RTP/AVP/TCP;interleaved=256-257", 461),
    ],
)
def test_transport_is_refused(header: str | None, status: int) -> None:
    """A transport that cannot be served is answered 461."""
    with pytest.raises(Refusal) as caught:
        parse_transport(header)
    assert caught.value.status == status


def test_transport_is_answered() -> None:
    """The answer to SETUP repeats the client's channels or ports and adds ours."""
    assert Transport(True, (0, 1)).answer(None, 0xAB) == "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=000000AB"
    assert Transport(False, (5000, 5001)).answer((6000, 6001), 1) == (
        "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;ssrc=00000001"
    )


def test_packet_is_interleaved() -> None:
    """A packet within the dialogue has a dollar sign, its channel and its length in front."""
    assert interleaved(1, b"abc") == b"$\x01\x00\x03abc"


def test_packets_are_numbered() -> None:
    """Packets get our sequence numbers, which wrap, our time and our SSRC; marker and payload stay."""
    numbering = Numbering(0x01020304, 0xFFFF)
    packets = numbering.apply([b"\x80\x60" + b"?" * 10 + b"one", b"\x80\xe0" + b"?" * 10 + b"two"], -1)
    assert packets == (
        b"\x80\x60\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04one",
        b"\x80\xe0\x00\x00\xff\xff\xff\xff\x01\x02\x03\x04two",
    )


def test_sender_report_holds_wall_time() -> None:
    """A sender report tells the NTP time of an RTP time."""
    report = sender_report(1, 1_500_000_000, 90_000, 2, 300)
    assert report.hex() == "80c800060000000183aa7e818000000000015f90000000020000012c"


def test_description_of_h264() -> None:
    """An H.264 camera is described with its parameter sets and its profile."""
    sets = [bytes.fromhex("6742c01f"), bytes.fromhex("68ce0f")]
    lines = describe("door", Settings(), sets, "rtsp://h/door/trackID=0").decode().split("\r\n")
    assert lines[:3] == ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=door"]
    assert lines[-6:] == [
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 packetization-mode=1;profile-level-id=42C01F;sprop-parameter-sets=Z0LAHw==,aM4P",
        "a=framerate:25",
        "a=control:rtsp://h/door/trackID=0",
        "",
    ]


def test_description_of_h265_and_jpeg() -> None:
    """H.265 names its three parameter sets, JPEG has a payload type of its own."""
    text = describe("d", Settings(codec="h265"), [b"\x40", b"\x42", b"\x44"], "c").decode()
    assert "a=fmtp:96 sprop-vps=QA==;sprop-sps=Qg==;sprop-pps=RA==\r\n" in text
    text = describe("d", Settings(codec="mjpeg", fps=0.5), [], "c").decode()
    assert "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=framerate:0.5\r\n" in text


def test_description_of_sound() -> None:
    """A camera without video has an audio line only."""
    text = describe_sound("d", "c").decode()
    assert "m=audio 0 RTP/AVP 0\r\n" in text
    assert "m=video" not in text

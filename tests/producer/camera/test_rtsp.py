import pytest

from framefan.producer.camera.rtp import Numbering, sender_report
from framefan.producer.camera.sdp import describe, describe_sound
from framefan.producer.camera.settings import Settings
from framefan.producer.camera.transport import Transport, parse_transport
from framefan.producer.rtsp.messages import Refusal


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

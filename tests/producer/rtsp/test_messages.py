"""Messages between client and server, byte by byte."""

import random

import pytest

from framefan.producer.rtsp.messages import (
    Inbox,
    Packet,
    Refusal,
    Request,
    Response,
    interleaved,
    parse_request,
    parse_response,
)


def refusal(head: bytes) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        parse_request(head)
    return caught.value.status, caught.value.reason


def test_request_is_parsed() -> None:
    """A request has a method, a URL, headers by lower-case name, and a number."""
    request = parse_request(b"SETUP rtsp://h/door?fps=5 RTSP/1.0\r\nCSeq: 3\r\nTransport:RTP/AVP\r\n\r\n")
    assert (request.method, request.url, request.cseq) == ("SETUP", "rtsp://h/door?fps=5", 3)
    assert request.headers["transport"] == "RTP/AVP"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", (400, "malformed request line")),
        (b"\xff\xfe\r\n\r\n", (400, "request is not UTF-8")),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", (505, "RTSP Version not supported")),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", (400, "no valid CSeq")),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: -1\r\n\r\n", (400, "no valid CSeq")),
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


def test_packet_is_interleaved() -> None:
    """A packet within the dialogue has a dollar sign, its channel and its length in front."""
    assert interleaved(1, b"abc") == b"$\x01\x00\x03abc"


def test_request_is_formatted() -> None:
    """What a client sends is what a server parses."""
    request = Request("SETUP", "rtsp://h/door", {"session": "1"}, 7)
    assert request.to_bytes() == b"SETUP rtsp://h/door RTSP/1.0\r\nCSeq: 7\r\nsession: 1\r\n\r\n"
    assert parse_request(request.to_bytes()) == Request("SETUP", "rtsp://h/door", {"session": "1", "cseq": "7"}, 7)


def test_answers_as_cameras_send_them() -> None:
    """Any case of names, folded and repeated headers, line feeds alone and a missing reason are understood."""
    answer = parse_response(
        b"RTSP/1.0 401\nCSEQ:2\nServer: \xb0\xb2\n"
        b'WWW-Authenticate: Digest realm="a",\n  nonce="b"\nwww-authenticate: Basic realm="a"\n\n'
    )
    assert answer.status == 401
    assert answer.headers == {
        "cseq": "2",
        "server": "\ufffd\ufffd",
        "www-authenticate": 'Digest realm="a", nonce="b", Basic realm="a"',
    }


def test_odd_lines_of_an_answer_are_passed_over() -> None:
    """A line that is no header, and a length that is told twice, are no reason to have no picture."""
    inbox = Inbox()
    inbox.feed(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nx\r\n: y\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nv=0")
    answer = inbox.take()
    assert isinstance(answer, Response)
    assert (answer.headers["cseq"], answer.body) == ("1", b"v=0")


@pytest.mark.parametrize("head", [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"RTSP/1.0 OK\r\n\r\n"])
def test_malformed_answer_is_refused(head: bytes) -> None:
    """What is no answer of an RTSP server is told as such."""
    with pytest.raises(Refusal):
        parse_response(head)


DIALOGUE = (
    Response(headers={"A": "b"}, body=b"v=0\r\n$").to_bytes(1)
    + b"\r\n"
    + interleaved(0, b"first")
    + interleaved(3, b"")
    + Request("OPTIONS", "*", {}, 9).to_bytes()
    + b"RTSP/1.0 200 OK\ncseq: 2\n\n"
    + interleaved(1, b"$" * 70)
)


def told(inbox: Inbox) -> list[object]:
    """Return all that is in an inbox, in a form that compares."""
    found: list[object] = []
    while (item := inbox.take()) is not None:
        if isinstance(item, Packet):
            found.append((item.channel, bytes(item.data)))
        elif isinstance(item, Request):
            found.append(item.method)
        else:
            found.append((item.status, item.headers.get("cseq"), item.body))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_inbox_cuts_wherever_pieces_end(seed: int) -> None:
    """Messages and packets come out whole and in order, however the network has cut them."""
    dice, inbox, at = random.Random(seed), Inbox(), 0
    found: list[object] = []
    while at < len(DIALOGUE):
        piece = dice.choice((1, 3, 17, 1000))
        inbox.feed(DIALOGUE[at : at + piece])
        at += piece
        found += told(inbox)
    assert found == [
        (200, "1", b"v=0\r\n$"),
        (0, b"first"),
        (3, b""),
        "OPTIONS",
        (200, "2", b""),
        (1, b"$" * 70),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_packets_of_a_channel_come_together(seed: int) -> None:
    """What has come in entirely is given out at once, up to the next message; nothing of it is in the inbox then."""
    dice, inbox, at = random.Random(seed), Inbox(), 0
    found: list[bytes] = []
    data = b"".join(interleaved(number % 3, bytes((number,)) * number) for number in range(30))
    while at < len(data):
        piece = dice.choice((1, 3, 17, 1000))
        inbox.feed(data[at : at + piece])
        at += piece
        found += map(bytes, inbox.packets(1))
    assert found == [bytes((number,)) * number for number in range(1, 30, 3)]
    inbox.feed(interleaved(1, b"one") + Response().to_bytes(1) + interleaved(1, b"two"))
    assert inbox.packets(1) == [b"one"]
    assert isinstance(inbox.take(), Response)
    assert inbox.packets(1) == [b"two"]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed request line"),
        (b"HTTP/1.0 404 Not Found\r\n", "malformed request line"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n", "no valid Content-Length"),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n", "body too long"),
        (b"X" * 70_000, "message too long"),
        (b"\0", "malformed request line"),
    ],
)
def test_inbox_refuses_anything_else(data: bytes, answer: str) -> None:
    """Another protocol is noticed by its first line, and nothing is waited for without bound."""
    inbox = Inbox()
    inbox.feed(data)
    with pytest.raises(Refusal) as caught:
        inbox.take()
    assert caught.value.reason == answer

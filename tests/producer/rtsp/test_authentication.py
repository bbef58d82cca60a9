"""What a client answers, held against the examples of the RFCs and against the server's check."""

import base64

import pytest

from framefan.producer.camera.authentication import Credentials, Guard
from framefan.producer.rtsp.authentication import Challenge, digest, parse_parameters
from framefan.producer.rtsp.messages import Request

MUFASA = ("Mufasa", "Circle Of Life")
REALM = "testrealm@host.com"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


def test_digest_with_qop_equals_the_example_of_rfc_2617() -> None:
    """The digest is the one in RFC 2617, 3.5."""
    assert (
        digest(
            *MUFASA,
            realm=REALM,
            nonce=NONCE,
            method="GET",
            uri="/dir/index.html",
            qop="auth",
            count="00000001",
            client_nonce="0a4f113b",
        )
        == "6629fae49393a05397450978507c4ef1"
    )


def test_digest_without_qop() -> None:
    """Without qop the digest is the older one of RFC 2069."""
    known = digest(*MUFASA, realm=REALM, nonce=NONCE, method="GET", uri="/dir/index.html")
    assert known == "670fd8c2df070c60b045671b8b24ff02"


def test_sha_256_equals_the_example_of_rfc_7616() -> None:
    """The digest is the one in RFC 7616, 3.9.1."""
    known = digest(
        "Mufasa",
        "Circle of Life",
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        count="00000001",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        algorithm="SHA-256",
    )
    assert known == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def answer(header: str, count: int = 1) -> str:
    challenge = Challenge.parse(header)
    assert challenge is not None
    return challenge.answer(*MUFASA, method="DESCRIBE", url="rtsp://h/door", count=count, client_nonce="c")


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_server_takes_what_a_client_answers(scheme: str) -> None:
    """Each request answers the challenge anew, and passes."""
    guard = Guard(Credentials(*MUFASA, scheme))
    for count in (1, 2):
        given = answer(guard.challenge["WWW-Authenticate"], count)
        guard.check(Request("DESCRIBE", "rtsp://h/door", {"authorization": given}, 1))


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ('Basic realm="a", Digest realm="a", nonce="b"', "Digest"),
        ('Digest realm="a, Basic b", nonce="b", Basic realm="a"', "Digest"),
        ('Digest realm="a", nonce="b", algorithm=SHA-512-256, Basic realm="a"', "Basic"),
        ('digest realm="a",nonce="b",qop="auth-int,auth"', "Digest"),
    ],
)
def test_strongest_scheme_is_chosen(header: str, chosen: str) -> None:
    """Of several schemes the strongest that we know is answered."""
    assert answer(header).startswith(chosen + " ")


def test_sha_256_is_preferred_and_named() -> None:
    """Of two algorithms the stronger one is answered, with what the server wants back."""
    given = answer(
        'Digest realm="r", nonce="n", algorithm=MD5, Digest realm="r", nonce="n", opaque="o", algorithm=SHA-256'
    )
    told = parse_parameters(given)
    assert (told["algorithm"], told["opaque"]) == ("SHA-256", "o")
    assert len(told["response"]) == 64
    assert "qop" not in told


@pytest.mark.parametrize("header", ["", "Negotiate abc", 'Digest realm="a", nonce="b", algorithm=MD5-sess'])
def test_unknown_scheme_is_none(header: str) -> None:
    """What we cannot answer is no challenge."""
    assert Challenge.parse(header) is None


def test_basic_takes_any_character() -> None:
    """User and password travel as UTF-8."""
    challenge = Challenge("basic", {})
    text = challenge.answer("me", "päss:word", method="", url="", count=1, client_nonce="")
    assert base64.b64decode(text.removeprefix("Basic ")).decode() == "me:päss:word"

import base64

import pytest

from framefan.producer.camera.authentication import Credentials, Guard, digest, parse_parameters
from framefan.producer.camera.rtsp import Refusal, Request

MUFASA = Credentials("Mufasa", "Circle Of Life")
REALM = "testrealm@host.com"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


def request(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"authorization": authorization}
    return Request("DESCRIBE", "rtsp://h/door", headers, 1, 0)


def passes(guard: Guard, authorization: str | None) -> bool:
    try:
        guard.check(request(authorization))
    except Refusal as refusal:
        return (refusal.status, refusal.headers) != (401, guard.challenge)
    return True


def signed(guard: Guard, credentials: Credentials, count: str | None = None) -> str:
    challenge = parse_parameters(guard.challenge["WWW-Authenticate"].removeprefix("Digest "))
    extra = {} if count is None else {"qop": "auth", "count": count, "client_nonce": "c"}
    response = digest(
        credentials,
        realm=challenge["realm"],
        nonce=challenge["nonce"],
        method="DESCRIBE",
        uri="rtsp://h/door",
        **extra,
    )
    qop = "" if count is None else f', qop=auth, nc={count}, cnonce="c"'
    return (
        f'Digest username="{credentials.user}", realm="{challenge["realm"]}", nonce="{challenge["nonce"]}", '
        f'uri="rtsp://h/door", response="{response}"{qop}'
    )


def test_digest_with_qop_equals_the_example_of_rfc_2617() -> None:
    """The digest is the one in RFC 2617, 3.5."""
    assert (
        digest(
            MUFASA,
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
    known = digest(MUFASA, realm=REALM, nonce=NONCE, method="GET", uri="/dir/index.html")
    assert known == "670fd8c2df070c60b045671b8b24ff02"


@pytest.mark.parametrize("count", [None, "00000001"])
def test_right_digest_passes(count: str | None) -> None:
    """The right password passes, with qop and without."""
    guard = Guard(MUFASA)
    assert passes(guard, signed(guard, MUFASA, count))


def test_digest_with_qop_passes_once() -> None:
    """A request that is heard again does not pass."""
    guard = Guard(MUFASA)
    answer = signed(guard, MUFASA, "00000001")
    assert passes(guard, answer)
    assert not passes(guard, answer)
    assert passes(guard, signed(guard, MUFASA, "00000002"))


@pytest.mark.parametrize("wrong", [Credentials("Mufasa", "x"), Credentials("Scar", "Circle Of Life")])
def test_wrong_digest_is_refused(wrong: Credentials) -> None:
    """A wrong user or password is answered 401."""
    guard = Guard(MUFASA)
    assert not passes(guard, signed(guard, wrong))
    assert not passes(guard, signed(Guard(MUFASA), MUFASA)), "a nonce of another connection"
    assert not passes(guard, None)
    assert not passes(guard, "Digest é=")


def test_basic() -> None:
    """Basic authentication takes the right pair only, and no other scheme."""
    guard = Guard(Credentials("me", "päss:word", "basic"))
    right = base64.b64encode("me:päss:word".encode()).decode()
    assert guard.challenge["WWW-Authenticate"].startswith("Basic ")
    assert passes(guard, f"Basic {right}")
    assert passes(guard, f"basic {right}")
    assert not passes(guard, f"Basic {right[:-4]}")
    assert not passes(guard, f"Digest {right}")
    assert not passes(guard, "Basic")


def test_everybody_passes_without_credentials() -> None:
    """A camera without a password asks for none."""
    assert passes(Guard(None), None)


def test_password_shows_nowhere() -> None:
    """A password does not show in a repr."""
    assert "Circle" not in repr(MUFASA)

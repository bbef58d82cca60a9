import base64

import pytest

from framefan.producer.camera.authentication import Credentials, Guard
from framefan.producer.rtsp.authentication import digest, parse_parameters
from framefan.producer.rtsp.messages import Refusal, Request

MUFASA = Credentials("Mufasa", "Circle Of Life")


def request(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"authorization": authorization}
    return Request("DESCRIBE", "rtsp://h/door", headers, 1)


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
        credentials.user,
        credentials.password,
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

"""URLs as users write them, and what is shown of them."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from framefan.common.errors import AddressError
from framefan.common.url import Url, shown, without_secrets

ODD = st.text("@#/:%? []&;+'\"\\ü\u4e2d", max_size=4)
PLACES = st.sampled_from(["127.0.0.1:8554", "cam:80", "[::1]:554"])


@st.composite
def odd(draw: st.DrawFn, secret: str) -> str:
    """Draw a secret with odd characters in it, as it is or percent-encoded."""
    begin, middle, end = draw(ODD), draw(ODD), draw(ODD)
    text = f"{begin}{secret[:4]}{middle}{secret[4:]}{end}"
    return draw(st.sampled_from([text, quote(text, safe="")]))


USERS = st.one_of(st.just(""), odd("us3rn4me"))
PASSWORDS = st.one_of(st.just(""), odd("p4ssw0rd"))
TARGETS = st.builds("/{}?token={}".format, odd("t0k3np4th"), odd("qu3ry5tr"))
PIECES = ("us3r", "n4me", "p4ss", "w0rd", "t0k3", "np4th", "qu3r", "y5tr")


@pytest.mark.parametrize(
    ("text", "user", "password", "place", "target"),
    [
        ("rtsp://admin:p@ss/w0rd#1@10.0.0.7/stream", "admin", "p@ss/w0rd#1", "10.0.0.7", "/stream"),
        ("rtsp://admin:100%@cam/live", "admin", "100%", "cam", "/live"),
        ("rtsp://admin:p%40ss@cam/live", "admin", "p@ss", "cam", "/live"),
        ("rtsp://admin:p?ss@cam", "admin", "p?ss", "cam", ""),
        ("rtsp://admin:my pass@cam/live", "admin", "my pass", "cam", "/live"),
        ("rtsp://viewer:a[b]c@[::1]:554/live", "viewer", "a[b]c", "[::1]:554", "/live"),
        ("rtsp://us/er:pw@cam:554/live", "us/er", "pw", "cam:554", "/live"),
        ("rtsp://me@cam/", "me", "", "cam", "/"),
        ("rtsp://me:@cam/", "me", "", "cam", "/"),
        ("rtsp://:pw@cam/", "", "pw", "cam", "/"),
        ("rtsp://cam/path@with@at", "", "", "cam", "/path@with@at"),
        ("rtsp://cam:554/user=a&password=p@ss:1/", "", "", "cam:554", "/user=a&password=p@ss:1/"),
        ("rtsp://a:b@cam:554/live@home", "a", "b", "cam:554", "/live@home"),
        ("rtsp://a:b@cam/live?mail=me@home", "a", "b", "cam", "/live?mail=me@home"),
        ("http://cam/video?user=a&password=p@ss", "", "", "cam", "/video?user=a&password=p@ss"),
        ("http://cam:80?user=a&password=p@ss", "", "", "cam:80", "?user=a&password=p@ss"),
        ("http://proxy/api?src=rtsp://a:b@cam:554/", "", "", "proxy", "/api?src=rtsp://a:b@cam:554/"),
        ("RTSP://Cam.Local:8554/Live.SDP?", "", "", "cam.local:8554", "/Live.SDP?"),
        ("http://cam/my video#1", "", "", "cam", "/my%20video#1"),
        ("rtsp://cam/caf\u00e9%20\"", "", "", "cam", "/caf%C3%A9%20%22"),
    ],
)  # fmt: skip
def test_parse(text: str, user: str, password: str, place: str, target: str) -> None:
    """A URL falls into its parts wherever people put which character; path and query stay as they were written."""
    url = Url.parse(text)
    assert (url.user, url.password, url.place, url.target) == (user, password, place, target)
    assert url.bare == f"{url.scheme}://{place}{target}"


@pytest.mark.parametrize("text", ["rtsp://", "rtsp:///x", "rtsp://cam:65536/", "rtsp://a:b/x", "rtsp://c d/", "cam/x"])
def test_refuses(text: str) -> None:
    """What has no scheme, no host or no valid port is no URL."""
    with pytest.raises(AddressError):
        Url.parse(text)


def test_port() -> None:
    """A port that is not written is the usual one."""
    assert [Url.parse(f"{scheme}://h/").port for scheme in ("rtsp", "rtsps", "http", "https")] == [554, 322, 80, 443]
    assert Url.parse("rtsp://h:8554").port == 8554


def test_bytes_that_are_no_utf8() -> None:
    """A password of a camera that knows Latin-1 only goes to it byte for byte."""
    url = Url.parse("rtsp://me:caf%E9@cam/")
    assert url.password.encode(errors="surrogateescape") == b"caf\xe9"
    assert url.encoded == "rtsp://me:caf%E9@cam/"


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("/other?a=b@c", "rtsp://cam:554/other?a=b@c"),
        ("rtsp://me:p@ss/w@cam2/x", "rtsp://cam2/x"),
        ("//cam3:1/y z", "rtsp://cam3:1/y%20z"),
    ],
)
def test_joined(reference: str, target: str) -> None:
    """A reference is followed from the URL that it stands behind."""
    url = Url.parse("rtsp://u:pw@cam:554/live@home/x").joined(reference)
    assert url.bare == target
    assert url.password == ("p@ss/w" if "me:" in reference else "")


@pytest.mark.parametrize("reference", ["rtsp://[", "rtsp://h:99999/", "rtsp://a b/"])
def test_refuses_references(reference: str) -> None:
    """A reference to what is no URL is refused."""
    with pytest.raises(AddressError):
        Url.parse("rtsp://cam/").joined(reference)


@settings(deadline=None)
@given(USERS, PASSWORDS, PLACES, TARGETS)
def test_any_secret_is_parsed(user: str, password: str, place: str, target: str) -> None:
    """In front of a host and its port, user and password may hold any character, and path and query behind it."""
    assume(":" not in user)
    credentials = f"{user}:{password}@" if user or password else ""
    url = Url.parse(f"rtsp://{credentials}{place}{target}")
    assert (url.user, url.password) == (unquote(user), unquote(password))
    assert url.place == place
    assert unquote(url.target) == unquote(target)


@settings(deadline=None)
@given(USERS, PASSWORDS, PLACES, TARGETS)
def test_for_libraries(user: str, password: str, place: str, target: str) -> None:
    """FFmpeg's libraries get a URL that can be read in one way only, also by ourselves."""
    url = Url("rtsp", user, password, place.rpartition(":")[0].strip("[]"), None, quote(target, safe="/?=@:%#"))
    again = Url.parse(url.encoded)
    assert replace(again, explicit_port=None) == url
    parts = urlsplit(url.encoded)
    assert (unquote(parts.username or ""), unquote(parts.password or ""), parts.hostname) == (user, password, url.host)


@settings(deadline=None)
@given(st.sampled_from(["rtsp", "HTTP", "ftp"]), USERS, PASSWORDS, PLACES, TARGETS)
def test_no_text_shows_a_secret(scheme: str, user: str, password: str, place: str, target: str) -> None:
    """Neither text form, nor repr, nor error holds any part of a user, a password, a path or a query."""
    whole = f"{user}:{password}@{place}{target}"
    assume("://" not in whole)
    for text in (f"{scheme}://{whole}", f"{scheme}:/{whole}", f"{scheme}:///{whole}", f"rtsp:{whole}", whole):
        told = [shown(text), without_secrets(f"bad value {text!r}, {text}, {text!a}", text)]
        try:
            url = Url.parse(text)
            told += [str(url), repr(url)]
        except AddressError as error:
            told += [str(error), repr(error)]
        assert not [one for one in told if any(piece in one for piece in PIECES)]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("rtsp://10.0.0.7:554/streams/main", "rtsp://10.0.0.7:554/..."),
        ("rtsp://admin:geheim@cam", "rtsp://cam"),
        ("rtsp://cam/", "rtsp://cam/"),
        ("rtsp://cam?token=x", "rtsp://cam/..."),
        ("rtsp://geheim:99999/x", "rtsp://..."),
        ("rtsp:/cam/geheim", "rtsp:..."),
        ("rtsp:me:geheim@cam", "rtsp:..."),
        ("me:geheim@cam/live", "..."),
        ("me:/geheim@cam/live", "..."),
        ("cam/live?password=geheim", "..."),
        ("test:geheim@cam/live", "..."),
        ("test:320x240@5", "test:320x240@5"),
        ("tcp://host:5550/door?width=640", "tcp://host:5550/door"),
        ("tcp://me:geheim@host/a/b", "tcp://host/..."),
        ("s3://bucket/samples", "s3://bucket/..."),
        ("file:///home/me/film.mp4", "file:///home/me/film.mp4"),
        ("/home/me/film.mp4", "/home/me/film.mp4"),
        ("/dev/video0", "/dev/video0"),
        ("x" * 300, "x" * 300),
        ("", ""),
    ],
)
def test_shown(text: str, known: str) -> None:
    """Of a URL scheme, host and port are shown, of an address of framefan the camera as well; of a path all."""
    assert shown(text) == known


def test_a_path_that_looks_like_a_password(tmp_path: Path) -> None:
    """A file that is there is shown by its name, whatever that is."""
    film = tmp_path / "me:and@you?.mp4"
    film.touch()
    assert shown(str(film)) == str(film)

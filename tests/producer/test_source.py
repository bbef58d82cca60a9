"""Sources and the names of cameras."""

import os
from pathlib import Path

import pytest

from framefan.common.errors import AddressError, SourceError
from framefan.producer.cameras import named
from framefan.producer.source import Kind, Source


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("rtsp://user:secret@10.0.0.7:554/streams/main?token=secret", Kind.RTSP, "10.0.0.7"),
        ("rtsps://10.0.0.7/", Kind.RTSP, "10.0.0.7"),
        ("HTTP://cam.local:8080/video.mjpg", Kind.HTTP, "cam.local"),
        ("/dev/video3", Kind.DEVICE, "video3"),
        ("0", Kind.DEVICE, "video0"),
        ("test:", Kind.PATTERN, "test"),
        ("test:640x360@10", Kind.PATTERN, "test"),
        ("tcp://edge:6000/door", Kind.PRODUCER, "door"),
        ("tcp://edge", Kind.PRODUCER, "tcp://edge:5550"),
    ],
)
def test_kinds_and_names(text: str, kind: Kind, name: str) -> None:
    """A source's kind shows in its text, and a name is found for its camera."""
    source = Source.parse(text)
    assert (source.kind, source.name) == (kind, name)


def test_file(tmp_path: Path) -> None:
    """A file that exists is a source, with or without file://."""
    film = tmp_path / "my film (1).mp4"
    film.touch()
    assert Source.parse(str(film)) == Source.parse(f"file://{film}")
    assert Source.parse(str(film)).name == "my-film-1"


def test_pattern() -> None:
    """Size and rate of a test pattern, with defaults."""
    assert Source.parse("test:640x360@10").pattern == (640, 360, 10)
    assert Source.parse("test:").pattern == (1280, 720, 25)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nix.mp4",
        "ftp://host/film.mp4",
        "rtsp://",
        "rtsp:///x",
        "rtsp://host:99999/x",
        "test:huge",
        "udp://x",
        "tcp:///x",
        "tcp://*/x",
        "tcp://_edge:5550",
        "x" * 300 + ".mp4",
    ],
)
def test_refuses(text: str) -> None:
    """What can never be opened is refused at once, for good."""
    with pytest.raises(SourceError) as caught:
        Source.parse(text)
    assert caught.value.final


def test_a_name_with_a_space(tmp_path: Path) -> None:
    """A file is shown under its own name."""
    path = tmp_path / "my film.mp4"
    path.touch()
    assert str(Source.parse(str(path))) == str(path)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """A file with a name that no message can hold is refused with a text that any log can."""
    path = tmp_path / os.fsdecode(b"film\xff.mp4")
    path.touch()
    with pytest.raises(SourceError, match="has a name that is not UTF-8: rename it") as caught:
        Source.parse(str(path))
    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://user:sec%72et@host:99999/x",
        "ftp://user:sec%72et@host/x?pass=sec%72et",
        "ftp://user:my sec%72et@host/x",
        "rtsp:/user:sec%72et@host/x",
        "rtsp:user:sec%72et@host/x",
        "user:sec%72et@host/x",
    ],
)
def test_no_password_in_any_text(url: str) -> None:
    """Neither errors nor text forms hold a password."""
    with pytest.raises(SourceError) as caught:
        Source.parse(url)
    assert "sec%72et" not in str(caught.value)


def test_text_of_a_source_holds_no_password() -> None:
    """A source can be logged as it is."""
    source = Source.parse("rtsp://user:secret@host:554/door?password=secret")
    assert str(source) == "rtsp://host:554/..."
    assert "secret" not in repr(source)
    assert source.place == "host:554"


def test_derived_names_differ() -> None:
    """Two sources of the same name become two cameras."""
    pairs = named([("rtsp://a/main", None), ("rtsp://a/sub", None), ("rtsp://c/main", "a-2")])
    assert [name for name, _ in pairs] == ["a", "a-3", "a-2"]


def test_given_names() -> None:
    """A name that is given is used, once."""
    assert named([("test:", "door")]) == [("door", Source.parse("test:"))]
    with pytest.raises(AddressError, match="'door' is given twice"):
        named([("test:", "door"), ("test:", "door")])
    with pytest.raises(AddressError, match="not possible"):
        named([("test:", "a/b")])

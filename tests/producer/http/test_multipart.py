"""Parts as cameras send them: whole pictures come out, whatever stands between them."""

import random
from collections.abc import Iterator

import pytest

from framefan.common import jpeg
from framefan.producer.http.multipart import Multipart
from framefan.producer.http.stream import Chunks, Receive, Stream
from tests.pictures import flat, noisy
from tests.pictures import jpeg as encode

PICTURES = [encode(noisy(64, 48)), encode(flat(32, 16)), encode(noisy(160, 96))]


def pieces(data: bytes, seed: int = 0) -> Receive:
    """Return what gives these bytes as a network would, in pieces."""
    dice, rest = random.Random(seed), memoryview(data)

    def receive(most: int, whole: bool) -> bytes:
        nonlocal rest
        if not rest:
            raise EOFError
        piece = bytes(rest[: most if whole else min(most, dice.choice((1, 3, 100, 5000)))])
        rest = rest[len(piece) :]
        return piece

    return receive


def found(receive: Receive, boundary: str = "cut") -> list[bytes]:
    result: list[bytes] = []
    with pytest.raises(EOFError):
        result.extend(picture.data for picture in Multipart(Stream(receive), boundary).pictures())
    return result


def part(picture: bytes, head: str = "Content-Length: {}", boundary: str = "--cut", end: str = "\r\n") -> bytes:
    lines = [boundary, *([head.format(len(picture))] if head else []), "", ""]
    return "\r\n".join(lines).encode() + picture + end.encode()


LENGTH = "Content-Type: image/jpeg\r\nContent-Length: {}"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options",
    [
        {"head": LENGTH},
        {"head": "content-length:{}\r\ncontent-type:IMAGE/JPEG"},
        {"head": "X-Time: 1--2\r\nCONTENT-LENGTH:   {}  "},
        {"head": "Content-Type: image/jpeg"},
        {"head": ""},
        {"head": "Content-Length: 0"},
        {"head": "Content-Length: none"},
        {"head": LENGTH, "boundary": "\r\n--cut"},
        {"head": LENGTH, "boundary": "--another"},
        {"head": LENGTH, "boundary": "----cut"},
        {"head": LENGTH, "boundary": "cut"},
        {"head": LENGTH, "boundary": "--cut\r\n--cut"},
        {"head": LENGTH, "end": ""},
        {"head": "Content-Type: image/jpeg", "end": ""},
        {"head": "Content-Type: image/jpeg", "end": "\r\n\r\n\0\0junk\r\n"},
        {"head": LENGTH, "end": "\r\n--\r\n" + "no header\r\n" * 1000},
    ],
)
def test_every_picture_comes_out(options: dict[str, str], seed: int) -> None:
    """With a length or without one, and with any boundary, in whatever pieces it comes."""
    assert found(pieces(b"".join(part(picture, **options) for picture in PICTURES), seed)) == PICTURES


def test_line_feeds_alone() -> None:
    """Lines may end as they like."""
    data = b"".join(b"--cut\nContent-Length: %d\n\n%s\n" % (len(picture), picture) for picture in PICTURES)
    assert found(pieces(data)) == PICTURES


@pytest.mark.parametrize("head", [LENGTH, "Content-Type: image/jpeg"])
def test_picture_comes_with_its_last_byte(head: str) -> None:
    """Nothing waits for the next part."""
    asked: list[int] = []
    data = part(PICTURES[0], head, end="")
    given = pieces(data)

    def receive(most: int, whole: bool) -> bytes:
        asked.append(most)
        return given(most, whole)

    assert next(Multipart(Stream(receive), "cut").pictures()).data == PICTURES[0]
    with pytest.raises(EOFError):
        given(1, False)


def test_padding_is_cut_off() -> None:
    """What cameras add behind a JPEG within its part is no part of it."""
    assert found(pieces(part(PICTURES[0] + b"\0" * 40) + part(PICTURES[1]))) == PICTURES[:2]


@pytest.mark.parametrize("head", [LENGTH, "Content-Type: image/jpeg"])
@pytest.mark.parametrize("cut", [1, 2, 200, 1000])
def test_no_damaged_picture(head: str, cut: int) -> None:
    """A picture that is cut off is dropped, and costs at most the one behind it."""
    short = PICTURES[0][:-cut]
    whole = [PICTURES[2], PICTURES[1], PICTURES[2]]
    data = part(short, head) + b"".join(part(picture, head) for picture in whole)
    assert found(pieces(data)) in (whole, whole[1:])


@pytest.mark.parametrize("wrong", [-700, -1, 1, 300])
def test_length_that_lies(wrong: int) -> None:
    """Of a camera that counts wrongly, most pictures come out all the same, and none is damaged."""
    sent = [encode(noisy(64, 48, seed)) for seed in range(20)]
    data = b"".join(part(picture, f"Content-Length: {len(picture) + wrong}") for picture in sent)
    result = found(pieces(data))
    assert set(result) <= set(sent)
    assert len(result) >= 9


@pytest.mark.parametrize("head", ["Content-Type: text/plain", "Content-Type: text/plain\r\nContent-Length: {}"])
def test_other_parts(head: str) -> None:
    """Parts of another type are passed over."""
    data = b"".join(part(b"motion: 1\r\n", head) + part(picture, LENGTH) for picture in PICTURES)
    assert found(pieces(data)) == PICTURES


def thumbnail(data: bytes) -> bytes:
    """Return a JPEG with another one in its head, as cameras with Exif send it."""
    inner = PICTURES[1]
    return data[:2] + b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner + data[2:]


def test_end_of_a_jpeg() -> None:
    """The end is found in any pieces, past thumbnails, restart markers and all that a scan may hold."""
    data = thumbnail(PICTURES[0])
    for step in (1, 7, 100_000):
        at, ended, have = 0, False, b""
        for start in range(0, len(data), step):
            assert not ended
            have = data[: start + step]
            at, ended = jpeg.find_end(have, at)
        assert ended
        assert at == len(data)
    assert found(pieces(part(data, ""))) == [data]


@pytest.mark.parametrize("seed", range(4))
def test_chunks(seed: int) -> None:
    """Chunked transfer encoding may cut anywhere, and its end is the end."""

    def chunks(data: bytes) -> Iterator[bytes]:
        dice, at = random.Random(seed), 0
        while at < len(data):
            piece = data[at : at + dice.choice((1, 20, 3000))]
            at += len(piece)
            yield b"%X;name=value\r\n%s\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"

    data = b"".join(part(picture, head) for picture in PICTURES for head in (LENGTH, ""))
    stream = Stream(pieces(b"".join(chunks(data)), seed))
    assert found(Chunks(stream).receive) == [picture for picture in PICTURES for _ in range(2)]


@pytest.mark.parametrize("seed", range(10))
def test_garbage(seed: int) -> None:
    """Anything is survived."""
    dice = random.Random(seed)
    data = bytearray(b"".join(part(picture, dice.choice(("", LENGTH))) for picture in PICTURES * 5))
    for _ in range(20):
        data[dice.randrange(len(data))] = dice.randrange(256)
    for picture in found(pieces(bytes(data), seed)):
        assert min(jpeg.size(picture)) > 0

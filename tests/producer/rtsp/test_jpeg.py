"""From packets to JPEGs: the pictures that were sent come out, or none."""

import random
import struct
from collections.abc import Iterable
from functools import lru_cache

import cv2
import numpy as np
import pytest

from framefan.common import jpeg
from framefan.producer.arrival import Arrival
from framefan.producer.picture import Jpeg
from framefan.producer.rtsp import jfif
from framefan.producer.rtsp.jpeg import JpegDepacketizer, Picture
from framefan.producer.rtsp.sdp import Unsupported
from tests.pictures import Image, noisy

NOW = Arrival(1, 1)
SAMPLING = {0: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, 1: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420}


def encode(image: Image, *, kind: int = 1, interval: int = 0, quality: int = 80) -> bytes:
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING[kind], cv2.IMWRITE_JPEG_RST_INTERVAL, interval]
    written, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, *options])
    assert written
    return data.tobytes()


def segments(data: bytes) -> tuple[dict[int, list[bytes]], bytes]:
    """Return the segments of a JPEG by their marker, and its scan with what follows."""
    found: dict[int, list[bytes]] = {}
    at = 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        found.setdefault(marker, []).append(data[at + 4 : at + 2 + length])
        at += 2 + length
        if marker == 0xDA:
            return found, data[at:]


def packetize(
    data: bytes,
    *,
    sequence: int = 0,
    timestamp: int = 0,
    kind: int = 1,
    quality: int = 255,
    tables: bool = True,
    marker: bool = True,
    end: bool = True,
    padding: int = 0,
    room: int = 1000,
) -> list[bytes]:
    """Return the RTP packets of a JPEG, as RFC 2435 has them."""
    found, scan = segments(data)
    width, height = jpeg.size(data)
    scan = (scan if end else scan[:-2]) + bytes(padding)
    restart = b""
    if 0xDD in found:
        kind |= 0x40
        restart = found[0xDD][0] + b"\xff\xff"
    quantization = b"".join(table[1:] for table in found[0xDB]) if tables else b""
    packets: list[bytes] = []
    for offset in range(0, len(scan), room):
        last = marker and offset + room >= len(scan)
        packet = struct.pack("!BBHII", 0x80, 26 | last << 7, (sequence + len(packets)) & 0xFFFF, timestamp, 7)
        packet += struct.pack("!IBBBB", offset, kind, quality, -(-width // 8) & 0xFF, -(-height // 8) & 0xFF) + restart
        if quality >= 128 and not offset:
            packet += struct.pack("!BBH", 0, 0, len(quantization)) + quantization
        packets.append(packet + scan[offset : offset + room])
    return packets


def run(given: Iterable[bytes], subject: JpegDepacketizer | None = None) -> list[Jpeg]:
    subject = subject or JpegDepacketizer(26)
    return [found.jpeg for packet in given for found in subject.push(memoryview(packet), NOW)]


def pixels(data: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("interval", [0, 1, 7])
@pytest.mark.parametrize("size", [(16, 16), (8, 8), (328, 248), (640, 360), (1920, 1080), (2040, 2040)])
def test_same_pixels(size: tuple[int, int], interval: int, kind: int) -> None:
    """A picture of any size, with restart markers and without, comes out as it went in."""
    sent = encode(noisy(*size), kind=kind, interval=interval)
    (found,) = run(packetize(sent, kind=kind))
    assert (found.width, found.height) == size == jpeg.size(found.data)
    assert np.array_equal(pixels(found.data), pixels(sent))


@pytest.mark.parametrize("quality", [1, 30, 49, 50, 80, 99])
def test_tables_by_quality(quality: int) -> None:
    """Q from 1 to 99 stands for the tables that the independent JPEG group's encoder makes for it."""
    sent = encode(noisy(64, 48), quality=quality)
    (found,) = run(packetize(sent, quality=quality))
    assert np.array_equal(pixels(found.data), pixels(sent))


def test_huffman_tables() -> None:
    """The Huffman tables are those that encoders use unless they make their own."""
    found, _ = segments(jfif.head(1, 16, 16, 0, jfif.quantization(50)))
    expected, _ = segments(encode(noisy(16, 16)))
    assert sorted(found[0xC4]) == sorted(expected[0xC4])


def test_tables_that_are_sent_once() -> None:
    """Tables of a Q from 128 to 254 are kept for pictures that come without them; of 255 they are not."""
    sent = encode(noisy(64, 48))
    for quality, pictures in ((130, 2), (255, 1)):
        packets = packetize(sent, quality=quality)
        more = packetize(sent, quality=quality, tables=False, sequence=len(packets), timestamp=1)
        assert len(run(packets + more)) == pictures
    assert run(packetize(sent, quality=140, tables=False)) == []


def test_one_table_for_all() -> None:
    """A single table is for luma and chroma."""
    table = bytes(range(1, 65))
    found, _ = segments(jfif.head(1, 16, 16, 0, table))
    assert found[0xDB] == [b"\0" + table]
    assert found[0xC0][0][6:] == bytes((1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0))


@lru_cache
def stream(*, end: bool) -> list[tuple[bytes, list[bytes]]]:
    """Return pictures of several sizes and their packets, with end markers or without; numbers wrap on the way."""
    result: list[tuple[bytes, list[bytes]]] = []
    sequence = 0xFFF0
    for number in range(20):
        sent = encode(noisy(160, 96 + 8 * (number // 7), seed=number), interval=number % 2)
        packets = packetize(sent, sequence=sequence, timestamp=number, end=end)
        result.append((sent, packets))
        sequence += len(packets)
    return result


@pytest.mark.parametrize("end", [True, False])
def test_each_picture_comes_at_its_marker(end: bool) -> None:
    """A picture is handed over with its last packet, whether its end marker is sent or not.

    The first one that has no end waits for the next to begin: its marker bit may be wrong.
    """
    subject = JpegDepacketizer(26)
    found: list[Picture] = []
    for number, (_, packets) in enumerate(stream(end=end)):
        for packet in packets:
            assert len(found) == number - (not end and number == 1 and packet is packets[0])
            found += subject.push(memoryview(packet), Arrival(number, 0))
    for number, ((sent, _), one) in enumerate(zip(stream(end=end), found, strict=True)):
        assert one.arrival.monotonic_ns == number
        assert np.array_equal(pixels(one.jpeg.data), pixels(sent))
    assert subject.counters.malformed == subject.counters.gaps == subject.counters.dropped == 0


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("marked", [1, 2])
def test_markers_and_timestamps_that_lie(end: bool, marked: int) -> None:
    """Where every packet is marked, or every other one, and has a timestamp of its own, pictures come whole."""
    subject = JpegDepacketizer(26)
    given = [packet for _, packets in stream(end=end) for packet in packets]
    given = [
        packet[:1] + bytes((26 | (at % marked == 0) << 7,)) + packet[2:4] + struct.pack("!I", at) + packet[8:]
        for at, packet in enumerate(given)
    ]
    scans = [segments(found.data)[1] for found in run(given, subject)]
    expected = [segments(sent)[1] for sent, _ in stream(end=end)]
    assert scans == expected[: len(scans)]
    assert len(scans) >= len(expected) - 1
    assert [segments(one.jpeg.data)[1] for one in JpegDepacketizer(26).push_all(map(memoryview, given), NOW)] == scans


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("end", [True, False])
def test_only_whole_pictures(end: bool, seed: int) -> None:
    """Whatever is lost, doubled, late, cut or nonsense on the way: each picture is one of those sent, and in order."""
    (_, given), *rest = stream(end=end)
    dice, given = random.Random(seed), list(given)
    for _, packets in rest:
        for packet in packets:
            fate = dice.random()
            last = packet is packets[-1]
            if fate < 0.02:
                continue
            # That the last packet was cut cannot be told of a camera that sends no end markers.
            given.append(packet[: dice.randrange(len(packet))] if fate < 0.03 and (end or not last) else packet)
            if fate > 0.98:
                given.append(packet)
            elif fate > 0.96:
                given[-2:] = reversed(given[-2:])
            elif fate > 0.95:
                given.append(dice.randbytes(dice.randrange(12)))
    subject = JpegDepacketizer(26)
    scans = [segments(sent)[1] for sent, _ in stream(end=end)]
    numbers = [scans.index(segments(found.data)[1]) for found in run(given, subject)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + subject.counters.dropped + subject.counters.gaps >= len(scans)


@pytest.mark.parametrize("room", [700, 1000])
@pytest.mark.parametrize("padding", [0, 1, 3000])
def test_end_marker_anywhere(padding: int, room: int) -> None:
    """An end marker ends the picture even if two packets share it, or nothing but padding follows in some."""
    sent, sequence = encode(noisy(64, 48)), 0
    found: list[Jpeg] = []
    subject = JpegDepacketizer(26)
    scan = segments(sent)[1]
    for number, (pad, size) in enumerate([(0, room), (padding, room), (0, len(scan) - 1), (padding, room)]):
        packets = packetize(sent, sequence=sequence, timestamp=number, padding=pad, room=size)
        found += run(packets, subject)
        sequence += len(packets)
    assert len(found) == 4
    assert all(np.array_equal(pixels(one.data), pixels(sent)) for one in found)


@pytest.mark.parametrize("seed", range(10))
def test_garbage(seed: int) -> None:
    """Packets with flipped bytes never raise anything but that a picture cannot be read."""
    dice, subject = random.Random(seed), JpegDepacketizer(26)
    for _, packets in stream(end=True):
        for packet in packets:
            data = bytearray(packet)
            data[dice.randrange(min(len(data), 40))] = dice.randrange(256)
            try:
                subject.push(memoryview(bytes(data)), NOW)
            except Unsupported:
                continue
    assert subject.counters.packets == sum(len(packets) for _, packets in stream(end=True))


def test_camera_without_markers() -> None:
    """Without markers a picture comes out when the next one begins."""
    sent = [encode(noisy(64, 48, seed)) for seed in range(3)]
    packets: list[bytes] = []
    for number, picture in enumerate(sent):
        packets += packetize(picture, sequence=len(packets), timestamp=number, marker=False)
    assert [segments(found.data)[1] for found in run(packets)] == [segments(picture)[1] for picture in sent[:2]]


def test_header_with_everything() -> None:
    """Contributing sources, an extension and padding are no part of the picture (RFC 3550, 5.1)."""
    sent, given = encode(noisy(64, 48)), []
    for packet in packetize(sent):
        first = bytes((0x80 | 0x20 | 0x10 | 1,))
        given.append(first + packet[1:12] + b"\0\0\0\x08" + b"\xbe\xde\0\x01abcd" + packet[12:] + b"\0\0\x03")
    subject = JpegDepacketizer(26)
    assert [segments(found.data)[1] for found in run(given, subject)] == [segments(sent)[1]]
    assert subject.counters.packets == len(given)


def test_other_payload_types_are_ignored() -> None:
    """Packets of another type in the same sequence are no gap."""
    first, *rest = packetize(encode(noisy(64, 48)))
    other = struct.pack("!BBHII", 0x80, 97, 1, 0, 7) + bytes(20)
    shifted = [packet[:2] + struct.pack("!H", number) + packet[4:] for number, packet in enumerate(rest, 2)]
    assert len(run([first, other, *shifted])) == 1


@pytest.mark.parametrize(
    ("described", "size", "found"),
    [
        ((2560, 1440), (2560, 1440), (2560, 1440)),  # told as 512x1440
        ((2048, 1536), (2048, 1536), (2048, 1536)),  # told as 0
        ((642, 362), (642, 362), (642, 362)),
        ((1920, 1080), (640, 360), (640, 360)),  # what a camera describes may be of another stream
        (None, (642, 362), (648, 368)),
    ],
)
def test_size(described: tuple[int, int] | None, size: tuple[int, int], found: tuple[int, int]) -> None:
    """A size that packets cannot tell is taken from the description, if the two agree."""
    packets = packetize(encode(np.zeros((size[1], size[0], 3), np.uint8)))
    (picture,) = run(packets, JpegDepacketizer(26, described))
    assert (picture.width, picture.height) == found == jpeg.size(picture.data)


def test_unsupported() -> None:
    """A picture whose size or type nobody tells cannot be read."""
    large = packetize(encode(np.zeros((1536, 2048, 3), np.uint8)))
    with pytest.raises(Unsupported, match="more than 2040 pixels"):
        run(large)
    with pytest.raises(Unsupported, match="type 5"):
        run(packetize(encode(noisy(64, 48)), kind=5))

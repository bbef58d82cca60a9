"""The wire format, against literal bytes: change it and these tests tell."""

import struct
from contextlib import suppress

import msgpack
import pytest

from framefan.common import wire
from framefan.common.errors import WireError
from framefan.common.memory import Layout, Place
from framefan.common.wire import Header
from tests.pictures import jpeg

HEADER = Header(
    "door", 1207, 5_000_000_001, 1_700_000_000_000_000_002, run="a1b2c3d4", boot="boot", width=64, height=48,
    quality=80, decode_ns=4_000, encode_ns=3_000_000,
)  # fmt: skip


def message(header: Header = HEADER, picture: bytes | None = None) -> bytes:
    return wire.pack(header, jpeg() if picture is None else picture)


def test_golden_bytes() -> None:
    """A packed frame is, byte for byte, what WIRE.md says."""
    picture = jpeg()
    assert message(HEADER, picture) == b"".join(
        (
            b"door\0",
            b"\x01",  # version
            b"\x00",  # flags
            b"\x3d\x00",  # length of the map
            len(picture).to_bytes(4, "little"),
            bytes.fromhex("b704000000000000"),  # sequence number 1207
            bytes.fromhex("01f2052a01000000"),  # monotonic clock 5_000_000_001 ns
            bytes.fromhex("02002a36fe9c9717"),  # wall clock 1_700_000_000_000_000_002 ns
            b"\x87",  # a map of seven
            b"\xa3run\xa8a1b2c3d4",
            b"\xa4boot\xa4boot",
            b"\xa1w\x40",
            b"\xa1h\x30",
            b"\xa1q\x50",
            b"\xa9decode_ns\xcd\x0f\xa0",
            b"\xa9encode_ns\xce\x00\x2d\xc6\xc0",
            picture,
        )
    )


def test_round_trip() -> None:
    """What is packed is unpacked again, the JPEG as a view of the message."""
    packed = message()
    header, picture = wire.unpack(packed)
    assert header == HEADER
    assert picture == jpeg()
    assert picture.obj is packed


def test_golden_bytes_of_pixels_in_memory() -> None:
    """Instead of a JPEG the map tells where the pixels are, and a flag that it does."""
    header = HEADER._replace(quality=0, place=Place(77, 9, "framefan-1", Layout.BGR))
    packed = wire.pack(header, b"")
    assert packed == b"".join(
        (
            b"door\0",
            b"\x01",  # version
            b"\x01",  # flags
            b"\x56\x00",  # length of the map
            bytes(4),  # no JPEG
            bytes.fromhex("b704000000000000"),
            bytes.fromhex("01f2052a01000000"),
            bytes.fromhex("02002a36fe9c9717"),
            b"\x88",  # a map of eight
            b"\xa3run\xa8a1b2c3d4",
            b"\xa4boot\xa4boot",
            b"\xa1w\x40",
            b"\xa1h\x30",
            b"\xa1q\x00",
            b"\xa9decode_ns\xcd\x0f\xa0",
            b"\xa9encode_ns\xce\x00\x2d\xc6\xc0",
            b"\xa6memory\x94\x4d\x09\xaaframefan-1\xa3bgr",  # process, descriptor, name, layout
        )
    )
    found, jpeg_view = wire.unpack(packed)
    assert found == header
    assert not jpeg_view


def test_peek_reads_the_fixed_part() -> None:
    """A look at the fixed part tells topic, number and times."""
    assert wire.peek(message()) == wire.Stamp("door", 1207, 5_000_000_001, 1_700_000_000_000_000_002)


def test_topic_ends_with_a_zero_byte() -> None:
    """A subscription to door does not match door2."""
    assert not message(HEADER._replace(topic="door2")).startswith(wire.topic_bytes("door"))


def test_unknown_keys_are_ignored() -> None:
    """A newer producer may add facts without breaking an older consumer."""
    picture = jpeg()
    facts = msgpack.packb({"w": 64, "h": 48, "lens": {"zoom": 2}})
    fixed = struct.pack("<BBHIQqq", 1, 0, len(facts), len(picture), 1, 2, 3)
    header, _ = wire.unpack(b"door\0" + fixed + facts + picture)
    assert (header.width, header.height, header.run) == (64, 48, "")


def test_forwarding_changes_name_and_clock_only() -> None:
    """Another topic, another host's time: picture, number, wall time and all facts stay, unknown ones included."""
    picture = jpeg()
    forwarded = wire.forward(message(HEADER, picture), topic="back", monotonic_ns=7, boot="here")
    expected = HEADER._replace(topic="back", monotonic_ns=7, boot="here")
    header, found = wire.unpack(forwarded)
    assert (header, bytes(found)) == (expected, picture)
    facts = msgpack.packb({"boot": "there", "w": 64, "h": 48, "lens": {"zoom": 2}})
    fixed = struct.pack("<BBHIQqq", 1, 0, len(facts), len(picture), 1, 2, 3)
    forwarded = wire.forward(b"door\0" + fixed + facts + picture, topic="door", monotonic_ns=9, boot="here")
    facts = msgpack.packb({"boot": "here", "w": 64, "h": 48, "lens": {"zoom": 2}})
    fixed = struct.pack("<BBHIQqq", 1, 0, len(facts), len(picture), 1, 9, 3)
    assert forwarded == b"door\0" + fixed + facts + picture


def test_forwarding_to_a_time_that_is_none() -> None:
    """What a clock that cannot be right makes of a frame's time is told, and ends nobody."""
    with pytest.raises(WireError, match="of a time that is none"):
        wire.forward(message(), topic="back", monotonic_ns=2**63, boot="here")


def _fixed_at(offset: int, value: bytes) -> bytes:
    packed = bytearray(message())
    packed[5 + offset : 5 + offset + len(value)] = value
    return bytes(packed)


def _with_map(data: bytes, flags: int = 0, picture: bytes | None = None) -> bytes:
    picture = jpeg() if picture is None else picture
    return b"door\0" + struct.pack("<BBHIQqq", 1, flags, len(data), len(picture), 1, 2, 3) + data + picture


def _in_memory(place: object, width: int = 64, picture: bytes = b"") -> bytes:
    return _with_map(msgpack.packb({"w": width, "h": 48, "memory": place}), 1, picture)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (b"", "without a topic"),
        (b"\0" * 64, "without a topic"),
        (b"no zero byte anywhere" * 50, "without a topic"),
        (b"\xff\xfe\0" + b"\0" * 64, "not UTF-8"),
        (b"door\0short", "too short"),
        (_fixed_at(0, b"\x02"), "wire format 2"),
        (_fixed_at(2, b"\xff\xff"), "do not add up"),
        (_fixed_at(4, b"\xff\xff\xff\xff"), "do not add up"),
        (message()[:-1], "do not add up"),
        (message() + b"\0", "do not add up"),
        (_with_map(b"\xc1"), "not msgpack"),
        (_with_map(b"\x93\x01\x02\x03"), "got `array`"),
        (_with_map(msgpack.packb({"w": "64", "h": 48})), "got `str` - at `\\$.w`"),
        (_with_map(msgpack.packb({"w": True, "h": 48})), "got `bool` - at `\\$.w`"),
        (_with_map(msgpack.packb({"w": 64, "h": 48, "q": 101})), "<= 100 - at `\\$.q`"),
        (_with_map(msgpack.packb({"w": 64, "h": 48, "decode_ns": 2**63})), "at `\\$.decode_ns`"),
        (_with_map(msgpack.packb({"w": 64, "h": 48, "run": "r" * 256})), "at `\\$.run`"),
        (_with_map(msgpack.packb({"w": 64, "h": 48, "lens": "x" * 4096})), "4096 is the most"),
        (_with_map(b"\x83\xa1w\x40\xa1h\x30\xa4lens" + b"\x91" * 4000 + b"\x90"), "not msgpack"),
        (_fixed_at(8, b"\xff" * 8), "is the most"),
        (_with_map(msgpack.packb({"w": 65, "h": 48})), "another size"),
        (message(picture=b"\xff\xd8" + b"\0" * 200), "cut off"),
        (message(picture=b"GIF89a" + b"\0" * 200), "does not start"),
        (message(picture=b""), "does not start"),
        (_with_map(msgpack.packb({"w": 64, "h": 48}), 1, b""), "missing required field `memory`"),
        (_in_memory("a/b"), "got `str` - at `\\$.memory`"),
        (_in_memory([1, 2, "name"]), "of length 4"),
        (_in_memory([1, "2", "name", "bgr"]), "got `str`"),
        (_in_memory([1, 2, "name", "rgb"]), "enum value 'rgb'"),
        (_in_memory([1, 2, "name", "\x1b[2Jrgb"]), "^[ -~]*$"),
        (_in_memory([1, 2, "../name", "bgr"]), "matching regex"),
        (_in_memory([-1, 2, "name", "bgr"]), ">= 0"),
        (_in_memory([1, 2, "name", "bgr"], width=0), "not believable"),
        (_in_memory([1, 2, "name", "bgr"], width=2**26), "not believable"),
        (_in_memory([1, 2, "name", "bgr"], picture=jpeg()), "do not add up"),
    ],
)
def test_refuses(bad: bytes, complaint: str) -> None:
    """Anything that is not exactly one frame of this version is refused, and said why."""
    with pytest.raises(WireError, match=complaint):
        wire.unpack(bad)


def test_refuses_every_truncation_and_flipped_header_byte_cleanly() -> None:
    """No damage to a message raises anything but WireError."""
    packed = message()
    for size in range(0, len(packed), 7):
        with pytest.raises(WireError):
            wire.unpack(packed[:size])
    for at in range(80):
        damaged = bytearray(packed)
        damaged[at] ^= 0xFF
        with suppress(WireError):
            wire.unpack(bytes(damaged))

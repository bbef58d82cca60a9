"""The wire format of a frame, version 1: pure functions on bytes. WIRE.md is its specification."""

import struct
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from . import jpeg as jpeg_format
from .errors import WireError
from .memory import Layout, Place
from .schema import LONGEST_TOPIC, Count, Moment, Name, Parser, Side

VERSION = 1
LARGEST_MESSAGE = 32 * 1024 * 1024
"""Bytes of the largest frame, all in all."""

_RAW = 1
"""Flag: there is no JPEG in here; the map tells where in memory the pixels are."""
_FIXED = struct.Struct("<BBHIQqq")
_LARGEST_MAP = 4096
_MOST_FRAMES = 2**63 - 1


class _Facts(Struct, frozen=True):
    """The map of a frame."""

    run: Name = ""
    boot: Name = ""
    w: Side = 0
    h: Side = 0
    q: Annotated[int, Meta(ge=0, le=100)] = 0
    decode_ns: Moment = 0
    encode_ns: Moment = 0


class _PlacedFacts(_Facts, frozen=True, kw_only=True):
    """The map of a frame whose pixels are in memory: process, descriptor, name and layout besides."""

    memory: tuple[Count, Count, Annotated[str, Meta(pattern=r"^[\w-]{1,64}\Z")], Layout]


_FACTS = Parser(_Facts, "a frame with a map", _LARGEST_MAP)
_PLACED_FACTS = Parser(_PlacedFacts, "a frame with a map", _LARGEST_MAP)
_ANY_FACTS = Parser(dict[str, Raw], "a frame with a map", _LARGEST_MAP)
_pack = msgspec.msgpack.Encoder().encode


class Header(NamedTuple):
    """What travels with the JPEG of a frame.

    Attributes:
        topic: camera name, with a rendition `name?width=640`.
        seq: counts up by one per frame that the camera gave, for the life of the producer.
        monotonic_ns: producer host's CLOCK_MONOTONIC when the frame's last byte arrived from the camera, ns.
        wall_ns: the same moment on its wall clock, ns since the epoch.
        run: id of the capture's life; another one means that the camera was connected anew.
        boot: id of the producer host's boot; equal to the reader's own on the same host.
        width, height: of the picture, pixels.
        quality: of the JPEG, 1 to 100; 0 where the camera chose it.
        decode_ns: from the frame's last byte until encoding began, ns: waiting and decoding.
        encode_ns: what encoding took, ns; of pixels in memory, what converting them took, if they had to be.
        place: where the pixels are, if they are in memory.
    """

    topic: str
    seq: int
    monotonic_ns: int
    wall_ns: int
    run: str = ""
    boot: str = ""
    width: int = 0
    height: int = 0
    quality: int = 0
    decode_ns: int = 0
    encode_ns: int = 0
    place: Place | None = None

    def is_newer(self, last: "Header") -> bool:
        """Return whether this frame of a camera is newer than the last one: by number within one life of the capture.

        Otherwise by time, since numbers begin anew with a producer; after a reboot there are no frames of before.
        """
        if self.run == last.run:
            return self.seq > last.seq
        return self.boot != last.boot or self.monotonic_ns > last.monotonic_ns


@dataclass(frozen=True, slots=True)
class Stamp:
    """The part of a message that decides whether a frame is worth unpacking."""

    topic: str
    seq: int
    monotonic_ns: int
    wall_ns: int


def topic_bytes(topic: str) -> bytes:
    """Return the bytes that a message of this topic starts with, which are what to subscribe to.

    The zero byte ends the topic, so that a subscription to `door` does not match `door2`.
    """
    return topic.encode() + b"\0"


def pack(header: Header, jpeg: bytes | memoryview) -> bytes:
    """Serialize a frame into one message part; without a JPEG if its pixels are in memory.

    Raises:
        WireError: it is larger than `LARGEST_MESSAGE`, which no subscriber would accept.
    """
    if len(jpeg) > LARGEST_MESSAGE - LONGEST_TOPIC - _FIXED.size - _LARGEST_MAP:
        raise WireError(f"a frame of {len(jpeg)} bytes is too large: {LARGEST_MESSAGE} is the most")
    facts = (header.run, header.boot, header.width, header.height, header.quality, header.decode_ns, header.encode_ns)
    if header.place is None:
        flags, packed = 0, _pack(_Facts(*facts))
    else:
        flags, packed = _RAW, _pack(_PlacedFacts(*facts, memory=header.place))
    fixed = _FIXED.pack(VERSION, flags, len(packed), len(jpeg), header.seq, header.monotonic_ns, header.wall_ns)
    return b"".join((topic_bytes(header.topic), fixed, packed, jpeg))


def peek(message: bytes) -> Stamp:
    """Read the fixed part of a message only.

    Raises:
        WireError: not a message of this version.
    """
    topic, _, fixed = _head(message)
    return Stamp(topic, *fixed[-3:])


def unpack(message: bytes) -> tuple[Header, memoryview]:
    """Parse a whole message; the JPEG is a view of it, not a copy.

    Raises:
        WireError: anything but exactly one frame of this version with a JPEG of the size it announces, or a place in
            memory for one of a size that can be.
    """
    topic, facts_start, (_, flags, map_length, jpeg_length, seq, monotonic_ns, wall_ns) = _head(message)
    jpeg_start = facts_start + map_length
    in_memory = bool(flags & _RAW)
    if len(message) > LARGEST_MESSAGE:
        raise WireError(f"a frame of {len(message)} bytes: {LARGEST_MESSAGE} is the most")
    if jpeg_start + jpeg_length != len(message) or (in_memory and jpeg_length):
        raise WireError("a frame whose lengths do not add up")
    facts: _Facts
    place = None
    if in_memory:
        facts = placed = _PLACED_FACTS.parse(message[facts_start:jpeg_start])
        place = Place(*placed.memory)
    else:
        facts = _FACTS.parse(message[facts_start:jpeg_start])
    jpeg = memoryview(message)[jpeg_start:]
    header = Header(
        topic,
        seq,
        monotonic_ns,
        wall_ns,
        facts.run,
        facts.boot,
        facts.w,
        facts.h,
        facts.q,
        facts.decode_ns,
        facts.encode_ns,
        place,
    )
    try:
        size = (header.width, header.height)
        announced = jpeg_format.size(jpeg) if header.place is None else jpeg_format.believable(*size)
    except ValueError as error:
        raise WireError(f"a frame whose {error}") from None
    if announced != size:
        raise WireError("a frame whose JPEG has another size than it announces")
    return header, jpeg


def forward(message: bytes, *, topic: str, monotonic_ns: int, boot: str) -> bytes:
    """Return the same frame under another topic and in the time of another host; all else is as it was.

    Raises:
        WireError: not a message of this version, or of a time that is none.
    """
    _, start, (version, flags, map_length, jpeg_length, seq, _, wall_ns) = _head(message)
    jpeg_start = start + map_length
    facts = _pack(_ANY_FACTS.parse(message[start:jpeg_start]) | {"boot": boot})
    try:
        fixed = _FIXED.pack(version, flags, len(facts), jpeg_length, seq, monotonic_ns, wall_ns)
    except struct.error:
        raise WireError("a frame of a time that is none") from None
    return b"".join((topic_bytes(topic), fixed, facts, memoryview(message)[jpeg_start:]))


def _topic(message: bytes) -> tuple[str, int]:
    end = message.find(b"\0", 0, LONGEST_TOPIC + 1)
    if end < 1:
        raise WireError("a message without a topic, not a frame of framefan")
    try:
        return message[:end].decode(), end + 1
    except UnicodeDecodeError:
        raise WireError("a message whose topic is not UTF-8, not a frame of framefan") from None


def _head(message: bytes) -> tuple[str, int, tuple[int, ...]]:
    """Return the topic, where the map starts, and the fixed part, which is of our version."""
    topic, start = _topic(message)
    try:
        fixed = _FIXED.unpack_from(message, start)
    except struct.error:
        raise WireError("a message too short to be a frame of framefan") from None
    if fixed[0] != VERSION:
        raise WireError(
            f"a frame in wire format {fixed[0]}, while this framefan speaks {VERSION}: "
            "use the same version on both ends"
        )
    if fixed[4] > _MOST_FRAMES:
        raise WireError(f"a frame with the number {fixed[4]}: {_MOST_FRAMES} is the most")
    return topic, start + _FIXED.size, fixed

"""Cameras that mark, stamp, order and pack what they send in ways of their own: their pictures are shown, and whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from framefan.producer.rtsp.formats import FORMATS
from tests.streams import GOP, ROOM, Stream, Viewer, aggregate, encoded, originals, payloads, rtp

STREAMS = {
    "h264": ("h264", 1),
    "h264-slices": ("h264", 4),
    "h265": ("hevc", 1),
    "h265-slices": ("hevc", 3),
}
DELIMITER = {"h264": b"\x09\xf0", "hevc": b"\x46\x01\x50"}
SUFFIX = {"h264": b"\x06\x05\x01\xff\x80", "hevc": b"\x50\x01\x05\x01\xff\x80"}
"""Supplemental information, which H.265 has a type for that comes after slices."""


@dataclass(frozen=True)
class Part:
    """A payload, and where it is in its picture.

    Attributes:
        data: the payload.
        ends_unit, ends_picture: it is the last of its unit, or its picture.
        of_slice: it belongs to a slice.
        unit, picture: numbers in the stream.
    """

    data: bytes
    ends_unit: bool
    ends_picture: bool
    of_slice: bool
    unit: int
    picture: int


def parts(stream: Stream) -> Iterator[Part]:
    number = 0
    for picture, units in enumerate(stream.pictures):
        for at, unit in enumerate(units):
            found = list(payloads(stream, unit))
            for piece, data in enumerate(found):
                last = piece == len(found) - 1
                yield Part(data, last, last and at == len(units) - 1, stream.is_slice(unit), number, picture)
            number += 1


def nothing(stream: Stream) -> Stream:
    return stream


def delimiters(stream: Stream) -> Stream:
    return replace(stream, pictures=tuple((DELIMITER[stream.codec], *units) for units in stream.pictures))


def suffixes(stream: Stream) -> Stream:
    return replace(stream, pictures=tuple((*units, SUFFIX[stream.codec]) for units in stream.pictures))


def parameters_between_slices(stream: Stream) -> Stream:
    sets = [unit for unit in stream.pictures[0] if stream.form.kind(unit) in stream.form.parameter_sets]
    return replace(
        stream,
        pictures=tuple(
            tuple(
                one
                for unit in units
                if stream.is_slice(unit)
                for one in ((*sets, unit) if number % GOP == 0 else (unit,))
            )
            for number, units in enumerate(stream.pictures)
        ),
    )


def parameters_once(stream: Stream) -> Stream:
    first, *rest = stream.pictures
    return replace(stream, pictures=(first, *(tuple(filter(stream.is_slice, units)) for units in rest)))


ORDERS = [nothing, delimiters, suffixes, parameters_between_slices, parameters_once]
MARKERS: dict[str, Callable[[Part, int], bool]] = {
    "right": lambda part, at: part.ends_picture,
    "never": lambda part, at: False,
    "every packet": lambda part, at: True,
    "every second packet": lambda part, at: at % 2 == 0,
    "every third packet": lambda part, at: at % 3 == 0,
    "end of each slice": lambda part, at: part.ends_unit and part.of_slice,
    "end of each unit": lambda part, at: part.ends_unit,
    "parameter sets too": lambda part, at: part.ends_picture or (part.ends_unit and not part.of_slice),
}
TIMES: dict[str, Callable[[Part, int], int]] = {
    "of pictures": lambda part, at: part.picture,
    "of units": lambda part, at: part.unit,
    "of packets": lambda part, at: at,
    "constant": lambda part, at: 7,
}


def shown(stream: Stream, packets: list[bytes]) -> list[int | None]:
    """Return which pictures are shown, None for a damaged one."""
    places = {pixels: number for number, pixels in enumerate(originals(stream))}
    return [places.get(pixels) for pixels in Viewer(stream.codec).watch(packets)]


@pytest.mark.parametrize("markers", MARKERS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", STREAMS)
def test_every_picture_is_shown(name: str, order: Callable[[Stream], Stream], markers: str) -> None:
    """Whatever hints say: all pictures are shown once and whole; the last may wait for the next to begin."""
    codec, slices = STREAMS[name]
    stream = order(encoded(codec, slices=slices))
    everything = list(range(len(stream.pictures)))
    for time in TIMES.values():
        packets = [
            rtp(at, time(part, at), part.data, marker=MARKERS[markers](part, at))
            for at, part in enumerate(parts(stream))
        ]
        assert shown(stream, packets) in (everything, everything[:-1])


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 100])
def test_aggregates(name: str, padding: int) -> None:
    """Units that travel together, with zeros behind them, are used."""
    codec, slices = STREAMS[name]
    stream = encoded(codec, slices=slices)
    packets = [
        rtp(at, at, aggregate(stream, list(units)) + bytes(padding), marker=True)
        for at, units in enumerate(stream.pictures)
    ]
    everything = list(range(len(stream.pictures)))
    assert shown(stream, packets) in (everything, everything[:-1])


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("code", [b"\0\0\1", b"\0\0\0\1"])
@pytest.mark.parametrize("room", [ROOM, 60_000])
def test_start_codes_within_units(name: str, before: bool, code: bytes, room: int) -> None:
    """A piece of the byte stream in place of a unit is used, whether it comes in fragments or in one packet."""
    codec, slices = STREAMS[name]
    stream = encoded(codec, slices=slices)
    packets: list[bytes] = []
    for number, units in enumerate(stream.pictures):
        joined = code.join(unit for unit in units)
        if before and room > ROOM:
            joined = code + joined
        found = list(payloads(stream, joined, room))
        packets += [rtp(len(packets) + at, number, data, marker=at == len(found) - 1) for at, data in enumerate(found)]
    everything = list(range(len(stream.pictures)))
    assert shown(stream, packets) in (everything, everything[:-1])


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("lie", [-3, -1, 1, 2, 1000])
def test_aggregates_that_lie(name: str, lie: int) -> None:
    """A length that is not that of its unit costs the picture and those up to the next keyframe."""
    codec, slices = STREAMS[name]
    stream = encoded(codec, slices=slices)
    packets = [rtp(at, at, aggregate(stream, list(units)), marker=True) for at, units in enumerate(stream.pictures)]
    lying, at = bytearray(packets[2]), 12 + stream.form.header
    lying[at : at + 2] = (int.from_bytes(lying[at : at + 2], "big") + lie).to_bytes(2, "big")
    packets[2] = bytes(lying)
    assert shown(stream, packets) == [0, 1, *range(GOP, len(packets))]


@pytest.mark.parametrize("name", ["h264", "h265"])
@pytest.mark.parametrize("markers", [True, False])
def test_fragments_without_an_end(name: str, markers: bool) -> None:
    """A camera that marks no last fragment is served; of another one, a unit without it is damaged."""
    codec, _ = STREAMS[name]
    stream, header = encoded(codec), 12 + FORMATS[codec].header
    packets = [rtp(at, 1, part.data, marker=markers and part.ends_picture) for at, part in enumerate(parts(stream))]
    found = list(parts(stream))
    is_end = [part.ends_unit and stream.form.kind(part.data) == stream.form.fragment for part in found]
    endless = [
        packet[:header] + bytes((packet[header] & ~0x40,)) + packet[header + 1 :] if end else packet
        for packet, end in zip(packets, is_end, strict=True)
    ]
    everything = list(range(len(stream.pictures)))
    assert shown(stream, endless) in (everything, everything[:-1])
    second = next(at for at, part in enumerate(found) if part.picture == 2 and is_end[at])
    lacking = [
        rtp(at, 1, packet[12:], marker=packet[1] > 127)
        for at, packet in enumerate(packets[:second] + packets[second + 1 :])
    ]
    whole = everything if markers else everything[:-1]
    assert shown(stream, lacking) == [0, 1, *whole[GOP:]]


@pytest.mark.parametrize("lost", range(9, 14))
@pytest.mark.parametrize("name", STREAMS)
def test_pictures_that_a_camera_leaves_out(name: str, lost: int) -> None:
    """A picture that is missing without a gap in the packets costs those that build on it."""
    codec, slices = STREAMS[name]
    stream = encoded(codec, gops=4, slices=slices)
    left = [part for part in parts(stream) if part.picture != lost]
    packets = [rtp(at, part.picture, part.data, marker=part.ends_picture) for at, part in enumerate(left)]
    following = -(-lost // GOP) * GOP
    expected = [*range(lost), *range(following + (following == lost) * GOP, len(stream.pictures))]
    assert shown(stream, packets) == expected


@pytest.mark.parametrize("name", ["h264", "h264-slices"])
def test_parameter_sets_that_are_sent_once(name: str) -> None:
    """A decoder that starts over after damage gets the parameter sets that came long before."""
    codec, slices = STREAMS[name]
    stream = parameters_once(encoded(codec, slices=slices))
    given = list(parts(stream))
    packets = [rtp(at, part.picture, part.data, marker=part.ends_picture) for at, part in enumerate(given)]
    cut = max(at for at, part in enumerate(given) if part.picture == 2)
    packets[cut] = packets[cut][: len(packets[cut]) // 2]
    assert shown(stream, packets) == [0, 1, *range(GOP, len(stream.pictures))]

"""From packets to access units: the encoder's own units come out, or none."""

import random
import struct
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import pytest

from framefan.producer.arrival import Arrival
from framefan.producer.camera.encoder import Encoder
from framefan.producer.camera.rtp import Numbering
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.settings import Settings
from framefan.producer.rtsp import assembly
from framefan.producer.rtsp.assembly import Unit
from framefan.producer.rtsp.depacketizer import Depacketizer
from framefan.producer.rtsp.formats import FORMATS
from framefan.producer.rtsp.fragments import Fragments

FRAMES, GOP = 25, 5
CODECS = ["h264", "hevc"]
NOW = Arrival(1, 1)

Picture = tuple[bytes, tuple[bytes, ...]]


@lru_cache
def stream(codec: str) -> list[Picture]:
    """Return pictures as the encoder has made them, each with its packets; numbers wrap on the way."""
    settings = Settings(codec={"hevc": "h265"}.get(codec, codec), size=(640, 352), gop=GOP)
    scene, encoder, numbering = Scene("door", settings), Encoder(settings), Numbering(7, 0xFFF0)
    pictures = []
    for number in range(FRAMES):
        unit = encoder.encode(scene.picture(number, number / 25, number * 10**9), number * 3600, keyframe=False)
        pictures.append((unit.data, numbering.apply(unit.payloads, number * 3600)))
    encoder.close()
    return pictures


def packets(codec: str) -> list[bytes]:
    return [packet for _, group in stream(codec) for packet in group]


def nals(data: bytes) -> list[bytes]:
    """Return the units in a byte stream; zeros at their ends belong to nobody."""
    return [nal.rstrip(b"\0") for nal in data.split(b"\0\0\1") if nal.rstrip(b"\0")]


def run(codec: str, given: Iterable[bytes]) -> list[Unit]:
    subject = Depacketizer(codec, 96)
    return [unit for packet in given for unit in subject.push(memoryview(packet), NOW)]


def places(codec: str, units: list[Unit]) -> list[int | None]:
    """Return which of the encoder's pictures units are, None for an empty one; fail if one is no picture of it."""
    known = {hash(tuple(nals(data))): number for number, (data, _) in enumerate(stream(codec))}
    return [known[hash(tuple(nals(unit.data)))] if unit.data else None for unit in units]


def without_marker(packet: bytes) -> bytes:
    return packet[:1] + bytes(byte & 0x7F for byte in packet[1:2]) + packet[2:]


@pytest.mark.parametrize("codec", CODECS)
def test_every_picture_comes_out_at_its_marker(codec: str) -> None:
    """Each picture comes out with its last packet, byte for byte, and keyframes are known as such.

    The first one of H.265 waits for the next to begin: it may lack slices, which no decoder would notice.
    """
    subject = Depacketizer(codec, 96)
    for number, (_, group) in enumerate(stream(codec)):
        *before, last = [subject.push(memoryview(packet), NOW) for packet in group]
        found = [unit for units in (*before, last) for unit in units]
        if codec == "hevc" and number < 2:
            assert places(codec, found) == [0, 1] * number
        else:
            assert not any(before)
            assert places(codec, found) == [number]
        assert all(unit.keyframe == (places(codec, [unit])[0] in range(0, FRAMES, GOP)) for unit in found)
    assert subject.counters.packets == len(packets(codec)) > 3 * FRAMES
    assert subject.counters.malformed == subject.counters.gaps == 0


@pytest.mark.parametrize("codec", CODECS)
def test_camera_without_markers(codec: str) -> None:
    """Without markers a picture comes out when the next one begins, with the arrival of its own last packet."""
    subject = Depacketizer(codec, 96)
    found: list[Unit] = []
    for number, packet in enumerate(packets(codec)):
        found += subject.push(memoryview(without_marker(packet)), Arrival(number, 0))
    assert places(codec, found) == list(range(FRAMES - 1))
    ends = [number for number, packet in enumerate(packets(codec)) if packet[1] & 0x80]
    assert [unit.arrival.monotonic_ns for unit in found] == ends[:-1]


def mangled(codec: str, dice: random.Random) -> list[bytes]:
    """Return packets of which some are missing, doubled, late, cut or nonsense."""
    result: list[bytes] = []
    for packet in packets(codec):
        fate = dice.random()
        if fate < 0.01:
            continue
        result.append(packet)
        if fate < 0.04:
            result.append(packet)
        elif fate < 0.06:
            result[-2:] = reversed(result[-2:])
        elif fate < 0.07:
            result.append(dice.randbytes(dice.randrange(12)))
    return result


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("markers", [True, False])
def test_only_whole_pictures_that_follow_each_other(codec: str, seed: int, markers: bool) -> None:
    """Whatever gets lost: each unit is a whole picture, next to the one before it or a keyframe after an empty unit."""
    given = mangled(codec, random.Random(seed))
    units = run(codec, given if markers else map(without_marker, given))
    found = places(codec, units)
    for unit, (before, after) in zip(units[1:], pairwise(found), strict=True):
        if before is None:
            assert unit.keyframe
        elif after is not None:
            assert after == before + 1


@pytest.mark.parametrize("codec", CODECS)
def test_goes_on_with_the_next_keyframe(codec: str) -> None:
    """One lost packet costs its picture and those up to the next keyframe, and is told at once."""
    first = len(stream(codec)[0][1]) + len(stream(codec)[1][1])
    given = packets(codec)
    del given[first]
    assert places(codec, run(codec, given)) == [0, 1, None, *range(GOP, FRAMES)]


@pytest.mark.parametrize("codec", CODECS)
def test_lost_pictures_before_a_keyframe_do_not_cost_it(codec: str) -> None:
    """A camera that leaves out whole pictures under load goes on with the keyframe right after the gap."""
    given = [packet for number, (_, group) in enumerate(stream(codec)) if number not in (3, 4) for packet in group]
    assert places(codec, run(codec, given)) == [0, 1, 2, None, *range(GOP, FRAMES)]


@pytest.mark.parametrize("codec", CODECS)
def test_keyframe_without_its_parameter_sets(codec: str) -> None:
    """A keyframe whose parameter sets are lost is given up: they may have told another size."""
    given = [packet for _, group in stream(codec) for packet in group]
    del given[sum(len(group) for _, group in stream(codec)[:GOP])]
    assert places(codec, run(codec, given)) == [*range(GOP), None, *range(2 * GOP, FRAMES)]


@pytest.mark.parametrize("codec", CODECS)
def test_joined_in_the_middle(codec: str) -> None:
    """Who comes in the middle of a picture begins with the next keyframe."""
    assert places(codec, run(codec, packets(codec)[2:])) == list(range(GOP, FRAMES))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("sequence", "source"), [(0x4000, 7), (0xFFF0, 9)])
def test_numbers_that_start_anew(codec: str, sequence: int, source: int) -> None:
    """A camera that starts its numbers, or its source, anew costs no more than a gap."""
    before, after = (
        [packet for _, group in part for packet in group] for part in (stream(codec)[:GOP], stream(codec)[GOP:])
    )
    anew = [
        packet[:2]
        + struct.pack("!H", sequence + number & 0xFFFF)
        + packet[4:8]
        + struct.pack("!I", source)
        + packet[12:]
        for number, packet in enumerate(after)
    ]
    assert places(codec, run(codec, before + anew)) == [*range(GOP), None, *range(GOP, FRAMES)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", range(10))
def test_garbage_never_raises(codec: str, seed: int) -> None:
    """Random packets, and real ones with flipped bytes or cut short, are survived and counted."""
    dice, subject = random.Random(seed), Depacketizer(codec, 96)
    for packet in packets(codec):
        data = bytearray(packet)
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        subject.push(memoryview(bytes(data[: dice.randrange(len(data) + 1)])), NOW)
        subject.push(memoryview(dice.randbytes(dice.randrange(40))), NOW)
    assert subject.counters.malformed
    assert subject.counters.packets == 2 * len(packets(codec))


def is_inner_fragment(codec: str, packet: bytes) -> bool:
    """Return whether a packet holds a fragment of a unit, and not its last one."""
    form = FORMATS[codec]
    flags = packet[12 + form.header]
    return packet[12] >> form.shift & form.mask == form.fragment and not flags & 0x40


@pytest.mark.parametrize("codec", CODECS)
def test_fragments_that_come_in_part(codec: str) -> None:
    """Where fragments are known to be of one length, a shorter one costs its picture and those that follow."""
    start = 12
    for number in range(start, FRAMES):
        group = stream(codec)[number][1]
        for at in (at for at, packet in enumerate(group) if is_inner_fragment(codec, packet)):
            given = [packet for _, packets in stream(codec)[:number] for packet in packets]
            given += [*group[:at], group[at][: len(group[at]) // 2], *group[at + 1 :]]
            given += [packet for _, packets in stream(codec)[number + 1 :] for packet in packets]
            goes_on = -(-(number + 1) // GOP) * GOP
            assert places(codec, run(codec, given)) == [*range(number), None, *range(goes_on, FRAMES)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("equal", [True, False])
def test_camera_whose_fragments_are_of_any_length(codec: str, equal: bool) -> None:
    """Cameras may split units as they like: each into equal parts, or at random."""
    form, dice = FORMATS[codec], random.Random(1)
    given: list[bytes] = []
    for number, (data, _) in enumerate(stream(codec)):
        for nal in nals(data):
            room = -(-len(nal) // (len(nal) // 500 + 1)) if equal else 0
            rest, parts = nal[form.header :], []
            while rest:
                size = max(1, room) if equal else dice.randrange(100, 1400)
                parts.append(rest[:size])
                rest = rest[size:]
            kind = nal[0] >> form.shift & form.mask
            first = bytes((nal[0] & ~(form.mask << form.shift) | form.fragment << form.shift,)) + nal[1 : form.header]
            for at, part in enumerate(parts):
                flags = kind | (at == 0) << 7 | (at == len(parts) - 1) << 6
                given.append(rtp(len(given), number, first + bytes((flags,)) + part, marker=False))
    assert places(codec, run(codec, given)) == list(range(FRAMES - 1))


def test_camera_whose_fragments_become_shorter() -> None:
    """A camera that changes the length of its fragments for good is served again after some keyframes."""
    fragments, cut = Fragments(), []
    for length in [1400] * 20 + [1000] * 20 + [1400] * 3:
        cut.append(fragments.is_cut(length, 1, is_first=True, is_last=False))
        fragments.is_cut(300, 1, is_first=False, is_last=True)
    assert [at for at, damaged in enumerate(cut) if damaged] == [20, 21, 22]


def test_fragments_that_are_cut_again_and_again() -> None:
    """However many were cut before: of a camera that fills its fragments a short one is known to be cut."""
    fragments = Fragments()
    for _ in range(20):
        for number in range(12):
            for is_first in (True, False):
                assert not fragments.is_cut(1400, 1, is_first=is_first, is_last=False)
            if number == 11:
                assert fragments.is_cut(700, 1, is_first=False, is_last=False)
            fragments.is_cut(300, 1, is_first=False, is_last=True)


def test_camera_whose_keyframes_only_are_irregular() -> None:
    """A camera that fills its fragments but for one in the middle of each keyframe is served after some of those."""
    fragments, cut = Fragments(), []
    for _ in range(10):
        for _ in range(24):
            assert not fragments.is_cut(1400, 1, is_first=True, is_last=False)
            assert not fragments.is_cut(300, 1, is_first=False, is_last=True)
        told = [
            fragments.is_cut(size, 5, is_first=at == 0, is_last=at == 3) for at, size in enumerate((1400, 900, 1400, 9))
        ]
        cut.append(any(told))
    assert cut == [True] * 3 + [False] * 7


def rtp(sequence: int, timestamp: int, payload: bytes, *, marker: bool, first: int = 0x80, extra: bytes = b"") -> bytes:
    return struct.pack("!BBHII", first, 96 | marker << 7, sequence, timestamp, 7) + extra + payload


IDR, MORE_IDR, SLICE, MORE_SLICE, SPS = b"\x65\x88", b"\x65\x08", b"\x41\x88", b"\x41\x08", b"\x67\x42"
S = b"\0\0\0\1"


def test_parameter_sets_alone_belong_to_the_next_picture() -> None:
    """Some cameras mark parameter sets as if they were a picture."""
    units = run("h264", [rtp(1, 5, SPS, marker=True), rtp(2, 9, IDR, marker=True)])
    assert [unit.data for unit in units] == [S + SPS + S + IDR]


@pytest.mark.parametrize(
    "own", [b"\0\0\x01\x9f", b"\0\0\x01\x06", b"\0\0\x01\x01\x23"], ids=["no unit", "short", "slice"]
)
@pytest.mark.parametrize("codec", CODECS)
def test_bytes_of_a_vendor_in_information(codec: str, own: bytes) -> None:
    """Vendors put bytes of their own into SEI as they are; what looks like a start code there is none."""
    sei, key, other = {
        "h264": (b"\x06\x05", IDR, SLICE),
        "hevc": (b"\x4e\x01\x05", b"\x26\x01\x80", b"\x02\x01\x80"),
    }[codec]
    given = []
    for number in range(6):
        given.append(rtp(2 * number, number, sei + own + b"\x80", marker=False))
        given.append(rtp(2 * number + 1, number, other if number else key, marker=True))
    units = run(codec, given)
    first = (
        1 if codec == "h264" else 2
    )  # of H.265 the first one waits for the second, which shows that its marker is right
    assert len(units) == 6
    assert units[0].data == S + sei + own + b"\x80" + S + key
    assert all(len(run(codec, given[: 2 * count])) == count for count in range(first, 7))


def test_marked_parameter_sets_of_h265_stay_together() -> None:
    """A marker behind a video parameter set does not give it to the picture before."""
    sets, key, other = (b"\x40\x01v", b"\x42\x01s", b"\x44\x01p"), b"\x26\x01\x80", b"\x02\x01\x80"
    given = [*sets, key, other, *sets, key]
    units = run("hevc", [rtp(number, number, payload, marker=True) for number, payload in enumerate(given)])
    assert units[-1].data == S + S.join((*sets, key))


def test_camera_that_marks_every_slice() -> None:
    """Where a slice comes after the marker, markers mean nothing from then on; the first picture comes once more."""
    given = []
    for number in range(6):
        key = number % 2 == 0
        given.append(rtp(2 * number, number, IDR if key else SLICE, marker=True))
        given.append(rtp(2 * number + 1, number, MORE_IDR if key else MORE_SLICE, marker=True))
    units = run("h264", given)
    whole = [S + IDR + S + MORE_IDR, S + SLICE + S + MORE_SLICE]
    assert [unit.data for unit in units] == [S + IDR, b"", *whole, *whole, whole[0]]


def test_header_with_everything() -> None:
    """Contributing sources, an extension and padding are no part of the picture (RFC 3550, 5.1)."""
    extra = b"\0\0\0\x08" + b"\xbe\xde\0\x01abcd"
    given = rtp(1, 1, IDR + b"\0\0\x03", marker=True, first=0x80 | 0x20 | 0x10 | 1, extra=extra)
    assert [unit.data for unit in run("h264", [given])] == [S + IDR]


def test_other_payload_types_are_ignored() -> None:
    """Packets of another type in the same sequence are no gap."""
    other = bytearray(rtp(2, 1, b"what?", marker=True))
    other[1] = 0x80 | 97
    given = [rtp(1, 1, IDR, marker=True), bytes(other), rtp(3, 2, SLICE, marker=True)]
    assert [unit.data for unit in run("h264", given)] == [S + IDR, S + SLICE]


def test_what_means_nothing_costs_nothing() -> None:
    """Units that are a header only, types that are reserved and packets of padding leave pictures as they are."""
    end_of_sequence, reserved = b"\x0a", b"\x1e??"
    given = [
        rtp(1, 1, SPS, marker=False),
        rtp(2, 1, IDR, marker=False),
        rtp(3, 1, end_of_sequence, marker=True),
        rtp(4, 1, b"\0\0\x03", marker=False, first=0x80 | 0x20),
        rtp(5, 2, SLICE, marker=False),
        rtp(6, 2, reserved, marker=True),
        rtp(7, 3, b"\x18" + b"\0\2" + SLICE + b"\0\1" + end_of_sequence, marker=True),
    ]
    whole = [S + SPS + S + IDR + S + end_of_sequence, S + SLICE, S + SLICE + S + end_of_sequence]
    assert [unit.data for unit in run("h264", given)] == whole


def test_a_slice_without_content_is_given_up() -> None:
    """Nothing but the header of a coded picture is a packet that lost its end."""
    given = [rtp(1, 1, IDR, marker=True), rtp(2, 2, SLICE[:1], marker=True), rtp(3, 3, b"", marker=True)]
    assert [unit.data for unit in run("h264", given)] == [S + IDR, b""]


def test_unit_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that grows beyond all bounds is dropped like a damaged one."""
    monkeypatch.setattr(assembly, "LARGEST", 10_000)
    endless = [rtp(2 + n, 2, (MORE_SLICE if n else SLICE) + bytes(1000), marker=False) for n in range(20)]
    given = [rtp(1, 1, IDR, marker=True), *endless, rtp(22, 3, IDR, marker=True)]
    assert [unit.data for unit in run("h264", given)] == [S + IDR, b"", S + IDR]

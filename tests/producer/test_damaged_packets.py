"""Each packet of a group of pictures damaged in turn: what is shown is the picture that the camera made, or nothing."""

import copy
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import cast

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from framefan.producer.arrival import Arrival
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import VideoPacket
from framefan.producer.rtsp.assembly import Unit
from framefan.producer.rtsp.depacketizer import Depacketizer
from tests.streams import GOP, Stream, encoded, packed

ROUNDS = int(os.environ.get("FRAMEFAN_DAMAGE_ROUNDS", "1"))
"""How many groups of pictures are damaged, and how many bits are flipped in each packet."""
HEADER = 12
NOW = Arrival(1, 1)
STREAMS: dict[str, tuple[str, dict[str, int]]] = {
    "h264-cabac": ("h264", {"cabac": 1}),
    "h264-cabac-slices": ("h264", {"cabac": 1, "slices": 4}),
    "h264-cavlc": ("h264", {"cabac": 0}),
    "h264-cavlc-slices": ("h264", {"cabac": 0, "slices": 4}),
    "h265": ("hevc", {"wpp": 0}),
    "h265-slices": ("hevc", {"slices": 4}),
}
UNNOTICED = {
    "h264": {"dropped": 0.0, "cut": 0.03, "middle": 0.06, "flipped": 0.5},
    "hevc": {"dropped": 0.0, "cut": 0.7, "middle": 0.7, "flipped": 0.8},
}
"""Which share of damaged packets may damage a picture that is shown; ARCHITECTURE.md tells why."""


class Coded:
    """A camera whose size the description tells, or not: which decides how many threads decode H.265."""

    def __init__(self, codec: str, width: int) -> None:
        self.codec_context = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
        self.codec_context.width = width


class Viewer:
    """Decodes access units, and keeps what it would show."""

    def __init__(self, codec: str, width: int = 0) -> None:
        self._decoder = Decoder(Coded(codec, width))
        self.shown: list[bytes] = []

    def show(self, units: Iterable[Unit]) -> None:
        for unit in units:
            packet = av.Packet(unit.data)
            packet.is_keyframe = unit.keyframe
            pictures = cast(Iterator[av.VideoFrame], self._decoder.decode(cast(VideoPacket, packet)))
            self.shown += [picture.to_ndarray().tobytes() for picture in pictures]


def damages(packet: bytes, dice: random.Random) -> Iterator[tuple[str, list[bytes]]]:
    """Yield kinds of damage, and what is left of a packet each time."""
    size = len(packet) - HEADER
    yield "dropped", []
    for tenth in range(1, 10):
        yield "cut", [packet[: HEADER + size * tenth // 10]]
    yield "cut", [packet[: len(packet) // 2]]
    yield "middle", [packet[: HEADER + size // 4] + packet[HEADER + 3 * size // 4 :]]
    for _ in range(ROUNDS):
        flipped = bytearray(packet)
        flipped[HEADER + dice.randrange(size)] ^= 1 << dice.randrange(8)
        yield "flipped", [bytes(flipped)]


@pytest.mark.parametrize("width", [0, 160], ids=["width-unknown", "width-known"])
@pytest.mark.parametrize("name", STREAMS)
def test_only_sound_pictures_are_shown(name: str, width: int) -> None:
    """Each packet is damaged in each way: every picture shown is one of the camera's, and they stay in order."""
    codec, parameters = STREAMS[name]
    stream = encoded(codec, gops=4 + ROUNDS, **parameters)
    pictures = packed(stream)
    sound = Viewer(codec)
    everything(sound, codec, pictures)
    places = {data: number for number, data in enumerate(sound.shown)}
    assert len(places) >= len(pictures) - 1
    tried, unnoticed, dice = Counter[str](), Counter[str](), random.Random(1)
    for first in range(3 * GOP, (3 + ROUNDS) * GOP, GOP):
        before = Depacketizer(codec, 96)
        for packet in (packet for picture in pictures[:first] for packet in picture):
            before.push(memoryview(packet), NOW)
        group = [packet for picture in pictures[first : first + 2 * GOP] for packet in picture]
        for at in range(sum(map(len, pictures[first : first + GOP]))):
            for kind, left in damages(group[at], dice):
                shown = watched(copy.deepcopy(before), Viewer(codec, width), [*group[:at], *left, *group[at + 1 :]])
                found = [places.get(data) for data in shown]
                tried[kind] += 1
                unnoticed[kind] += None in found
                seen = [place for place in found if place is not None]
                assert seen == sorted(set(seen))
                if kind == "dropped":
                    assert len(seen) >= GOP - 1, "the next group of pictures is shown"
    shares = {kind: unnoticed[kind] / tried[kind] for kind in tried}
    print(name, width, {kind: f"{unnoticed[kind]} of {tried[kind]}" for kind in tried})
    assert not {kind: share for kind, share in shares.items() if share > UNNOTICED[codec][kind]}


def watched(subject: Depacketizer, viewer: Viewer, packets: Iterable[bytes]) -> list[bytes]:
    for packet in packets:
        viewer.show(subject.push(memoryview(packet), NOW))
    return viewer.shown


def everything(viewer: Viewer, codec: str, pictures: list[list[bytes]]) -> None:
    watched(Depacketizer(codec, 96), viewer, (packet for picture in pictures for packet in picture))

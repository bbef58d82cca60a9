"""From packets to whole pictures, and the backlog in front of it."""

import io
import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from framefan.common.errors import SourceError
from framefan.producer.arrival import Arrival
from framefan.producer.backlog import Backlog
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import VideoPacket
from framefan.producer.picture import Jpeg
from tests.pictures import jpeg

GOP = 10
FRAMES = 40


@pytest.fixture(scope="module")
def film() -> bytes:
    """An H.264 film of 40 frames with a keyframe every 10."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.gop_size = GOP
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        noise = np.random.default_rng(3)
        for _ in range(FRAMES):
            image = noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.fixture
def packets(film: bytes) -> Iterator[tuple[Decoder, list[VideoPacket]]]:
    """A decoder and the packets of the film, the last of which is empty."""
    with av.open(io.BytesIO(film), "r") as container:
        stream = container.streams.video[0]
        yield Decoder(stream), list(container.demux(stream))


def count(decoder: Decoder, packets: list[VideoPacket]) -> list[int]:
    return [len(list(decoder.decode(packet))) for packet in packets]


def test_every_packet_gives_its_picture_at_once(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """The decoder holds nothing back."""
    assert count(*packets) == [1] * FRAMES + [0]


def test_nothing_before_the_first_keyframe(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """Who comes in the middle waits for a keyframe."""
    decoder, found = packets
    assert count(decoder, found[3:25]) == [0] * (GOP - 3) + [1] * 15


def test_nothing_after_an_error_until_the_next_keyframe(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """A damaged packet ends pictures until the next keyframe."""
    decoder, found = packets
    damaged = av.Packet(b"\0\0\0\x20\x41" + b"\xff" * 32)
    assert count(decoder, found[:5]) == [1] * 5
    assert count(decoder, [damaged]) == [0]  # type: ignore[list-item]
    assert count(decoder, found[5:12]) == [0] * 5 + [1] * 2


def test_empty_packet_stands_for_lost_ones(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """After an empty packet the decoder knows nothing any more and waits for a keyframe."""
    decoder, found = packets
    assert count(decoder, [*found[:5], found[-1], *found[7:12]]) == [1] * 5 + [0] + [0] * 3 + [1] * 2


@pytest.mark.parametrize("cut", range(5, 16))
def test_a_loss_among_pictures_that_are_held_back(cut: int) -> None:
    """Whatever the decoder held of reordered pictures when some were lost, it starts over at the next keyframe."""

    class Stream:
        codec_context = av.CodecContext.create("h264", "r")

    decoder, found = Decoder(Stream()), reordered()
    after = next(at for at in range(cut, len(found)) if found[at].is_keyframe)
    damaged = av.Packet(bytes(found[cut])[: found[cut].size // 2])
    count(decoder, cast(list[VideoPacket], [*found[:cut], damaged, av.Packet(b"")]))
    assert sum(count(decoder, cast(list[VideoPacket], [*found[after:], av.Packet(b"")]))) == len(found) - after


def test_what_was_held_back_before_a_gap_is_forgotten() -> None:
    """When packets are left out up to a keyframe, the first picture after them is that keyframe's."""

    class Stream:
        codec_context = av.CodecContext.create("h264", "r")

    decoder, found = Decoder(Stream()), reordered()
    for number, packet in enumerate(found):
        packet.pts = number
    after = next(at for at in range(25, len(found)) if found[at].is_keyframe)
    before = cast(list[VideoPacket], found[: after - 5])
    assert sum(count(decoder, before)) < len(before)
    decoder.flush()
    shown = [picture.pts for packet in found[after:] for picture in decoder.decode(cast(VideoPacket, packet))]
    assert min(number for number in shown if number is not None) >= after


def reordered() -> "list[av.Packet[VideoStream]]":
    """Return an H.264 stream with B-frames as a camera sends it, with a keyframe every 20."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 160, 96, "yuv420p", Fraction(1, 25)
    encoder.gop_size, encoder.max_b_frames = 2 * GOP, 2
    encoder.options = {"preset": "fast", "x264-params": "repeat-headers=1"}
    noise = np.random.default_rng(3)
    found = []
    for _ in range(2 * GOP + FRAMES):
        image = noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)
        found += encoder.encode(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p"))
    return [*found, *encoder.encode(None)]


def test_a_film_that_loops(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """After the empty packet at its end a film starts over, first frame included."""
    decoder, found = packets
    assert count(decoder, found + found) == ([1] * FRAMES + [0]) * 2


@pytest.mark.parametrize("padding", [b"", b"\0\0", b"\r\n", b"\0" * 500])
def test_jpeg_with_padding(padding: bytes) -> None:
    """What cameras add behind a JPEG is cut off; a JPEG that is cut off itself is dropped."""

    class Stream:
        codec_context = av.CodecContext.create("mjpeg", "r")

    decoder, data = Decoder(Stream()), jpeg()
    assert list(decoder.decode(cast(VideoPacket, av.Packet(data + padding)))) == [Jpeg(data, 64, 48)]
    assert list(decoder.decode(cast(VideoPacket, av.Packet(data[:-2])))) == []


def test_backlog_gives_what_it_got(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """A decoder that keeps up gets every packet, in order, and then the error that ended them."""
    backlog, found = Backlog[VideoPacket](), packets[1]
    for packet in found:
        backlog.put(packet, Arrival.now())
    backlog.close(SourceError("it is over"))
    got: list[VideoPacket] = []
    with pytest.raises(SourceError, match="it is over"):
        got.extend(item[0] for item in backlog if item)
    assert got == found


def arrived(seconds_ago: float) -> Arrival:
    """Return an arrival in the past."""
    now = Arrival.now()
    return Arrival(now.monotonic_ns - int(seconds_ago * 1e9), now.wall_ns)


def test_backlog_starts_over_at_the_newest_keyframe(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """Who is more than half a second behind goes on at the newest keyframe that is there."""
    backlog, found = Backlog[VideoPacket](), packets[1][:-1]
    for number, packet in enumerate(found[:25]):
        backlog.put(packet, arrived(1 - number * 0.04))
    backlog.close()
    got = [item[0] for item in backlog if item]
    assert got == found[20:25]
    assert backlog.given_up == 20


def test_backlog_waits_for_a_keyframe_when_there_is_none(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """Who is behind in the middle of a group of pictures gives the rest of it up."""
    backlog, found = Backlog[VideoPacket](), packets[1][:-1]
    for packet in found[1:9]:
        backlog.put(packet, arrived(0.7))
    for packet in found[9:13]:
        backlog.put(packet, Arrival.now())
    backlog.close()
    assert [item[0] for item in backlog if item] == found[10:13]
    assert backlog.given_up == 9


def test_backlog_keeps_an_old_keyframe_if_there_is_no_newer_one(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """However slow the decoder is, it gets a keyframe now and then."""
    backlog, found = Backlog[VideoPacket](), packets[1][:-1]
    for packet in found[:9]:
        backlog.put(packet, arrived(5))
    backlog.close()
    assert [item[0] for item in backlog if item] == found[:1]


def test_backlog_waits(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """An empty backlog waits for the next packet."""
    backlog, found = Backlog[VideoPacket](), packets[1]
    timer = threading.Timer(0.1, backlog.put, (found[0], Arrival(0, 0)))
    timer.start()
    assert next(item for item in backlog if item)[0] is found[0]
    timer.join()


def test_resting_backlog_keeps_what_follows_the_last_keyframe(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """While nobody wants pictures none are given out; who comes gets what can be decoded, however long it lay."""
    backlog, found = Backlog[VideoPacket](), packets[1][:-1]
    backlog.rest(True)
    for number, packet in enumerate(found[:25]):
        backlog.put(packet, arrived(10 - number * 0.04))
    assert len(backlog) == 5
    assert backlog.forgotten == 20
    backlog.nudge()
    assert next(iter(backlog)) is None
    backlog.rest(False)
    backlog.close()
    assert [item[0] for item in backlog if item] == found[20:25]
    assert backlog.given_up == 0


def test_resting_backlog_does_the_work_that_would_take_too_long_later(
    packets: tuple[Decoder, list[VideoPacket]],
) -> None:
    """Where keyframes are too rare, packets are decoded along, so that little is left for who comes."""
    backlog, found = Backlog[VideoPacket](), packets[1][:-1]
    backlog.pace = 0.15
    backlog.rest(True)
    for packet in found[:9]:
        backlog.put(packet, Arrival.now())
    given = iter(backlog)
    got = [item[0] for item in (next(given) for _ in range(6)) if item]
    assert got == found[:6]
    assert len(backlog) == 3
    backlog.nudge()
    assert next(given) is None


def test_backlog_is_as_fast_as_the_camera(packets: tuple[Decoder, list[VideoPacket]]) -> None:
    """The rate is that of the packets that come in, whether or not somebody takes them out."""
    backlog = Backlog[VideoPacket]()
    backlog.rest(True)
    assert backlog.fps == 0.0
    for packet in packets[1][:-1]:
        backlog.put(packet, Arrival.now())
    assert backlog.fps > 0.0

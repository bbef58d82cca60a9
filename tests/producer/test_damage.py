"""Packets that get lost or arrive in part, and streams that begin anywhere: no damaged picture is ever published."""

import random
from contextlib import ExitStack, closing

import pytest
import simplejpeg

from framefan.consumer import Subscriber
from framefan.producer.camera import stamp
from framefan.producer.camera.encoder import Encoder
from framefan.producer.camera.rtp import Numbering
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Start, producer
from tests.streams import Viewer

SETTINGS = Settings(size=(640, 352), fps=20)
CASES = {
    "h264-cut": {"codec": "h264", "cut": 0.05},
    "h265-drop": {"codec": "h265", "drop": 0.02},
    "mjpeg-cut": {"codec": "mjpeg", "cut": 0.02},
}
SECONDS = 30
CUT = 0.05


@pytest.mark.timeout(120)
def test_only_sound_pictures_are_published(start: Start) -> None:
    """Losses and packets that are cut off cost pictures and a moment, and damage nothing.

    H.265 whose packets are cut off is left out: if one is the last of its picture, no decoder notices.
    """
    with CameraServer(port=0, settings=SETTINGS) as server, ExitStack() as stack:
        words = [word for name, query in CASES.items() for word in (server.url("door", **query), "--name", name)]
        _, endpoint = producer(start, *words)
        cameras = [stack.enter_context(Subscriber(f"{endpoint}/{name}", timeout=20)) for name in CASES]
        last = dict.fromkeys(CASES, 0)
        for _ in range(20):
            for frame in [camera.read() for camera in cameras]:
                simplejpeg.decode_jpeg(frame.jpeg, strict=True)  # raises where data are missing
                assert stamp.read(frame.image), f"{frame} is damaged"
                assert frame.seq > last[frame.camera]
                last[frame.camera] = frame.seq
        assert all(camera.state.reconnects == 0 for camera in cameras)


@pytest.mark.timeout(120)
def test_packets_that_lose_their_second_half() -> None:
    """Of H.264 that comes in part no damaged picture is shown, and still a tenth of all."""
    sound, damaged, dice = Viewer("h264"), Viewer("h264"), random.Random(1)
    scene, numbering = Scene("door", SETTINGS), Numbering(7, 0)
    with closing(Encoder(SETTINGS)) as encoder:
        for number in range(round(SECONDS * SETTINGS.fps)):
            seconds = number / SETTINGS.fps
            drawn = scene.picture(number, seconds, round(seconds * 1e9))
            ticks = round(seconds * 90_000)
            packets = numbering.apply(encoder.encode(drawn, ticks, keyframe=False).payloads, ticks)
            sound.watch(packets)
            damaged.watch(packet[: len(packet) // 2] if dice.random() < CUT else packet for packet in packets)
    assert len(sound.shown) == SECONDS * SETTINGS.fps
    assert not set(damaged.shown) - set(sound.shown)
    assert len(damaged.shown) >= len(sound.shown) / 10

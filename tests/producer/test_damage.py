"""Packets that get lost or arrive in part, and streams that begin anywhere: no damaged picture is ever published."""

from contextlib import ExitStack

import pytest
import simplejpeg

from framefan.consumer import Subscriber
from framefan.producer.camera import stamp
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Start, producer

CASES = {
    "h264-drop": {"codec": "h264", "drop": 0.02},
    "h265-drop": {"codec": "h265", "drop": 0.02},
    "mjpeg-drop": {"codec": "mjpeg", "drop": 0.02},
    "h264-cut": {"codec": "h264", "cut": 0.02},
    "mjpeg-cut": {"codec": "mjpeg", "cut": 0.02},
    "h264-midgop": {"codec": "h264", "midgop": 1},
    "h265-midgop": {"codec": "h265", "midgop": 1},
}


@pytest.mark.timeout(120)
def test_only_sound_pictures_are_published(start: Start) -> None:
    """Losses, packets that are cut off and a start between keyframes cost pictures and a moment, and damage nothing.

    H.265 whose packets are cut off is left out: if one is the last of its picture, no decoder notices.
    """
    with CameraServer(port=0, settings=Settings(size=(640, 352), fps=20)) as server, ExitStack() as stack:
        words = [word for name, query in CASES.items() for word in (server.url("door", **query), "--name", name)]
        _, endpoint = producer(start, *words)
        cameras = [stack.enter_context(Subscriber(f"{endpoint}/{name}", timeout=20)) for name in CASES]
        last = dict.fromkeys(CASES, 0)
        for _ in range(60):
            for frame in [camera.read() for camera in cameras]:
                simplejpeg.decode_jpeg(frame.jpeg, strict=True)  # raises where data are missing
                assert stamp.read(frame.image), f"{frame} is damaged"
                assert frame.seq > last[frame.camera]
                last[frame.camera] = frame.seq
        assert all(camera.state.reconnects == 0 for camera in cameras)

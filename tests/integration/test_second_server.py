"""The producer against an RTSP server that is not ours: GStreamer's."""

import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from framefan.consumer import Frame, State, Subscriber
from tests.programs import FRAMEFAN, Program, Start, eventually, unavailable

PYTHON = "/usr/bin/python3"
SCRIPT = str(Path(__file__).with_name("gstreamer_server.py"))
BARS = ["white", "yellow", "cyan", "green", "magenta", "red", "blue"]
BGR = {
    "white": (1, 1, 1),
    "yellow": (0, 1, 1),
    "cyan": (1, 1, 0),
    "green": (0, 1, 0),
    "magenta": (1, 0, 1),
    "red": (0, 0, 1),
    "blue": (1, 0, 0),
}


@pytest.fixture(scope="module", autouse=True)
def _gstreamer() -> None:
    bindings = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", bindings], capture_output=True).returncode:
        unavailable(f"{PYTHON} has no GStreamer RTSP server: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0")


def serve(start: Start, port: str = "0") -> tuple[Program, str]:
    """Start a server; return it and its port."""
    server = start(PYTHON, SCRIPT, port)
    return server, server.wait_for(r"^port (\d+)")[1]


def produce(start: Start, codec: str, port: str, *more: str) -> str:
    """Start a producer of the server's stream of that codec; return the camera's address."""
    producer = start(
        FRAMEFAN, "produce", f"rtsp://127.0.0.1:{port}/{codec}", "--name", codec, "--bind", "tcp://127.0.0.1:0", *more
    )
    return producer.wait_for(rf"publishing {codec} at (tcp://127\.0\.0\.1:\d+)")[1] + f"/{codec}"


def bars(frame: Frame) -> list[str]:
    """Return the names of the colours from left to right in the upper part of a picture."""
    bright = frame.image[frame.height // 4, frame.width // 14 :: frame.width // 7][: len(BARS)] > 127
    names = {colour: name for name, colour in BGR.items()}
    return [names.get(tuple(np.asarray(pixel, int)), "another") for pixel in bright]


@pytest.mark.parametrize(("codec", "transport"), [("h264", "tcp"), ("h264", "udp"), ("h265", "tcp"), ("mjpeg", "tcp")])
def test_frames_of_a_foreign_server_arrive_fresh_and_in_order(start: Start, codec: str, transport: str) -> None:
    """Frames of every codec and transport arrive whole, fresh, in rising order and with the right colours."""
    _, port = serve(start)
    address = produce(start, codec, port, "--transport", transport)
    with Subscriber(address, timeout=20.0) as camera:
        frames = []
        for frame in camera:
            frames.append(frame)
            assert frame.age < 2.0
            if len(frames) == 30:
                break
        assert camera.state.codec == codec.replace("h265", "hevc")
    assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
    assert all(later.seq > earlier.seq for earlier, later in pairwise(frames))
    assert bars(frames[-1]) == BARS


def test_camera_comes_back_by_itself(start: Start) -> None:
    """A server that is killed takes the camera out of `live` with a reason; once it is back, so are the frames."""
    server, port = serve(start)
    with Subscriber(produce(start, "h264", port), timeout=20.0) as camera:
        before = camera.read()
        server.kill()
        eventually(lambda: camera.state.state is not State.LIVE and camera.state.reason, "a reason", within=10.0)
        serve(start, port)
        eventually(lambda: camera.state.state is State.LIVE, "live again", within=30.0)
        assert next(frame for frame in camera if frame.run != before.run).seq > before.seq

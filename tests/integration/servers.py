"""Two RTSP servers that share no line of code, ours and GStreamer's, as processes with the same cameras."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from framefan.consumer import Frame
from framefan.producer.camera import stamp
from tests.programs import FRAMEFAN, Program, Start, unavailable

PYTHON = "/usr/bin/python3"
SCRIPT = str(Path(__file__).with_name("gstreamer_server.py"))
USER, PASSWORD = "viewer", "wr1te"
KINDS = ("framefan", "gstreamer")
OURS = {
    "h264": "/h264?codec=h264",
    "sparse": "/sparse?gop=50&midgop=1",
    "resize": "/resize?resize=640x480&after=2",
    "big": "/big?size=1280x720&fps=25",
    "h265": "/h265?codec=h265",
    "mjpeg": "/mjpeg?codec=mjpeg",
}
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


@dataclass(frozen=True, slots=True)
class Server:
    """A server of cameras: h264, h265, mjpeg; sparse (a keyframe every five seconds), resize (in mid-stream), and big.

    Attributes:
        kind: which one.
        program: its process.
        port: where it listens.
        timeout: seconds that a session lives without a sign of life, if ours shall have such a limit.
    """

    kind: str
    program: Program
    port: str
    timeout: int | None = None

    def url(self, camera: str, password: str = "") -> str:
        """Return the URL of a camera."""
        user = f"{USER}:{password}@" if password else ""
        path = OURS[camera] if self.kind == "framefan" else f"/{camera}"
        limit = f"&timeout={self.timeout}" if self.kind == "framefan" and self.timeout else ""
        return f"rtsp://{user}127.0.0.1:{self.port}{path}{limit}"

    def is_sound(self, frame: Frame) -> bool:
        """Return whether a picture is undamaged: the stamp of ours can be read, the bars have their colours."""
        return stamp.read(frame.image) is not None if self.kind == "framefan" else bars(frame) == BARS


def serve(start: Start, kind: str, *options: str, port: str = "0", timeout: int | None = None) -> Server:
    """Start a server, with options that both know."""
    if kind == "framefan":
        small = ("--size", "320x240", "--fps", "10", "--gop", "10")
        program = start(FRAMEFAN, "camera", "--port", port, *small, *options)
        return Server(kind, program, program.wait_for(r"camera at rtsp://127\.0\.0\.1:(\d+)")[1], timeout)
    if not has_gstreamer():
        unavailable(f"{PYTHON} has no GStreamer RTSP server: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0")
    limit = ("--timeout", str(timeout)) if timeout else ()
    program = start(PYTHON, SCRIPT, "--port", port, *limit, *options)
    return Server(kind, program, program.wait_for(r"^port (\d+)")[1], timeout)


def serve_all(start: Start, *, timeout: int | None = None) -> list[Server]:
    """Start the servers that this machine has, for tests that take long and so do it side by side."""
    there = [kind for kind in KINDS if kind == "framefan" or has_gstreamer() or "CI" in os.environ]
    return [serve(start, kind, timeout=timeout) for kind in there]


@cache
def has_gstreamer() -> bool:
    """Return whether the system's Python has GStreamer's server."""
    bindings = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return Path(PYTHON).exists() and not subprocess.run([PYTHON, "-c", bindings], capture_output=True).returncode


def bars(frame: Frame) -> list[str]:
    """Return the names of the colours from left to right in the upper part of a picture."""
    bright = frame.image[frame.height // 4, frame.width // 14 :: frame.width // 7][: len(BARS)] > 127
    names = {colour: name for name, colour in BGR.items()}
    return [names.get(tuple(np.asarray(pixel, int)), "another") for pixel in bright]

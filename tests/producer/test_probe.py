"""`framefan probe` of a camera or a file: is it connected, what does it send, what could be better."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from framefan.common.errors import ExitCode
from framefan.common.probe import Mark
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from framefan.producer.rtsp.messages import Response
from tests.producer.rtsp.conftest import ScriptedCamera
from tests.programs import framefan

PASSWORD = "p@ss/s3cret"
SETTINGS = Settings(size=(320, 176), fps=25, gop=10)


@pytest.fixture(params=["digest"])
def camera(request: pytest.FixtureRequest) -> Iterator[CameraServer]:
    """A camera that asks for a password."""
    with CameraServer(port=0, settings=SETTINGS, credentials=Credentials("me", PASSWORD, request.param)) as server:
        yield server


def probed(url: str, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit status of a probe, and its steps by name; neither may tell a password."""
    ended = framefan("probe", url, "--json", "--for", "1s", *words, within=40)
    assert "s3cret" not in ended.stdout + ended.stderr
    assert ended.stderr == ""
    report = json.loads(ended.stdout)
    assert report["healthy"] == (ended.returncode == ExitCode.OK)
    return ended.returncode, {step["step"]: step for step in report["steps"]}


@pytest.mark.parametrize(("codec", "name", "gop"), [("h264", "h264", 10), ("h265", "hevc", 10), ("mjpeg", "mjpeg", 1)])
def test_camera_that_is_well(camera: CameraServer, codec: str, name: str, gop: int) -> None:
    """Codec, size, rate and keyframes are those that the camera was told to have."""
    code, steps = probed(camera.url("door", codec=codec))
    assert code == ExitCode.OK
    assert list(steps) == ["name", "connect", "password", "describe", "play", "picture", "frames", "keyframes"]
    assert {step["mark"] for step in steps.values()} == {Mark.OK}
    assert steps["password"]["scheme"] == "Digest MD5"
    picture = steps["picture"]
    assert (picture["codec"], picture["width"], picture["height"]) == (name, 320, 176)
    assert not picture["b_frames"]
    assert 15 < steps["frames"]["fps"] < 40
    assert steps["keyframes"]["frames"] == gop
    assert gop / 80 < steps["keyframes"]["seconds"] < gop / 8  # 25 a second, but a busy machine takes its time


def test_text(camera: CameraServer) -> None:
    """For people there is a line per step, and a verdict."""
    ended = framefan("probe", camera.url("door"), "--for", "500ms")
    assert ended.returncode == ExitCode.OK
    lines = ended.stdout.splitlines()
    assert "ok    password    accepted (Digest MD5)" in lines
    assert lines[-1] == f"{camera.address}/... is healthy"


def test_sessions_are_ended() -> None:
    """A camera that bears one session can be probed again and again."""
    with CameraServer(port=0, settings=SETTINGS, sessions=1) as camera:
        for _ in range(2):
            code, steps = probed(camera.url("door"))
            assert code == ExitCode.OK
            assert steps["password"]["text"] == "not asked for"


def test_long_keyframe_interval(camera: CameraServer) -> None:
    """A keyframe each six seconds is waited for, and told with a remedy."""
    code, steps = probed(camera.url("door", gop=60, fps=10))
    assert code == ExitCode.OK
    assert steps["keyframes"]["mark"] == Mark.WARN
    assert steps["keyframes"]["frames"] == 60
    assert "I-frame interval to 1 or 2 s" in steps["keyframes"]["advice"]


@pytest.mark.parametrize("camera", ["digest", "basic"], indirect=True)
def test_wrong_password(camera: CameraServer) -> None:
    """A password that is wrong, or lacks, is told as such, with the scheme in which it is asked for."""
    for url, text in (
        (camera.url("door").replace("me:", "you:"), "refused ("),
        (f"{camera.address}/door", "asked for ("),
    ):
        code, steps = probed(url)
        assert code == ExitCode.CAMERA
        assert list(steps)[-1] == "password"
        assert steps["password"]["text"].startswith(text)
        assert steps["password"]["scheme"] in ("Digest MD5", "Basic")


def test_password_is_tried_once() -> None:
    """A wrong password is sent once and no more: some cameras lock the account."""
    denied = Response(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n"'})
    with ScriptedCamera({"DESCRIBE": denied}) as camera:
        assert probed(camera.url("me:s3cret@"))[0] == ExitCode.CAMERA
        assert ["authorization" in request.headers for request in camera.requests] == [False, True]


@pytest.mark.parametrize(
    ("fault", "step", "advice"),
    [
        ("404", "describe", "check the path"), ("503", "describe", "busy"), ("453", "play", "too many viewers"),
        ("mute-describe", "describe", "did not answer"), ("freeze", "frames", "stopped sending"),
    ],
)  # fmt: skip
def test_faults(camera: CameraServer, fault: str, step: str, advice: str) -> None:
    """What is wrong with a camera is told at the step where it shows."""
    code, steps = probed(camera.url("door", fault=fault, after=0.5))
    assert code == ExitCode.CAMERA
    assert advice in steps[step]["advice"]
    assert [name for name, found in steps.items() if found["mark"] == Mark.FAIL] == [step]


def test_lost_packets(camera: CameraServer) -> None:
    """Packets that get lost are counted."""
    _, steps = probed(camera.url("door", drop=0.05))
    assert steps["frames"]["gaps"] > 0
    assert steps["frames"]["mark"] == Mark.WARN


def test_nobody_there() -> None:
    """Nobody at the port, and a name that nobody knows, are told apart."""
    assert "refuses connections" in probed(f"rtsp://me:{PASSWORD[-6:]}@127.0.0.1:9/door")[1]["connect"]["advice"]
    assert list(probed("rtsp://me:s3cret@nowhere.invalid/door")[1]) == ["name"]


def test_film_with_b_frames(tmp_path: Path) -> None:
    """A file is probed too; B-frames are found, and advised against."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream(
            "libx264", rate=25, options={"bf": "2", "g": "15", "sc_threshold": "0", "b_adapt": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = 320, 176, "yuv420p"
        for number in range(45):
            picture = np.full((176, 320, 3), number * 5, np.uint8)
            picture[:, number * 4 : number * 4 + 60] = 255
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        film.mux(stream.encode(None))
    code, steps = probed(str(path))
    assert code == ExitCode.OK
    assert list(steps) == ["play", "picture", "frames", "keyframes"]
    assert steps["picture"]["b_frames"]
    assert "switch B-frames off" in steps["picture"]["advice"]
    assert steps["keyframes"]["frames"] == 15


def test_pattern() -> None:
    """A test pattern has nothing to look into."""
    ended = framefan("probe", "test:640x360@25")
    assert ended.returncode == ExitCode.CAMERA
    assert "nothing to probe" in ended.stderr


def test_without_the_producers_packages(tmp_path: Path) -> None:
    """Where only a consumer is installed, one sentence tells what to install."""
    (tmp_path / "av.py").write_text("raise ModuleNotFoundError(\"No module named 'av'\", name='av')")
    ended = framefan("probe", "rtsp://me:s3cret@127.0.0.1:9/door", PYTHONPATH=str(tmp_path))
    assert ended.returncode == ExitCode.PACKAGE
    assert "pip install 'framefan[producer]'" in ended.stderr
    assert ended.stderr.count("\n") == 1

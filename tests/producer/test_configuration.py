"""The configuration file: what it may say, what it is told otherwise, and how it changes while the producer runs."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from framefan.common.address import Endpoint
from framefan.common.errors import ExitCode, OptionError
from framefan.common.state import State
from framefan.consumer import Subscriber
from framefan.producer.cameras import CameraSettings
from framefan.producer.configuration import load
from tests.programs import FRAMEFAN, Start, captures_of, eventually, framefan

DEFAULTS = CameraSettings(quality=80, transport="tcp", loop=False, renditions=4, disconnect_idle=False, hwaccel="none")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "framefan.toml"
    path.write_text(text)
    return path


def test_everything(tmp_path: Path) -> None:
    """Cameras by name, shared settings, secrets from environment and file, special characters in them."""
    (tmp_path / "secret").write_text("p@ss/w:rd\n")
    path = written(
        tmp_path,
        """
        bind = "tcp://*:6000"
        quality = 70

        [cameras.door]
        source = "rtsp://10.0.0.7/${STREAM}"
        user = "viewer"
        password_file = "secret"
        transport = "udp"

        [cameras.yard]
        source = "test:320x180@5"
        quality = 60
        loop = true
        """,
    )
    found = load(path, DEFAULTS, {"STREAM": "main"})
    assert found.bind == Endpoint("*", 6000)
    door, yard = found.cameras
    assert door.source.url == "rtsp://viewer:p%40ss%2Fw%3Ard@10.0.0.7/main"
    assert door.settings == replace(DEFAULTS, quality=70, transport="udp")
    assert (yard.name, yard.settings) == (
        "yard",
        replace(DEFAULTS, quality=60, loop=True),
    )
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("quality = ", "is not TOML"),
        ("colour = 1", "colour is unknown; allowed are bind, relay, cameras, quality, transport, loop, renditions"),
        ("bind = 5550", "bind is not a text in quotes but of type int"),
        ("bind = 'http://x'", "'http://x' is not a framefan address"),
        ("cameras = 3", "write a table for each camera"),
        ("[cameras.'a/b']\nsource='test:'", "cameras.a/b: camera name 'a/b' is not possible"),
        ("[cameras.door]", 'cameras.door: source is missing: write source = "rtsp://..."'),
        ("[cameras.door]\nsource='test:'\nqualty=3", "cameras.door: qualty is unknown; allowed are source, user"),
        ("[cameras.door]\nsource='test:'\nquality=0", "cameras.door: quality: '0' is not a whole number from 1 to 100"),
        ("[cameras.door]\nsource='test:'\nquality=true", "cameras.door: quality: 'true' is not a whole number"),
        ("relay = 'tcp://edge'", "relay is not a list of producers"),
        ("relay = ['tcp://edge/door']", "tcp://edge:5550/door is no producer: write .cameras.NAME."),
        ("relay = ['test:']", "test: is no producer"),
        ("relay = ['tcp://${NIX}']", "relay: environment variable NIX is not set"),
        (
            "[cameras.door]\nsource='tcp://edge'",
            "cameras.door: tcp://edge:5550 names no camera: write tcp://edge:5550/door",
        ),
        ("[cameras.door]\nsource='tcp://edge/door'\nquality=3", "cameras.door: quality means nothing here"),
        ("[cameras.door]\nsource='nix.mp4'", "cameras.door: source 'nix.mp4' is neither a URL nor a file"),
        ("[cameras.door]\nsource='rtsp://${NIX}/x'", "cameras.door.source: environment variable NIX is not set"),
        ("[cameras.door]\nsource='test:'\nuser='me'", "go with a source that is a URL without them"),
        ("[cameras.door]\nsource='rtsp://h/x'\npassword='a'\npassword_file='b'", "are both given: keep one"),
        ("[cameras.door]\nsource='rtsp://h/x'\npassword_file='nix'", "password_file: .*nix: No such file"),
    ],
)
def test_refuses(tmp_path: Path, text: str, complaint: str) -> None:
    """Each mistake is told with the file, the key, what is wrong and what is allowed."""
    path = written(tmp_path, text)
    with pytest.raises(OptionError, match=complaint) as caught:
        load(path, DEFAULTS, {})
    assert str(caught.value).startswith(str(path))


def test_mistakes_end_the_command(tmp_path: Path) -> None:
    """A producer does not start with a wrong file, without a file, or without any camera."""
    wrong = framefan("produce", "--config", str(written(tmp_path, "colour = 1")))
    assert wrong.returncode == ExitCode.USAGE
    assert "colour is unknown" in wrong.stderr
    assert framefan("produce", "--config", str(tmp_path / "nix.toml")).returncode == ExitCode.USAGE
    nothing = framefan("produce")
    assert nothing.returncode == ExitCode.USAGE
    assert "nothing to grab" in nothing.stderr


def test_changes_while_running(start: Start, tmp_path: Path) -> None:
    """Cameras come, go and change with the file or on SIGHUP; others are not disturbed; mistakes change nothing."""
    door = "[cameras.door]\nsource = 'test:320x180@20'\n"
    yard = "[cameras.yard]\nsource = 'test:320x180@20'\nquality = {}\n"
    path = written(tmp_path, door + yard.format(50))
    program = start(FRAMEFAN, "produce", "--config", str(path), "--bind", "tcp://127.0.0.1:0")
    endpoint = program.wait_for(r"publishing door, yard at (tcp://\S+)")[1]
    with Subscriber(f"{endpoint}/door", timeout=15) as stays, Subscriber(f"{endpoint}/yard", timeout=15) as changes:
        run = stays.read().run
        assert changes.read().quality == 50

        path.write_text(door + yard.format(60))
        os.kill(program.pid, signal.SIGHUP)
        program.wait_for(r"framefan\.toml read again")
        assert next(frame for frame in changes if frame.quality == 60).seq > 1

        path.write_text("colour = 1")
        program.wait_for("colour is unknown.*; the cameras stay as they are")
        assert changes.read().quality == 60

        path.write_text(door + "[cameras.shed]\nsource = 'test:320x180@20'\n")
        eventually(lambda: changes.state.state is State.UNKNOWN, "the yard is gone", within=10)
        assert changes.state.reason == "no camera of that name here; there are: door, shed"
        with Subscriber(f"{endpoint}/shed", timeout=15) as comes:
            assert comes.read().width == 320
        assert stays.read().run == run
        eventually(lambda: len(captures_of(program.pid)) == 2, "two captures", within=10)

"""Passwords with any character in them, in any part of a URL: cameras get them, and nobody else does."""

import contextlib
import io
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framefan.common import command
from framefan.common.errors import ExitCode, FramefanError, SourceError
from framefan.common.signals import Stop
from framefan.common.state import State
from framefan.consumer import Subscriber, VideoCapture
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from framefan.producer.cameras import CameraSettings
from framefan.producer.configuration import load
from framefan.producer.opening import open_source
from framefan.producer.probe import probe_source
from framefan.producer.rtsp.authentication import basic
from framefan.producer.rtsp.messages import Response
from framefan.producer.source import Source
from tests.producer.rtsp.conftest import ScriptedCamera
from tests.programs import FRAMEFAN, Program, Start, captures_of, eventually, framefan

PASSWORD = "p4ss@/#: %?'\"[]\u00fcw0rd"
TOKEN = "t0k3n@np4th"
PIECES = ("us3r", "n4me", "p4ss", "w0rd", "t0k3", "np4th", "qu3r", "y5tr")
SMALL = Settings(size=(160, 96), fps=10)
DEFAULTS = CameraSettings(quality=80, transport="tcp", loop=False, renditions=4, disconnect_idle=False, hwaccel="none")


def parts(secret: str) -> st.SearchStrategy[str]:
    """Draw a secret with odd characters in it, as it is or percent-encoded."""
    odd = st.text("@#/:%? []&;+'\"\\\u00fc", max_size=4)
    return st.one_of(
        st.builds(f"{{}}{secret[:4]}{{}}{secret[4:]}{{}}".format, odd, odd, odd),
        st.builds(lambda text: quote(f"{secret[:4]}{text}{secret[4:]}", safe=""), odd),
    )


CREDENTIALS = st.builds("{}:{}@".format, parts("us3rn4me"), parts("p4ssw0rd"))
TARGETS = st.builds("/{}?{}".format, parts("t0k3np4th"), parts("qu3ry5tr"))


def assert_hidden(told: Iterable[str]) -> None:
    shown = [one for one in told if any(piece in one for piece in PIECES)]
    assert not shown


def texts_of(error: BaseException | None) -> Iterator[str]:
    """Yield all that a traceback or a log could show of an error, and of those that it came from."""
    while error is not None:
        yield from (str(error), repr(error), *traceback.format_exception_only(error))
        error = error.__cause__ or error.__context__


def failure(work: Callable[[], object]) -> FramefanError:
    with pytest.raises(FramefanError) as caught:
        work()
    return caught.value


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(["rtsp", "http"]), CREDENTIALS, TARGETS)
def test_refused_connection(scheme: str, credentials: str, target: str) -> None:
    """A camera that is not there is told without any of its secrets."""
    source = Source.parse(f"{scheme}://{credentials}127.0.0.1:9{target}")
    error = failure(lambda: open_source(source, transport="tcp", loop=False))
    assert_hidden([*texts_of(error), str(source), repr(source), source.name, source.place])
    assert "127.0.0.1:9 refuses connections" in str(error)


def test_wrong_password_and_a_camera_that_repeats_it() -> None:
    """A camera that refuses a password may repeat it, and what it was asked for, in any of its own words."""

    @settings(deadline=None, max_examples=30)
    @given(CREDENTIALS, TARGETS)
    def check(credentials: str, target: str) -> None:
        url = f"rtsp://{credentials}127.0.0.1:{camera.port}{target}"
        source = Source.parse(url)
        told = source.camera_url
        words = f"{told.bare} {basic(told.user, told.password)} {told.user}:{told.password}"
        words = words.encode("ascii", "replace").decode()
        headers = {"WWW-Authenticate": f'Basic realm="{quote(words)}"', "Server": words}
        camera.script = {method: Response(401, reason=words, headers=headers) for method in ("OPTIONS", "DESCRIBE")}
        error = failure(lambda: open_source(source, transport="tcp", loop=False))
        assert "password refused (401)" in str(error)
        steps = [repr(step) for step in probe_source(url, 0.1, stop)]
        assert any("refused (Basic)" in step for step in steps)
        assert_hidden([*texts_of(error), *steps])

    with ScriptedCamera() as camera, Stop() as stop:
        check()


@settings(deadline=None, max_examples=10)
@given(CREDENTIALS, TARGETS)
def test_complaints_about_the_command_line(credentials: str, target: str) -> None:
    """Wherever on a command line a URL is wrong, the complaint shows none of its secrets."""
    whole = f"{credentials}cam:554{target}"
    for words in (
        ["list", f"tcp://{whole}"],
        ["list", "tcp://host", f"rtsp://{whole}"],
        [f"rtsp://{whole}"],
        ["produce", f"--sauce=rtsp://{whole}"],
        ["produce", f"-qrtsp://{whole}"],
        ["produce", "test:", f"--bind=tcp://{whole}"],
        ["produce", "test:", "--quality", f"rtsp://{whole}"],
        ["produce", f"ftp://{whole}"],
        ["produce", f"rtsp:me{whole}"],
        ["produce", f"me{whole}"],
        ["produce", "--config", f"rtsp://{whole}"],
        ["display", f"http://{whole}"],
        ["sample", f"me{whole}"],
        ["sample", "tcp://host/door", f"--every=rtsp://{whole}"],
        ["sample", "tcp://host/door", "--out", f"gopher://{whole}"],
        ["probe", f"rtsp:me{whole}"],
        ["probe", f"tcp://{whole}"],
    ):
        told = complaint(words)
        assert told
        assert_hidden([told])


def complaint(words: list[str]) -> str:
    """Return what a command says when it fails, here, since a process for each would take too long."""
    log = logging.getLogger("framefan")
    level, told = log.level, io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.suppress(SystemExit):
            assert command.main(words) in (ExitCode.USAGE, ExitCode.CAMERA)
    finally:
        log.setLevel(level)
    return told.getvalue()


def test_mistakes_in_a_configuration(tmp_path: Path) -> None:
    """A mistake in a file is told with its key, and without the secrets beside it."""
    path = tmp_path / "framefan.toml"

    @settings(deadline=None, max_examples=50)
    @given(CREDENTIALS, TARGETS)
    def check(credentials: str, target: str) -> None:
        whole = json.dumps(f"{credentials}cam:554{target}")[1:-1]
        door = f'[cameras.door]\nsource = "rtsp://{whole}"\n'
        for text in (
            f'[cameras.door]\nsource = "ftp://{whole}"',
            f'[cameras.door]\nsource = "rtsp:me{whole}"',
            f'[cameras.door]\nsource = "me{whole}"',
            f'[cameras.door]\nsource = "tcp://{whole}"',
            f'[cameras."rtsp://{whole}"]\nsource = "test:"',
            f'relay = ["tcp://{whole}"]',
            f'relay = ["rtsp://{whole}"]',
            f'bind = "tcp://{whole}"',
            f'{door}user = "me"',
            f'{door}quality = "rtsp://{whole}"',
            f"{door}password_file = 'nix'",
            f"{door}loop = ",
        ):
            path.write_text(text)
            assert_hidden(texts_of(failure(lambda: load(path, DEFAULTS))))

    check()


def test_nothing_that_a_producer_says_or_leaves(start: Start, tmp_path: Path) -> None:
    """Logs, states, probes, samples, process lists, environments and file names: nothing of any secret is there."""
    with CameraServer(port=0, settings=SMALL, credentials=Credentials("us3rn4me", PASSWORD)) as server:
        place = f"127.0.0.1:{server.address.rpartition(':')[2].strip('/')}"
        right, wrong = f"us3rn4me:{PASSWORD}@{place}", f"us3rn4me:not{PASSWORD}@{place}"
        path = tmp_path / "framefan.toml"
        path.write_text(
            f'[cameras.door]\nsource = "rtsp://{place}/{TOKEN}"\nuser = "us3rn4me"\npassword = "${{DOOR}}"\n'
            f"[cameras.yard]\nsource = {json.dumps(f'rtsp://{right}/{TOKEN}')}\ntransport = 'udp'\n"
            f"[cameras.shed]\nsource = {json.dumps(f'rtsp://{wrong}/{TOKEN}')}\ntransport = 'udp'\n"
        )
        work = tmp_path / "work"
        work.mkdir()
        program = start("env", f"DOOR={PASSWORD}", f"TMPDIR={work}", *produce(path))
        endpoint = program.wait_for(r"publishing .* at (tcp://\S+)")[1]
        outcomes = ("door live", "yard live", r"shed refused: .*password refused \(401\)")
        eventually(lambda: all(re.search(each, program.output) for each in outcomes), "three outcomes", within=20)
        told = [*lists(program), *map(str, work.rglob("*"))]
        assert len(told) > 4
        framefan("sample", endpoint, "--every", "1s", "--count", "1", "--wait", "3s", "--out", str(tmp_path / "out"))
        told += [(tmp_path / "out/samples.jsonl").read_text()]
        for words in (["list", endpoint, "--json"], ["probe", endpoint, "--quick", "--json"]):
            ended = framefan(*words)
            told += [ended.stdout + ended.stderr]
        for url in (right, wrong):
            ended = framefan("probe", f"rtsp://{url}/{TOKEN}", "--for", "500ms")
            told += [ended.stdout + ended.stderr]
        with Subscriber(f"{endpoint}/shed") as shed:
            eventually(lambda: shed.state.state is State.REFUSED, "a state", within=10)
            told += [repr(shed.state), *texts_of(failure(lambda: shed.read(0)))]
    assert_hidden([*told, program.output])


def produce(path: Path) -> tuple[str, ...]:
    return FRAMEFAN, "produce", "--config", str(path), "--bind", "tcp://127.0.0.1:0"


def lists(program: Program) -> list[str]:
    """Return command line and environment of each capture."""
    found = eventually(lambda: captures_of(program.pid), "captures", within=5)
    return [Path(f"/proc/{one}/{what}").read_text() for one in found for what in ("cmdline", "environ")]


def test_video_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A program gets its pictures by a password of any characters; neither a failure nor a text form shows it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with CameraServer(port=0, settings=SMALL, credentials=Credentials("us3rn4me", PASSWORD)) as server:
        place = f"127.0.0.1:{server.address.rpartition(':')[2].strip('/')}/{TOKEN}"
        with VideoCapture(f"rtsp://us3rn4me:{PASSWORD}@{place}") as capture:
            assert capture.read()[0]
            told = [repr(capture), str(capture.frame()), repr(capture.frame())]
        assert not VideoCapture(f"rtsp://us3rn4me:not{PASSWORD}@{place}").isOpened()
        assert "password refused (401)" in caplog.text
        capture.setExceptionMode(True)
        whole = f"us3rn4me:{PASSWORD}@127.0.0.1:9/{TOKEN}"
        for url in (f"rtsp://{whole}", f"http://{whole}.mp4", f"rtmp://{whole}", f"rtsp:{whole}"):
            with pytest.raises(cv2.error) as caught:
                capture.open(url)
            told += texts_of(caught.value)
    assert_hidden([*told, caplog.text, *map(str, tmp_path.rglob("*"))])


def test_names_come_from_the_host() -> None:
    """A camera without a name is called after its host, since the path of its URL may be a secret."""
    assert [Source.parse(f"rtsp://me:x@{host}/t0k3n").name for host in ("10.0.0.7:554", "[::1]", "Cam")] == [
        "10.0.0.7",
        "1",
        "cam",
    ]
    with pytest.raises(SourceError):
        Source.parse("rtsp://cam:0/x")

"""A camera of one's own: one connection however many read, and nobody's death harms anybody."""

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import pytest

from framefan.common.errors import MissingPackage
from framefan.consumer import VideoCapture, lease
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Program, Start, captures_of, eventually

SMALL = Settings(size=(320, 176), fps=25, gop=10)
READER = """
import sys
from framefan.consumer import VideoCapture
with VideoCapture(sys.argv[1]) as capture:
    print("opened" if capture.isOpened() else "not opened", flush=True)
    while capture.isOpened():
        ok, image = capture.read()
        frame = capture.frame()
        print(f"picture {frame.run} {frame.seq} {frame.age}" if ok else "none", flush=True)
"""


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of what readers share, and no private producer left when the test is over.

    It has to come before `start`: readers that are still there would start another.
    """
    runtime = Path(tempfile.mkdtemp(dir="/tmp"))  # its path is short, as those of sockets have to be
    monkeypatch.setenv("TMPDIR", str(runtime))
    monkeypatch.setattr(tempfile, "tempdir", None)  # where it is remembered
    directory = runtime / f"framefan-{os.getuid()}"
    yield directory
    for pid in producers(directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    eventually(lambda: not producers(directory), "they have ended", within=10)
    shutil.rmtree(runtime)


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    """An RTSP camera that bears a single session."""
    with CameraServer(port=0, settings=SMALL, sessions=1) as server:
        yield server


def producers(directory: Path) -> list[int]:
    """Return the ids of the private producers whose sockets are in a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"framefan.producer.private" in words and str(directory).encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def reader(start: Start, url: str) -> Program:
    """Start a program that reads a camera as fast as it gives pictures."""
    return start(sys.executable, "-c", READER, url)


def run_of(program: Program) -> str:
    """Wait for a picture from now on and return the life of the capture that it comes from."""
    program.skip_lines()
    return program.wait_for(r"picture (\w+)")[1]


def test_readers_share_one_connection(shared: Path, start: Start, camera: CameraServer) -> None:
    """Of three processes that open a camera at once all get pictures, over a single connection."""
    readers = [reader(start, camera.url("door")) for _ in range(3)]
    assert len({run_of(program) for program in readers}) == 1
    assert camera.statistics().sessions == 1
    assert len(producers(shared)) == 1


def test_threads_share_one_connection(shared: Path, camera: CameraServer) -> None:
    """So do threads of one process, each with an object of its own."""
    with ThreadPoolExecutor(4) as pool:
        captures = list(pool.map(VideoCapture, [camera.url("door")] * 4))
        assert all(pool.map(lambda capture: capture.read()[0], captures))
    assert camera.statistics().sessions == 1
    assert len(producers(shared)) == 1
    for capture in captures:
        capture.release()


def test_killed_reader_harms_nobody(shared: Path, start: Start, camera: CameraServer) -> None:
    """Whoever is killed, the one that started the producer included, the others read on over the same connection."""
    first = reader(start, camera.url("door"))
    run = run_of(first)
    others = [reader(start, camera.url("door")) for _ in range(2)]
    assert {run_of(program) for program in others} == {run}
    first.kill()
    others[0].kill()
    assert run_of(others[1]) == run


def test_killed_at_any_instant_of_the_start(shared: Path, start: Start, camera: CameraServer) -> None:
    """A reader that is killed while it starts the producer leaves the way clear for the next one."""
    for delay in (0.15, 0.2, 0.25, 0.3, 0.4):
        program = reader(start, camera.url("door"))
        time.sleep(delay)  # the point of the test
        program.kill()
    assert run_of(reader(start, camera.url("door")))
    assert len(producers(shared)) == 1


def test_killed_producer_is_replaced(shared: Path, start: Start, camera: CameraServer) -> None:
    """If the producer is killed, one of its readers starts another, which serves them all."""
    readers = [reader(start, camera.url("door")) for _ in range(2)]
    run = {run_of(program) for program in readers}
    (pid,) = producers(shared)
    os.kill(pid, signal.SIGKILL)
    for program in readers:
        eventually(lambda program=program: run_of(program) not in run, "another run", within=15)  # type: ignore[misc]
    assert len(producers(shared)) == 1
    assert len(list(shared.glob("*.work/framefan-*"))) == 1, "what the killed one left is cleared away"


def test_frozen_reader_disturbs_nobody(shared: Path, start: Start, camera: CameraServer) -> None:
    """While one reader is stopped the other gets fresh pictures; when it goes on, so does it."""
    frozen, other = (reader(start, camera.url("door")) for _ in range(2))
    run_of(frozen)
    frozen.send_signal(signal.SIGSTOP)
    run_of(other)
    ages = [float(other.wait_for(r"picture \w+ \d+ (.*)")[1]) for _ in range(50)]
    assert sorted(ages)[25] < 0.2
    frozen.skip_lines()
    frozen.send_signal(signal.SIGCONT)
    frozen.wait_for("picture")  # this may have been on its way when it was stopped
    assert float(frozen.wait_for(r"picture \w+ \d+ (.*)")[1]) < 0.5


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_nothing_is_left(shared: Path, start: Start, camera: CameraServer) -> None:
    """When the last reader has gone, however it went, soon there is no process, no socket and no file.

    A process that was forked from one of them, for something else, does not hold the camera.
    """
    capture = VideoCapture(camera.url("door"))
    ours, childs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(childs)
        os.read(ours, 1)
        os._exit(0)
    ended, killed = (reader(start, camera.url("door")) for _ in range(2))
    run_of(ended)
    run_of(killed)
    capture.release()
    killed.kill()
    ended.terminate()
    ended.wait()
    eventually(lambda: not producers(shared), "the producer has ended", within=15)
    assert list(shared.iterdir()) == []
    eventually(lambda: camera.statistics().connections == 0, "the camera is free", within=5)
    os.close(ours)
    os.close(childs)
    assert os.waitpid(child, 0)[1] == 0


def test_opened_again(shared: Path, camera: CameraServer) -> None:
    """A program that releases a camera and opens it again finds it connected."""
    url = camera.url("door")
    runs = []
    for _ in range(2):
        with VideoCapture(url) as capture:
            assert capture.read()[0]
            frame = capture.frame()
            assert frame is not None
            runs.append(frame.run)
    assert runs[0] == runs[1]


def test_camera_that_comes_back(shared: Path) -> None:
    """While the camera is away reads fail and it stays open; when it is back there are pictures again."""
    with CameraServer(port=0, settings=SMALL) as server:
        url = server.url("door")
        port = int(url.split(":")[2].partition("/")[0])
        capture = VideoCapture(url, params=[cv2.CAP_PROP_READ_TIMEOUT_MSEC, 300])
        assert capture.read()[0]
    eventually(lambda: capture.read() == (False, None), "it is missed", within=10)
    assert capture.isOpened()
    with CameraServer(port=port, settings=SMALL):
        eventually(lambda: capture.read()[0], "pictures again", within=20)
    capture.release()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_fork(shared: Path, camera: CameraServer) -> None:
    """A forked process reads by a share of its own, which holds the camera when its parent has let it go."""
    capture = VideoCapture(camera.url("door"))
    run = capture.read() and capture.frame().run  # type: ignore[union-attr]
    mine, childs = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(mine, 1)  # until the parent has released it
        ok, _ = capture.read()
        frame = capture.frame()
        os._exit(0 if ok and frame and frame.run == run else 1)
    capture.release()
    os.write(childs, b"\0")
    assert os.waitpid(child, 0)[1] == 0
    os.close(mine)
    os.close(childs)


def test_others_speak_at_the_start(shared: Path, camera: CameraServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the dynamic linker says while the producer starts, as many systems let it, is no failure."""
    monkeypatch.setenv("LD_PRELOAD", "/nonexistent.so")
    with VideoCapture(camera.url("door")) as capture:
        assert capture.read()[0]


def test_password_appears_nowhere(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither process lists, files, logs, texts nor errors hold the password, right or wrong."""
    with CameraServer(port=0, settings=SMALL, credentials=Credentials("admin", "s3cret", "digest")) as server:
        url = server.url("door")
        wrong = VideoCapture(url.replace("s3cret", "wr0ng"))
        assert not wrong.isOpened()
        assert "password refused (401)" in caplog.text
        wrong.setExceptionMode(True)
        with pytest.raises(cv2.error, match="401") as caught:
            wrong.open(url.replace("s3cret", "wr0ng"))
        with VideoCapture(url) as capture:
            assert capture.read()[0]
            lists = [path.read_bytes() for pid in producers(shared) for path in _lists_of(pid)]
            files = list(shared.rglob("*"))
            shown = [*lists, *(str(file).encode() for file in files), caplog.text.encode(), str(caught.value).encode()]
            shown += [path.read_bytes() for path in files if path.is_file()]
            assert len(lists) >= 3  # two producers, and the capture that has not been refused
            assert not [text for text in [*shown, repr(capture).encode()] if re.search(rb"s3cret|wr0ng", text)]
    assert shared.stat().st_mode & 0o777 == 0o700


def _lists_of(pid: int) -> list[Path]:
    return [Path(f"/proc/{one}/cmdline") for one in (pid, *captures_of(pid))]


def test_password_with_a_space(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It ends no URL: neither the log nor the text form of the capture holds any part of it."""
    capture = VideoCapture("rtsp://user:my s3cret@127.0.0.1:9/x")
    assert not capture.isOpened()
    assert "has a space in it: write %20" in caplog.text
    assert not re.search(r"s3cret|user:my", caplog.text + repr(capture))
    assert list(shared.glob("*.socket")) == []


def test_what_can_never_be_opened(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A URL that means nothing is refused in one sentence, and leaves nothing."""
    assert not VideoCapture("rtsp://user:s3cret@/x").isOpened()
    assert "has no valid host and port" in caplog.text
    assert "s3cret" not in caplog.text
    assert list(shared.iterdir()) == []


def test_refused_camera_fails_at_once(shared: Path, camera: CameraServer, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that says no is not waited for."""
    started = time.monotonic()
    assert not VideoCapture(camera.url("door", fault="404")).isOpened()
    assert time.monotonic() - started < 8
    assert "no such stream (404)" in caplog.text


def test_without_what_a_producer_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where framefan is installed for consumers only, one sentence says what is missing."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'framefan\[producer\]'"):
        VideoCapture("rtsp://127.0.0.1/door")


def test_directory_that_others_may_enter(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A directory that somebody else could have prepared is not used."""
    shared.mkdir()
    shared.chmod(0o777)
    assert not VideoCapture("test:64x64@10").isOpened()
    assert "is not a directory of yours alone" in caplog.text


def test_directory_with_a_long_name(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the path of a socket would be too long, a shorter one is used."""
    long = shared.parent / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert lease._directory() == Path(f"/tmp/framefan-{os.getuid()}")

"""What a producer does while nobody watches, and when somebody comes: real processes."""

import signal
import sys
import time
from collections.abc import Iterator

import pytest
import zmq

from framefan.common.address import Endpoint
from framefan.common.sockets import Context
from framefan.common.state import CameraState, State
from framefan.consumer import Subscriber
from framefan.consumer.discovery import states
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from tests.programs import FRAMEFAN, Program, Start, captures_of, eventually, with_names

_MANY = 25
LEAVES = 10.0 + 5.0
"""Seconds after which a producer has noticed that the last watcher has left, on a busy machine."""


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    """An RTSP camera without a password."""
    with CameraServer(port=0) as server:
        yield server


def producer(start: Start, *words: str) -> tuple[Program, Endpoint]:
    """Start a producer and return it with its endpoint."""
    program = start(FRAMEFAN, "produce", *with_names(words), "--bind", "tcp://127.0.0.1:0")
    return program, Endpoint.parse(program.wait_for(r"publishing .* at (tcp://127\.0\.0\.1:\d+)")[1])


def all_idle(endpoint: Endpoint, within: float = LEAVES) -> list[CameraState]:
    """Wait until every camera is idle and its rate is that of many pictures, not of the first that came together."""

    def probe() -> list[CameraState] | None:
        found = states(endpoint, 5)
        return found if all(state.idle and state.fps and state.seq > _MANY for state in found) else None

    return eventually(probe, "every camera idle", within=within)


def watcher(start: Start, address: str) -> Program:
    """Start a process that watches a camera."""
    code = "import sys; from framefan.consumer import Subscriber\nfor frame in Subscriber(sys.argv[1]): print('frame')"
    program = start(sys.executable, "-uc", code, address)
    program.wait_for("frame")
    return program


@pytest.mark.timeout(120)
def test_idle_camera_is_known_and_soon_at_now(start: Start, camera: CameraServer) -> None:
    """Cameras of every kind are live, with rate and age, while nobody watches; a newcomer gets now, not the past."""
    sources: list[str] = []
    for codec in ("h264", "h265", "mjpeg"):
        sources += [camera.url(codec, codec=codec, size="320x176", fps=10, gop=20), "--name", codec]
    _, endpoint = producer(start, *sources, "test:320x176@10", "--name", "pattern")
    for state in all_idle(endpoint):
        assert (state.state, state.width, state.height) == (State.LIVE, 320, 176)
        assert 5 < state.fps < 20
    before = {state.camera: state.seq for state in states(endpoint, 5)}
    time.sleep(2.5)
    for state in states(endpoint, 5):
        assert state.age is not None
        assert state.age < 5
        assert state.seq > before[state.camera] + 5
        with Subscriber(f"{endpoint}/{state.camera}", timeout=15) as subscriber:
            frame = subscriber.read()
            assert frame.age < 1, state.camera
            assert frame.seq >= state.seq
            assert frame.image.shape == (176, 320, 3)
            numbers = [frame.seq, *(subscriber.read().seq for _ in range(3))]
            assert numbers == sorted(set(numbers))
            assert numbers[-1] < frame.seq + 20  # on a machine that has time each follows the other


@pytest.mark.timeout(120)
def test_a_slow_idle_camera_shows_its_newest_picture_at_once(start: Start, camera: CameraServer) -> None:
    """Nobody waits for the next picture of a camera that sends one every eight seconds."""
    _, endpoint = producer(start, camera.url("door", size="320x176", fps=0.125, gop=1))
    eventually(lambda: states(endpoint, 5)[0].seq > 1, "a second picture", within=30)
    for _ in range(2):
        asked = time.monotonic()
        with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
            frame = subscriber.read()
            assert frame.age < 8 + 2
            assert time.monotonic() - asked < 4
        newest = eventually(lambda: states(endpoint, 5)[0], "a state", within=5).seq
        assert frame.seq >= newest - 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_idle_again_when_the_last_watcher_is_gone(start: Start, end: signal.Signals) -> None:
    """One that was killed is gone at once, one that hangs when it does not answer heartbeats."""
    _, endpoint = producer(start, "test:320x176@10", "--name", "door")
    program = watcher(start, f"{endpoint}/door")
    assert not states(endpoint, 5)[0].idle
    assert states(endpoint, 5)[0].watchers == 1
    program.send_signal(end)
    try:
        eventually(lambda: states(endpoint, 5)[0].watchers == 0, "no watcher", within=20)
        all_idle(endpoint)
    finally:
        program.kill()


@pytest.mark.timeout(120)
def test_a_stranger_gets_frames(start: Start, context: Context) -> None:
    """A bare SUB, which tells nobody what it wants, gets frames, and only as long as it is there are they made."""
    _, endpoint = producer(start, "test:320x176@10", "--name", "door")
    all_idle(endpoint)
    stranger = context.socket(zmq.SUB)
    stranger.setsockopt(zmq.CONFLATE, 1)
    stranger.setsockopt(zmq.SUBSCRIBE, b"door\0")
    stranger.setsockopt(zmq.RCVTIMEO, 15_000)
    stranger.connect(endpoint.frames)
    assert len({stranger.recv() for _ in range(5)}) == 5
    told = states(endpoint, 5)[0]
    assert (told.idle, told.watchers) == (False, 0)
    stranger.close()
    all_idle(endpoint)


@pytest.mark.timeout(120)
def test_idle_camera_can_be_let_go(start: Start, camera: CameraServer) -> None:
    """With --disconnect-idle a camera is connected while somebody watches, and only then."""
    program, endpoint = producer(start, camera.url("door", size="320x176"), "--disconnect-idle")
    eventually(lambda: states(endpoint, 5)[0].state is State.IDLE, "the camera is let go", within=10)
    assert captures_of(program.pid) == []
    with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
        first = subscriber.read()
    eventually(lambda: states(endpoint, 5)[0].state is State.IDLE, "the camera is let go again", within=LEAVES)
    assert captures_of(program.pid) == []
    with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
        assert subscriber.read().seq > first.seq


@pytest.mark.timeout(120)
def test_a_camera_that_refuses_stays_so_when_nobody_watches(start: Start) -> None:
    """It is told what is wrong, and not that the camera was let go, until it would be tried again."""
    with CameraServer(port=0, credentials=Credentials("user", "s3cret")) as camera:
        url = camera.url("door").replace("s3cret", "wrong")
        _, endpoint = producer(start, url, "--disconnect-idle")
        with Subscriber(f"{endpoint}/door") as subscriber:
            eventually(lambda: subscriber.state.state is State.REFUSED, "it is refused", within=15)
        eventually(lambda: states(endpoint, 5)[0].idle, "nobody is left", within=LEAVES)
        time.sleep(1)
        assert states(endpoint, 5)[0].state is State.REFUSED

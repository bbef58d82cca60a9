"""Cameras that change, go and come back: real processes, real sockets."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from framefan.common.errors import BindError
from framefan.common.state import State
from framefan.consumer import NoFrame, Subscriber
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Start, eventually, producer

SMALL = Settings(size=(320, 176), fps=20)


@contextlib.contextmanager
def camera_at(port: int, settings: Settings = SMALL) -> Iterator[CameraServer]:
    """A camera at a certain port, as soon as that is free."""

    def attempt() -> CameraServer | None:
        with contextlib.suppress(BindError):
            return CameraServer(port=port, settings=settings)
        return None

    with eventually(attempt, f"port {port} is free", within=10) as server:
        yield server


def port_of(server: CameraServer) -> int:
    """Return the port of a camera."""
    return int(server.address.rpartition(":")[2])


@pytest.mark.parametrize("codec", ["h265", "mjpeg"])
def test_camera_that_comes_back_as_another(start: Start, codec: str) -> None:
    """A camera that restarts with another codec and size is followed, with the right size on each frame."""
    with CameraServer(port=0, settings=SMALL) as server:
        port = port_of(server)
        _, endpoint = producer(start, f"rtsp://127.0.0.1:{port}/door")
        with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
            assert subscriber.read().image.shape == (176, 320, 3)
            server.close()
            eventually(lambda: subscriber.state.state is State.OFFLINE, "it is missed", within=10)
            with camera_at(port, Settings(codec=codec, size=(640, 368), fps=10)):
                frame = next(frame for frame in subscriber if frame.width == 640)
                assert frame.image.shape == (368, 640, 3)
                state = eventually(lambda: subscriber.state if subscriber.state.fps else None, "live", within=10)
                assert (state.width, state.height) == (640, 368)
                assert state.codec == {"h265": "hevc", "mjpeg": "mjpeg"}[codec]
                assert state.reconnects >= 1


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_timestamps_that_jump(start: Start, seconds: int) -> None:
    """Timestamps of the camera that jump an hour are harmless: frames go on, fresh and in order."""
    with CameraServer(port=0, settings=SMALL) as server:
        _, endpoint = producer(start, server.url("door", jump=seconds, after=1))
        with Subscriber(f"{endpoint}/door", timeout=10) as subscriber:
            found = [subscriber.read() for _ in range(60)]
    assert all(frame.run == found[0].run for frame in found)
    assert all(frame.age < 3 for frame in found[-5:])


@pytest.mark.timeout(90)
def test_frozen_camera_that_recovers(start: Start) -> None:
    """A camera that stops sending without a word is called stalled, and is live again when it goes on, unreplaced."""
    with CameraServer(port=0, settings=SMALL) as server:
        program, endpoint = producer(start, server.url("door", fault="freeze", after=2, for_=13))
        with Subscriber(f"{endpoint}/door") as subscriber:
            run = subscriber.read().run
            eventually(lambda: subscriber.state.state is State.STALLED, "stalled", within=20)
            with pytest.raises(NoFrame, match="stalled"):
                [subscriber.read(0.3) for _ in range(100)]
            frame = subscriber.read(20)
            assert frame.run == run
            assert frame.age < 2
        program.wait_for("door stalled")
        program.wait_for("door live")


def test_one_dead_camera_delays_no_other(start: Start) -> None:
    """A camera that never answers leaves the others alone."""
    with CameraServer(port=0, settings=SMALL) as server:
        started = time.monotonic()
        _, endpoint = producer(start, server.url("mute", fault="mute"), server.url("door"))
        with Subscriber(f"{endpoint}/door", timeout=10) as subscriber:
            subscriber.read()
        assert time.monotonic() - started < 9, "the door waited for the opening of the mute camera"


SECRET = "s3cr/t"
ENCODED = "s3cr%2Ft"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?fault=401",
        "?fault=403",
        "?fault=503",
        "?fault=mute-play",
        "?fault=close&after=1",
        "?novideo=1",
        "?codec=x",
    ],
)
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_password_is_nowhere(start: Start, query: str, transport: str) -> None:
    """Whatever goes right or wrong, by our own reader or FFmpeg's, no output and no state holds the password."""
    with CameraServer(port=0, settings=SMALL, credentials=Credentials("admin", SECRET)) as server:
        url = f"rtsp://admin:{ENCODED}@127.0.0.1:{port_of(server)}/door{query}"
        program, endpoint = producer(start, url, "--name", "door", "--transport", transport)
        told = set()
        with Subscriber(f"{endpoint}/door") as subscriber:

            def settled() -> bool:
                told.add(str(subscriber.state))
                return subscriber.state.state not in (State.CONNECTING, State.UNREACHABLE)

            eventually(settled, "an outcome", within=25)
    for text in (program.output, *told):
        assert SECRET not in text
        assert ENCODED not in text

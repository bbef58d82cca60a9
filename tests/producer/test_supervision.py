"""Captures that hang, die or are paused, and a hub that was paused itself: real processes, real limits."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from framefan.common.state import State
from framefan.consumer import Frame, NoFrame, Subscriber
from framefan.producer.camera import stamp
from framefan.producer.camera.server import CameraServer
from tests.programs import FRAMEFAN, Program, Start, captures_of, eventually

ANYWHERE = ("--bind", "tcp://127.0.0.1:0")


def producer(start: Start, *words: str) -> tuple[Program, str]:
    """Start a producer and return it with its endpoint."""
    program = start(FRAMEFAN, "produce", *words, *ANYWHERE)
    return program, program.wait_for(r"publishing .* at (tcp://127\.0\.0\.1:\d+)")[1]


@pytest.mark.timeout(90)
def test_hung_capture_is_called_stalled_and_replaced(start: Start) -> None:
    """A capture that hangs is called stalled after 10 s and killed after 25 s; then frames come again by themselves.

    Meanwhile no read is silent, and another camera of the producer notices nothing.
    """
    program, endpoint = producer(start, "test:320x180@20", "--name", "door", "test:320x180@20", "--name", "yard")
    with Subscriber(f"{endpoint}/door") as door, Subscriber(f"{endpoint}/yard") as yard:
        before = door.read()
        run_of_yard = yard.read().run
        hung = next(pid for pid in captures_of(program.pid) if b"door" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(hung, signal.SIGSTOP)
        eventually(lambda: door.state.state is State.STALLED, "stalled", within=15)
        assert door.state.fps == 0
        assert door.state.stalls == 1
        with pytest.raises(NoFrame, match="stalled: connected, but no frame comes"):
            [door.read(0.3) for _ in range(100)]
        after = door.read(40)
        assert after.seq > before.seq
        assert after.run != before.run
        assert after.age < 2
        assert not Path(f"/proc/{hung}").exists()
        eventually(lambda: door.state.state is State.LIVE, "live", within=5)
        assert door.state.reconnects == 1
        assert yard.read().run == run_of_yard


@pytest.mark.timeout(120)
def test_paused_hub_replaces_nothing(start: Start) -> None:
    """A hub that was stopped for a minute with eight cameras goes on with the very same captures."""
    sources = [word for number in range(8) for word in ("test:160x96@5", "--name", f"c{number}")]
    program, endpoint = producer(start, *sources)
    with Subscriber(f"{endpoint}/c0", timeout=20) as subscriber:
        before = subscriber.read()
        eventually(lambda: len(captures_of(program.pid)) == 8, "eight captures", within=20)
        captures = captures_of(program.pid)
        os.kill(program.pid, signal.SIGSTOP)
        time.sleep(60)  # the point of the test
        os.kill(program.pid, signal.SIGCONT)
        after = next(frame for frame in subscriber if frame.age < 1)
        assert after.run == before.run
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            assert subscriber.read().run == before.run
    assert sorted(captures_of(program.pid)) == sorted(captures)
    assert not re.search("hangs|stalled|offline", program.output)


def test_stopped_capture_does_not_hold_up_the_end(start: Start) -> None:
    """SIGTERM ends a producer within 5 s even while a capture hangs."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        subscriber.read()
    hung = captures_of(program.pid)[0]
    os.kill(hung, signal.SIGSTOP)
    program.terminate()
    assert program.wait(5) == -signal.SIGTERM
    assert not Path(f"/proc/{hung}").exists()


@pytest.mark.timeout(90)
def test_overload_costs_frames_not_freshness(start: Start) -> None:
    """A capture with a fraction of the CPU it needs shows fewer pictures, each of them fresh, and says so."""
    with CameraServer(port=0) as camera:
        program, endpoint = producer(start, camera.url("door", size="1280x720", fps=25, gop=50))
        with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
            subscriber.read()
            with throttled(program, 0.03):
                eventually(lambda: "overloaded" in subscriber.state.reason, "it is told", within=40)
                ages = [age_in_picture(subscriber.read()) for _ in range(20)]
    assert sorted(ages)[18] < 2.0


def age_in_picture(frame: Frame) -> float:
    """Return the seconds since the moment that is written in a picture."""
    moment = stamp.read(frame.decode(gray=True))
    assert moment is not None
    return (time.time_ns() - moment) / 1e9


@contextmanager
def throttled(program: Program, fraction: float) -> Iterator[None]:
    """Let the capture of a producer run for a fraction of the time only."""
    over = threading.Event()
    capture = eventually(lambda: captures_of(program.pid), "a capture", within=10)[0]

    def run() -> None:
        while not over.is_set():
            os.kill(capture, signal.SIGCONT)
            over.wait(0.2 * fraction)
            os.kill(capture, signal.SIGSTOP)
            over.wait(0.2 * (1 - fraction))
        os.kill(capture, signal.SIGCONT)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()


def test_film_that_is_deleted_ends_no_other_camera(start: Start, tmp_path: Path) -> None:
    """When a capture's file is gone by its next start, that camera says so and the others go on."""
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(160, 96, "yuv420p")))
        container.mux(stream.encode())
    program, endpoint = producer(start, str(film), "test:320x180@20", "--name", "door", "--loop")
    program.wait_for("film live")
    film.unlink()
    hung = next(pid for pid in captures_of(program.pid) if b"film" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(hung, signal.SIGKILL)
    program.wait_for("film offline: source '.*film.mp4' is neither a URL nor a file that exists")
    with Subscriber(f"{endpoint}/door", timeout=10) as subscriber:
        assert subscriber.read().width == 320

"""Captures that hang, die or are paused, and a hub that was paused itself: real processes, real limits."""

import os
import re
import signal
import time
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from framefan.consumer import Frame, NoFrame, Subscriber
from framefan.producer.camera import stamp
from framefan.producer.camera.server import CameraServer
from tests.programs import Start, captures_of, eventually, producer, throttled


@pytest.mark.timeout(120)
@pytest.mark.parametrize("stops", [(60,), (1, 30)], ids=["a minute", "a moment, and then longer"])
def test_paused_hub_replaces_nothing(start: Start, stops: tuple[float, ...]) -> None:
    """A hub that was stopped with eight cameras goes on with the very same captures."""
    sources = [word for number in range(8) for word in ("test:160x96@5", "--name", f"c{number}")]
    program, endpoint = producer(start, *sources)
    with Subscriber(f"{endpoint}/c0", timeout=20) as subscriber:
        before = subscriber.read()
        eventually(lambda: len(captures_of(program.pid)) == 8, "eight captures", within=20)
        captures = captures_of(program.pid)
        for seconds in stops:
            subscriber.read()
            os.kill(program.pid, signal.SIGSTOP)
            time.sleep(seconds)  # the point of the test
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


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_stopped_capture_takes_nothing_old_for_new(start: Start, transport: str) -> None:
    """After a capture was stopped, what the kernel kept for it meanwhile does not look newer than it is."""
    with CameraServer(port=0) as camera:
        url = camera.url("door", size="640x360", fps=25, gop=10)
        program, endpoint = producer(start, url, "--name", "door", "--transport", transport)
        with Subscriber(f"{endpoint}/door", timeout=20, max_age=60, mode="stream") as subscriber:
            run = [subscriber.read().run for _ in range(25)][-1]
            capture = captures_of(program.pid)[0]
            os.kill(capture, signal.SIGSTOP)
            time.sleep(4)  # the point of the test
            os.kill(capture, signal.SIGCONT)
            resumed, ages = time.monotonic(), []
            while time.monotonic() < resumed + 3:
                frame = subscriber.read()
                assert age_in_picture(frame) < frame.age + 1.5  # less than a second away is no standstill
                assert frame.run == run
                ages.append(frame.age)
            assert sum(age < 0.5 for age in ages) > 5  # of some 70, on a machine that has time


@pytest.mark.timeout(90)
def test_overload_costs_frames_not_freshness(start: Start) -> None:
    """A capture with a fraction of the CPU it needs shows fewer pictures, each of them fresh, and says so."""
    with CameraServer(port=0) as camera:
        program, endpoint = producer(start, camera.url("door", size="1280x720", fps=25, gop=50))
        with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
            subscriber.read()
            with throttled(program, "door", 0.03):
                eventually(lambda: "overloaded" in subscriber.state.reason, "it is told", within=40)
                ages = [age_in_picture(subscriber.read()) for _ in range(20)]
    assert sorted(ages)[18] < 2.0


def age_in_picture(frame: Frame) -> float:
    """Return the seconds since the moment that is written in a picture."""
    moment = stamp.read(frame.decode(gray=True))
    assert moment is not None
    return (time.time_ns() - moment) / 1e9


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
    os.kill(captures_of(program.pid, "film")[0], signal.SIGKILL)
    program.wait_for("film offline: source '.*film.mp4' is neither a URL nor a file that exists")
    with Subscriber(f"{endpoint}/door", timeout=10) as subscriber:
        assert subscriber.read().width == 320


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the libraries of OpenCV's windows, as far as Python can see."""
    missing = "libxcb.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "cv2.py").write_text(f'raise ImportError("{missing}", name="cv2")')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_capture_that_cannot_be_imported_says_why(bare_machine: None, start: Start) -> None:
    """The last line of a capture's standard error is its camera's reason, in log and state, with a remedy."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    program.wait_for(
        r"door offline: capture died: ImportError: libxcb\.so\.1: cannot open shared object file: .*: "
        r"install framefan\[producer-headless\], or the packages that OpenCV's window functions need: libgl1"
    )
    with Subscriber(f"{endpoint}/door", timeout=5) as subscriber, pytest.raises(NoFrame, match=r"libxcb\.so\.1"):
        subscriber.read()

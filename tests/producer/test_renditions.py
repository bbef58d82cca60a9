"""Cameras in other sizes, rates and qualities: real producers and consumers."""

import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from framefan.common.address import Endpoint
from framefan.common.state import CameraState, State
from framefan.consumer import Frame, Subscriber
from framefan.producer.camera.server import CameraServer
from tests.programs import FRAMEFAN, Start, eventually, framefan, with_names


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    """An RTSP camera without a password."""
    with CameraServer(port=0) as server:
        yield server


def producer(start: Start, *words: str) -> Endpoint:
    """Start a producer and return its endpoint."""
    program = start(FRAMEFAN, "produce", *with_names(words), "--bind", "tcp://127.0.0.1:0")
    return Endpoint.parse(program.wait_for(r"publishing .* at (tcp://127\.0\.0\.1:\d+)")[1])


@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_sizes_qualities_and_gray(start: Start, camera: CameraServer, codec: str) -> None:
    """Each rendition has its size and quality, the number and the moment of its original, and its picture."""
    endpoint = producer(start, camera.url("door", codec=codec, size="640x352", fps=10), "--name", "door")
    full = (640, 352)
    wanted = {"width=320": (320, 176), "height=88&quality=40": (160, 88), "gray=1": full, "width=9999": full}
    with Subscriber(f"{endpoint}/door", timeout=20) as subscriber:
        for query, size in wanted.items():
            with Subscriber(f"{endpoint}/door?{query}", timeout=20) as rendition:
                frame, original = pair(rendition, subscriber)
            assert (frame.width, frame.height) == size
            assert frame.camera.startswith("door?")
            untouched = query == "width=9999" and codec == "mjpeg"
            assert frame.quality == (40 if "quality" in query else 0 if untouched else 80)
            assert (frame.captured_ns, frame.run) == (original.captured_ns, original.run)
            shown = cv2.resize(original.image, size, interpolation=cv2.INTER_AREA).astype(int)
            if "gray" in query:
                shown = cv2.cvtColor(original.image, cv2.COLOR_BGR2GRAY).astype(int)[..., np.newaxis]
            assert np.abs(frame.image - shown).mean() < 6


def pair(rendition: Subscriber, original: Subscriber) -> tuple[Frame, Frame]:
    """Return a frame of each that were made of the same picture."""
    one, other = rendition.read(), original.read()
    while one.seq != other.seq:
        if one.seq < other.seq:
            one = rendition.read()
        else:
            other = original.read()
    return one, other


def test_rate(start: Start) -> None:
    """A rendition of 5 fps comes five times a second, whatever the camera's rate is, and its state tells so."""
    endpoint = producer(start, "test:320x176@25", "--name", "door")
    with Subscriber(f"{endpoint}/door?fps=5", timeout=20) as subscriber:
        subscriber.read()
        begin = time.monotonic()
        numbers = [subscriber.read().seq for _ in range(20)]
        assert 2.5 < time.monotonic() - begin < 8
        steps = np.diff(numbers)
        assert 4 <= steps.mean() <= 6
        state = eventually(lambda: subscriber.state if subscriber.state.fps > 4 else None, "its rate", within=10)
        assert state.fps < 6
        assert (state.camera, state.width, state.watchers) == ("door?fps=5", 320, 1)


def test_too_many_renditions_are_refused_until_one_is_free(start: Start) -> None:
    """A camera makes as many renditions as it may; who asks for one more is told why not, and which there are."""
    endpoint = producer(start, "test:320x176@10", "--name", "door", "--renditions", "2")
    with (
        Subscriber(f"{endpoint}/door?width=160", timeout=20) as first,
        Subscriber(f"{endpoint}/door?width=80", timeout=20) as second,
    ):
        first.read()
        second.read()
        with Subscriber(f"{endpoint}/door?width=64", timeout=20) as third:
            state = refused(third)
            assert "door may have 2 renditions, which are taken: use one of width=160, width=80" in state.reason
            assert first.read().width == 160
            second.close()
            assert third.read(25).width == 64
            assert first.read().width == 160


def test_list_shows_renditions(start: Start) -> None:
    """`framefan list` has a line for each rendition, with its own size, rate and watchers."""
    endpoint = producer(start, "test:320x176@10", "--name", "door")
    with (
        Subscriber(f"{endpoint}/door?width=160&fps=5", timeout=20) as one,
        Subscriber(f"{endpoint}/door?fps=5&width=160", timeout=20) as same,
    ):
        one.read()
        same.read()
        eventually(lambda: one.state.width == 160 and one.state.watchers == 2, "its state", within=10)
        shown = framefan("list", str(endpoint)).stdout
    line = next(line for line in shown.splitlines() if "fps=5&width=160" in line)
    assert "160x88" in line
    assert " 2" in line


def refused(subscriber: Subscriber) -> CameraState:
    """Wait until a rendition is refused and return the state that says so."""

    def probe() -> CameraState | None:
        return subscriber.state if subscriber.state.state is State.REFUSED else None

    return eventually(probe, f"refused, not {subscriber.state}", within=10)

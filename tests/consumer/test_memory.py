"""Pixels from the memory of a producer on this host, chosen by itself, left by itself, and never in anybody's way."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from framefan.common.frame import Uses
from framefan.common.memory import Layout, realm
from framefan.common.state import CameraState, State
from framefan.consumer import Frame, Subscriber, VideoCapture
from framefan.consumer.memory import Preference, SharedMemory
from framefan.producer.camera.server import CameraServer
from framefan.producer.ring import Ring
from tests.producer.test_ring import files_of
from tests.programs import Program, Start, captures_of, eventually, framefan, producer, unavailable

CAMERA = "test:320x176@20"
LETS_GO = 15.0
"""Seconds after which nothing is made any more for a reader that has left."""
READER = """
import sys, time
from framefan.consumer import NoFrame, Subscriber

with Subscriber(sys.argv[1], timeout=1) as subscriber:
    while True:
        try:
            frame = subscriber.read()
            print("frame", frame.image.shape, frame.seq, subscriber.statistics().in_memory, flush=True)
        except NoFrame as missing:
            print(missing, flush=True)
"""


def read_until(subscriber: Subscriber, probe: Callable[[], bool], use: str = "image", within: float = 15) -> Frame:
    """Read and use frames until `probe` holds for a whole second, and return the last one."""
    deadline, since = time.monotonic() + within, 0.0
    while True:
        assert time.monotonic() < deadline, subscriber.statistics()
        frame = subscriber.read()
        getattr(frame, use)
        since = (since or time.monotonic()) if probe() else 0.0
        if since and time.monotonic() - since > 1:
            return frame


def in_memory(subscriber: Subscriber) -> Callable[[], bool]:
    """Return a probe of how frames come."""
    return lambda: subscriber.statistics().in_memory


def reader(start: Start, address: str, *before: str) -> Program:
    """Start a program that decodes every frame, in another process, or also as somebody else or elsewhere."""
    return start(*before, sys.executable, "-c", READER, address)


def test_a_reader_that_decodes_turns_to_memory(start: Start) -> None:
    """Pixels come without JPEG then, writable, none twice, none older than the one before, and under the same name."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        frame = subscriber.read()
        assert frame.place is None
        assert not subscriber.statistics().in_memory
        numbers, deadline = [], time.monotonic() + 5
        while time.monotonic() < deadline:
            frame = subscriber.read()
            numbers.append(frame.seq)
            assert (frame.camera, frame.image.shape, frame.image.flags.writeable) == ("door", (176, 320, 3), True)
            frame.image[:] = 0
            assert frame.age < 2
        assert subscriber.statistics().in_memory
        assert frame.place
        assert "320x176 raw" in str(frame)
        assert numbers == sorted(set(numbers))
        assert len(numbers) > 15  # of 150, on a busy machine
        assert (subscriber.state.camera, subscriber.state.state) == ("door", State.LIVE)
        assert not subscriber.statistics().rejected


def test_the_same_picture(start: Start) -> None:
    """Reduced and gray pictures, and the JPEG, are made of pixels as they are of a JPEG."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        raw = read_until(subscriber, in_memory(subscriber))
        with Subscriber(f"{endpoint}/door", timeout=15, mode="stream") as other:
            jpeg = other.read()
            assert jpeg.place is None
            for reduce, gray in ((1, False), (2, False), (1, True), (8, True)):
                ours, theirs = (each.decode(reduce=reduce, gray=gray) for each in (raw, jpeg))
                assert ours.shape == theirs.shape
                assert abs(ours.astype(int) - theirs).mean() < 12  # the scene moves
            assert not other.statistics().in_memory
        assert raw.decode() is not raw.image
        assert (raw.decode() == raw.image).all()
        assert raw.jpeg.startswith(b"\xff\xd8")


def test_who_wants_jpeg_gets_it(start: Start) -> None:
    """A reader that asks for a JPEG gets frames as JPEG from then on; one that does not decode always does."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as first, Subscriber(f"{endpoint}/door", timeout=15) as second:
        read_until(first, in_memory(first))
        assert first.read().jpeg.endswith(b"\xff\xd9")
        assert read_until(first, lambda: not first.statistics().in_memory).place is None
        read_until(second, lambda: second.statistics().received > 30, use="jpeg")
        assert not second.statistics().in_memory


@pytest.mark.parametrize(("mode", "expected"), [("stream", False), ("pull", False)])
def test_modes_that_are_told(start: Start, mode: str, expected: bool) -> None:
    """Who says how frames are to come gets them so."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15, mode=mode) as subscriber:  # type: ignore[arg-type]
        read_until(subscriber, lambda: subscriber.statistics().received > 30)
        assert subscriber.statistics().in_memory is expected


def test_rare_reads_pull_from_memory(start: Start) -> None:
    """A reader that takes few pictures asks for each, which is in memory then."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        deadline, frame = time.monotonic() + 40, subscriber.read()
        while (found := subscriber.statistics()).mode != "pull" or not found.in_memory or not frame.place:
            assert time.monotonic() < deadline, found
            frame = subscriber.read()
            assert frame.image.shape == (176, 320, 3)
            time.sleep(0.4)
        assert frame.age < 2


def test_renditions(start: Start) -> None:
    """A rendition comes as pixels too: of its size, at its rate, gray if asked for; it counts as one rendition."""
    _, endpoint = producer(start, CAMERA, "--name", "door", "--renditions", "2")
    small = Subscriber(f"{endpoint}/door?width=160&quality=50&fps=10", timeout=15)
    gray = Subscriber(f"{endpoint}/door?gray=1", timeout=15)
    with small, gray:
        frame = read_until(small, in_memory(small))
        assert (frame.camera, frame.image.shape) == ("door?fps=10&quality=50&width=160", (88, 160, 3))
        assert small.statistics().fps < 15
        assert small.state.camera == frame.camera
        frame = read_until(gray, in_memory(gray))
        assert frame.image.shape == (176, 320, 3)
        assert (frame.image[..., 0] == frame.image[..., 2]).all()


def test_filled_only_for_readers(start: Start) -> None:
    """Nobody reads pixels: no memory is held. Somebody does: four pictures. He leaves or is killed: none again."""
    program, endpoint = producer(start, CAMERA, "--name", "door")
    capture = eventually(lambda: captures_of(program.pid), "a capture", within=10)[0]
    with Subscriber(f"{endpoint}/door", timeout=15, mode="stream") as other:
        other.read()
        assert not files_of(capture)
        watching = reader(start, f"{endpoint}/door")
        watching.wait_for("frame .* True")
        assert eventually(lambda: len(files_of(capture)) == 4, "pictures in memory", within=5)
        watching.kill()
        assert eventually(lambda: not files_of(capture), "none", within=LETS_GO)
        other.read()


@pytest.mark.timeout(120)
def test_the_capture_is_killed(start: Start) -> None:
    """Pictures come back, from the memory of the next capture in the end, and that of the dead one is gone."""
    program, endpoint = producer(start, CAMERA, "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        before = read_until(subscriber, in_memory(subscriber))
        os.kill(captures_of(program.pid)[0], signal.SIGKILL)

        last = [before]

        def from_the_next() -> bool:
            last[0] = subscriber.read()
            return bool(last[0].image.size) and last[0].run != before.run

        read_until(subscriber, from_the_next)
        read_until(subscriber, in_memory(subscriber), within=50)
        capture = captures_of(program.pid)[0]
        assert eventually(lambda: files_of(os.getpid()) <= files_of(capture), "old ones are gone", within=5)


def test_another_container(start: Start) -> None:
    """Where process ids mean something else, frames come as JPEG, without a try."""
    unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode:
        unavailable("another namespace needs unshare, and root that may use it")
    _, endpoint = producer(start, CAMERA, "--name", "door")
    elsewhere = reader(start, f"{endpoint}/door", *unshare)
    for _ in range(60):
        assert elsewhere.wait_for(r"frame .*(True|False)")[1] == "False"
    with Subscriber(f"{endpoint}/door?width=100", timeout=15) as subscriber:
        subscriber.read()
        assert eventually(lambda: "raw" not in listed(endpoint), "nobody has tried", within=2)


def test_another_user(start: Start) -> None:
    """Who may not look into the producer's process gets JPEG after one try, and no frame is waited for longer."""
    if os.geteuid() or not shutil.which("setpriv"):
        unavailable("another user needs root and setpriv")
    program, endpoint = producer(start, CAMERA, "--name", "door")
    somebody = ("setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all")
    probe = start(*somebody, sys.executable, "-c", "import framefan.consumer; print('reachable')")
    if "reachable" not in eventually(lambda: probe.output, "somebody's Python", within=10):
        pytest.skip("this Python is not for everybody")
    other = reader(start, f"{endpoint}/door", *somebody)
    other.wait_for("frame .* False", within=20)
    assert eventually(lambda: files_of(captures_of(program.pid)[0]), "a try", within=10)
    for _ in range(60):
        other.wait_for("frame .* False")
    assert "no frame" not in other.output
    assert other.output.count("True") < 10  # as long as the try took


def test_no_memory_to_share(start: Start) -> None:
    """A capture that may not have memory says so, and readers get JPEG."""
    if not shutil.which("prlimit"):
        unavailable("a limit needs prlimit")
    _, endpoint = producer(start, CAMERA, "--name", "door", before=("prlimit", "--fsize=50000"))
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        assert eventually(lambda: subscriber.state.memory == realm(), "it offers memory", within=5)
        read_until(subscriber, lambda: subscriber.state.memory == "")
        read_until(subscriber, lambda: not subscriber.statistics().in_memory)


def test_jpeg_cameras_are_passed_through(start: Start) -> None:
    """Of a camera that sends JPEG, nothing is decoded for readers who can do that themselves."""
    with CameraServer(port=0) as camera:
        _, endpoint = producer(start, camera.url("door", codec="mjpeg", size="320x176", fps=20), "--name", "door")
        with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
            read_until(subscriber, lambda: subscriber.statistics().received > 40)
            assert not subscriber.statistics().in_memory
            assert subscriber.state.memory == ""


def test_relayed_cameras_are_not_in_memory(start: Start) -> None:
    """What a relay offers comes as JPEG, since its producer may be anywhere."""
    _, edge = producer(start, CAMERA, "--name", "door")
    _, relay = producer(start, edge)
    with Subscriber(f"{relay}/door", timeout=15) as subscriber:
        read_until(subscriber, lambda: subscriber.statistics().received > 40)
        assert not subscriber.statistics().in_memory


def test_video_capture(start: Start) -> None:
    """`VideoCapture` reads from memory; what it returned is the caller's, and can be retrieved again."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    with VideoCapture(f"{endpoint}/door") as capture:
        deadline, image = time.monotonic() + 15, None
        while (frame := capture.frame()) is None or not frame.place:
            assert time.monotonic() < deadline
            ok, image = capture.read()
            assert ok
        assert image is not None
        kept = image.copy()
        image[:] = 0
        ok, again = capture.retrieve()
        assert ok
        assert again is not None
        assert (again == kept).all()


def test_after_a_fork(start: Start) -> None:
    """A forked process reads from memory by itself, and lets its parent's go."""
    _, endpoint = producer(start, CAMERA, "--name", "door")
    subscriber = Subscriber(f"{endpoint}/door", timeout=15)
    with subscriber:
        read_until(subscriber, in_memory(subscriber))
        child = os.fork()
        if child == 0:
            try:
                read_until(subscriber, in_memory(subscriber))
                os._exit(0 if len(files_of(os.getpid())) <= 4 else 2)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        read_until(subscriber, in_memory(subscriber))


def test_forked_in_the_middle_of_a_copy() -> None:
    """What a thread of the parent was copying when the process was forked does not keep the child from letting go."""
    ring, memory = Ring(), SharedMemory()
    with ring.writing(1, [np.zeros((48, 64, 3), np.uint8)], Layout.BGR) as place:
        pass
    assert memory.copy(place, 1, (48, 64, 3)) is not None
    with memoryview(memory._files[place.name]._memory):  # as that thread has it
        memory.close()
    assert not memory._files
    ring.close()


def test_preference(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes some decoded pictures, an offer from here, and no JPEG; after failures it waits, longer each time."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    here = CameraState(camera="door", state=State.LIVE, memory=realm())
    elsewhere = CameraState(camera="door", state=State.LIVE, memory="another/1")
    nowhere = CameraState(camera="door", state=State.LIVE)
    preference = Preference()
    assert preference.prefers(Uses(pixels=3), here)
    assert not preference.prefers(Uses(pixels=2), here)
    assert not preference.prefers(Uses(pixels=100, jpegs=1), here)
    assert not preference.prefers(Uses(pixels=3), elsewhere)
    assert not preference.prefers(Uses(pixels=3), nowhere)
    waits = []
    for _ in range(10):
        preference.fail()
        waits.append(
            next(wait for wait in (30, 60, 120, 240, 480, 960, 1920, 3600) if tried_after(preference, here, now, wait))
        )
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def tried_after(preference: Preference, state: CameraState, now: list[float], wait: float) -> bool:
    """Return whether it is tried again after so many seconds, to which the clock is set."""
    failed, now[0] = now[0], now[0] + wait
    tried = preference.prefers(Uses(pixels=3), state)
    if not tried:
        now[0] = failed
    return tried


def listed(endpoint: str) -> str:
    """Return what `framefan list` says."""
    return framefan("list", endpoint).stdout

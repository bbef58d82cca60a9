"""`VideoCapture` on a camera: the newest picture, an end to every wait, and pictures again when the camera is back."""

import gc
import logging
import os
import pickle
import threading
import time
from collections.abc import Iterator
from itertools import islice

import cv2
import numpy as np
import pytest

from framefan.consumer import NoFrame, VideoCapture
from framefan.producer import Publisher
from tests import pictures
from tests.programs import eventually

NOBODY = "tcp://127.0.0.1:9/door"
SOON = (cv2.CAP_PROP_READ_TIMEOUT_MSEC, 300)
AT_ONCE = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 300)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A producer at any free port."""
    with Publisher("tcp://127.0.0.1:0") as made:
        yield made


class Door:
    """A camera of which a test says when it gives a picture; their brightness tells them apart."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.address = publisher.endpoint + "/door"
        self.number = 0

    def show(self, *, ago: float = 0.0) -> None:
        """Give the next picture."""
        self.number += 1
        image = pictures.flat(colour=(self.number, self.number, self.number))
        self._publisher.publish("door", image, captured_ns=time.monotonic_ns() - int(ago * 1e9))

    def show_to(self, capture: VideoCapture) -> None:
        """Give the next picture and wait until it has arrived."""
        camera = capture._camera
        assert camera is not None
        before = camera._link._subscriber.statistics()
        self.show()

        def arrived() -> bool:
            now = camera._link._subscriber.statistics()
            return now.received - now.repeated > before.received - before.repeated

        eventually(arrived, "it has arrived", within=5)


@pytest.fixture
def door(publisher: Publisher) -> Door:
    """A camera with one picture."""
    made = Door(publisher)
    made.show(ago=0.6)  # so that who comes later gets it at once, and not only the next one
    return made


@pytest.fixture
def capture(door: Door) -> Iterator[VideoCapture]:
    """A capture of it that has not been read."""
    with VideoCapture(door.address, params=SOON) as made:
        assert made.isOpened()
        yield made


def brightness(answer: tuple[bool, np.ndarray | None]) -> int | None:
    """Return which picture was read, None for none."""
    return None if answer[1] is None else round(float(answer[1].mean()))


@pytest.fixture
def stream(publisher: Publisher) -> Iterator[str]:
    """The address of a camera with 50 pictures a second."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.02):
            publisher.publish("yard", pictures.flat())

    thread = threading.Thread(target=run)
    thread.start()
    yield publisher.endpoint + "/yard"
    over.set()
    thread.join()


def test_first_picture_was_waited_for_and_is_read(capture: VideoCapture) -> None:
    """Opening waits for a picture without taking it away."""
    assert brightness(capture.read()) == 1


def test_never_the_same_twice(door: Door, capture: VideoCapture) -> None:
    """Without a newer picture there is none, and the newest is the one that is read."""
    assert brightness(capture.read()) == 1
    assert capture.read() == (False, None)
    for _ in range(3):
        door.show_to(capture)
    assert brightness(capture.read()) == 4
    assert capture.read() == (False, None)


def test_newer_than_the_one_of_the_opening(door: Door, capture: VideoCapture) -> None:
    """What came since the opening is read instead of what it had waited for."""
    door.show_to(capture)
    assert brightness(capture.read()) == 2
    assert capture.read() == (False, None)


def test_read_waits_for_the_next(door: Door, capture: VideoCapture) -> None:
    """A read waits as long as its time-out allows."""
    capture.read()
    assert capture.set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000)
    timer = threading.Timer(0.7, door.show)
    timer.start()
    assert brightness(capture.read()) == 2
    timer.join()


def test_retrieve_decodes_what_was_grabbed(door: Door, capture: VideoCapture) -> None:
    """What was grabbed can be retrieved twice, is the caller's own, and stays when newer pictures come."""
    assert capture.retrieve() == (False, None)
    assert capture.grab()
    door.show_to(capture)
    ok, first = capture.retrieve()
    assert ok
    assert first is not None
    first[:] = 0
    assert brightness(capture.retrieve(flag=0)) == 1
    assert capture.grab()
    assert brightness(capture.retrieve()) == 2
    assert not capture.grab()
    assert capture.retrieve() == (False, None)


def test_pictures_are_bgr_and_writable(capture: VideoCapture) -> None:
    """A picture is an array of the caller's own: BGR uint8 of (height, width, 3)."""
    _, image = capture.read()
    assert image is not None
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    assert image.flags.writeable


def test_an_array_is_filled(door: Door, capture: VideoCapture) -> None:
    """A picture goes into an array that fits, and into one of its own if it does not."""
    image = np.zeros((48, 64, 3), np.uint8)
    assert capture.read(image)[1] is image
    assert brightness((True, image)) == 1
    door.show_to(capture)
    assert capture.read(np.zeros((1, 1, 3), np.uint8))[1] is not image


def test_old_pictures_are_dropped(door: Door) -> None:
    """Of a camera with a picture older than max_age there is none."""
    with VideoCapture(door.address, params=SOON, max_age=1.0) as capture:
        capture.read()
        door.show(ago=2.0)
        assert capture.read() == (False, None)


def test_facts(door: Door, capture: VideoCapture) -> None:
    """The facts of the last picture can be asked for."""
    assert capture.frame() is None
    capture.read()
    frame = capture.frame()
    assert frame is not None
    assert (frame.seq, frame.width, frame.camera) == (1, 64, "door")
    assert 0 < frame.age < 5


def test_properties(door: Door, capture: VideoCapture) -> None:
    """Size, rate, position and time-outs are told; what a camera does not have is 0 and cannot be set."""
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (64, 48)
    capture.read()
    assert capture.get(cv2.CAP_PROP_POS_FRAMES) == 1
    assert capture.get(cv2.CAP_PROP_POS_MSEC) == 0
    door.show_to(capture)
    capture.read()
    assert capture.get(cv2.CAP_PROP_POS_FRAMES) == 2
    assert capture.get(cv2.CAP_PROP_POS_MSEC) > 0
    assert capture.get(cv2.CAP_PROP_FOURCC) == cv2.VideoWriter.fourcc(*"jpeg")
    assert capture.get(cv2.CAP_PROP_READ_TIMEOUT_MSEC) == 300
    assert capture.get(cv2.CAP_PROP_FORMAT) == cv2.CV_8UC3
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == capture.get(12345) == 0
    assert capture.set(cv2.CAP_PROP_BUFFERSIZE, 3)
    assert capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
    assert not capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    assert not capture.set(cv2.CAP_PROP_FRAME_WIDTH, 320)
    assert not capture.set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, -1)
    assert capture.getBackendName() == "FRAMEFAN"


def test_arguments_as_opencv_names_them(door: Door) -> None:
    """A source may be called `filename`, and parameters may be an array."""
    door.show()
    for params in (np.asarray(SOON), np.asarray([]), None):
        with VideoCapture(filename=door.address, apiPreference=cv2.CAP_ANY, params=params) as capture:
            assert capture.read()[0]
            assert capture.open(filename=door.address, params=params)


def test_rate_is_known_at_once(stream: str) -> None:
    """The rate can be asked for right after the opening, as for a VideoWriter."""
    with VideoCapture(stream) as capture:
        assert 20 < capture.get(cv2.CAP_PROP_FPS) < 60


def test_camera_that_is_down(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Reads of a silent camera fail in time and say so once; when it is back there are pictures again."""
    with VideoCapture(door.address, params=SOON) as capture:
        capture.read()
        door._publisher.close()
        eventually(lambda: capture.read() == (False, None) and caplog.messages, "it is missed", within=10)
        assert capture.isOpened()
        assert capture.read() == (False, None)
        assert len(caplog.messages) == 1
        with Publisher(door.address.removesuffix("/door")) as publisher:
            again = Door(publisher)

            def returned() -> bool:
                again.show()
                return capture.read()[0]

            eventually(returned, "pictures again", within=15)


def test_nobody_there(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be opened is closed, with a reason in the log."""
    with VideoCapture(NOBODY, params=AT_ONCE) as capture:
        assert not capture.isOpened()
        assert capture.read() == (False, None)
    assert "no frame of tcp://127.0.0.1:9/door within 0.3 s" in caplog.text


@pytest.mark.parametrize("source", ["tcp://127.0.0.1:9", "tcp://127.0.0.1:x/door", "tcp://127.0.0.1:9/door?nose=3"])
def test_wrong_addresses(source: str, caplog: pytest.LogCaptureFixture) -> None:
    """An address that means nothing is refused in one sentence."""
    assert not VideoCapture(source).isOpened()
    assert len(caplog.messages) == 1


def test_camera_that_comes_late(publisher: Publisher) -> None:
    """A camera that its producer does not have yet is waited for."""
    timer = threading.Timer(0.7, Door(publisher).show)
    timer.start()
    with VideoCapture(publisher.endpoint + "/door") as capture:
        assert brightness(capture.read()) == 1
    timer.join()


def test_unknown_camera(publisher: Publisher, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """If it does not come, the log tells which cameras there are."""
    assert not VideoCapture(publisher.endpoint + "/nose", params=AT_ONCE).isOpened()
    assert "no camera of that name here; there are: door" in caplog.text


def test_exception_mode(door: Door, capture: VideoCapture) -> None:
    """If failures are to raise they raise OpenCV's error, with the reason."""
    capture.setExceptionMode(True)
    assert capture.getExceptionMode()
    capture.read()
    for method in (capture.read, capture.grab, capture.retrieve):
        with pytest.raises(cv2.error, match="no frame of tcp:"):
            method()
    with pytest.raises(cv2.error, match=r"127\.0\.0\.1:9"):
        capture.open(NOBODY, params=AT_ONCE)
    assert not capture.isOpened()


def test_iteration(stream: str) -> None:
    """Iteration yields pictures; when none comes it raises instead of waiting silently."""
    with VideoCapture(stream) as capture:
        assert [image.shape for image in islice(capture, 5)] == [(48, 64, 3)] * 5


def test_iteration_raises_when_pictures_stop(capture: VideoCapture) -> None:
    """Iteration is never silent, and ends when the source is released."""
    with pytest.raises(NoFrame):
        for _ in capture:
            pass
    capture.release()
    assert list(capture) == []


def test_wait_any(door: Door, stream: str, capture: VideoCapture) -> None:
    """Of several cameras those are told that have a new picture, which is grabbed."""
    capture.read()
    with VideoCapture(stream) as yard:
        ready, indexes = VideoCapture.waitAny([capture, yard], 5_000_000_000)
        assert (ready, indexes) == (True, [1])
        assert yard.retrieve()[0]
        door.show_to(capture)
        assert 0 in VideoCapture.waitAny([capture, yard])[1]
        assert brightness(capture.retrieve()) == 2
    assert VideoCapture.waitAny([capture], 10_000_000) == (False, [])
    with pytest.raises(cv2.error):
        VideoCapture.waitAny([capture, VideoCapture()])


def test_wait_any_ends_with_the_last_capture(capture: VideoCapture) -> None:
    """When all of them are released meanwhile, waiting is over, also without a limit."""
    capture.read()
    timer = threading.Timer(0.2, capture.release)
    timer.start()
    assert VideoCapture.waitAny([capture]) == (False, [])
    timer.join()


def test_release_ends_a_waiting_read(capture: VideoCapture) -> None:
    """Releasing is safe twice, and from another thread ends a read that waits."""
    capture.set(cv2.CAP_PROP_READ_TIMEOUT_MSEC, 60_000)
    capture.read()
    timer = threading.Timer(0.2, capture.release)
    timer.start()
    assert capture.read() == (False, None)
    timer.join()
    capture.release()
    assert not capture.isOpened()


def test_open_again(door: Door, stream: str, capture: VideoCapture) -> None:
    """An object can be opened for another source, which lets the one before go."""
    assert capture.open(stream)
    assert "yard" in repr(capture)
    assert not [thread for thread in threading.enumerate() if thread.name == f"framefan {door.address}"]
    assert capture.read()[0]


def test_forgotten_capture_is_collected(door: Door) -> None:
    """A capture that nobody holds any more takes everything with it."""
    capture = VideoCapture(door.address)
    name = f"framefan {door.address}"
    assert name in [thread.name for thread in threading.enumerate()]
    del capture
    gc.collect()
    assert name not in [thread.name for thread in threading.enumerate()]


def test_threads_share_a_capture(stream: str) -> None:
    """Threads that read the same capture get different pictures, or all the same one that was grabbed."""
    seen: list[np.ndarray] = []
    with VideoCapture(stream) as capture:

        def read() -> None:
            for _ in range(10):
                ok, image = capture.read()
                assert ok
                assert image is not None
                seen.append(image)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert capture._camera is not None
        assert capture._camera._link._subscriber.statistics().returned >= 30
    assert len({id(image) for image in seen}) == 30


def test_pickle_is_the_source(stream: str) -> None:
    """What travels is what was opened, with its settings."""
    with VideoCapture(stream, cv2.CAP_ANY, SOON, max_age=3) as capture, pickle.loads(pickle.dumps(capture)) as copy:
        assert copy.read()[0]
        assert (copy.max_age, copy.get(cv2.CAP_PROP_READ_TIMEOUT_MSEC)) == (3, 300)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_fork(stream: str) -> None:
    """A forked process reads on its own, while its parent reads on."""
    with VideoCapture(stream) as capture:
        assert capture.read()[0]
        child = os.fork()
        if child == 0:
            os._exit(0 if all(capture.read()[0] for _ in range(3)) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert capture.read()[0]


def test_damaged_picture(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    """A JPEG that cannot be decoded is told and no picture."""
    whole = pictures.jpeg()
    damaged = whole.replace(b"\xff\xdb", b"\xff\xfe")  # without its tables it cannot be decoded at all
    publisher.publish("door", damaged, captured_ns=time.monotonic_ns() - 600_000_000)
    with VideoCapture(publisher.endpoint + "/door", params=SOON) as capture, caplog.at_level(logging.WARNING):
        assert capture.read() == (False, None)
        assert capture.isOpened()
    assert "cannot be decoded" in caplog.text

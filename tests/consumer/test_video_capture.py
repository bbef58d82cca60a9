"""`VideoCapture` on films: whatever is done to it, it does what OpenCV does."""

import multiprocessing
import os
import pickle
import random
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from framefan import consumer
from framefan.consumer import VideoCapture, video_capture

FRAMES = 30
PROPERTIES = (
    cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT,
    cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_POS_MSEC, cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_BACKEND, 12345,
)  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 30 pictures, no two alike, with B-frames."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.options = {"bf": "2", "g": "12"}
        for number in range(FRAMES):
            image = np.full((96, 160, 3), 8 * number, np.uint8)
            image[:, number * 5 : number * 5 + 5] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def outcome(capture: VideoCapture | cv2.VideoCapture, method: str, *words: Any) -> Any:
    """Return what a call answers, arrays as bytes, or which error it raises."""
    try:
        answer = getattr(capture, method)(*words)
    except cv2.error as error:
        return error.code, error.err
    if isinstance(answer, tuple):
        return answer[0], None if answer[1] is None else (answer[1].shape, answer[1].tobytes())
    return answer


@pytest.mark.parametrize("seed", range(12))
def test_any_order_as_opencv(film: Path, seed: int) -> None:
    """Whatever is called in whatever order on a film, the answers are OpenCV's."""
    chance = random.Random(seed)
    path = str(film)
    calls: list[tuple[int, str, Callable[[], tuple[Any, ...]]]] = [
        (12, "read", tuple),
        (6, "grab", tuple),
        (6, "retrieve", tuple),
        (1, "release", tuple),
        (2, "isOpened", tuple),
        (1, "getBackendName", tuple),
        (1, "getExceptionMode", tuple),
        (2, "open", lambda: (path,)),
        (1, "open", lambda: (path, cv2.CAP_FFMPEG)),
        (1, "open", lambda: (path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])),
        (1, "open", lambda: (path + ".missing", cv2.CAP_FFMPEG)),
        (6, "get", lambda: (chance.choice(PROPERTIES),)),
        (3, "set", lambda: (cv2.CAP_PROP_POS_FRAMES, chance.randrange(-1, FRAMES + 2))),
        (1, "set", lambda: (12345, 1)),
        (1, "setExceptionMode", lambda: (chance.random() < 0.3,)),
    ]
    weights = [weight for weight, _, _ in calls]
    with VideoCapture(path) as ours:
        theirs = cv2.VideoCapture(path)
        for number in range(150):
            _, method, words = chance.choices(calls, weights)[0]
            given = words()
            assert outcome(ours, method, *given) == outcome(theirs, method, *given), f"call {number}: {method}{given}"


def test_every_picture_once_in_order(film: Path) -> None:
    """A film gives every picture, in order, once, and then nothing more."""
    with VideoCapture(film) as capture:
        marks = [int(image[0].mean(axis=1).argmax()) // 5 for image in capture]
        assert marks == list(range(FRAMES))
        assert capture.read() == (False, None)
        assert capture.frame() is None
        assert capture.getBackendName() == "FFMPEG"


def test_nothing_opened() -> None:
    """Without a source it is closed, as OpenCV's is."""
    with VideoCapture() as capture, VideoCapture("/no/such/film.mp4") as missing:
        for closed in (capture, missing):
            assert not closed.isOpened()
            assert closed.read() == (False, None)
            closed.release()


def test_arguments_as_opencv_names_them(film: Path) -> None:
    """What to open may be called `filename` or `index`, and must be given to `open`."""
    with VideoCapture(filename=str(film)) as capture:
        assert capture.read()[0]
        assert capture.open(filename=str(film))
        assert not capture.open(index=99)
        assert not VideoCapture(index=99).isOpened()
        with pytest.raises(TypeError, match="what to open"):
            capture.open()


def test_an_array_is_filled(film: Path) -> None:
    """As with OpenCV, a picture can go into an array that is there."""
    image = np.zeros((96, 160, 3), np.uint8)
    with VideoCapture(str(film)) as capture:
        assert capture.read(image)[1] is image
        assert image.any()


def test_threads_share_a_film(film: Path) -> None:
    """Threads that read the same capture get each picture once between them."""
    found: list[int] = []
    with VideoCapture(str(film)) as capture:

        def read() -> None:
            while (answer := capture.read())[0]:
                assert answer[1] is not None
                found.append(int(answer[1][0].mean(axis=1).argmax()) // 5)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == list(range(FRAMES))


def _read_one(capture: VideoCapture, answer: Connection) -> None:
    ok, image = capture.read()
    assert ok
    assert image is not None
    answer.send(int(image[0].mean(axis=1).argmax()) // 5)


@pytest.mark.parametrize(("method", "number"), [("fork", 4), ("spawn", 0)])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_other_processes(film: Path, method: str, number: int) -> None:
    """A forked process goes on in the film where its parent was, one that gets it as a pickle begins anew."""
    mine, theirs = multiprocessing.Pipe()
    with VideoCapture(str(film)) as capture, mine, theirs:
        for _ in range(4):
            capture.read()
        child = multiprocessing.get_context(method).Process(target=_read_one, args=(capture, theirs))  # type: ignore[attr-defined]
        child.start()
        assert mine.poll(15)
        assert mine.recv() == number
        child.join(10)
        assert child.exitcode == 0
        assert capture.get(cv2.CAP_PROP_POS_FRAMES) == 4


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_forked_process_ends_in_order(film: Path, used: bool) -> None:
    """A forked process that forgets a capture does not hang, whether it has used it or not."""
    capture = VideoCapture(str(film))
    capture.read()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends also what hangs in a library
        signal.alarm(20)
        if used:
            capture.read()
        del capture
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    capture.release()


def test_closed_capture_pickles_closed(film: Path) -> None:
    """What has been released arrives released, and no longer knows its source."""
    capture = VideoCapture(str(film), max_age=3)
    capture.release()
    copy = pickle.loads(pickle.dumps(capture))
    assert not copy.isOpened()
    assert (copy.max_age, repr(copy)) == (3, "<VideoCapture of nothing>")


@pytest.mark.parametrize(
    ("source", "is_film"),
    [
        ("http://host/film.mp4", True),
        ("HTTPS://host/films/Film.WMV?part=2#t=10", True),
        ("http://host/film.m2ts", True),
        ("http://host/picture.jpg", True),
        ("http://host/video.mjpeg", False),
        ("http://host/stream?file=film.mp4", False),
        ("http://camera.ts", False),
        ("rtsp://camera/video.mp4", False),
        ("tcp://host:5550/yard.ts", False),
        ("test:64x64@10", False),
        ("film.mp4", True),
    ],
)
def test_films_and_cameras(source: str, is_film: bool) -> None:
    """A URL is a film's by the end of its path, but not by RTSP nor at a producer, whatever a stream is called."""
    assert video_capture._camera(source) == (None if is_film else source)


def test_same_methods_as_opencv() -> None:
    """Every method of OpenCV's class is there."""
    assert {name for name in dir(cv2.VideoCapture) if not name.startswith("_")} <= set(dir(VideoCapture))


def test_in_place_of_opencvs(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program can put the class in the place of OpenCV's, for libraries that import theirs."""
    monkeypatch.setattr(cv2, "VideoCapture", VideoCapture)
    with cv2.VideoCapture(str(film)) as capture:  # type: ignore[attr-defined]
        assert capture.read()[0]


def test_unknown_name_of_the_package() -> None:
    """The package's lazy import is for that class only."""
    with pytest.raises(AttributeError, match="nothing_such"):
        consumer.nothing_such  # noqa: B018

"""sparse_sampling: some pictures of a film of 5 minutes, against OpenCV reading every frame; 1280x720 H.264.

Both write the same files, with the same encoder; the film has a keyframe every 250 pictures, as x264 does by default.
What is timed is `framefan sample` without the start of Python, the index included.
"""

import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

from framefan.common.signals import Stop
from framefan.consumer.directory import Directory
from framefan.consumer.film.pick import Pick
from framefan.consumer.film.sampler import FilmSampler
from framefan.consumer.interval import Interval
from framefan.consumer.names import Template

from .pictures import FPS, pictures
from .report import Report, main, median

_WIDTH, _HEIGHT = 1280, 720
_SECONDS = 300
_GOALS = {1000: 25.0, 25: 1.5}
"""How many times faster than OpenCV, for every so many pictures."""


def measure(report: Report, seconds: float) -> None:
    """Sample in turns, ours and theirs, at least twice and for `seconds`."""
    with tempfile.TemporaryDirectory() as name:
        film = Path(name, "film.mp4")
        _make(film)
        report.note(f"the film: {_SECONDS * FPS} pictures, {film.stat().st_size / 1e6:.0f} MB")
        for every, goal in _GOALS.items():
            ours, theirs = Path(name, f"ours-{every}"), Path(name, f"theirs-{every}")
            theirs.mkdir()
            times: list[tuple[float, float]] = []
            until = time.monotonic() + seconds / len(_GOALS)
            while len(times) < 2 or time.monotonic() < until:
                times.append((_ours(film, every, ours), _theirs(film, every, theirs)))
            fast, slow = (median(values) for values in zip(*times, strict=True))
            report.figure(f"every {every}th: ours", fast, "s")
            report.figure(f"every {every}th: OpenCV, every frame read", slow, "s")
            report.figure(f"every {every}th: how many times faster", slow / fast, "x", least=goal)
            report.figure(f"every {every}th: files that are equal", _equal(ours, theirs), "of all", least=1)


def _ours(film: Path, every: int, out: Path) -> float:
    started = time.monotonic()
    with Stop() as stop:
        FilmSampler(out=Directory(out), pick=Pick(Interval(frames=every)), name=Template("{number:09}.jpg")).run(
            (film,), stop
        )
    return time.monotonic() - started


def _theirs(film: Path, every: int, out: Path) -> float:
    started = time.monotonic()
    capture, number = cv2.VideoCapture(str(film)), 0
    while True:
        there, image = capture.read()
        if not there:
            return time.monotonic() - started
        if number % every == 0:
            cv2.imwrite(f"{out}/{number:09}.jpg", image)
        number += 1


def _equal(ours: Path, theirs: Path) -> float:
    files = sorted(path.name for path in theirs.iterdir())
    if files != sorted(path.name for path in ours.iterdir()):
        return 0.0
    return sum((ours / name).read_bytes() == (theirs / name).read_bytes() for name in files) / len(files)


def _make(path: Path) -> None:
    """Write the film: a street, part of which moves, with the noise of a sensor."""
    _, street = next(iter(pictures()))
    street = np.asarray(cv2.resize(street, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    noise = np.random.default_rng(1).integers(-3, 4, (8, _HEIGHT, _WIDTH, 1), np.int16)
    passer_by = street[200:440, 200:440, ::-1]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "26", "bf": "3", "g": "250", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.thread_type = "AUTO"
        for number in range(_SECONDS * FPS):
            picture = street + noise[number % 8]
            at = number * 4 % (_WIDTH - 240)
            picture[300:540, at : at + 240] = passer_by
            image = np.clip(picture, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    main(measure, seconds=40)

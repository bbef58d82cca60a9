"""Analyzers, built in and of users."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from framefan.common.errors import AnalyzerError, ExitCode
from framefan.common.frame import Frame
from framefan.consumer.analyze import load
from framefan.consumer.analyze.codes import Codes
from framefan.consumer.analyze.motion import Motion
from framefan.producer import Publisher
from tests import pictures
from tests.programs import FRAMEFAN, Start, framefan


def frame(image: pictures.Image) -> Frame:
    """Return a frame that shows an image."""
    height, width = image.shape[:2]
    data = memoryview(pictures.jpeg(image))
    return Frame("door", 1, "a", 0, width, height, 80, 0, 0, data, 0)


@pytest.mark.parametrize("size", [(320, 180), (1920, 1080)])
def test_motion(size: tuple[int, int]) -> None:
    """What moves is found where it is; a still picture and its noise are not."""
    motion, still = Motion(), pictures.flat(*size)
    noise = np.random.default_rng(1)
    for _ in range(30):
        noisy = np.clip(still.astype(int) + noise.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
        assert motion(frame(noisy)) is None
    moved = still.copy()
    width, height = size
    x, y, side = width // 2, height // 4, height // 5
    moved[y : y + side, x : x + side] = 255
    found = motion(frame(moved))
    assert found is not None
    box = found["boxes"][0]
    assert len(found["boxes"]) == 1
    assert box == pytest.approx([x, y, side, side], abs=height * 0.05)
    assert 0.01 < found["moving"] < 0.1


def test_codes() -> None:
    """QR codes are read, with their corners in the picture; without codes there is nothing to say."""
    qr = cv2.QRCodeEncoder.create().encode("framefan: now")
    qr = cv2.resize(qr, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    canvas = np.full((480, 640, 3), 255, np.uint8)
    canvas[100 : 100 + qr.shape[0], 200 : 200 + qr.shape[1]] = qr[..., None]
    found = Codes()(frame(canvas))
    assert found is not None
    assert [(code["kind"], code["text"]) for code in found] == [("qr", "framefan: now")]
    corners = np.array(found[0]["corners"])
    assert corners.min(axis=0) == pytest.approx([224, 124], abs=12)
    assert Codes()(frame(pictures.flat(640, 480))) is None


EAN_13 = "10100011010100111010111101111010001001011001101010100001010000101000010111010010000101100110101"


def bar_code() -> pictures.Image:
    bars = np.array([0 if bar == "1" else 255 for bar in EAN_13], np.uint8).repeat(2)
    canvas = np.full((600, 900, 3), 255, np.uint8)
    canvas[100:220, 100 : 100 + len(bars)] = bars[None, :, None]
    return canvas


def test_bar_codes() -> None:
    """Bar codes are read as well."""
    found = Codes()(frame(bar_code()))
    assert found is not None
    assert [(code["kind"], code["text"]) for code in found] == [("EAN_13", "4006381333931")]


@pytest.mark.parametrize("error", [UnicodeDecodeError("utf-8", b"\xed\xa0\x80", 0, 1, "no text"), cv2.error("odd")])
def test_what_opencv_cannot_read(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A QR code whose text is no UTF-8, about which OpenCV raises, does not keep other codes from being read."""
    codes, qr = Codes(), Mock()
    qr.detectAndDecodeMulti.side_effect = error
    monkeypatch.setattr(codes, "_qr", qr)
    found = codes(frame(bar_code()))
    assert found is not None
    assert [code["text"] for code in found] == ["4006381333931"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("magic", "analyzer 'magic' is unknown: use codes, motion or module:callable"),
        ("nix:run", "there is no module 'nix'"),
        ("json:nix", "module 'json' has no 'nix'"),
        ("string:digits", "is a str, not a callable"),
        (":run", "is unknown"),
        ("json:", "is unknown"),
        ("nix.mod:find", "analyzer 'nix.mod:find': there is no module 'nix' here"),
        ("json.nix:find", "analyzer 'json.nix:find': there is no module 'json.nix' here"),
    ],
)
def test_refuses_unknown_analyzers(name: str, complaint: str) -> None:
    """An analyzer that does not exist is named, with what there is."""
    with pytest.raises(AnalyzerError, match=re.escape(complaint)):
        load(name)


@pytest.fixture
def address() -> Iterator[str]:
    """A producer with a camera of 50 frames a second, in which something moves."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        over = threading.Event()

        def run() -> None:
            number = 0
            while not over.wait(0.02):
                image = pictures.flat(320, 180)
                image[40:80, number % 280 : number % 280 + 40] = 255
                publisher.publish("door", image)
                number += 2

        thread = threading.Thread(target=run)
        thread.start()
        yield publisher.endpoint
        over.set()
        thread.join()


def test_json_lines(address: str) -> None:
    """Each result is a line of JSON with camera, number, capture time, age and time taken."""
    ended = framefan("analyze", f"{address}/door", "--with", "motion", "--count", "3")
    assert ended.returncode == ExitCode.OK
    records = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(records) == 3
    for record in records:
        assert list(record) == ["camera", "seq", "captured", "age", "took", "result"]
        assert record["camera"] == "door"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", record["captured"])
        assert 0 <= record["age"] < 2
        assert record["result"]["boxes"]


OWN = """
class Counter:
    def __init__(self): self.seen = 0
    def __call__(self, frame):
        self.seen += 1
        return {"seen": self.seen, "shape": list(frame.image.shape)}

def boom(frame): raise KeyError("no such drawer")
def odd(frame): return object()
def quiet(frame): return None
def needs(frame): import torch_of_nobody
def leaves(frame): raise SystemExit("found it")
def nan(frame): return float("nan")

class Unmade:
    def __init__(self): raise ValueError("no drawers left")
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A user's module in the present directory; returns the name of what is in it."""
    (tmp_path / "drawers.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return lambda name: f"drawers:{name}"


def test_a_class_of_the_user(address: str, own: Callable[[str], str]) -> None:
    """A class is made anew for each camera and called with each frame."""
    ended = framefan("analyze", address, "--with", own("Counter"), "--count", "2")
    results = [json.loads(line)["result"] for line in ended.stdout.splitlines()]
    assert results == [{"seen": 1, "shape": [180, 320, 3]}, {"seen": 2, "shape": [180, 320, 3]}]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("boom", r"analyzer 'drawers:boom' raised KeyError: 'no such drawer' \(drawers.py:8\) on door #\d+ 320x180"),
        ("odd", r"analyzer 'drawers:odd' returned what JSON cannot hold: .*object is not JSON serializable"),
        ("needs", r"analyzer 'drawers:needs' raised ModuleNotFoundError: No module named 'torch_of_nobody'"),
        ("leaves", r"the analyzer of tcp://.*/door ended the program: SystemExit\('found it'\)"),
        ("nix", r"analyzer 'drawers:nix': module 'drawers' has no 'nix'"),
        ("nan", r"analyzer 'drawers:nan' returned what JSON cannot hold: Out of range float"),
        ("Unmade", r"analyzer 'drawers:Unmade' cannot be made: ValueError: no drawers left \(drawers.py:16\)"),
    ],
)
def test_an_analyzer_that_fails(address: str, own: Callable[[str], str], name: str, complaint: str) -> None:
    """One sentence says which analyzer failed, how, where and on which frame."""
    ended = framefan("analyze", f"{address}/door", "--with", own(name))
    assert ended.returncode == ExitCode.ANALYZER
    assert re.match("framefan analyze: " + complaint, ended.stderr)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import os; os.nix", "AttributeError: module 'os' has no attribute 'nix' (cabinet.py:1)"),
        ("import torch_of_nobody", "ModuleNotFoundError: No module named 'torch_of_nobody' (cabinet.py:1)"),
        ("raise SystemExit(3)", "SystemExit: 3 (cabinet.py:1)"),
    ],
)
def test_a_module_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    """What a user's module raises while it is imported is told as such, and where."""
    (tmp_path / "cabinet.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    ended = framefan("analyze", "tcp://127.0.0.1:9/door", "--with", "cabinet:find")
    assert ended.returncode == ExitCode.ANALYZER
    assert ended.stderr == f"framefan analyze: analyzer 'cabinet:find' cannot be imported: {complaint}\n"


def test_nothing_to_say(start: Start, address: str, own: Callable[[str], str]) -> None:
    """None prints nothing."""
    program = start(FRAMEFAN, "analyze", f"{address}/door", "--with", own("quiet"), "--count", "1")
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(3)
    assert program.output == ""

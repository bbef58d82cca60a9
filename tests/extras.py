"""The wheel alone, and with each extra alone, in environments of their own: `make wheel` runs this.

What can work with the packages at hand works; what cannot ends at once, with the command that installs what is missing.
"""

import os
import socket
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from framefan.common.errors import ExitCode

ROOT = Path(__file__).parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
COMMANDS = ("album", "analyze", "camera", "demo", "display", "list", "probe", "produce", "sample")
PACKAGES = ("av", "cv2", "fsspec", "rich", "simplejpeg")
PRODUCER, FILM = {"av", "cv2", "simplejpeg"}, {"av", "cv2"}
HERE = "tcp://127.0.0.1:PORT"
"""An address at which somebody listens who is no producer: binding fails there, and who connects is seen."""
RUNS: list[tuple[str, set[str], set[ExitCode]]] = [
    (f"produce test: --bind {HERE}", PRODUCER, {ExitCode.BIND}),
    (f"produce {HERE} --bind {HERE}", set(), {ExitCode.BIND}),
    ("camera --port PORT", {"av"}, {ExitCode.BIND}),
    (f"list {HERE} --wait 100ms", set(), {ExitCode.CAMERA}),
    (f"probe {HERE} --wait 100ms", set(), {ExitCode.CAMERA}),
    ("probe rtsp://127.0.0.1:1/door", {"av"}, {ExitCode.CAMERA}),
    (f"sample {HERE} --wait 100ms", set(), {ExitCode.CAMERA}),
    (f"sample {HERE} --wait 100ms --out memory://there", {"fsspec"}, {ExitCode.CAMERA}),
    (f"sample {HERE} --wait 100ms --out s3://there", {"fsspec", "s3fs"}, {ExitCode.CAMERA}),
    ("sample bin/python", FILM, {ExitCode.CAMERA}),
    ("album bin --contact-sheet sheet.jpg", FILM, {ExitCode.CAMERA}),
    (f"analyze {HERE} --wait 100ms", {"cv2"}, {ExitCode.CAMERA}),
    (f"analyze {HERE} --wait 100ms --with builtins:repr", set(), {ExitCode.CAMERA}),
    (f"display {HERE} --wait 100ms", {"cv2", "windows"}, {ExitCode.OUTPUT}),
    ("demo --seconds 100ms", PRODUCER | {"rich"}, {ExitCode.OK, ExitCode.CAMERA}),
]
"""Commands, what they need, and how they end here if they have it."""

PROGRAM = """
import sys
import numpy
from framefan.consumer import NoFrame, Subscriber
from framefan.producer import Publisher

def tried(action):
    try:
        return action()
    except ImportError as error:
        return f"{type(error).__name__}: {error}"

def capture(*source):
    from framefan.consumer import VideoCapture
    return repr(VideoCapture(*source))

with Publisher("tcp://127.0.0.1:0") as publisher, Subscriber(publisher.endpoint + "/door") as door:
    frame, jpeg = None, bytes.fromhex(sys.argv[1])
    while frame is None:
        publisher.publish("door", jpeg)
        try:
            frame = door.read(0.2)
        except NoFrame:
            pass
    print(frame.jpeg == jpeg)
    print(tried(lambda: frame.image.shape))
    print(tried(lambda: publisher.publish("door", numpy.zeros((8, 8, 3), numpy.uint8)) > frame.seq))
    print(tried(capture))
    for camera in sys.argv[2:]:
        print(tried(lambda: capture(camera)))
"""


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel and perhaps an extra, and the packages that came along."""

    path: Path
    packages: set[str]
    listener: socket.socket

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment to its end, without a screen."""
        port = str(self.listener.getsockname()[1])
        return subprocess.run(
            [self.path / "bin" / program, *(word.replace("PORT", port) for word in words)],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            cwd=self.path,
            env={key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")},
        )

    def count_connections(self) -> int:
        """Return how many have connected since the last time."""
        count = 0
        try:
            while True:
                self.listener.accept()[0].close()
                count += 1
        except BlockingIOError:
            return count


@pytest.fixture(params=["", *EXTRAS], ids=lambda extra: extra or "none")
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Install the wheel with one extra, or without any; pytest's own directories would stay, 300 MB each."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    what = f"{wheel}[{request.param}]" if request.param else str(wheel)
    look = f"import importlib.util; print(*(name for name in {PACKAGES} if importlib.util.find_spec(name)))"
    with (
        tempfile.TemporaryDirectory(prefix="framefan-extra-") as directory,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        listener.setblocking(False)
        venv.create(directory, symlinks=True)
        python = f"{directory}/bin/python"
        subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", what], check=True)
        found = subprocess.run([python, "-c", look], capture_output=True, text=True, check=True).stdout.split()
        windows = [] if request.param.endswith("-headless") else ["windows"]
        yield Installation(Path(directory), {*found, *windows}, listener)


@pytest.mark.timeout(300)
def test_extra(installation: Installation) -> None:
    """Help is there for everybody; commands and programs run, or say in one sentence what to install."""
    check_help(installation)
    for words, needs, codes in RUNS:
        check_command(installation, words, needs, codes)
    check_program(installation)


def check_help(installation: Installation) -> None:
    """Check that help and version are shown, whatever is missing."""
    for words in ([], ["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)):
        shown = installation.run("framefan", *words)
        assert (shown.returncode, shown.stderr) == (ExitCode.OK, ""), words
        assert shown.stdout


def check_command(installation: Installation, words: str, needs: set[str], codes: set[ExitCode]) -> None:
    """Check that a command gets as far as it can here, or says at once what to install."""
    installation.count_connections()
    ended = installation.run("framefan", *words.split())
    if needs <= installation.packages:
        assert ended.returncode in codes, f"{words}: {ended.stderr}"
        return
    assert ended.returncode == ExitCode.PACKAGE, f"{words}: {ended.stderr}"
    assert ended.stderr.count("\n") == 1
    assert "pip install " in ended.stderr
    assert not installation.count_connections(), words


def check_program(installation: Installation) -> None:
    """Check that a program gives and gets JPEGs, and what it is told to install for more."""
    results = [
        (set(), "True"),
        ({"cv2"}, "(16, 16, 3)"),
        ({"simplejpeg"}, "True"),
        ({"cv2"}, "<VideoCapture of nothing>"),
    ]
    cameras = []
    if not installation.packages >= PRODUCER:  # otherwise it would be opened, as other tests do
        cameras = ["rtsp://127.0.0.1:PORT/door"]
        results.append((PRODUCER, ""))
    jpeg = simplejpeg.encode_jpeg(np.zeros((16, 16, 1), np.uint8), colorspace="GRAY", colorsubsampling="GRAY")
    ended = installation.run("python", "-c", PROGRAM, jpeg.hex(), *cameras)
    assert ended.returncode == 0, ended.stderr
    for line, (needs, result) in zip(ended.stdout.splitlines(), results, strict=True):
        if needs <= installation.packages:
            assert line == result
        else:
            assert line.startswith("MissingPackage: ")
            assert "pip install 'framefan[" in line
    assert not installation.count_connections()

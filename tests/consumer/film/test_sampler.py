"""`framefan sample film.mp4`."""

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from framefan.common.errors import ExitCode, SourceError
from framefan.common.signals import Stop
from framefan.consumer.directory import Directory
from framefan.consumer.film.pick import Pick
from framefan.consumer.film.sampler import FilmSampler
from framefan.consumer.interval import Interval
from framefan.consumer.names import Template
from framefan.consumer.progress import Progress
from tests.programs import FRAMEFAN, framefan

from . import films
from .films import Kind


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of 60 pictures."""
    return films.make(tmp_path, Kind("film.mp4"))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def sample(film: Path, out: Path, *, every: str = "25f", quality: int = 95, resume: bool = False) -> None:
    pick, name = Pick(Interval.parse(every)), Template("{number:09}.jpg")
    sampler = FilmSampler(out=Directory(out), pick=pick, name=name, quality=quality, resume=resume)
    with Stop() as stop:
        sampler.run((film,), stop)


def test_files_are_those_of_opencv(film: Path, tmp_path: Path) -> None:
    """The files have the names and the bytes that a loop with `cv2.imwrite` gives them, and one line says so."""
    ended = framefan("sample", str(film), "--every", "25f", "--out", str(tmp_path / "out"))
    assert ended.returncode == ExitCode.OK
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.endswith(f"{film}: 3 pictures written to {tmp_path}/out\n")
    (tmp_path / "theirs").mkdir()
    for number, image in enumerate(films.read_with_opencv(film)):
        if number % 25 == 0:
            cv2.imwrite(f"{tmp_path}/theirs/{number:09}.jpg", image)
    assert names(tmp_path / "out") == names(tmp_path / "theirs")
    for path in (tmp_path / "theirs").iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_from_and_to(film: Path, tmp_path: Path) -> None:
    """A part of a film has the numbers of the whole."""
    words = ("--every", "5f", "--from", "00:00:01", "--to", "2s", "--count", "3", "--out", str(tmp_path / "out"))
    assert framefan("sample", str(film), *words).returncode == ExitCode.OK
    assert names(tmp_path / "out") == ["000000025.jpg", "000000030.jpg", "000000035.jpg"]


def test_several_films(film: Path, tmp_path: Path) -> None:
    """Several films have a directory each."""
    other = films.make(tmp_path, Kind("other.mkv"))
    ended = framefan("sample", str(film), str(other), "--every", "50f", "--out", str(tmp_path / "out"))
    assert ended.returncode == ExitCode.OK
    assert names(tmp_path / "out" / "film") == names(tmp_path / "out" / "other") == ["000000000.jpg", "000000050.jpg"]


def test_names(film: Path, tmp_path: Path) -> None:
    """A template names the files."""
    words = ("--every", "1s", "--file-name", "{film}/{seconds:05.1f}.jpg", "--out", str(tmp_path / "out"))
    assert framefan("sample", str(film), *words).returncode == ExitCode.OK
    assert names(tmp_path / "out" / "film") == ["000.0.jpg", "001.0.jpg", "002.0.jpg"]


def test_quality(film: Path, tmp_path: Path) -> None:
    """A lower quality gives smaller files."""
    sample(film, tmp_path / "high")
    sample(film, tmp_path / "low", quality=30)
    high, low = ((tmp_path / name / "000000025.jpg").stat().st_size for name in ("high", "low"))
    assert low < high / 2


def test_resume(film: Path, tmp_path: Path) -> None:
    """With --resume what is there is left alone, and what is missing is made."""
    sample(film, tmp_path / "out", every="10f")
    (tmp_path / "out" / "000000030.jpg").unlink()
    (tmp_path / "out" / "000000020.jpg").write_bytes(b"mine")
    sample(film, tmp_path / "out", every="10f", resume=True)
    assert names(tmp_path / "out") == [f"{number:09}.jpg" for number in range(0, 60, 10)]
    assert (tmp_path / "out" / "000000020.jpg").read_bytes() == b"mine"
    sample(film, tmp_path / "out", every="10f")
    assert (tmp_path / "out" / "000000020.jpg").read_bytes() != b"mine"


def test_interrupt(tmp_path: Path) -> None:
    """Ctrl-C leaves whole files, and with --resume the rest follows."""
    film = films.make(tmp_path, Kind("film.mkv", size=(640, 480), options={"preset": "ultrafast"}))
    words = ("sample", str(film), "--every", "1f", "--out", str(tmp_path / "out"))
    with subprocess.Popen([FRAMEFAN, *words], stderr=subprocess.DEVNULL) as program:
        while not list(tmp_path.glob("out/*.jpg")) and program.poll() is None:
            pass
        program.send_signal(signal.SIGINT)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert all(path.suffix == ".jpg" and path.read_bytes().endswith(b"\xff\xd9") for path in done)
    assert framefan(*words, "--resume").returncode == ExitCode.OK
    assert len(names(tmp_path / "out")) == films.FRAMES
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())


def test_progress_on_a_terminal(film: Path, tmp_path: Path) -> None:
    """On a terminal a bar is drawn, and removed in the end."""
    ours, theirs = pty.openpty()
    command = [FRAMEFAN, "sample", str(film), "--every", "1f", "--out", str(tmp_path / "out")]
    assert subprocess.run(command, stderr=theirs, timeout=20, check=False).returncode == ExitCode.OK
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert "film.mp4  ░" in text
    assert "0 of 60" in text
    assert "\r\x1b[K" in text.rpartition("░")[2]


def test_no_progress_elsewhere() -> None:
    """What is no terminal sees nothing of it."""
    stream = io.StringIO()
    with Progress("film", 3, stream) as progress:
        progress.step()
    assert stream.getvalue() == ""


def test_unwritable(film: Path, tmp_path: Path) -> None:
    """A directory that cannot be written is told before the film is read."""
    (tmp_path / "file").touch()
    ended = framefan("sample", str(film), "--out", str(tmp_path / "file"))
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr.startswith(f"framefan sample: cannot write to {tmp_path}/file: ")
    assert ended.stderr.count("\n") == 1


def test_full_disk(film: Path, tmp_path: Path) -> None:
    """When a file cannot be written, that ends it with one sentence that says how to go on."""
    limit = f"ulimit -f 1; trap '' XFSZ; exec {FRAMEFAN} sample {film} --every 1f --out {tmp_path}/out"
    ended = subprocess.run(["bash", "-c", limit], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == ExitCode.OUTPUT
    assert "File too large; go on with --resume when it can" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nix.mp4"], "'nix.mp4' is neither a film that is there nor an address"),
        (["tcp://host/door", "{film}"], "films and cameras are sampled by a command each"),
        (["tcp://host/door", "--every", "keyframe"], "--every keyframe, --from, --to and --resume are for films"),
        (["tcp://host/door", "--from", "3s"], "--every keyframe, --from, --to and --resume are for films"),
        (["{film}", "{film}"], "films of the same name would share a directory: film, film"),
        (["{film}", "--keep-age", "7d"], "--exif and --keep-age, --keep-count and --keep-bytes are for cameras"),
        (["{film}", "--to", "soon"], "'soon' is not a moment of a film"),
    ],
)
def test_wrong_words(film: Path, words: list[str], complaint: str) -> None:
    """What cannot be meant is told in one sentence."""
    ended = framefan("sample", *(word.format(film=film) for word in words))
    assert ended.returncode == ExitCode.USAGE
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_no_film_ends_with_its_own_code(tmp_path: Path) -> None:
    """A file that is no film has the exit code of a source that cannot be read."""
    (tmp_path / "text.mp4").write_text("no film")
    ended = framefan("sample", str(tmp_path / "text.mp4"), "--out", str(tmp_path / "out"))
    assert ended.returncode == ExitCode.CAMERA == SourceError.exit_code


def test_without_pyav(film: Path, tmp_path: Path) -> None:
    """Without PyAV the extra that brings it is named."""
    program = "import sys; sys.modules['av'] = None; from framefan.common.command import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "sample", str(film), "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == ExitCode.PACKAGE
    assert "the package av is not installed: pip install 'framefan[film]'" in ended.stderr

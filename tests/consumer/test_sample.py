"""Samples on disk."""

import resource
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from framefan.common.errors import ExitCode, OptionError
from framefan.consumer.sample import Interval
from framefan.producer import Publisher
from tests import pictures
from tests.programs import FRAMEFAN, Start, eventually, framefan

JPEG = pictures.jpeg(pictures.noisy(320, 240))


@pytest.fixture
def address() -> Iterator[str]:
    """A producer with two cameras of 50 frames a second."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        over = threading.Event()

        def run() -> None:
            while not over.wait(0.02):
                publisher.publish("door", JPEG)
                publisher.publish("yard", JPEG)

        thread = threading.Thread(target=run)
        thread.start()
        yield publisher.endpoint
        over.set()
        thread.join()


def samples(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def test_count(address: str, tmp_path: Path) -> None:
    """So many samples, byte for byte as received, named by their time of capture, and then a clean end."""
    ended = framefan("sample", f"{address}/door", "--every", "100ms", "--count", "3", "--out", str(tmp_path))
    assert ended.returncode == ExitCode.OK
    found = samples(tmp_path)
    assert len(found) == 3
    for path in found:
        assert path.read_bytes() == JPEG
        assert path.match("door/????-??-??/??????.??????.jpg")


def test_every_number_of_frames(address: str, tmp_path: Path) -> None:
    """With 25f one frame of every 25 is kept."""
    ended = framefan("sample", f"{address}/door", "--every", "25f", "--count", "3", "--out", str(tmp_path))
    numbers = [int(line.partition("#")[2].split()[0]) for line in ended.stderr.splitlines() if "->" in line]
    assert [number // 25 - numbers[0] // 25 for number in numbers] == [0, 1, 2]


def test_all_cameras(address: str, tmp_path: Path) -> None:
    """An address without a camera means all of them, each in a directory of its own."""
    assert framefan("sample", address, "--every", "100ms", "--count", "1", "--out", str(tmp_path)).returncode == 0
    assert [path.relative_to(tmp_path).parts[0] for path in samples(tmp_path)] == ["door", "yard"]


def test_a_camera_that_is_down_ends_no_other(address: str, tmp_path: Path) -> None:
    """Of two cameras one of which is not there the other is sampled."""
    words = (f"{address}/door", f"{address}/nix", "--every", "100ms", "--count", "20", "--out", str(tmp_path))
    ended = framefan("sample", *words, "--wait", "500ms")
    assert ended.returncode == ExitCode.OK
    assert "nix within 0.5 s, it is unknown" in ended.stderr
    assert len(samples(tmp_path)) == 20


@pytest.mark.parametrize("text", ["0", "0s", "0f", "-1s", "f", "", "10x", "1.5f"])
def test_intervals_above_zero_only(text: str) -> None:
    """An interval of nothing is refused."""
    with pytest.raises(OptionError, match="not an interval above zero"):
        Interval.parse(text)


def test_unwritable_directory(address: str, tmp_path: Path) -> None:
    """A directory that cannot be written is told at once, with its own exit status."""
    (tmp_path / "file").touch()
    ended = framefan("sample", f"{address}/door", "--out", str(tmp_path / "file" / "below"))
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr.startswith(f"framefan sample: cannot write to {tmp_path}/file/below: ")
    assert ended.stderr.count("\n") == 1


def test_no_producer() -> None:
    """Without a producer the sampler ends with one sentence, when its patience ends."""
    ended = framefan("sample", "tcp://127.0.0.1:9/door", "--wait", "2s", "--out", "/dev/shm/framefan-no-samples")
    Path("/dev/shm/framefan-no-samples").rmdir()
    assert ended.returncode == ExitCode.CAMERA
    assert ended.stderr.splitlines()[-1] == (
        "framefan sample: no frame of tcp://127.0.0.1:9/door within 2 s, it is unreachable: "
        "connection refused: start a producer there, or check the port"
    )


def test_full_disk_loses_that_sample_only(address: str, tmp_path: Path) -> None:
    """When writing fails, which is told, nothing is left of that file, and sampling goes on when it works again."""
    half = len(JPEG) // 2
    program = subprocess.Popen(
        [FRAMEFAN, "sample", f"{address}/door", "--every", "100ms", "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: _limit_files_to(half),
    )
    assert program.stderr is not None
    line = eventually(program.stderr.readline, "a complaint", within=10)
    assert "this sample is lost, the next one is tried" in line
    assert samples(tmp_path) == []
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    eventually(lambda: samples(tmp_path), "a sample", within=10)
    program.send_signal(signal.SIGTERM)
    program.stderr.close()
    assert program.wait(10) == -signal.SIGTERM
    assert all(path.read_bytes() == JPEG for path in samples(tmp_path))


def _limit_files_to(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_signal_leaves_whole_files(start: Start, address: str, tmp_path: Path) -> None:
    """SIGTERM in the middle of writing leaves whole files and nothing else."""
    program = start(FRAMEFAN, "sample", address, "--every", "1f", "--out", str(tmp_path))
    eventually(lambda: len(samples(tmp_path)) > 20, "some samples", within=10)
    program.terminate()
    assert program.wait() == -signal.SIGTERM
    assert all(path.read_bytes() == JPEG for path in samples(tmp_path))

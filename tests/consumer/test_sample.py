"""Samples on disk."""

import json
import re
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from framefan.common.address import Endpoint
from framefan.common.errors import ExitCode, OptionError
from framefan.consumer.discovery import states
from framefan.consumer.interval import Interval
from framefan.producer import Publisher
from tests import pictures
from tests.consumer.film.films import Kind, make
from tests.programs import FRAMEFAN, Start, eventually, framefan, producer

JPEG = pictures.jpeg(pictures.noisy(320, 240))
ONE = ("--every", "100ms", "--count", "1")


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
    return sorted(path for path in directory.rglob("*") if path.is_file() and path.name != "samples.jsonl")


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "samples.jsonl").read_text().splitlines()]


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


def test_long_intervals_ask(address: str, tmp_path: Path) -> None:
    """Every two seconds means one early frame of each two seconds, without the camera being watched in between."""
    program = subprocess.Popen([FRAMEFAN, "sample", f"{address}/door", "--every", "2s", "--out", str(tmp_path)])
    eventually(lambda: len(samples(tmp_path)) == 3, "three samples", within=15)
    assert [state.watchers for state in states(Endpoint.parse(address), 5)] == [0, 0]
    program.terminate()
    program.wait(10)
    moments = [float(path.stem[4:]) for path in samples(tmp_path)]
    assert [(later // 2 - earlier // 2) % 30 for earlier, later in pairwise(moments)] == [1, 1]
    assert all(moment % 2 < 1 for moment in moments)


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


def test_cameras_that_come_later(start: Start, tmp_path: Path) -> None:
    """A camera that gives its first frame late, and one that its producer gets later, are sampled from then on."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        publisher.publish("door", JPEG)
        addresses = (publisher.endpoint, f"{publisher.endpoint}/late")
        program = start(FRAMEFAN, "sample", *addresses, "--every", "1f", "--out", str(tmp_path), "--wait", "1s")
        program.wait_for("late within 1 s, it is unknown: .*; the other cameras go on")
        for camera in ("late", "new"):
            publisher.publish(camera, JPEG)
            program.wait_for(rf"{camera} #1 .* -> {tmp_path}/{camera}/")


@pytest.mark.parametrize("text", ["0", "0s", "0f", "-1s", "f", "", "10x", "1.5f", "0.0000001s", "0.9ms"])
def test_intervals_of_a_millisecond_or_more_only(text: str) -> None:
    """An interval of nothing, or of almost nothing, is refused."""
    with pytest.raises(OptionError, match="not an interval of 1 ms or more"):
        Interval.parse(text)


def test_unwritable_directory(address: str, tmp_path: Path) -> None:
    """A directory that cannot be written is told at once, with its own exit status."""
    (tmp_path / "file").touch()
    ended = framefan("sample", f"{address}/door", "--out", str(tmp_path / "file" / "below"))
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr.startswith(f"framefan sample: cannot write to {tmp_path}/file/below: ")
    assert ended.stderr.count("\n") == 1


def test_unreachable_url(address: str) -> None:
    """So is a URL to which the very connection fails."""
    ended = framefan("sample", f"{address}/door", "--out", "ftp://me:s3cret@127.0.0.1:9/t0k3n")
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr.startswith("framefan sample: cannot write to ftp://127.0.0.1:9/...: ")
    assert not re.search("s3cret|t0k3n", ended.stderr)
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


def test_a_film_that_is_over(start: Start, tmp_path: Path) -> None:
    """Of a film that has already ended there is no frame, which is told at once, with the exit status for that."""
    film = make(tmp_path, Kind("film.mp4"))
    running, endpoint = producer(start, str(film), "--name", "film", "test:64x64@10", "--name", "test")
    running.wait_for("film ended")
    ended = framefan("sample", f"{endpoint}/film", "--out", str(tmp_path))
    assert ended.returncode == ExitCode.CAMERA
    assert ended.stderr.startswith(f"framefan sample: no frame of {endpoint}/film, it is ended")
    assert ended.stderr.count("\n") == 1


def test_full_disk_loses_that_sample_only(address: str, tmp_path: Path) -> None:
    """When writing fails, which is told, nothing is left of that file, and sampling goes on when it works again."""
    half = len(JPEG) // 2
    program = subprocess.Popen(
        [FRAMEFAN, "sample", f"{address}/door", "--every", "100ms", "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: _limit_files_to(half),
    )
    told = program.stderr
    assert told is not None
    eventually(lambda: "this sample is lost, the next one is tried" in told.readline(), "a complaint", within=10)
    assert samples(tmp_path) == []
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    eventually(lambda: samples(tmp_path), "a sample", within=10)
    program.send_signal(signal.SIGTERM)
    told.close()
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


def test_the_grid_of_the_wall_clock(address: str, tmp_path: Path) -> None:
    """Every 500 ms means the first frame after each half of a second, and a line tells of each."""
    words = ("--every", "500ms", "--count", "3", "--out", str(tmp_path))
    assert framefan("sample", f"{address}/door", *words).returncode == ExitCode.OK
    entries = lines(tmp_path)
    moments = [datetime.fromisoformat(entry["captured"]).timestamp() for entry in entries]
    assert [round(moment // 0.5 - moments[0] // 0.5) for moment in moments] == [0, 1, 2]
    assert all(moment % 0.5 < 0.25 for moment in moments)  # 20 ms between frames, and a machine that is busy
    for entry, path in zip(entries, samples(tmp_path), strict=True):
        assert entry.keys() == {"file", "size", "captured", "camera", "seq", "age"}
        assert (tmp_path / entry["file"], entry["size"], entry["camera"]) == (path, len(JPEG), "door")
        assert 0 <= entry["age"] < 5


def test_missed_slots(tmp_path: Path, start: Start) -> None:
    """While a camera gives no frames its slots are noted as missed, with its state, and no frame is taken twice."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        words = ("sample", f"{publisher.endpoint}/door", "--every", "200ms", "--out", str(tmp_path))
        program = start(FRAMEFAN, *words)
        over = threading.Event()

        def run() -> None:
            while not over.wait(0.02):
                publisher.publish("door", JPEG)

        thread = threading.Thread(target=run)
        thread.start()
        program.wait_for("-> ")
        over.set()
        thread.join()
        program.wait_for("door: .* missed, it is ")
        before = len(lines(tmp_path))

        def sampled_again() -> bool:
            publisher.publish("door", JPEG)
            return any("file" in entry for entry in lines(tmp_path)[before:])

        eventually(sampled_again, "the sample after the gap", within=10)
        program.terminate()
        assert program.wait() == -signal.SIGTERM
    entries = lines(tmp_path)
    missed = [entry for entry in entries if "missed" in entry]
    assert all(entry["camera"] == "door" and entry["state"] for entry in missed)
    slots = [int(datetime.fromisoformat(entry["captured"]).timestamp() // 0.2) for entry in entries if "file" in entry]
    slots += [
        round(datetime.fromisoformat(entry["since"]).timestamp() / 0.2) + number
        for entry in missed
        for number in range(entry["missed"])
    ]
    assert sorted(slots) == list(range(min(slots), max(slots) + 1))


def test_exif(address: str, tmp_path: Path) -> None:
    """With --exif the time of capture is in the file, and the pixels are the same."""
    assert framefan("sample", f"{address}/door", "--exif", *ONE, "--out", str(tmp_path)).returncode == ExitCode.OK
    (path,) = samples(tmp_path)
    data = path.read_bytes()
    assert data != JPEG
    assert data.endswith(JPEG[2:])
    (entry,) = lines(tmp_path)
    assert datetime.fromisoformat(entry["captured"]).strftime("%Y:%m:%d %H:%M:%S").encode() in data


def test_file_names(address: str, tmp_path: Path) -> None:
    """A template names the files."""
    words = ("--file-name", "{time:%Y}/{camera}-{seq:06}.jpg", *ONE, "--out", str(tmp_path))
    assert framefan("sample", f"{address}/door", *words).returncode == ExitCode.OK
    (path,) = samples(tmp_path)
    assert path.match("????/door-??????.jpg")


def test_keep_count(address: str, tmp_path: Path) -> None:
    """With --keep-count only the newest are left, also of those of an earlier run; what is not ours stays."""
    (tmp_path / "door").mkdir()
    (tmp_path / "door" / "mine.jpg").write_bytes(JPEG)
    for _ in range(2):
        words = ("--every", "100ms", "--count", "4", "--keep-count", "3", "--out", str(tmp_path))
        assert framefan("sample", f"{address}/door", *words).returncode == ExitCode.OK
    left = [path for path in samples(tmp_path) if path.name != "mine.jpg"]
    assert len(left) == 3
    newest = [entry["file"] for entry in lines(tmp_path) if "file" in entry][-3:]
    assert [str(path.relative_to(tmp_path)) for path in left] == newest
    assert (tmp_path / "door" / "mine.jpg").exists()


def test_url(address: str, tmp_path: Path) -> None:
    """Samples go to a URL that fsspec knows, in the same way."""
    ended = framefan("sample", f"{address}/door", *ONE, "--out", f"file://{tmp_path}/below")
    assert ended.returncode == ExitCode.OK
    (path,) = samples(tmp_path)
    assert path.read_bytes() == JPEG
    assert path.match("below/door/????-??-??/*.jpg")
    assert lines(tmp_path / "below")[0]["camera"] == "door"
    assert f"-> file://{tmp_path}/below/door/" in ended.stderr


def test_file_system_that_is_not_installed() -> None:
    """What fsspec needs for a URL, and does not bring, is named before anything is connected."""
    ended = framefan("sample", "tcp://127.0.0.1:9/door", "--out", "oss://bucket/samples")
    assert ended.returncode == ExitCode.PACKAGE
    assert ended.stderr.startswith("framefan sample: cannot write to oss://bucket/...: ")
    assert ended.stderr.endswith(": pip install ossfs\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--file-name", "{nix}.jpg"], "has the field nix; there are camera, seq, time"),
        (["--file-name", "../{seq}.jpg"], "is not that of a .jpg file below the directory"),
        (["--keep-bytes", "much"], "'much' is not a size above zero, such as 500M or 10G"),
        (["--out", "nix://bucket"], "cannot write to nix://bucket: "),
    ],
)
def test_wrong_words(words: list[str], complaint: str) -> None:
    """What cannot be meant is told in one sentence, before anything is connected."""
    ended = framefan("sample", "tcp://127.0.0.1:9/door", *words)
    assert ended.returncode == ExitCode.USAGE
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1

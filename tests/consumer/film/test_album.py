"""Contact sheets and time-lapses of a folder of samples."""

import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from framefan.common.errors import ExitCode
from tests.pictures import flat, jpeg
from tests.programs import FRAMEFAN, Start, eventually, framefan

from .films import read_with_opencv


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures that get brighter, over two days, one that is damaged, and a part of one."""
    folder = tmp_path / "door"
    for number in range(10):
        path = folder / f"2026-11-{22 + number // 5}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(flat(65, 49, (20 * number, 20 * number, 20 * number))))
    (folder / "2026-11-22" / "000003.jpg").write_bytes(b"damaged")
    (folder / "2026-11-22" / ".000004.jpg.1-1.part").write_bytes(b"a part")
    return folder


def test_time_lapse(folder: Path, tmp_path: Path) -> None:
    """All pictures that can be decoded follow each other, in their order, with even sides."""
    film = tmp_path / "door.mp4"
    assert framefan("album", str(folder), "--timelapse", str(film), "--fps", "10").returncode == ExitCode.OK
    images = read_with_opencv(film)
    expected = [20 * number for number in range(10) if number != 3]
    assert [round(float(image.mean())) for image in images] == pytest.approx(expected, abs=4)
    assert images[0].shape == (48, 64, 3)


def test_contact_sheet(folder: Path, tmp_path: Path) -> None:
    """The sheet shows the pictures row by row."""
    sheet = tmp_path / "sheet.jpg"
    assert framefan("album", str(folder), "--contact-sheet", str(sheet)).returncode == ExitCode.OK
    image = np.asarray(cv2.imread(str(sheet)))
    height, width = image.shape[:2]
    assert width == 1920
    first_row = [int(image[height // 6, round(width * (column + 0.5) / 4), 0]) for column in range(4)]
    assert first_row == pytest.approx([0, 20, 40, 0], abs=4)


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["door"], ExitCode.USAGE, "nothing to do: add --contact-sheet sheet.jpg or --timelapse film.mp4"),
        (["nix", "--timelapse", "a.mp4"], ExitCode.CAMERA, "there is no .jpg file below "),
        (["door", "--timelapse", "nix/a.mp4"], ExitCode.OUTPUT, "nix/a.mp4: No such file or directory"),
        (["door", "--timelapse", "a.nix"], ExitCode.OUTPUT, "a.nix: "),
        (["door", "--contact-sheet", "door/2026-11-22/000000.jpg/a.jpg"], ExitCode.OUTPUT, "a.jpg: "),
        (["door", "--contact-sheet", "."], ExitCode.OUTPUT, ": it is a directory"),
        (["door", "--timelapse", "/"], ExitCode.OUTPUT, "cannot write /: it is a directory"),
        (["damaged", "--contact-sheet", "a.jpg"], ExitCode.CAMERA, "damaged can be decoded"),
        (["damaged", "--timelapse", "a.mp4"], ExitCode.CAMERA, "damaged can be decoded"),
    ],
)
def test_mistakes(folder: Path, words: list[str], code: ExitCode, complaint: str) -> None:
    """What cannot be done is told in one sentence."""
    (folder.parent / "damaged").mkdir()
    (folder.parent / "damaged" / "000003.jpg").write_bytes(b"damaged")
    paths = [word if word.startswith("--") else str(folder.parent / word) for word in words]
    ended = framefan("album", *paths)
    assert ended.returncode == code
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert sorted(path.name for path in folder.parent.iterdir()) == ["damaged", "door"]


@pytest.mark.parametrize(("width", "height"), [(20_000, 40), (40, 1), (1, 1)])
def test_odd_sizes(tmp_path: Path, width: int, height: int) -> None:
    """Pictures of a size that no film has make one of the nearest size."""
    (tmp_path / "door").mkdir()
    (tmp_path / "door" / "1.jpg").write_bytes(jpeg(flat(width, height)))
    film = tmp_path / "1.mp4"
    assert framefan("album", str(tmp_path / "door"), "--timelapse", str(film)).returncode == ExitCode.OK
    assert len(read_with_opencv(film)) == 1


@pytest.mark.parametrize("signals", [1, 2])
def test_interrupt(start: Start, tmp_path: Path, signals: int) -> None:
    """Ctrl-C ends it soon, and leaves nothing under the name of what is not whole."""
    (tmp_path / "door").mkdir()
    for number in range(400):
        (tmp_path / "door" / f"{number:03}.jpg").write_bytes(jpeg(flat(1920, 1080)))
    program = start(FRAMEFAN, "album", str(tmp_path / "door"), "--timelapse", str(tmp_path / "a.mp4"))
    eventually(lambda: list(tmp_path.glob(".*a.mp4")), "a part", within=10)
    for _ in range(signals):
        program.send_signal(signal.SIGINT)
    assert program.wait(5) in (-signal.SIGINT, 128 + signal.SIGINT)
    assert not (tmp_path / "a.mp4").exists()
    assert signals > 1 or not list(tmp_path.glob(".*"))

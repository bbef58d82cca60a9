"""Contact sheets and time-lapses of a folder of samples."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from framefan.common.errors import ExitCode
from tests.pictures import flat, jpeg
from tests.programs import framefan

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
    ],
)
def test_mistakes(folder: Path, words: list[str], code: ExitCode, complaint: str) -> None:
    """What cannot be done is told in one sentence."""
    assert folder.exists()
    paths = [word if word.startswith("--") else str(folder.parent / word) for word in words]
    ended = framefan("album", *paths)
    assert ended.returncode == code
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1

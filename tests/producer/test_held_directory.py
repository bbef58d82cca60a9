"""Temporary directories of producers, and those that killed ones leave behind."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from framefan.producer.held_directory import HeldDirectory

HOLD = """
import os, signal
from framefan.producer.held_directory import HeldDirectory
held = HeldDirectory("held-")
(held.path / "frames").touch()
print(held.path, flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own for temporary ones."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_directory_of_a_killed_process_is_cleared_away(temporary: Path) -> None:
    """The next one removes what a killed process left, and never what a living one holds."""
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        path = Path(other.stdout.readline().strip())
        HeldDirectory("held-").close()
        assert (path / "frames").exists()
        other.kill()
    ours = HeldDirectory("held-")
    assert list(temporary.iterdir()) == [ours.path]
    ours.close()
    ours.close()
    assert not list(temporary.iterdir())


def test_other_names_and_links_stay(temporary: Path) -> None:
    """Neither a directory of another name nor what a link points to is touched."""
    (temporary / "other").mkdir()
    (temporary / "held-link").symlink_to(temporary / "other")
    HeldDirectory("held-").close()
    assert (temporary / "other").is_dir()
    assert (temporary / "held-link").is_symlink()

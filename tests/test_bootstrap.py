"""What `make` finds out about a machine before anything is installed."""

import ctypes
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from framefan.common.remedy import WINDOW_PACKAGES

BOOTSTRAP = Path(__file__).parent.parent / "bootstrap.py"

pytestmark = pytest.mark.skipif(not BOOTSTRAP.exists(), reason="a test of the source, and this is one of the wheel")


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_needs_nothing() -> None:
    """It runs where nothing is installed, and says one line."""
    ended = subprocess.run([sys.executable, "-IS", BOOTSTRAP], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout in ("demo\n", "demo-headless\n")
    assert ended.stderr.count("\n") == 1


def test_bare_machine_gets_the_headless_opencv(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One library that is missing decides, and is named with the packages that bring all of them."""

    def load(name: str) -> None:
        if name == "libxcb.so.1":
            raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", load)
    bootstrap.main()
    shown = capsys.readouterr()
    assert shown.out == "demo-headless\n"
    assert "libxcb.so.1" in shown.err
    assert WINDOW_PACKAGES in shown.err


def test_old_python_is_refused(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is too old is told in one sentence which one to install."""
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later.*python3\.11-venv"):
        bootstrap.main()


def test_python_without_environments_is_refused(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python without its package for virtual environments is told apart, with the package's name."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=r"install the package python3\.\d+-venv"):
        bootstrap.main()

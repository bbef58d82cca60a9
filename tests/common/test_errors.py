"""Errors are ours and the builtin ones."""

import pickle
import sys

import pytest

from framefan.common import errors
from framefan.common.remedy import remedy


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (errors.AddressError, ValueError),
        (errors.OptionError, ValueError),
        (errors.WireError, ValueError),
        (errors.NoFrame, TimeoutError),
        (errors.BindError, OSError),
        (errors.SourceError, OSError),
        (errors.OutputError, OSError),
        (errors.AnalyzerError, RuntimeError),
        (errors.MissingPackage, ImportError),
    ],
)
def test_both_kinds(ours: type[Exception], builtin: type[Exception]) -> None:
    """A caller may catch ours or the builtin error."""
    assert issubclass(ours, errors.FramefanError)
    assert issubclass(ours, builtin)


def test_no_frame_tells_everything() -> None:
    """The text is one sentence with camera, time, state and reason, also on the other side of a pickle."""
    error = errors.NoFrame("tcp://host:5550/door", "offline", "it is unplugged", 3.0)
    text = "no frame of tcp://host:5550/door within 3 s, it is offline: it is unplugged"
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == text


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), "is not installed"),
        (
            ImportError("libSM.so.6: cannot open shared object file: No such file or directory", name="cv2"),
            "cannot be loaded (libSM.so.6: cannot open shared object file: No such file or directory)",
        ),
    ],
)
def test_missing_package_names_the_remedy(error: ImportError, trouble: str) -> None:
    """A package of an extra that cannot be imported is reported with what to install."""
    missing = errors.MissingPackage.of(error)
    assert str(missing) == f"the package cv2 {trouble}: {remedy(str(error))}"
    assert missing is not None
    assert errors.MissingPackage.of(missing) is missing


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'torch'", name="torch"),
        ImportError("libtorch.so: cannot open shared object file: No such file or directory", name="torch._C"),
        ImportError("cannot import name 'x' from 'av'", name="av"),
    ],
)
def test_other_import_errors_are_not_ours(error: ImportError) -> None:
    """An import error that no extra of ours mends is nobody's missing package."""
    assert errors.MissingPackage.of(error) is None


def test_required_packages_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is required is looked for without an import, and the extra that brings it is named."""
    errors.MissingPackage.require("av", "fsspec")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(errors.MissingPackage, match=r"the package fsspec is not installed: .*framefan\[remote\]"):
        errors.MissingPackage.require("av", "fsspec")

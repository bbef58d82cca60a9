"""What to install when an import fails."""

import pytest

from framefan.common.remedy import WINDOW_LIBRARIES, remedy


@pytest.mark.parametrize("library", WINDOW_LIBRARIES)
def test_libraries_of_windows(library: str) -> None:
    """Where OpenCV's windows miss a library, there are two ways out."""
    line = f"ImportError: {library}: cannot open shared object file: No such file or directory"
    assert remedy(line, "producer") == (
        "install framefan[producer-headless], "
        "or the packages that OpenCV's window functions need: libgl1 libglib2.0-0 libsm6 libxext6"
    )


@pytest.mark.parametrize(
    ("line", "extra", "advice"),
    [
        (
            "ModuleNotFoundError: No module named 'av'",
            "",
            "pip install 'framefan[producer]' (without a screen: 'framefan[producer-headless]')",
        ),
        (
            "ModuleNotFoundError: No module named 'av.error'; 'av' is not a package",
            "film",
            "pip install 'framefan[film]' (without a screen: 'framefan[film-headless]')",
        ),
        ("ModuleNotFoundError: No module named 'fsspec'", "", "pip install 'framefan[remote]'"),
        (
            "ImportError: libfoo.so.3: cannot open shared object file: No such file or directory",
            "",
            "install the package of your system that has libfoo.so.3",
        ),
        ("ModuleNotFoundError: No module named 'torch'", "", ""),
        ("ImportError: cannot import name 'x' from 'av'", "", ""),
        ("", "", ""),
    ],
)
def test_other_imports(line: str, extra: str, advice: str) -> None:
    """A package of an extra is named by it, a library by its file; about anything else nothing is known."""
    assert remedy(line, extra) == advice

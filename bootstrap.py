"""Look at this machine before anything is installed, and print the extra to install: `make` runs this once.

It needs nothing but a Python, which may be too old. What it has found is one line on standard error.
"""

from __future__ import annotations  # an old Python has to get as far as the complaint about its age

import ctypes
import importlib.util
import sys
from pathlib import Path

OLDEST = (3, 11)


def check_python() -> None:
    """Exit with the packages to install if this Python is too old or cannot make virtual environments."""
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < OLDEST:
        sys.exit(
            f"framefan needs Python 3.11 or later, and this is {version}: "
            "install one, such as the packages python3.11 and python3.11-venv, and say make PYTHON=python3.11"
        )
    if importlib.util.find_spec("ensurepip") is None:  # Debian has it in a package of its own
        sys.exit(f"this Python makes no virtual environments: install the package python{version}-venv, and try again")


def missing_libraries() -> list[str]:
    """Return those of OpenCV's windows that this machine lacks."""
    sys.path.insert(0, str(Path(__file__).parent))
    from common.remedy import WINDOW_LIBRARIES

    missing = []
    for name in WINDOW_LIBRARIES if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def main() -> None:
    """Print `demo` or `demo-headless`."""
    check_python()
    missing = missing_libraries()
    if missing:
        from common.remedy import WINDOW_PACKAGES

        print(
            f"OpenCV: the headless one, since windows need {missing[0]}, which is not here "
            f"(to have windows: install {WINDOW_PACKAGES}, then make clean)",
            file=sys.stderr,
        )
    else:
        print("OpenCV: the one with windows, since the libraries that they need are here", file=sys.stderr)
    print("demo-headless" if missing else "demo")


if __name__ == "__main__":
    main()

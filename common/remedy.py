"""What to install when an import fails, found by the line that the import's traceback ends with."""

import re

EXTRAS = {"av": "producer", "cv2": "consumer", "fsspec": "remote", "rich": "demo", "simplejpeg": "producer"}
"""The packages that our extras install, each with the one that usually brings it."""

WINDOW_LIBRARIES = (
    "libGL.so.1",
    "libICE.so.6",
    "libSM.so.6",
    "libX11.so.6",
    "libXext.so.6",
    "libglib-2.0.so.0",
    "libgthread-2.0.so.0",
    "libxcb.so.1",
)
"""What the wheels of opencv-python load and do not bring: those of opencv-python-headless load none of them."""

WINDOW_PACKAGES = "libgl1 libglib2.0-0 libsm6 libxext6"
"""Packages with all of these and what they depend on, by names that `apt install` of Debian 12 and 13 takes."""
_WITHOUT_SCREEN = ("consumer", "demo", "film", "producer")
_MODULE = re.compile(r"No module named '(\w+)")
_LIBRARY = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


def remedy(line: str, extra: str = "") -> str:
    """Return what to install after an import that failed; nothing if that is not known.

    Args:
        line: the last line of its traceback, such as `ModuleNotFoundError: No module named 'av'` or
            `ImportError: libGL.so.1: cannot open shared object file: No such file or directory`.
        extra: the one that brings the package, where it is not the usual one for that package.
    """
    if (module := _MODULE.search(line)) and module[1] in EXTRAS:
        extra = extra or EXTRAS[module[1]]
        headless = f" (without a screen: 'framefan[{extra}-headless]')" if extra in _WITHOUT_SCREEN else ""
        return f"pip install 'framefan[{extra}]'{headless}"
    if (library := _LIBRARY.search(line)) is None:
        return ""
    if library[1] in WINDOW_LIBRARIES:
        return (
            f"install framefan[{extra or EXTRAS['cv2']}-headless], "
            f"or the packages that OpenCV's window functions need: {WINDOW_PACKAGES}"
        )
    return f"install the package of your system that has {library[1]}"

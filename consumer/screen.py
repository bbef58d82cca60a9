"""Whether windows can be opened, asked before OpenCV is: without a screen Qt aborts the whole process."""

import os
import re
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

from ..common.errors import MissingPackage, OutputError

_SOCKET = "/tmp/.X11-unix/X"  # noqa: S108 - the X Window System fixed it: X(7)
_TCP = 6000
_REMEDY = "run framefan display on a desktop, or use framefan sample"


def require() -> None:
    """Check that windows can be opened.

    Raises:
        MissingPackage: this OpenCV has none.
        OutputError: there is no screen.
    """
    if not has_windows():
        raise MissingPackage(
            "windows need opencv-python, and this OpenCV is headless: "
            "pip uninstall opencv-python opencv-python-headless, then pip install 'framefan[consumer]'",
            name="cv2",
        )
    if reason := missing():
        raise OutputError(reason)


def has_windows() -> bool:
    """Return whether this OpenCV has windows; the headless one has none."""
    import cv2

    return bool(cv2.currentUIFramework())


def missing(environ: Mapping[str, str] = os.environ) -> str:
    """Return why there is no screen, in words a person can act on; nothing if there is one."""
    if sys.platform != "linux":
        return ""
    display = environ.get("DISPLAY", "")
    if not display:
        return "" if environ.get("WAYLAND_DISPLAY") else f"there is no screen here: {_REMEDY}"
    return "" if _answers(display) else f"there is no screen at DISPLAY={display}: {_REMEDY}"


def _answers(display: str) -> bool:
    """Connect to an X server, named as `:1`, `:1.0` or `host:1`."""
    match = re.fullmatch(r"(?:unix)?(?P<host>[^/]*):(?P<number>\d{1,4})(?:\.\d+)?", display)
    if not match:
        return True  # a form that we do not know: let Qt find out
    if match["host"]:
        with suppress(OSError):
            socket.create_connection((match["host"], _TCP + int(match["number"])), 3.0).close()
            return True
        return False
    path = _SOCKET + match["number"]
    for address in (path, "\0" + path):
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.connect(address)
            return True
    return False

"""Whether there is a screen to open windows on, asked before OpenCV is: without one Qt aborts the whole process."""

import os
import re
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

from ..common.errors import OutputError

_SOCKET = "/tmp/.X11-unix/X"  # noqa: S108 - the X Window System fixed it: X(7)
_TCP = 6000
_REMEDY = "run framefan display on a desktop, or use framefan sample"


def require() -> None:
    """Check that there is a screen.

    Raises:
        OutputError: there is none.
    """
    if reason := missing():
        raise OutputError(reason)


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

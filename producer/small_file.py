"""Reads files that people write, and nothing that has no end."""

import os
import stat
from pathlib import Path

from ..common.errors import OptionError
from ..common.url import shown

LARGEST = 1024 * 1024
"""Bytes."""


def read_small_file(path: Path) -> str:
    """Return the text of a regular file, without waiting for anybody.

    Raises:
        OptionError: it cannot be read, is something else than a file, is too large, or not UTF-8; its text names the
            path and the remedy.
    """
    name = shown(str(path))  # somebody may take the option for that of a source
    if "\0" in name:
        raise OptionError(f"{name!r} is no path: name a file")
    try:
        _check(name, path.stat().st_mode)  # before it is opened, which does something to some devices
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            _check(name, os.fstat(file.fileno()).st_mode)
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OptionError(f"{name} is larger than {LARGEST} bytes: name a smaller file")
        return data.decode()
    except OSError as error:
        raise OptionError(f"{name}: {error.strerror}: name a file that can be read") from None
    except UnicodeDecodeError:
        raise OptionError(f"{name} is not a text in UTF-8: name a text file") from None


def _check(name: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OptionError(f"{name} is {_KINDS.get(stat.S_IFMT(mode), 'no file')}: name a regular file")


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

"""A place for files: whole or not there, and deleted only if they are what was written."""

import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from ..common.errors import OutputError

_PROBE = ".framefan-writable"


class Directory:
    """A directory, made when the first file is written.

    Names of files are relative, with slashes. All methods raise `OSError` when the file system does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def require_writable(self) -> None:
        """See that files can be written.

        Raises:
            OutputError: they cannot.
        """
        try:
            self.write(_PROBE, b"")
            (self.path / _PROBE).unlink()
        except OSError as error:
            raise OutputError(
                f"cannot write to {self}: {error.strerror or error}; choose another --out or change its permissions"
            ) from None

    def where(self, name: str) -> str:
        """Return what to call a file when talking to people."""
        return str(self.path / name)

    def exists(self, name: str) -> bool:
        """Return whether a file is there, which means all of it."""
        return (self.path / name).exists()

    def read(self, name: str) -> bytes:
        """Return what is in a file; nothing if there is none."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return b""

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file; nobody ever sees a part of it under its name, and nothing is left of one that fails."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file; what cannot be added as a whole is taken back."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                if file.write(data) != len(data):
                    raise OSError("no space left")  # noqa: TRY301 - handled like that of the system
            except OSError:
                with suppress(OSError):
                    file.truncate(end)
                raise

    def delete(self, name: str, size: int) -> None:
        """Delete a file if it is a regular one of that size, in this directory and not only linked from it."""
        path, root = self.path / name, self.path.resolve()
        if not path.parent.resolve().is_relative_to(root):
            return
        try:
            found = path.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISREG(found.st_mode) and found.st_size == size:
            path.unlink(missing_ok=True)

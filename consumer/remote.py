"""A place for files that fsspec knows: S3, SFTP, SMB and many more."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import fsspec

from ..common.errors import OptionError, OutputError
from ..common.url import shown

_PROBE = ".framefan-writable"
_WORD = re.compile(r"\w+")


class Remote:
    """Files below a URL such as `s3://bucket/samples`; the same as :class:`.directory.Directory`, by another way.

    Whole or not there is what object stores promise by themselves. Whatever goes wrong is raised as an `OSError`.

    Raises:
        OptionError: nothing is known about such URLs.
        OutputError: what the URL names cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._url = "::".join(map(shown, url.rstrip("/").split("::")))  # fsspec chains URLs so
        self._hidden = {*_WORD.findall(f"{url} {unquote(url)}")} - {*_WORD.findall(self._url)}
        self._root = url.rstrip("/")
        try:
            self._files, self._root = fsspec.core.url_to_fs(self._root)
        except (ValueError, ImportError) as error:
            failed: Exception = OptionError(f"cannot write to {self._url}: {self._told(error)}")
        except Exception as error:  # noqa: BLE001 - some connect at once, and each has errors of its own
            failed = OutputError(f"cannot write to {self._url}: {self._told(error)}")
        else:
            return
        raise failed  # outside the handlers, as below: what fsspec raises may hold the password

    def __str__(self) -> str:
        return self._url

    def require_writable(self) -> None:
        """See that files can be written.

        Raises:
            OutputError: they cannot.
        """
        try:
            self.write(_PROBE, b"\n")
            self.delete(_PROBE, 1)
        except OSError as error:
            raise OutputError(f"cannot write to {self}: {error}") from None

    def where(self, name: str) -> str:
        """Return what to call a file when talking to people."""
        return f"{self._url}/{name}"

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        return bool(self._try(lambda: self._files.exists(self._path(name))))

    def read(self, name: str) -> bytes:
        """Return what is in a file; nothing if there is none."""
        with suppress(FileNotFoundError):
            return bytes(self._try(lambda: self._files.cat_file(self._path(name))))
        return b""

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file."""
        path = self._path(name)
        self._try(lambda: self._files.makedirs(path.rpartition("/")[0], exist_ok=True))
        self._try(lambda: self._files.pipe_file(path, bytes(data)))

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file."""

        def add() -> None:
            with self._files.open(self._path(name), "ab") as file:
                file.write(data)

        self._try(add)

    def delete(self, name: str, size: int) -> None:
        """Delete a file if it has that size."""
        path = self._path(name)
        with suppress(FileNotFoundError):
            if ".." not in name.split("/") and self._try(lambda: self._files.size(path)) == size:
                self._try(lambda: self._files.rm_file(path))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _try(self, work: Callable[[], Any]) -> Any:
        """Return what a file system does, whose errors are all told as an `OSError`."""
        try:
            return work()
        except FileNotFoundError as error:
            failed: OSError = FileNotFoundError(self._told(error))
        except Exception as error:  # noqa: BLE001 - every file system has errors of its own
            failed = OSError(self._told(error))
        raise failed

    def _told(self, error: Exception) -> str:
        """Return what an error says, without the URL; of one that repeats a part that is not shown, its kind."""
        kind = type(error).__name__
        text = str(error) if isinstance(error, OSError | ImportError) else f"{kind}: {error}"
        text = text.replace(self._root, self._url) if self._root.strip("/") else text
        return kind if self._hidden & set(_WORD.findall(f"{text} {unquote(text)}")) else text

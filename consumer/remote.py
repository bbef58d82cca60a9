"""A place for files that fsspec knows: S3, SFTP, SMB and many more."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import fsspec

from ..common.errors import MissingPackage, OptionError, OutputError
from ..common.redact import url_without_password, without_password

_PROBE = ".framefan-writable"
_PACKAGES = {"smbclient": "smbprotocol"}
"""Modules that fsspec imports and that are not called like the package that brings them."""


class Remote:
    """Files below a URL such as `s3://bucket/samples`; the same as :class:`.directory.Directory`, by another way.

    Whole or not there is what object stores promise by themselves. Whatever goes wrong is raised as an `OSError`.

    Raises:
        OptionError: nothing is known about such URLs.
        MissingPackage: fsspec needs another package for them.
        OutputError: what the URL names cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._url = url_without_password(url).rstrip("/")
        try:
            self._files, self._root = fsspec.core.url_to_fs(url.rstrip("/"))
        except ImportError as error:  # fsspec's, which says what its file system needs and is caused by Python's
            module = error.__cause__.name if isinstance(error.__cause__, ImportError) else None
            package = _PACKAGES.get(module or "", module)
            advice = f": pip install {package}" if package else ""
            raise MissingPackage(f"cannot write to {self._url}: {error}{advice}", name=module) from None
        except ValueError as error:
            raise OptionError(f"cannot write to {self._url}: {error}") from None
        except Exception as error:  # noqa: BLE001 - some connect at once, and each has errors of its own
            raise OutputError(f"cannot write to {self._url}: {without_password(str(error))}") from None

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
        with _as_os_errors():
            return bool(self._files.exists(self._path(name)))

    def read(self, name: str) -> bytes:
        """Return what is in a file; nothing if there is none."""
        with suppress(FileNotFoundError), _as_os_errors():
            return bytes(self._files.cat_file(self._path(name)))
        return b""

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file."""
        path = self._path(name)
        with _as_os_errors():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(path, bytes(data))

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file."""
        with _as_os_errors(), self._files.open(self._path(name), "ab") as file:
            file.write(data)

    def delete(self, name: str, size: int) -> None:
        """Delete a file if it has that size."""
        path = self._path(name)
        with suppress(FileNotFoundError), _as_os_errors():
            if ".." not in name.split("/") and self._files.size(path) == size:
                self._files.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # every file system has errors of its own
        raise OSError(f"{type(error).__name__}: {error}") from error

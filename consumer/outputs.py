"""Where samples are written: a directory, or a URL that fsspec knows."""

from pathlib import Path
from typing import Protocol

from ..common.errors import MissingPackage
from .directory import Directory


class Output(Protocol):
    """A place for files; see :class:`.directory.Directory` for what each method does."""

    def require_writable(self) -> None: ...
    def where(self, name: str) -> str: ...
    def exists(self, name: str) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def write(self, name: str, data: bytes | memoryview) -> None: ...
    def append(self, name: str, data: bytes) -> None: ...
    def delete(self, name: str, size: int) -> None: ...


def output(text: str) -> Output:
    """Return the output that a user names.

    Raises:
        MissingPackage: it is a URL, and fsspec, or what it needs for this one, is not installed.
        OptionError: nothing is known about such URLs.
        OutputError: what the URL names cannot be reached.
    """
    if "://" not in text:
        return Directory(Path(text))
    try:
        from .remote import Remote
    except ImportError as error:
        raise MissingPackage.of(error) or error from None
    return Remote(text)

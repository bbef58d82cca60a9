"""A temporary directory that shows whether whoever made it is still there."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_ATTEMPTS = 3


class HeldDirectory:
    """A directory of this process alone, which the kernel unlocks however the process ends.

    A process that is killed leaves its directory behind. So whoever makes one removes those that nobody holds.

    Args:
        prefix: of its name, the same for all that may clear each other away.

    Attributes:
        path: where it is.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, prefix: str) -> None:
        _clear_away(prefix)
        for _ in range(_ATTEMPTS):
            self.path = Path(tempfile.mkdtemp(prefix=prefix))
            self._lock = _locked(self.path)
            if self._lock is not None and self.path.exists():
                return
            self.close()  # another process took it for one that was left behind, before it was locked
        # A file system without locks: nobody can hold a directory there, and nobody takes one for left behind.
        self.path = Path(tempfile.mkdtemp(prefix=prefix))

    def close(self) -> None:
        """Remove it, with what is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _clear_away(prefix: str) -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if (lock := _locked(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _locked(path: Path) -> int | None:
    """Lock a directory of this user and return the descriptor that holds the lock; None if it is none, or is held."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid == os.getuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
        except OSError:
            pass
        os.close(descriptor)
    return None

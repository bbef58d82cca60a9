"""A reader's share in the private producer of a camera.

All readers of one user on one host that name the same source share one producer, so that the camera has one connection.
It is a process of its own, which neither the caller's GIL nor its pauses delay, and which no reader's death harms.

A source has two files in a directory that is the user's alone. A socket: a reader connects to it, is told the address
of the camera, and stays connected. That is its share, which the kernel takes back, however the reader ends. And a lock:
the producer holds it as long as it lives, by a descriptor that the reader which starts it has locked and passes on. So
there is never a second one, and none is ever missing because a reader was killed while it started one.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from importlib import metadata
from io import IOBase
from pathlib import Path

from ..common.errors import MissingPackage, OutputError, SourceError
from ..common.url import shown

_PROGRAM = "framefan.producer.private"
_START = 10.0
"""Seconds that a private producer has to start, and an old one to end before."""
_PAUSE = 0.02
_LONGEST = 103 - len("/0123456789abcdef.work/framefan-12345678/reports")
"""Bytes of the directory's path, since sockets of the producer are there too, and a socket's path has 103 at least."""

_held: weakref.WeakSet[socket.socket | IOBase] = weakref.WeakSet()
"""Shares and locks of this process. A forked child must not hold them: it may live longer and have no use for them."""


class Lease:
    """A share in the private producer of a source, which is started if there is none.

    It is given back by :meth:`close`, with the object, or with the process. After a fork the child has none.

    Args:
        source: URL or device.

    Attributes:
        address: where the camera's frames are to be had.

    Raises:
        MissingPackage: framefan is installed without what a producer needs.
        SourceError: the producer cannot be started, or the source can never be opened.
        OutputError: there is no directory for what the readers share.
    """

    def __init__(self, source: str) -> None:
        _check_installed()
        path = _directory() / _key(source)
        deadline = time.monotonic() + _START
        while (found := _connect(path.with_suffix(".socket"))) is None:
            with _locked(path.with_suffix(".lock")) as lock:
                if lock is not None:
                    _start(source, path, lock)
                    continue
            if time.monotonic() > deadline:
                raise SourceError(f"the private producer of {shown(source)} does not answer")
            time.sleep(_PAUSE)  # somebody else is starting one, or an old one is leaving the camera
        self._connection, self.address = found
        self._finalizer = weakref.finalize(self, self._connection.close)

    @property
    def lost(self) -> bool:
        """True once the producer has ended, and after a fork in the child."""
        if self._connection.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))  # it says nothing after the address: what can be read is the end

    def close(self) -> None:
        """Give the share back. Safe to call twice."""
        self._finalizer()


def _check_installed() -> None:
    for package in ("av", "simplejpeg"):
        if importlib.util.find_spec(package) is None:
            missing = ModuleNotFoundError(name=package)
            raise MissingPackage.of(missing) or missing


def _directory() -> Path:
    """Return the directory of sockets and locks, which nobody else may enter."""
    # Not XDG_RUNTIME_DIR, which a login has and a service of the same user does not.
    own = Path(tempfile.gettempdir()) / f"framefan-{os.getuid()}"
    path = own if len(os.fsencode(own)) <= _LONGEST else Path("/tmp") / own.name  # noqa: S108 - checked below
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        facts = path.lstat()
    except OSError as error:
        raise OutputError(f"cannot make {path}: {error.strerror}: set TMPDIR to a directory that can be used") from None
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise OutputError(f"{path} is not a directory of yours alone: remove it")
    return path


def _key(source: str) -> str:
    """Return a name for what readers of a source share: those of one release and one network, so that they can."""
    with contextlib.suppress(OSError):
        return _digest(metadata.version("framefan"), str(Path("/proc/self/ns/net").stat().st_ino), source)
    return _digest(metadata.version("framefan"), source)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=8).hexdigest()


def _connect(path: Path) -> tuple[socket.socket, str] | None:
    """Return a connection and the address that is told there; None if nobody is there."""
    connection = socket.socket(socket.AF_UNIX)
    _held.add(connection)
    try:
        connection.settimeout(_START)
        connection.connect(str(path))
        line = connection.recv(1024)
    except OSError:
        line = b""
    if line.endswith(b"\n"):
        return connection, line.decode().strip()
    connection.close()
    return None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Lock a file and give the descriptor that holds the lock, also when it is passed on; None if it is locked."""
    with open(path, "ab", opener=_private) as file:
        _held.add(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = path.stat().st_ino == os.fstat(file.fileno()).st_ino  # who held it last may have removed it
        except (BlockingIOError, FileNotFoundError):
            ours = False
        yield file.fileno() if ours else None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _start(source: str, path: Path, lock: int) -> None:
    """Start a producer; when it listens it lets go of its standard error, for which this waits."""
    words = [str(path.with_suffix(suffix)) for suffix in (".socket", ".lock")]
    path.with_suffix(".socket").unlink(missing_ok=True)  # left by one that was killed: the lock says that it is over
    try:
        done = subprocess.run(
            [sys.executable, "-m", _PROGRAM, *words],
            input=source.encode(errors="surrogateescape"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_START,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the one that started it, not for those who share it
            pass_fds=[lock],
            check=False,
        )
        told = done.stderr.decode(errors="replace").strip()
    except subprocess.TimeoutExpired:
        told = f"it does not start within {_START:g} s"
    except OSError as error:
        told = str(error.strerror)
    # Others may speak there too: the dynamic linker, or Python itself.
    if told and not path.with_suffix(".socket").exists():
        raise SourceError(f"no private producer of {shown(source)}: {told.splitlines()[-1]}")


def _let_go() -> None:
    for held in list(_held):
        held.close()


os.register_at_fork(after_in_child=_let_go)

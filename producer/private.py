"""A producer of one camera for readers on this host, which lives as long as they do.

`python -m framefan.producer.private SOCKET LOCK` is started by a reader (`consumer/lease.py`), with the source on
standard input, since it may hold a password and `ps` shows arguments. A reader connects to the Unix socket SOCKET,
reads one line, the camera's address, and stays connected for as long as it wants frames. The file LOCK is locked by a
descriptor that comes along, until this process is over, however it ends: only who holds that lock has the camera.

What goes wrong before the socket is there is told on standard error, which is closed then. That is the sign for the
one that waits for it.
"""

import argparse
import contextlib
import os
import selectors
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..common.address import Endpoint
from ..common.errors import ExitCode, FramefanError
from ..common.options import read_options
from ..common.signals import Stop
from .cameras import Camera, CameraSettings, named
from .hub import Hub
from .supervisor import Supervisor

_LINGER = 5.0
"""Seconds that the camera is kept after its last reader has left: a program that opens it again finds it running."""
_RESPITE = 0.1
"""Seconds until the next reader is let in after one could not be."""


class Readers(threading.Thread):
    """Tells readers the camera's address, and finds out when the last of them has gone, in order or not.

    Args:
        path: of the socket.
        address: the camera's.
        deserted: called in this thread when nobody has been there for a while; nobody is let in any more.
    """

    def __init__(self, path: Path, address: str, deserted: Callable[[], object]) -> None:
        super().__init__(name="readers", daemon=True)
        self._path = path
        self._line = f"{address}\n".encode()
        self._deserted = deserted
        path.unlink(missing_ok=True)  # left by one that was killed: the lock says that it is over
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until nobody is left."""
        try:
            while (ready := self._selector.select(_LINGER)) or len(self._selector.get_map()) > 1:
                for key, _ in ready:
                    if key.fileobj is self._listener:
                        self._let_in()
                    elif isinstance(key.fileobj, socket.socket):  # readers say nothing, they only leave
                        self._selector.unregister(key.fileobj)
                        key.fileobj.close()
        finally:
            self._path.unlink(missing_ok=True)
            self._listener.close()
            self._deserted()

    def _let_in(self) -> None:
        try:
            reader, _ = self._listener.accept()
        except OSError:  # it has left already, or there are no more files: those who have a share keep it
            time.sleep(_RESPITE)
            return
        with contextlib.suppress(OSError):  # it has left already, which the selector tells as well
            reader.send(self._line)
        self._selector.register(reader, selectors.EVENT_READ)


def _serve(source: str, path: Path) -> None:
    """Grab the source until nobody wants it, or until a signal asks for the end."""
    ((name, parsed),) = named([(source, None)])
    settings = read_options(CameraSettings, argparse.Namespace(), os.environ)
    work = path.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)  # as the socket, it may be left by one that was killed
    work.mkdir(mode=0o700)
    tempfile.tempdir = str(work)
    hub = Hub(Endpoint("127.0.0.1", 0))
    supervisor = Supervisor(hub, [Camera(name=name, source=parsed, settings=settings)])
    with Stop() as stop:
        try:
            Readers(path, f"{hub.endpoint}/{name}", stop.request).start()
            _fall_silent()
            # With cameras that could change it does not end when this one never works: readers are to hear why.
            supervisor.run(stop, lambda: None)
        finally:
            path.unlink(missing_ok=True)
            supervisor.close()
            hub.close()
            shutil.rmtree(work, ignore_errors=True)


def _fall_silent() -> None:
    """Let go of the output of the program that started this one, which would wait for its end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def main() -> int:
    """Serve in a process of which nobody is the parent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socket", type=Path)
    parser.add_argument("lock", type=Path)
    words = parser.parse_args()
    source = sys.stdin.buffer.read().decode(errors="surrogateescape")
    if not source or os.fork():  # without a source, the reader that started this was killed meanwhile
        return ExitCode.OK
    try:
        _serve(source, words.socket)
    except (FramefanError, OSError) as error:
        print(error, file=sys.stderr)
        return ExitCode.FAILURE
    finally:
        words.lock.unlink(missing_ok=True)  # while it is still held
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())

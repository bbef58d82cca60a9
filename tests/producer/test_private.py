"""The door of a private producer, by which readers come in."""

import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import descriptors_of

SERVE = """
import sys, threading
from pathlib import Path
from framefan.producer.private import Readers
over = threading.Event()
Readers(Path(sys.argv[1]), "tcp://127.0.0.1:5550/door", over.set).start()
print("open", flush=True)
over.wait()
"""


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The id of a process that lets readers in, and the path of its socket."""
    path = tmp_path / "door.socket"
    with subprocess.Popen([sys.executable, "-c", SERVE, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid, path
        process.kill()


def come_to(path: Path) -> socket.socket:
    """Connect as a reader does."""
    reader = socket.socket(socket.AF_UNIX)
    reader.settimeout(10)
    reader.connect(str(path))
    return reader


def test_reader_that_cannot_be_let_in_costs_the_others_nothing(readers: tuple[int, Path]) -> None:
    """Without a file for one more reader, those who are there stay, and the new one comes in when there is one."""
    pid, path = readers
    with come_to(path) as first:
        assert first.recv(100).endswith(b"/door\n")
        _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors_of(pid).total(), most))
        with come_to(path) as second:
            second.settimeout(0.5)
            with pytest.raises(TimeoutError):
                second.recv(100)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
            second.settimeout(10)
            assert second.recv(100).endswith(b"/door\n")
        first.settimeout(0.01)
        with pytest.raises(TimeoutError):
            first.recv(1)

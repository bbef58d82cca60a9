"""A camera that answers HTTP as a test wants it to, and remembers what it was asked."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

Answer = Callable[[str], Iterator[bytes]]
"""Given a request, yields what to send; the connection is closed behind it."""


class HttpCamera:
    """Answers each request by a function.

    Attributes:
        port: where it listens.
        requests: the heads that came in.
        overlapping: whether a connection came while another one was open, and stayed so.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[str] = []
        self.overlapping = False
        self._open = 0
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def url(self, user: str = "", host: str = "127.0.0.1", path: str = "/video?token=tok3n") -> str:
        """Return its URL."""
        return f"http://{user}{host}:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(end,)))
            self._threads[-1].start()

    def _serve(self, end: socket.socket) -> None:
        with self._changed:
            self.overlapping |= not self._changed.wait_for(lambda: self._open == 0, 1)
            self._open += 1
        with end, contextlib.suppress(OSError):
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += end.recv(1)
            self.requests.append(request.decode())
            for piece in self._answer(request.decode()):
                end.sendall(piece)
                if self._over.is_set() or (not piece and self._hung_up(end)):
                    break
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _hung_up(self, end: socket.socket) -> bool:
        """Wait until the other side has gone."""
        end.settimeout(0.05)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                return end.recv(1) == b""
        return True


def header(request: str, name: str) -> str:
    """Return a header of a request; empty if there is none."""
    found = re.search(rf"(?im)^{name}: *(.*?)\r?$", request)
    return found[1] if found else ""

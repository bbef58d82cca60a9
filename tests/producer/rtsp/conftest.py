"""A camera that says what a test wants it to say, and remembers what it was told."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import pytest

from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from framefan.producer.rtsp.messages import Inbox, Request, Response

SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n"
ANSWERS: Mapping[str, Response | bytes | None] = {
    "OPTIONS": Response(headers={"Public": "DESCRIBE, SETUP, PLAY, GET_PARAMETER"}),
    "DESCRIBE": Response(headers={"Content-Type": "application/sdp"}, body=SDP),
    "SETUP": Response(headers={"Session": "abc; timeout=2", "Transport": "RTP/AVP/TCP;interleaved=0-1"}),
}


class ScriptedCamera:
    """Answers each method as the script has it: a response, any bytes, or None for silence.

    Args:
        script: differences to `ANSWERS`; a method in neither is answered 200.
        after_play: what to send once PLAY is answered.

    Attributes:
        port: where it listens.
        script: what it answers, by method.
        requests: what came in.
        answers: answers to what `after_play` asked.
    """

    def __init__(self, script: Mapping[str, Response | bytes | None] | None = None, after_play: bytes = b"") -> None:
        self.script: Mapping[str, Response | bytes | None] = {**ANSWERS, **(script or {})}
        self._after_play = after_play
        self.requests: list[Request] = []
        self.answers: list[Response] = []
        self._heard = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def url(self, user: str = "", host: str = "127.0.0.1") -> str:
        """Return its URL."""
        return f"rtsp://{user}{host}:{self.port}/door?token=tok3n"

    def heard(self, method: str, count: int = 1, within: float = 5.0) -> bool:
        """Wait until so many requests of a method have come in."""
        with self._heard:
            return self._heard.wait_for(lambda: self.methods().count(method) >= count, within)

    def answered(self, count: int = 1, within: float = 5.0) -> bool:
        """Wait until so many answers have come in."""
        with self._heard:
            return self._heard.wait_for(lambda: len(self.answers) >= count, within)

    def methods(self) -> list[str]:
        """Return the methods of all requests, in their order."""
        return [request.method for request in self.requests]

    def _accept(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self._ends.append(end)
            self._threads.append(threading.Thread(target=self._serve, args=(end,)))
            self._threads[-1].start()

    def _serve(self, end: socket.socket) -> None:
        inbox = Inbox()
        with end, contextlib.suppress(OSError):
            while data := end.recv(65_536):
                inbox.feed(data)
                while (item := inbox.take()) is not None:
                    self._take(end, item)

    def _take(self, end: socket.socket, item: object) -> None:
        with self._heard:
            if isinstance(item, Response):
                self.answers.append(item)
            elif isinstance(item, Request):
                self.requests.append(item)
            self._heard.notify_all()
        if isinstance(item, Request):
            answer = self.script.get(item.method, Response())
            if answer is not None:
                end.sendall(answer.to_bytes(item.cseq) if isinstance(answer, Response) else answer)
            if item.method == "PLAY":
                end.sendall(self._after_play)


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    """An RTSP camera with small and fast pictures."""
    with CameraServer(port=0, settings=Settings(size=(320, 176), fps=50, gop=10)) as server:
        yield server

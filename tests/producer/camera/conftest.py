"""A camera server, and an RTSP client that sees every byte."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import pytest

from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings

SMALL = Settings(size=(320, 176), fps=50, gop=10)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to an RTSP request."""

    status: int
    reason: str
    headers: dict[str, str]
    body: str


class RtspClient:
    """Speaks RTSP over one connection and takes its packets interleaved."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=5)
        self._file = self.socket.makefile("rb")
        self._cseq = 0
        self.session = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def send(self, method: str, url: str | None = None, **headers: str) -> None:
        """Send a request without waiting for its answer."""
        self._cseq += 1
        headers = {"CSeq": str(self._cseq), **({"Session": self.session} if self.session else {}), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"{method} {url or self.url} RTSP/1.0\r\n{lines}\r\n".encode())

    def ask(self, method: str, url: str | None = None, **headers: str) -> Answer:
        """Send a request and return its answer; packets before it are skipped."""
        self.send(method, url, **headers)
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer; packets before it are skipped."""
        while (first := self._read(1)) == b"$":
            self._read(struct.unpack("!xH", self._read(3))[0])
        _version, status, reason = (first + self._file.readline()).decode().strip().split(" ", 2)
        headers = {}
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self._read(int(headers.get("Content-Length", 0))).decode()
        return Answer(int(status), reason, headers, body)

    def set_up(self) -> Answer:
        """Set up the video over TCP."""
        answer = self.ask("SETUP", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        self.session = answer.headers.get("Session", "").partition(";")[0]
        return answer

    def play(self) -> Self:
        """Go all the way to PLAY."""
        assert self.set_up().status == 200
        assert self.ask("PLAY").status == 200
        return self

    def packet(self) -> tuple[int, bytes]:
        """Return the next packet and its channel.

        Raises:
            EOFError: the server has closed the connection in order.
        """
        assert self._read(1) == b"$"
        channel, length = struct.unpack("!BH", self._read(3))
        return channel, self._read(length)

    def rtp(self) -> bytes:
        """Return the next RTP packet."""
        while True:
            channel, packet = self.packet()
            if channel == 0:
                return packet

    def picture(self) -> list[bytes]:
        """Return the RTP packets up to the next marker, which ends a picture."""
        packets = [self.rtp()]
        while not packets[-1][1] & 0x80:
            packets.append(self.rtp())
        return packets

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError
        return data


@pytest.fixture
def server() -> Iterator[CameraServer]:
    """A camera server with small and fast pictures."""
    with CameraServer(port=0, settings=SMALL) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[[str], RtspClient]]:
    """Connect clients that are closed after the test."""
    clients = []

    def client(url: str) -> RtspClient:
        clients.append(RtspClient(url))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            threading.Event().wait(0.005)

    return wait

"""A camera that speaks HTTP: MJPEG whose pictures are made before anything is measured."""

import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from types import TracebackType
from typing import Self

from framefan.producer.array_encoder import encode_array
from framefan.producer.camera.encoder import CLOCK, Encoder
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.settings import Settings

from .pictures import FPS, pictures

_HEAD = b"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


class MjpegServer:
    """Serves a few pictures again and again to any number of clients, 25 a second.

    Args:
        pictures: whole JPEGs.
    """

    def __init__(self, pictures: Iterable[bytes]) -> None:
        self._parts = [_HEAD % len(picture) + picture + b"\r\n" for picture in pictures]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        """The camera's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/door"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        parts = self._parts

        class Handler(BaseHTTPRequestHandler):
            """Answers any path."""

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=picture")
                self.end_headers()
                due, number = time.monotonic(), 0
                try:
                    while True:
                        self.wfile.write(parts[number % len(parts)])
                        number, due = number + 1, due + 1 / FPS
                        time.sleep(max(0.0, due - time.monotonic()))
                except ConnectionError:
                    pass  # the client has left

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def scene() -> list[bytes]:
    """Return a second of the embedded camera's scene, 1280x720."""
    settings = Settings(codec="mjpeg", size=(1280, 720), fps=FPS)
    drawn, encoder = Scene("door", settings), Encoder(settings)
    jpegs = []
    for number in range(FPS):
        picture = drawn.picture(number, number / FPS, time.time_ns() + number * 10**9 // FPS)
        jpegs.append(encoder.encode(picture, number * CLOCK // FPS, keyframe=True).data)
    encoder.close()
    return jpegs


def street() -> list[bytes]:
    """Return pictures with as much detail as those of a street, 1920x1080."""
    return [encode_array(picture, 80) for _, picture in islice(pictures(), 8)]

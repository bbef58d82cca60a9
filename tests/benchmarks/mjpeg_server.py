"""A camera that speaks HTTP: the embedded camera's scene as MJPEG, drawn and encoded before anything is measured."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from framefan.producer.camera.encoder import Encoder
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.settings import Settings

_BOUNDARY = "picture"


class MjpegServer:
    """Serves one second's worth of pictures again and again to any number of clients.

    Args:
        size: width and height in pixels.
        fps: pictures per second.
    """

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        self._pictures, self._fps = _pictures(size, fps), fps
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
        pictures, interval = self._pictures, 1 / self._fps

        class Handler(BaseHTTPRequestHandler):
            """Answers any path."""

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={_BOUNDARY}")
                self.end_headers()
                due, number = time.monotonic(), 0
                try:
                    while True:
                        self.wfile.write(pictures[number % len(pictures)])
                        number, due = number + 1, due + interval
                        time.sleep(max(0.0, due - time.monotonic()))
                except ConnectionError:
                    pass  # the client has left

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def _pictures(size: tuple[int, int], fps: int) -> list[bytes]:
    """Return the parts of one second, each a JPEG with its head."""
    settings = Settings(codec="mjpeg", size=size, fps=fps)
    scene, encoder = Scene("door", settings), Encoder(settings)
    parts = []
    for number in range(fps):
        picture = scene.picture(number, number / fps, time.time_ns() + number * 10**9 // fps)
        jpeg = encoder.encode(picture, number * 90_000 // fps, keyframe=True).data
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        parts.append(head.encode() + jpeg + b"\r\n")
    encoder.close()
    return parts

"""The RTSP server: a listening socket, and an event loop in a thread of its own."""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from ...common.errors import BindError
from .authentication import Credentials, Guard
from .connection import Connection
from .film import Film
from .settings import Settings
from .stream import Streams
from .target import to_path

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraStatistics:
    """What a server does at a moment.

    Attributes:
        connections: clients that are connected.
        sessions: clients that have set up a stream.
        encoders: streams that are being encoded.
    """

    connections: int
    sessions: int
    encoders: int


class CameraServer:
    """RTSP cameras, one for any path, in threads of this process.

        with CameraServer(port=0) as server:
            av.open(server.url("door", codec="h265", fault="freeze", after=3))

    Args:
        host: the address to listen at.
        port: the port to listen at; 0 for any free one.
        settings: of URLs that do not say otherwise.
        credentials: who may watch; None for everybody.
        sessions: how many clients may have set up a stream at a time, the next one is answered 453;
            None for any number.
        film: a file to show in a loop instead of the scene with the clock.

    Raises:
        BindError: the port cannot be opened.
        SourceError: the film cannot be played.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8554,
        settings: Settings = Settings(),  # noqa: B008 - immutable
        credentials: Credentials | None = None,
        sessions: int | None = None,
        film: Path | None = None,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._most = sessions
        self._film = film
        if film is not None:
            Film(film, settings).close()
        self._socket = _listen(host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-server", daemon=True)
        self._thread.start()
        self._ready.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Return the address that clients connect to, e.g. `rtsp://127.0.0.1:8554`."""
        return f"rtsp://{self._authority}"

    def url(self, name: str = "camera", **query: object) -> str:
        """Return a camera's URL, password included.

        Args:
            name: the camera's name.
            query: settings and faults, e.g. `codec="h265"`; `for` is written `for_`.
        """
        user = ""
        if self._credentials is not None:
            given = self._credentials
            user = f"{quote(given.user, safe='')}:{quote(given.password, safe='')}@"
        return f"rtsp://{user}{self._authority}{to_path(name, query)}"

    def statistics(self) -> CameraStatistics:
        """Return what the server does now."""
        return CameraStatistics(len(self._tasks), self._streams.sessions, len(self._streams))

    def close(self) -> None:
        """Disconnect all clients and wait until every thread has ended. May be called again."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._streams = Streams(self._film, self._most)
        server = await asyncio.start_server(self._serve, sock=self._socket)
        self._authority = _authority(*self._socket.getsockname()[:2])
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._streams.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("peername") is None:
            writer.transport.abort()  # the client has left before we came to it
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        connection = Connection(
            reader,
            writer,
            streams=self._streams,
            defaults=self._settings,
            guard=Guard(self._credentials),
        )
        with contextlib.suppress(asyncio.CancelledError):
            await connection.run()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = {
            errno.EADDRINUSE: "address in use, choose another --port",
            errno.EACCES: "not permitted, choose a --port above 1023",
        }.get(error.errno or 0, (error.strerror or "no such address").partition(" (while ")[0])
        raise BindError(f"cannot bind rtsp://{_authority(host, port)}: {reason}") from None


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""One client's session: from SETUP to TEARDOWN, or to the end of its connection."""

import asyncio
import logging
import math
import secrets
import socket
import struct

from .outlet import Outlet
from .stream import Stream
from .target import Target
from .viewer import Viewer

_log = logging.getLogger(__name__)

_TIMEOUT = 60  # seconds, told to clients of sessions that have no time-out: those end with their connection


class Session:
    """What SETUP has agreed on.

    Args:
        target: the camera and its faults.
        stream: its encoder; None for a camera without video.
        outlet: where packets go.
        writer: the client's connection, for faults that end it.
    """

    def __init__(
        self,
        target: Target,
        stream: Stream | None,
        outlet: Outlet,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._target = target
        self._stream = stream
        self._outlet = outlet
        self._writer = writer
        self._peer = "{}:{}".format(*writer.get_extra_info("peername"))
        self._viewer: Viewer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self.heard()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that name the session."""
        timeout = self._target.faults.timeout
        return {"Session": f"{self.id};timeout={_TIMEOUT if timeout == math.inf else timeout}"}

    def heard(self) -> None:
        """Keep the session alive for another time-out; packets from the client, which are RTCP, do not."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._target.faults.timeout < math.inf:
            self._expiry = asyncio.get_running_loop().call_later(self._target.faults.timeout, self._expire)

    def play(self) -> None:
        """Start sending."""
        if self._viewer is None and self._stream is not None:
            faults = self._target.faults
            self._viewer = Viewer(self._outlet, faults, self._wind_up)
            self._stream.add(self._viewer.receive, keyframe=not faults.midgop)
            _log.info("%s: %s plays %s", self._target.name, self._peer, self._target.settings)

    def end(self) -> None:
        """Stop sending, and free everything. May be called again."""
        for timer in (self._timer, self._expiry):
            if timer is not None:
                timer.cancel()
        if self._viewer is not None and self._stream is not None:
            self._stream.remove(self._viewer.receive)
            _log.info("%s: %s left", self._target.name, self._peer)
        self._timer = self._expiry = self._viewer = None
        self._outlet.close()

    def _wind_up(self) -> None:
        """Start the clock of the faults that end the connection."""
        faults = self._target.faults
        act = {"close": self._close, "reset": self._reset}.get(faults.fault or "")
        if act is not None:
            self._timer = asyncio.get_running_loop().call_later(faults.after, act)

    def _expire(self) -> None:
        _log.info("%s: %s has kept its session alive no longer", self._target.name, self._peer)
        self._close()

    def _close(self) -> None:
        self.end()
        if not self._writer.transport.is_closing():
            self._writer.write_eof()

    def _reset(self) -> None:
        self.end()
        # A connection that is closed with a lingering time of zero ends with RST.
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

"""Where a viewer's packets go: into the RTSP connection, or to a pair of UDP ports."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from typing import Protocol

from ..rtsp.messages import interleaved

_BACKLOG = 512 * 1024  # bytes that may wait for a slow client, besides what the kernel holds


class Outlet(Protocol):
    """A way to a viewer that never makes anybody wait."""

    @property
    def congested(self) -> bool:
        """Return whether so much waits already that the next picture should be left out."""
        ...

    def send(self, packets: Sequence[bytes]) -> None:
        """Send RTP packets."""

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""

    def close(self) -> None:
        """Free the sockets."""


class TcpOutlet:
    """Packets interleaved with the dialogue of an RTSP connection.

    Args:
        transport: the connection.
        channels: for RTP and for RTCP.
    """

    def __init__(self, transport: asyncio.WriteTransport, channels: tuple[int, int]) -> None:
        self._transport = transport
        self._channels = channels

    @property
    def congested(self) -> bool:
        return self._transport.get_write_buffer_size() > _BACKLOG

    def send(self, packets: Sequence[bytes]) -> None:
        self._write(b"".join(interleaved(self._channels[0], packet) for packet in packets))

    def report(self, packet: bytes) -> None:
        self._write(interleaved(self._channels[1], packet))

    def close(self) -> None:
        """Do nothing: the connection goes on without pictures."""

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


class UdpOutlet:
    """A pair of UDP sockets, an even port for RTP and the next one for RTCP.

    Args:
        local: the address that the client has connected to.
        remote: the client's address; nobody else can be sent to.
        ports: the client's ports.
    """

    congested = False  # what the kernel cannot take is lost, as packets are

    def __init__(self, local: str, remote: str, ports: tuple[int, int]) -> None:
        self._sockets = _pair(local)
        self._remotes = [(remote, port) for port in ports]

    @property
    def ports(self) -> tuple[int, int]:
        """Return our ports."""
        low, high = (int(end.getsockname()[1]) for end in self._sockets)
        return low, high

    def send(self, packets: Sequence[bytes]) -> None:
        for packet in packets:
            self._send(0, packet)

    def report(self, packet: bytes) -> None:
        self._send(1, packet)

    def close(self) -> None:
        for end in self._sockets:
            end.close()

    def _send(self, index: int, packet: bytes) -> None:
        # A client that is not there yet, or no longer, shows as a refused connection.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._sockets[index].sendto(packet, self._remotes[index])


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Return two sockets bound to an even port and the one after it.

    Raises:
        OSError: no such pair was found in a hundred tries.
    """
    for _ in range(100):
        low = _socket(host, 0)
        port = low.getsockname()[1]
        if port % 2 == 0:
            with contextlib.suppress(OSError):
                return low, _socket(host, port + 1)
        low.close()
    raise OSError("no pair of UDP ports is free")


def _socket(host: str, port: int) -> socket.socket:
    end = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        end.setblocking(False)
        end.bind((host, port))
    except OSError:
        end.close()
        raise
    return end

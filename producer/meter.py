"""How much comes in that ZeroMQ does not report: it keeps every subscription at PUB, and every part of a message.

A message that never ends has no limit in ZeroMQ but that of each of its parts.
"""

import socket
import struct
from collections import Counter

from ..common.schema import LONGEST_TOPIC, MOST_SUBSCRIPTIONS
from .connections import Connections

_INTERVAL = 1.0
_STEADY = 100
"""Bytes per second that may always come in: heartbeats are some ten."""
_TCP_INFO = struct.Struct("=128xQ")
"""Of tcp_info (linux/tcp.h, since 4.1): tcpi_bytes_received."""


class Meter:
    """Ends connections by which more comes in than anybody needs. Linux only.

    Args:
        connections: to the socket.
        most: bytes that may come in at once and not be reported.
    """

    def __init__(self, connections: Connections, most: int = MOST_SUBSCRIPTIONS * LONGEST_TOPIC) -> None:
        self._connections = connections
        self._most = most
        self._excess: dict[int, tuple[int, float]] = {}
        self._reported: Counter[int] = Counter()
        self._look_at = 0.0

    def report(self, descriptor: int, size: int) -> None:
        """Take note that so many bytes were of a whole message."""
        self._reported[descriptor] += size

    def look(self, now: float) -> None:
        """Look at all connections if it is time, monotonic s."""
        if now < self._look_at or not hasattr(socket, "TCP_INFO"):
            return
        steady = _STEADY * (now - self._look_at + _INTERVAL) if self._look_at else 0.0
        self._look_at = now + _INTERVAL
        before, self._excess = self._excess, {}
        for descriptor in self._connections:
            received = _received(descriptor)
            last, excess = before.get(descriptor, (0, 0.0))
            if received < last:  # another connection by now
                last, excess = 0, 0.0
            excess = max(0.0, excess + received - last - steady - self._reported[descriptor])
            self._excess[descriptor] = received, excess
            if excess > self._most:
                self._connections.end(descriptor)
        self._reported.clear()


def _received(descriptor: int) -> int:
    """Return how many bytes have come in by a connection; 0 if it is gone."""
    try:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=descriptor)
    except OSError:
        return 0
    try:
        return int(_TCP_INFO.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))[0])
    except (OSError, struct.error):
        return 0
    finally:
        connection.detach()

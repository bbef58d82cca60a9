"""One client that plays a stream."""

import random
import time
from collections.abc import Callable

from .faults import Faults
from .outlet import Outlet
from .rtp import sender_report
from .stream import Picture

_REPORT_INTERVAL = 5.0  # seconds between sender reports (RFC 3550, 6.2)


class Viewer:
    """Sends pictures to one client, from a keyframe on, with the faults it asked for.

    A client that is too slow misses pictures up to the next keyframe and holds nobody up.

    Args:
        outlet: where packets go.
        faults: what shall go wrong.
        began: called with the first picture that was sent.
    """

    def __init__(self, outlet: Outlet, faults: Faults, began: Callable[[], None]) -> None:
        self._outlet = outlet
        self._faults = faults
        self._began = began
        # The same packets get lost each time: a test that failed can be repeated.
        self._random = random.Random(0)  # noqa: S311
        self._began_at: float | None = None
        self._reported_at = -_REPORT_INTERVAL
        self._gap = False
        self._packets = 0
        self._octets = 0

    def receive(self, picture: Picture) -> None:
        """Send a picture, or leave it out."""
        now = time.monotonic()
        if self._began_at is None:
            if picture.keyframe == self._faults.midgop:
                return
            self._began_at = now
            self._send(picture, now)
            self._began()
            return
        if self._faults.freezes(now - self._began_at) or self._outlet.congested:
            self._gap = True
        elif picture.keyframe or not self._gap:
            self._gap = False
            self._send(picture, now)

    def _send(self, picture: Picture, now: float) -> None:
        if now - self._reported_at >= _REPORT_INTERVAL:
            self._reported_at = now
            report = sender_report(picture.ssrc, picture.time_ns, picture.timestamp, self._packets, self._octets)
            self._outlet.report(report)
        self._packets += len(picture.packets)
        self._octets += sum(len(packet) - 12 for packet in picture.packets)
        self._outlet.send([arriving for packet in picture.packets if (arriving := self._mangle(packet))])

    def _mangle(self, packet: bytes) -> bytes:
        """Return what is left of a packet on its way."""
        chance = self._random.random()
        if chance < self._faults.drop:
            return b""
        return packet[: len(packet) // 2] if chance < self._faults.drop + self._faults.cut else packet

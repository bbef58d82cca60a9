"""The pace of a film, which is played at its own rate, as a camera would show it."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

from .arrival import Arrival

LAST_SHOWN = 0.5
"""Seconds between a film's last picture and word of its end: the two reach readers on different connections, and
pixels in memory can be opened while the process lives that made them."""
_LATE_NS = 500_000_000
_LONGEST_NS = 60_000_000_000
"""A packet that is due so long ago, or so long from now, is one whose film counts its time anew there."""

_AvPacket: TypeAlias = "Packet[VideoStream]"


def paced(packets: Iterable[_AvPacket], fps: float) -> Iterator[tuple[_AvPacket, Arrival]]:
    """Yield each packet at its decoding time; the end comes when the last picture has been shown.

    Args:
        packets: of the film, the last of them an empty one.
        fps: pictures per second, for packets that do not tell their time.
    """
    interval = int(1e9 / fps)
    start, due, shown = 0, -interval, 0
    for packet in packets:
        if packet.size:
            due = due + interval if packet.dts is None else _ns(packet, packet.dts)
            seen = due if packet.pts is None else _ns(packet, packet.pts)
            if not -_LATE_NS < start + due - time.monotonic_ns() < _LONGEST_NS:
                start, shown = time.monotonic_ns() - due, seen
            shown = max(shown, seen)
            _sleep_until(start + due)
        yield packet, Arrival.now()
    _sleep_until(start + shown + interval)


def _ns(packet: _AvPacket, timestamp: int) -> int:
    return int(timestamp * (packet.time_base or 0) * 1_000_000_000)


def _sleep_until(moment_ns: int) -> None:
    time.sleep(max(0, moment_ns - time.monotonic_ns()) / 1e9)

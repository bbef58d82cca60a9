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
_NANOSECONDS = 1_000_000_000

_AvPacket: TypeAlias = "Packet[VideoStream]"


def paced(packets: Iterable[_AvPacket]) -> Iterator[tuple[_AvPacket, Arrival]]:
    """Yield each packet at its decoding time; the end comes when the last picture has been shown."""
    start: int | None = None
    over = 0
    for packet in packets:
        if packet.dts is not None and packet.time_base is not None:
            due = int(packet.dts * packet.time_base * _NANOSECONDS)
            start = time.monotonic_ns() - due if start is None else start
            _sleep_until(start + due)
            shown_until = (packet.dts if packet.pts is None else packet.pts) + (packet.duration or 0)
            over = max(over, start + int(shown_until * packet.time_base * _NANOSECONDS))
        yield packet, Arrival.now()
    _sleep_until(over)


def _sleep_until(moment: int) -> None:
    time.sleep(max(0, moment - time.monotonic_ns()) / _NANOSECONDS)

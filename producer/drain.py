"""The thread that takes everything from the camera as it comes, however long decoding takes."""

import time
from typing import Any

from .backlog import Backlog
from .demuxer import PacketSource
from .pattern import Pattern
from .standstill import Standstill


def drain(source: PacketSource | Pattern, backlog: Backlog[Any]) -> None:
    """Put all packets of a source into a backlog, and in the end what ended it."""
    standstill = Standstill()
    asked_ns = time.monotonic_ns()
    try:
        for packet, arrival in source.packets():
            backlog.put(packet, standstill.arrival(arrival, asked_ns))
            asked_ns = time.monotonic_ns()
    except Exception as error:  # noqa: BLE001 - raised again where the backlog is read
        backlog.close(error)
    else:
        backlog.close()

"""Two hosts with a slow link between them: network namespaces, and a router of our own that carries every packet."""

import fcntl
import heapq
import os
import select
import shutil
import struct
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

ADDRESSES = ("198.51.100.1", "198.51.100.2")  # of a block that is reserved for documentation: it leads nowhere else

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_LARGEST = 65_536
_numbers = count()


def reason_against() -> str:
    """Return why there can be no such link here, or nothing."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        return "a slow link needs root and the command ip: apt-get install iproute2"
    if not Path("/dev/net/tun").exists():
        return "a slow link needs /dev/net/tun: modprobe tun"
    made = subprocess.run(["ip", "netns", "add", f"framefan-{os.getpid()}"], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "delete", f"framefan-{os.getpid()}"], capture_output=True)
    return f"network namespaces are not permitted here: {made.stderr.strip()}" if made.returncode else ""


@dataclass(slots=True)
class _Direction:
    """Packets on their way from one host to the other.

    Attributes:
        source, sink: file descriptors of the hosts' devices.
        waiting: when each packet that has not left yet leaves, and its bytes.
        free_at: when the line is free again, in monotonic seconds.
        carried: bytes that were let through.
        dropped: packets that found the queue full.
    """

    source: int
    sink: int
    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    free_at: float = 0.0
    carried: int = 0
    dropped: int = 0


class SlowLink:
    """A link with a rate, a delay and a queue that drops what does not fit, each way.

    Args:
        rate: bits per second.
        delay: seconds that a packet travels.
        queue: bytes that may wait to be sent.

    Attributes:
        hosts: the names of the two namespaces, whose addresses are `ADDRESSES`.
    """

    def __init__(self, *, rate: float, delay: float, queue: int) -> None:
        self._rate = rate
        self._delay = delay
        self._queue = queue
        self._cut = False
        number = next(_numbers)
        self.hosts = (f"framefan-{os.getpid()}-{number}-near", f"framefan-{os.getpid()}-{number}-far")
        self._devices: list[int] = []
        self._stop, self._stopped = os.pipe()
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        for host, address in zip(self.hosts, ADDRESSES, strict=True):
            _ip("netns", "add", host)
            device, name = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK), f"ff{os.getpid()}{host[-1]}"
            self._devices.append(device)
            fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
            _ip("link", "set", name, "netns", host)
            _ip("-n", host, "link", "set", name, "name", "eth0")
            _ip("-n", host, "address", "add", f"{address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                _ip("-n", host, "link", "set", link, "up")
        near, far = self._devices
        self._directions = (_Direction(near, far), _Direction(far, near))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._stopped)
        if self._thread.is_alive():
            self._thread.join()
        for descriptor in (self._stop, *self._devices):
            os.close(descriptor)
        for host in self.hosts:
            subprocess.run(["ip", "netns", "delete", host], capture_output=True)

    def on(self, host: int) -> list[str]:
        """Return the words that a command needs before it to run on host 0 or 1."""
        return ["ip", "netns", "exec", self.hosts[host]]

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes that went from host 0 to 1 and from 1 to 0 so far, with all headers of IP."""
        return self._directions[0].carried, self._directions[1].carried

    def cut(self, is_cut: bool) -> None:
        """Cut the link or mend it."""
        self._cut = is_cut

    def _run(self) -> None:
        sources = {direction.source: direction for direction in self._directions}
        while True:
            wait = max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None
            ready, _, _ = select.select([self._stop, *sources], [], [], wait)
            if self._stop in ready:
                return
            for source in ready:
                self._take(sources[source])
            while self._under_way and self._under_way[0][0] <= time.monotonic():
                _, _, sink, packet = heapq.heappop(self._under_way)
                os.write(sink, packet)

    def _take(self, direction: _Direction) -> None:
        packet, now = os.read(direction.source, _LARGEST), time.monotonic()
        while direction.waiting and direction.waiting[0][0] <= now:
            direction.waiting.popleft()
        if self._cut or sum(size for _, size in direction.waiting) + len(packet) > self._queue:
            direction.dropped += 1
            return
        direction.free_at = max(now, direction.free_at) + len(packet) * 8 / self._rate
        direction.carried += len(packet)
        direction.waiting.append((direction.free_at, len(packet)))
        heapq.heappush(self._under_way, (direction.free_at + self._delay, next(_numbers), direction.sink, packet))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)

"""Many subscribers in one process, in plain ZeroMQ: it receives everything, looks at nothing, and counts.

Each has two connections, as a subscriber of framefan has: for frames, and for states, by which it is known to watch.
"""

import argparse
import subprocess
import sys
import threading
import time

import zmq

from framefan.common import sockets
from framefan.common.address import Endpoint

from .processes import Program


class Crowd(Program):
    """A process of so many subscribers, spread evenly over cameras.

    Args:
        endpoint: of the producer.
        cameras: their names.
        count: of subscribers.

    Attributes:
        count: of subscribers.
        received: monotonic time, s, and frames of all of them since the start, once a second.
    """

    def __init__(self, endpoint: Endpoint, cameras: list[str], count: int) -> None:
        command = [sys.executable, "-m", __name__, str(endpoint), *cameras, "--count", str(count)]
        super().__init__(command, stdout=subprocess.PIPE)
        self.count = count
        self.received: list[tuple[float, int]] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def rate(self, since: float) -> float:
        """Return frames per second of all of them from a moment of the monotonic clock on."""
        found = [(at, count) for at, count in list(self.received) if at >= since]
        (begin, before), (end, after) = found[0], found[-1]
        return (after - before) / (end - begin)

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            at, count = line.split()
            self.received.append((float(at), int(count)))


def main() -> None:
    """Receive until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint", type=Endpoint.parse)
    parser.add_argument("cameras", nargs="+")
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    context: sockets.Context = zmq.Context()
    poller = zmq.Poller()
    watching = []
    for number in range(options.count):
        camera = options.cameras[number % len(options.cameras)]
        watching.append(sockets.states_subscriber(context, options.endpoint, camera))
        poller.register(sockets.frames_subscriber(context, options.endpoint, camera), zmq.POLLIN)
    count, tell_at = 0, time.monotonic()
    while True:
        for source, _ in poller.poll(1000):
            source.recv(copy=False)
            count += 1
        if time.monotonic() >= tell_at:
            tell_at = time.monotonic() + 1
            print(f"{time.monotonic():.6f} {count}", flush=True)


if __name__ == "__main__":
    main()

"""Watches many cameras in one process, as a wall of pictures does, and prints what came of each as JSON."""

import argparse
import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from framefan.consumer import Subscriber
from framefan.consumer.subscriber import SubscriberStatistics


@dataclass(frozen=True, slots=True)
class Watched:
    """What one camera did meanwhile.

    Attributes:
        fps: frames per second that were received.
        told: frames per second that its state tells.
        state, reason: in the end.
        stalls: within the last hour.
    """

    fps: float
    told: float
    state: str
    reason: str
    stalls: int


def main() -> None:
    """Watch for so many seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint")
    parser.add_argument("cameras", nargs="+")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    with ExitStack() as stack:
        wall = {
            name: stack.enter_context(Subscriber(f"{options.endpoint}/{name}", mode="stream"))
            for name in options.cameras
        }
        time.sleep(1.0)  # connections are made
        before, start = {name: subscriber.statistics() for name, subscriber in wall.items()}, time.monotonic()
        time.sleep(options.seconds)
        elapsed = time.monotonic() - start
        print(json.dumps({name: asdict(_watched(one, before[name], elapsed)) for name, one in wall.items()}))


def _watched(subscriber: Subscriber, before: SubscriberStatistics, elapsed: float) -> Watched:
    state = subscriber.state
    received = subscriber.statistics().received - before.received
    return Watched(received / elapsed, state.fps, str(state.state), state.reason, state.stalls)


if __name__ == "__main__":
    main()

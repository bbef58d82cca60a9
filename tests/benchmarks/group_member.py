"""A member of a group that works on each frame for a while; prints monotonic time, number and age of each, in s."""

import argparse
import time

from framefan.consumer import Subscriber


def main() -> None:
    """Take frames until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--work", type=float, default=0.0, help="seconds of work per frame")
    options = parser.parse_args()
    for frame in Subscriber(options.address, group="benchmark", timeout=30):
        print(f"{time.monotonic():.6f} {frame.seq} {frame.age:.6f}", flush=True)
        time.sleep(options.work)


if __name__ == "__main__":
    main()

"""A program that publishes JPEGs of one size as the camera `door`, or `door0`, `door1` ...; its address comes first."""

import argparse
import time

from framefan.producer import Publisher
from tests import pictures

_LARGEST_SEGMENT = 65_535


def main() -> None:
    """Publish until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bind", default="tcp://127.0.0.1:0")
    parser.add_argument("--bytes", type=int, default=200_000)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--fps", type=float, default=30.0)
    options = parser.parse_args()
    picture = padded(pictures.jpeg(pictures.noisy(160, 90)), options.bytes)
    cameras = [f"door{number}" for number in range(options.cameras)] if options.cameras > 1 else ["door"]
    with Publisher(options.bind) as publisher:
        print(f"{publisher.endpoint}/door", flush=True)
        due = time.monotonic()
        while True:
            for camera in cameras:
                publisher.publish(camera, picture)
                due += 1 / options.fps / len(cameras)  # spread over an interval, as cameras are
                time.sleep(max(0.0, due - time.monotonic()))


def padded(jpeg: bytes, size: int) -> bytes:
    """Return a JPEG of so many bytes that shows the same: the rest are comments."""
    missing = size - len(jpeg)
    comments = []
    while missing > 0:
        length = min(missing, _LARGEST_SEGMENT + 2)
        length -= 4 if 0 < missing - length < 4 else 0  # what is left must hold a comment as well
        comments.append(b"\xff\xfe" + (length - 2).to_bytes(2, "big") + bytes(length - 4))
        missing -= length
    return jpeg[:2] + b"".join(comments) + jpeg[2:]


if __name__ == "__main__":
    main()

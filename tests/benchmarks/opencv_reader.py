"""What a producer written with OpenCV alone does per frame: read, which converts to BGR, and imencode."""

import argparse
import math
import time

import cv2

from .processes import tell


def main() -> None:
    """Read and encode until this process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    camera = cv2.VideoCapture(parser.parse_args().url)
    while True:
        read, picture = camera.read()
        if not read:
            raise SystemExit("the camera gives no frame")
        started = time.monotonic()
        cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 80))
        tell(0.0, time.monotonic() - started, math.nan)


if __name__ == "__main__":
    main()

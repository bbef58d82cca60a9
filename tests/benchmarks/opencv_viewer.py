"""Reads a camera with OpenCV alone, encodes each picture, and tells how old the picture was by the stamp in it."""

import argparse
import math
import time

import cv2
import numpy as np

from framefan.producer.camera import stamp

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
        cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 80))
        moment = stamp.read(np.asarray(picture, np.uint8))
        tell(math.nan, math.nan, math.nan if moment is None else (time.time_ns() - moment) / 1e9)


if __name__ == "__main__":
    main()

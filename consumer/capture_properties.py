"""OpenCV's properties of a capture, as far as a camera has them."""

import cv2

from ..common.frame import Frame
from ..common.state import CameraState

FIXED = {cv2.CAP_PROP_FORMAT: cv2.CV_8UC3, cv2.CAP_PROP_CONVERT_RGB: 1, cv2.CAP_PROP_BUFFERSIZE: 1}
"""Those that never change: pictures are BGR, and only the newest is kept."""
_FOURCC = {"mjpeg": "MJPG"}


def of_camera(wanted: int, state: CameraState, first: Frame, frame: Frame) -> float:
    """Return a property of a camera, 0 for one that it does not have.

    Args:
        wanted: the property's number, a `cv2.CAP_PROP_...`.
        state: the camera's.
        first: its first frame.
        frame: the last one that was read, or the first.
    """
    known = {
        cv2.CAP_PROP_POS_MSEC: (frame.captured_ns - first.captured_ns) / 1e6,
        cv2.CAP_PROP_POS_FRAMES: frame.seq,
        cv2.CAP_PROP_FRAME_WIDTH: frame.width,
        cv2.CAP_PROP_FRAME_HEIGHT: frame.height,
        cv2.CAP_PROP_FPS: state.fps,
        cv2.CAP_PROP_FOURCC: int.from_bytes(_FOURCC.get(state.codec, state.codec[:4]).encode(), "little"),
    }
    return float((known | FIXED).get(wanted, 0))

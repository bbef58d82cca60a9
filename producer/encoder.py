"""From a decoded picture to a JPEG, without a detour over BGR.

A JPEG holds full-range BT.601 planes (JFIF). Cameras send video range mostly, and BT.709 often; both are converted on
the planes, in saturating passes of OpenCV's that cost a fraction of a conversion to BGR and back.
"""

import av
import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace

cv2.setNumThreads(1)  # a capture has one picture at a time; a pool of threads would only wake and wait

Plane = npt.NDArray[np.uint8]

# Planar formats that libjpeg-turbo takes as they are; those with a j are full-range by name.
_PLANAR = {"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p"}
_LUMA_SCALE = 255 / 219
_CHROMA_SCALE = 255 / 224
_BLACK = np.array([16.0, 0, 0, 0])
_ZERO = 128
"""Chroma of gray."""

# From BT.709 to BT.601 (ITU-R BT.709-6 and BT.601-7): what each plane takes from Cb and Cr.
_TO_LUMA = (0.1016, 0.1961)
_TO_CB = (0.9899, -0.1107)
_TO_CR = (-0.0725, 0.9834)


def encode(frame: av.VideoFrame, quality: int) -> bytes:
    """Return the JPEG of a decoded picture; the colours are those that OpenCV would show.

    Args:
        frame: any format, range and matrix.
        quality: of the JPEG, 1 to 100.
    """
    if frame.format.name not in _PLANAR:
        frame = frame.reformat(format="yuvj420p")
    planes = [_plane(plane) for plane in frame.planes]
    full = frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    if frame.colorspace == Colorspace.ITU709:
        planes = _as_bt601(planes, full)
    elif not full:
        planes = _as_full_range(planes)
    contiguous = (np.ascontiguousarray(plane) for plane in planes)
    return simplejpeg.encode_jpeg_yuv_planes(*contiguous, quality=quality)  # type: ignore[no-any-return]


def _plane(plane: VideoPlane) -> Plane:
    """View a plane as uint8 (height, width); its lines may be longer than it is wide."""
    lines: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def _as_full_range(planes: list[Plane]) -> list[Plane]:
    """Stretch video range (16 to 235, chroma 16 to 240) to the full range that JPEG has.

    Two saturating passes cost a quarter of a look-up table: 0.35 against 1.2 ms at 1080p.
    """
    luma, *chroma = planes
    stretched = [cv2.convertScaleAbs(cv2.subtract(luma, _BLACK), alpha=_LUMA_SCALE)]
    # convertScaleAbs folds negative results up, which only illegal chroma (below 16) has.
    stretched += [cv2.convertScaleAbs(plane, alpha=_CHROMA_SCALE, beta=_ZERO * (1 - _CHROMA_SCALE)) for plane in chroma]
    return stretched  # type: ignore[return-value]


def _as_bt601(planes: list[Plane], full: bool) -> list[Plane]:
    """Turn BT.709 planes of either range into BT.601 of full range."""
    luma, cb, cr = planes
    luma_scale, black, scale = (1.0, 0, 1.0) if full else (_LUMA_SCALE, 16, _CHROMA_SCALE)

    def mixed(weights: tuple[float, float]) -> Plane:
        one, other = (weight * scale for weight in weights)
        return cv2.addWeighted(cb, one, cr, other, _ZERO * (1 - one - other))  # type: ignore[return-value]

    height, width = luma.shape
    correction = cv2.resize(mixed(_TO_LUMA), (width, height), interpolation=cv2.INTER_NEAREST)
    corrected = cv2.addWeighted(luma, luma_scale, correction, 1.0, -_ZERO - black * luma_scale)
    return [corrected, mixed(_TO_CB), mixed(_TO_CR)]  # type: ignore[list-item]

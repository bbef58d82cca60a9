"""A time stamp that a machine can read from pixels: black and white cells near the lower edge of a picture.

Two rows of 32 cells hold 64 bits, most significant bit first: 48 bits of wall-clock time in steps of 10 us since 1970
(enough until 2059) and their CRC-16/CCITT, XORed with a fixed pattern, so that no plain picture looks like a stamp.
Places are fractions of the picture, so that a stamp survives JPEG, H.264 and any change of size that leaves a cell some
three pixels.
"""

import binascii
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

LEFT = 0.05
TOP = 0.865
WIDTH = 32 / 48
HEIGHT = 2 / 27  # cells of a 16:9 picture are squares
BLACK = 16  # of limited range, and dark enough in full range
WHITE = 235

_ROWS = 2
_COLUMNS = 32
_STEP_NS = 10_000
_PATTERN = 0x9E3779B97F4A7C15.to_bytes(8, "big")
_SAMPLES = np.array([0.35, 0.5, 0.65])  # where in a cell to look, away from its blurred edges
_LEAST_CONTRAST = 60

Image = npt.NDArray[np.uint8]


def draw(luma: Image, time_ns: int) -> None:
    """Draw the stamp of a moment into a picture's luma.

    Args:
        luma: uint8 (height, width), written in place.
        time_ns: wall-clock time in ns since 1970, rounded down to 10 us.
    """
    area, rows, columns = _places(*luma.shape)
    value = (time_ns // _STEP_NS).to_bytes(6, "big")
    content = value + binascii.crc_hqx(value, 0xFFFF).to_bytes(2, "big")
    cells = np.where(np.unpackbits(_mask(content)), np.uint8(WHITE), np.uint8(BLACK))
    luma[area] = cells.reshape(_ROWS, _COLUMNS)[rows, columns]


def read(image: Image) -> int | None:
    """Return the moment that a picture's stamp tells, in ns since 1970; None if there is no sound stamp.

    Args:
        image: uint8, BGR (height, width, 3) or gray (height, width), of any size.
    """
    gray = image[..., 1] if image.ndim == 3 else image
    height, width = gray.shape
    y = (TOP + HEIGHT * (np.arange(_ROWS)[:, None] + _SAMPLES) / _ROWS) * height
    x = (LEFT + WIDTH * (np.arange(_COLUMNS)[:, None] + _SAMPLES) / _COLUMNS) * width
    sampled = gray[np.ix_(y.astype(int).ravel(), x.astype(int).ravel())]
    cells = sampled.reshape(_ROWS, _SAMPLES.size, _COLUMNS, _SAMPLES.size).mean((1, 3))
    low, high = float(cells.min()), float(cells.max())
    if high - low < _LEAST_CONTRAST:
        return None
    content = _mask(np.packbits(cells.ravel() > (low + high) / 2).tobytes()).tobytes()
    value, checksum = content[:6], int.from_bytes(content[6:], "big")
    if binascii.crc_hqx(value, 0xFFFF) != checksum:
        return None
    return int.from_bytes(value, "big") * _STEP_NS


def _mask(content: bytes) -> Image:
    return np.frombuffer(content, np.uint8) ^ np.frombuffer(_PATTERN, np.uint8)


@lru_cache(maxsize=16)
def _places(height: int, width: int) -> tuple[tuple[slice, slice], Any, Any]:
    """Return the stamp's area, and the row and the column of the cell that each of its pixels belongs to."""
    top, bottom = round(TOP * height), round((TOP + HEIGHT) * height)
    left, right = round(LEFT * width), round((LEFT + WIDTH) * width)
    rows = np.arange(bottom - top) * _ROWS // (bottom - top)
    columns = np.arange(right - left) * _COLUMNS // (right - left)
    return (slice(top, bottom), slice(left, right)), rows[:, None], columns[None, :]

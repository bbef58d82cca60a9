"""A small typeface of our own: capitals, digits and signs as pen strokes with round corners, sharp at any size.

A glyph is a list of strokes; a stroke is a run of points, two digits each: x from 0 to 4, y from 0 (top) to 6 (base
line). Corners within a stroke are rounded, corners between strokes stay sharp.
"""

import unicodedata
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.float32]

_GLYPHS = {
    "0": "20304145361605011020",
    "1": "1230 3036",
    "2": "011030414306 0646",
    "3": "01103041423313 13334445361605",
    "4": "3036 3004 0444",
    "5": "4000 0002 02324345361605",
    "6": "413010010516364544331304",
    "7": "0040 4016",
    "8": "20304142331302011020 23334445361605041323",
    "9": "051636454130100102133342",
    "A": "0620 2046 1434",
    "B": "0006 003041423303 033344453606",
    "C": "4130100105163645",
    "D": "0006 003041453606",
    "E": "0006 0040 0333 0646",
    "F": "0006 0040 0333",
    "G": "4130100105163645 4543 4323",
    "H": "0006 4046 0343",
    "I": "2026 1030 1636",
    "J": "4045361605",
    "K": "0006 4004 1346",
    "L": "0006 0646",
    "M": "0006 0023 2340 4046",
    "N": "0006 0046 4046",
    "O": "20304145361605011020",
    "P": "0006 003041423303",
    "Q": "20304145361605011020 3446",
    "R": "0006 003041423303 2346",
    "S": "413010010213334445361605",
    "T": "0040 2026",
    "U": "000516364540",
    "V": "0026 2640",
    "W": "0016 1622 2236 3640",
    "X": "0046 4006",
    "Y": "0023 4023 2326",
    "Z": "0040 4006 0646",
    " ": "",
    ":": "2222 2424",
    ".": "2626",
    "-": "1333",
    "_": "0646",
    "/": "4006",
    "#": "1016 3036 0242 0444",
    "*": "1234 1432",  # the times sign
}
_UNKNOWN = "1030 3036 3616 1610"
_ADVANCE = 5.8  # from one glyph to the next, in units of the grid
_WEIGHT = 0.8  # of the pen, in the same units
_NARROW = {":": 3.0, ".": 2.8}


def width(text: str, height: int) -> int:
    """Return how many pixels wide `text` is at a cap height of `height` pixels."""
    return sum(glyph(char, height).shape[1] for char in _spell(text))


def render(text: str, height: int) -> Mask:
    """Return `text` as coverage, float32 from 0 to 1, (`height`, `width(text, height)`)."""
    return np.concatenate([glyph(char, height) for char in _spell(text)], axis=1)


@lru_cache(maxsize=512)
def glyph(char: str, height: int) -> Mask:
    """Return one character as coverage, float32 from 0 to 1, at a cap height of `height` pixels.

    All digits are of one width, so that a running clock stands still.
    """
    unit = height / (6 + _WEIGHT)
    advance = _NARROW.get(char, _ADVANCE)
    rows, columns = height, max(1, round(advance * unit))
    mask = np.zeros((rows, columns), np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
    shift = np.array([(advance - 4) / 2, _WEIGHT / 2])
    for stroke in _GLYPHS.get(char, _UNKNOWN).split():
        points = (_rounded(_points(stroke)) + shift) * unit
        for (ax, ay), (bx, by) in pairwise(points):
            distance = _distance(x, y, ax, ay, bx - ax, by - ay)
            np.maximum(mask, np.clip(_WEIGHT / 2 * unit + 0.5 - distance, 0, 1), out=mask)
    return mask


def _spell(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.upper())
    return "".join(char for char in plain if not unicodedata.combining(char)) or " "


def _points(stroke: str) -> npt.NDArray[np.float64]:
    digits = np.array([int(digit) for digit in stroke], np.float64)
    return digits.reshape(-1, 2)


def _rounded(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round the corners of a polyline by cutting them twice (Chaikin's algorithm); its ends stay."""
    for _ in range(2 if len(points) > 2 else 0):
        cut = np.stack([points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75])
        points = np.concatenate([points[:1], cut.swapaxes(0, 1).reshape(-1, 2)[1:-1], points[-1:]])
    return points


def _distance(x: Mask, y: Mask, ax: float, ay: float, dx: float, dy: float) -> Mask:
    """Return the distance of each pixel from the segment that starts at (ax, ay) and spans (dx, dy)."""
    length = dx * dx + dy * dy
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / length, 0, 1) if length else np.float32(0)
    return np.asarray(np.hypot(x - ax - along * dx, y - ay - along * dy), np.float32)

"""Where pictures go when several share one window."""

import math
from dataclasses import dataclass
from itertools import pairwise

_GAP = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of a window, in pixels."""

    x: int
    y: int
    width: int
    height: int


def columns(count: int) -> int:
    """Return how many pictures stand side by side."""
    return math.ceil(math.sqrt(count))


def window_size(count: int, width: int) -> tuple[int, int]:
    """Return (width, height) of a window whose `count` cells are 16:9."""
    across = columns(count)
    down = math.ceil(count / across)
    return width, round(width / across * 9 / 16) * down


def cells(count: int, width: int, height: int) -> list[Cell]:
    """Divide a window among `count` pictures, row by row, with a thin gap between them."""
    across = columns(count)
    down = math.ceil(count / across)
    rows, places = _divide(height, down), _divide(width, across)
    return [Cell(x, y, w, h) for y, h in rows for x, w in places][:count]


def _divide(length: int, parts: int) -> list[tuple[int, int]]:
    """Return (start, length) of equal parts that fill a length to the last pixel."""
    bounds = [round(part * (length + _GAP) / parts) for part in range(parts + 1)]
    return [(start, max(1, end - start - _GAP)) for start, end in pairwise(bounds)]

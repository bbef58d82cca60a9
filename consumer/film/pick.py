"""Which pictures of a film are wanted."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from ...common.options import duration
from ..interval import Interval


class Position(NamedTuple):
    """A picture's place in its film.

    Attributes:
        number: 0 for the first one that is shown, and so on.
        seconds: from the first picture to this one.
        keyframe: whether it can be decoded without any other.
    """

    number: int
    seconds: Fraction
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """How often, between which moments (from `start` on, and before `end`; both in s), and how many at most.

    Numbers and times count from the film's first picture, so that a part gives the same pictures as the whole.
    """

    every: Interval
    start: float | None = None
    end: float | None = None
    count: int | None = None

    def of(self, positions: Iterable[Position]) -> Iterator[Position]:
        """Yield the positions that are wanted; of each slot of time, the first of which begins at 0, the first one."""
        return islice(self._of(positions), self.count)

    def _of(self, positions: Iterable[Position]) -> Iterator[Position]:
        before = None
        for position in positions:
            if self.end is not None and position.seconds >= self.end:
                return
            slot = self._slot(position)
            begun = self.start is None or position.seconds >= self.start
            if begun and slot is not None and slot != before:
                yield position
            before = slot if slot is not None else before

    def _slot(self, position: Position) -> int | None:
        """Return what is different for two pictures that are both wanted; None for one that is not."""
        if self.every.keyframes:
            return position.number if position.keyframe else None
        if self.every.frames:
            return None if position.number % self.every.frames else position.number
        return int(position.seconds // Fraction(self.every.seconds).limit_denominator(1_000_000))


def moment(text: str) -> float:
    """Parse a moment of a film, `00:10:00`, `10:00.5`, `90s` or `10m`, into seconds.

    Raises:
        ValueError: it is anything else.
    """
    if match := re.fullmatch(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)", text):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    if re.fullmatch(r"0+(\.0+)?s?", text):
        return 0.0
    try:
        return duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a moment of a film, such as 00:10:00, 90s or 10m") from None

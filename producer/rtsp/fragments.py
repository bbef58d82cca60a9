"""Whether a fragment of a coded picture lost its end on the way, which only its length tells."""

from collections import Counter

_SLACK = 8  # bytes; some cameras make the first fragment of a unit a little shorter than the rest
_TRUSTED, _MOST = 8, 16
_COST = 4  # regular units that one irregular unit weighs
_OFTEN = (
    3  # irregular units in a row after which a camera is known to make those of their type itself, such as large ones
)


class Fragments:
    """Learns how long a camera's fragments are. Most cameras make all of a unit equally long, except for the last one.

    A shorter one is called cut only after eight units in sequence have been regular, so that cameras which split units
    in another way are served as they are; and in three units of a type in a row at most. That the last fragment was
    cut, or a unit that is not split, cannot be seen.
    """

    def __init__(self) -> None:
        self._length = 0
        self._score = 0
        self._irregular: Counter[int] = Counter()  # in a row, by type
        self._is_regular = True

    def is_cut(self, length: int, kind: int, *, is_first: bool, is_last: bool) -> bool:
        """Take note of a fragment of so many bytes of a unit of a type, and return whether its end is missing."""
        if is_first:
            self._is_regular = True
        if length > self._length + _SLACK:
            self._length, self._score, self._is_regular = length, 0, False
        elif not is_last and length < self._length - _SLACK:
            return self._is_too_short(length, kind)
        if is_last and self._is_regular:
            self._score = min(self._score + 1, _MOST)
            self._irregular[kind] = 0
        return False

    def _is_too_short(self, length: int, kind: int) -> bool:
        is_known = self._score >= _TRUSTED
        if not is_known:
            self._length, self._score = length, 0
        elif self._is_regular:
            self._score -= _COST
            self._irregular[kind] += 1
        self._is_regular = False
        return is_known and self._irregular[kind] <= _OFTEN

"""`framefan`, except that a camera is tried again after 0.1 s, whatever happened: for thousands of reconnects."""

import sys

from framefan.common.command import main
from framefan.producer.backoff import Backoff

_WAIT = 0.1


def _next(self: Backoff, *, live_for: float, refused: bool) -> float:
    self.attempts += 1
    return _WAIT


if __name__ == "__main__":
    Backoff.next = _next  # type: ignore[method-assign]
    sys.exit(main())

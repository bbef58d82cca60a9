"""Errors that nobody foresaw: each costs only what it happened in, and is reported with its place."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger("framefan")

_PLACES = 5
"""Innermost calls that a report names."""
_AGAIN = 60.0
"""Seconds after which the same error is logged again."""
_MOST = 256
"""Different errors that are remembered."""


def internal_error(error: BaseException) -> str:
    """Return what to report of an error that nobody foresaw: its type and its place, innermost call first.

    Its own text is left out, since it may hold a URL with a password.
    """
    calls = traceback.extract_tb(error.__traceback__)[: -_PLACES - 1 : -1]
    places = " < ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls)
    return f"internal error (a bug in framefan): {type(error).__name__}" + (f" at {places}" if places else "")


class Containment:
    """Keeps an error that nobody foresaw from ending more than what it happened in.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}

    @contextmanager
    def contain(
        self, what: str, failed: Callable[[str], object] | None = None, *, foreseen: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Run a block; an error in it ends the block and is logged, the same one once a minute.

        Args:
            what: the block is about, e.g. a camera's name.
            failed: called with the report, to do what the error costs.
            foreseen: errors that pass, since they are the caller's to deal with.
        """
        try:
            yield
        except foreseen:
            raise
        except Exception as error:  # noqa: BLE001 - the point of this class
            report = internal_error(error)
            self._log(f"{what}: {report}")
            if failed is not None:
                with self.contain(what):
                    failed(report)

    def _log(self, line: str) -> None:
        now = self._clock()
        if now - self._logged.get(line, float("-inf")) < _AGAIN:
            return
        if len(self._logged) >= _MOST:
            self._logged.clear()
        self._logged[line] = now
        log.error("%s", line)

"""Tells the hub how a capture is."""

import time
from pathlib import Path
from typing import Any

from ..common.sockets import Context
from ..common.state import State
from .assignment import Assignment
from .channel import Report, connect_reports

_INTERVAL = 1.0


class Reporter:
    """Sends reports of a capture, with the facts that are known of its camera.

    Args:
        context: of the socket.
        assignment: of the capture.

    Attributes:
        facts: fields of :class:`Report` beside those that every report has.
    """

    def __init__(self, context: Context, assignment: Assignment) -> None:
        self.facts: dict[str, Any] = {}
        self._assignment = assignment
        self._reports = connect_reports(context, Path(assignment.channel))
        self._at = 0.0

    @property
    def due(self) -> bool:
        """True if the hub has heard nothing for a second."""
        return time.monotonic() >= self._at

    def hasten(self) -> None:
        """Let a report be due now."""
        self._at = 0.0

    def tell(self, state: State, reason: str = "", *, final: bool = False, retry_after: float = 0.0) -> None:
        """Report; see :class:`Report`."""
        self._at = time.monotonic() + _INTERVAL
        report = Report(
            camera=self._assignment.camera,
            run=self._assignment.run,
            state=state,
            reason=reason,
            final=final,
            retry_after=retry_after,
            **self.facts,
        )
        self._reports.send(report.pack())

    def close(self) -> None:
        """Close the socket once the last report has left."""
        self._reports.close()

"""A camera that this producer captures: its present capture, or the wait for the next one."""

import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from ..common.state import State
from .assignment import Assignment
from .backoff import Backoff
from .cameras import Camera
from .capture_process import CaptureProcess, Phase
from .channel import Report
from .hub import Hub
from .source import Kind
from .status import Status

log = logging.getLogger("framefan")

_FIRST_FRAME = 30.0
"""Seconds that a camera has for its first frame, with all that an opening takes."""
GRACE = 5.0
"""Seconds that a capture gets on top of every limit, to notice by itself and to report why."""
_OVER = (State.OFFLINE, State.REFUSED, State.ENDED)


class CapturedCamera:
    """Keeps one capture of a camera alive. Every method may be called at any time; the hub's thread calls them.

    Args:
        hub: where its state is published.
        camera: what to capture.
        channel: directory of the sockets that captures send to.
        start: starts the capture's process.
        clock: monotonic seconds.

    Attributes:
        camera: what is captured.
        status: what is known of it.
    """

    def __init__(
        self,
        hub: Hub,
        camera: Camera,
        channel: Path,
        *,
        start: Callable[[Assignment], CaptureProcess] = CaptureProcess,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.camera = camera
        self.status: Status = hub.add(camera.name, camera.settings.renditions)
        self._hub = hub
        self._channel = channel
        self._start_process = start
        self._clock = clock
        self._backoff = Backoff()
        self._process: CaptureProcess | None = None
        self._retry_at: float | None = 0.0  # on the clock; None for never
        self._last: Report | None = None
        self._last_report_awaited = False
        self._wanted: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """True if it has come to an end that another attempt would not change."""
        return self._process is None and self._retry_at is None

    def change(self, camera: Camera) -> None:
        """Capture it in another way from now on; the next capture starts when the present one has left the camera."""
        self.status.most_renditions = camera.settings.renditions
        self.camera, self._backoff, self._retry_at, self.status.attempts = camera, Backoff(), 0.0, 0
        if self._process is not None:
            self._process.ask_to_end()

    def want(self, renditions: tuple[str, ...]) -> None:
        """Have these renditions made from now on; the original is the empty one."""
        self._wanted = renditions
        if self._process is not None:
            self._process.want(renditions)

    def take(self, report: Report) -> None:
        """Take in what a capture reports; one that is not the present capture means nothing any more."""
        process = self._process
        if process is None or report.run != process.run:
            return
        self._last = report
        if report.state is State.LIVE and not process.asked_to_end:
            status = self.status
            status.codec, status.size, status.encode_ms = report.codec, (report.width, report.height), report.encode_ms
            status.renditions, status.fps, status.attempts = report.renditions, report.fps, 0
            status.raw = report.raw
            status.heard(report.seq, report.captured_ns)
            process.live_since = process.live_since or self._clock()
            if status.fresh:
                self._hub.change(status, State.LIVE, report.reason)

    def look_after(self, *, judge: bool = True, may_start: bool = True) -> None:
        """Start a capture if it is time, watch the present one, and deal with its end.

        Args:
            judge: whether a capture may be called stalled or hanging now.
            may_start: whether another capture may connect to the camera now.
        """
        if self._process is not None:
            self._watch(self._process, judge)
        elif self._retry_at is not None and self._clock() >= self._retry_at:
            if self._rests:
                self._hub.change(self.status, State.IDLE, "nobody watches, so the camera is let go")
            elif may_start:
                self._start()

    def give_up(self, reason: str) -> CaptureProcess | None:
        """End this attempt for a reason that is no fault of the camera; return the process that has to be seen off."""
        process, self._process = self._process, None
        if process is not None:
            process.kill(reason)
        self._wait(live_for=0.0)
        self._hub.change(self.status, State.OFFLINE, reason)
        return process

    def leave(self) -> CaptureProcess | None:
        """Ask its capture to end; return the process that has to be seen off."""
        if self._process is not None:
            self._process.ask_to_end()
        return self._process

    @property
    def _rests(self) -> bool:
        """True if the camera is to be left alone, because nobody watches."""
        return self.camera.settings.disconnect_idle and not self._wanted

    def _hangs(self, process: CaptureProcess) -> bool:
        """Return whether a capture gives neither frames nor a reason not to."""
        if process.phase is not Phase.RUNNING:
            return False
        if not self.status.alive:
            return self._clock() - process.started > _FIRST_FRAME + GRACE
        # A film has no pace of its own that could be missed: it is played by ours.
        return self.camera.source.kind is not Kind.FILE and self.status.lost_for(GRACE)

    def _watch(self, process: CaptureProcess, judge: bool) -> None:
        if process.look() is Phase.ENDED:
            if self._last_report_awaited or (self._last is not None and self._last.state in _OVER):
                self._ended(process)
            self._last_report_awaited = True  # it may still be under way: one more pass
        elif self._rests and process.phase is Phase.RUNNING:
            process.ask_to_end()
            self._retry_at = 0.0
        elif not judge:
            pass
        elif self._hangs(process):
            log.warning("%s: its capture hangs and is replaced", self.camera.name)
            process.kill("connected, but no picture came for too long")
        elif self.status.stalled:
            self._hub.change(self.status, State.STALLED, "connected, but no frame comes")

    def _start(self) -> None:
        self._last, self._last_report_awaited = None, False
        try:
            self._process = self._start_process(self._assignment())
        except OSError as error:  # no more processes, files or memory: other cameras go on
            self._wait(live_for=0.0)
            self._hub.change(self.status, State.OFFLINE, f"its capture cannot be started: {error.strerror}")
            return
        self._retry_at = None
        self._process.want(self._wanted)
        self.status.begin_life()
        self.status.attempts += 1
        if self.status.seq:
            self.status.reconnects.tick()
        if self.status.attempts == 1 or self.status.state is State.IDLE:
            self._hub.change(self.status, State.CONNECTING, f"opening {self.camera.source}")

    def _assignment(self) -> Assignment:
        settings = self.camera.settings
        return Assignment(
            camera=self.camera.name,
            run=secrets.token_hex(4),
            source=self.camera.source.url,
            channel=str(self._channel),
            first_seq=self.status.seq + 1,
            quality=settings.quality,
            transport=settings.transport,
            loop=settings.loop,
            hwaccel=settings.hwaccel,
        )

    def _ended(self, process: CaptureProcess) -> None:
        self._process = None
        if process.asked_to_end:  # its camera has changed, or rests
            return
        last = self._last
        if last is None or last.state not in _OVER:
            last = Report(camera="", run="", state=State.OFFLINE, reason=process.how)
        if not last.final and last.state is not State.ENDED:
            live_for = 0.0 if process.live_since is None else self._clock() - process.live_since
            self._wait(live_for=live_for, refused=last.state is State.REFUSED, least=last.retry_after)
        self._hub.change(self.status, last.state, last.reason)

    def _wait(self, *, live_for: float, refused: bool = False, least: float = 0.0) -> None:
        self._retry_at = self._clock() + max(self._backoff.next(live_for=live_for, refused=refused), least)

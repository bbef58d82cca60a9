"""Starts one capture per camera, watches it from outside, and starts another when it ends, hangs or dies."""

import logging
import secrets
import signal
import subprocess
import sys
import time

import zmq

from ..common.signals import Stop
from ..common.state import State
from .assignment import Assignment
from .backoff import Backoff
from .cameras import Camera
from .channel import Channel, Report
from .hub import Hub
from .source import Source
from .status import Status

log = logging.getLogger("framefan")

_PASS_MS = 200
_FIRST_FRAME = 30.0
_KILLED_AFTER = 20.0
"""Seconds without a frame after which a capture is replaced (frigate, moonfire)."""
_GRACE = 5.0
"""Seconds that a capture gets on top, to notice by itself and to tell why."""
_OVER = (State.OFFLINE, State.REFUSED, State.ENDED)


class _Life:
    """The present capture of a camera, and the wait for the next one. Times are monotonic seconds."""

    def __init__(self, camera: Camera, status: Status) -> None:
        self.camera = camera
        self.status = status
        self.backoff = Backoff()
        self.process: subprocess.Popen[bytes] | None = None
        self.run = ""
        self.started = 0.0
        self.live_since: float | None = None
        self.retry_at: float | None = 0.0
        self.last: Report | None = None

    @property
    def hangs(self) -> bool:
        """True if its process gives neither frames nor a reason not to."""
        if self.process is None:
            return False
        if self.live_since is None:
            return time.monotonic() - self.started > _FIRST_FRAME + _GRACE
        return (self.status.age or 0.0) > _KILLED_AFTER + _GRACE


class Supervisor:
    """Keeps captures of cameras alive and feeds their frames and states to a hub.

    Args:
        hub: where to publish.
        cameras: what to capture; their names differ.
    """

    def __init__(self, hub: Hub, cameras: list[Camera]) -> None:
        self._hub = hub
        self._channel = Channel(hub.context)
        self._lives = {camera.name: _Life(camera, hub.add(camera.name)) for camera in cameras}

    def run(self, stop: Stop) -> None:
        """Work until the end is asked for, or until no camera will ever give another frame."""
        poller = zmq.Poller()
        for source in (self._channel.frames, self._channel.reports, *self._hub.inputs, stop):
            poller.register(source, zmq.POLLIN)
        pass_at = 0.0
        while not stop.requested and not self.finished:
            poller.poll(_PASS_MS)
            while self._take_frame():
                pass
            while self._take_report():
                pass
            self._hub.serve()
            if time.monotonic() >= pass_at:
                pass_at = time.monotonic() + _PASS_MS / 1000
                for life in self._lives.values():
                    self._look_after(life)

    @property
    def finished(self) -> bool:
        """True if every camera has come to an end that another attempt would not change."""
        return all(life.process is None and life.retry_at is None for life in self._lives.values())

    @property
    def failed(self) -> list[Status]:
        """The cameras that ended for another reason than that their file did."""
        return [life.status for life in self._lives.values() if life.status.state is not State.ENDED]

    def close(self) -> None:
        """End every capture, by force where it does not end by itself, and close the channel."""
        for life in self._lives.values():
            if life.process is not None and life.process.stdin is not None:
                life.process.stdin.close()  # the sign to end
        deadline = time.monotonic() + 2.0
        for life in self._lives.values():
            if life.process is not None:
                try:
                    life.process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    life.process.kill()
                    life.process.wait()
        self._channel.close()

    def _take_frame(self) -> bool:
        try:
            message = self._channel.frames.recv(zmq.NOBLOCK)
        except zmq.Again:
            return False
        self._hub.publish(message)
        return True

    def _take_report(self) -> bool:
        try:
            report = Report.unpack(self._channel.reports.recv(zmq.NOBLOCK))
        except zmq.Again:
            return False
        life = self._lives[report.camera]
        if report.run != life.run:
            return True
        life.last = report
        if report.state is State.LIVE:
            status = life.status
            status.codec, status.size, status.encode_ms = report.codec, (report.width, report.height), report.encode_ms
            status.attempts = 0
            life.live_since = life.live_since or time.monotonic()
            self._hub.change(status, State.LIVE)
        return True

    def _look_after(self, life: _Life) -> None:
        if life.process is None:
            if life.retry_at is not None and time.monotonic() >= life.retry_at:
                self._start(life)
        elif life.process.poll() is not None:
            while self._take_report():  # its last words may still be under way
                pass
            self._ended(life, life.process.returncode)
        elif life.hangs:
            log.warning("%s: its capture hangs and is replaced", life.camera.name)
            life.process.kill()
        elif life.status.stalled:
            self._hub.change(life.status, State.STALLED, "connected, but no frame comes")

    def _start(self, life: _Life) -> None:
        life.run = secrets.token_hex(4)
        life.started, life.live_since, life.retry_at, life.last = time.monotonic(), None, None, None
        camera = life.camera
        assignment = Assignment(
            camera=camera.name,
            run=life.run,
            source=camera.source,
            channel=str(self._channel.path),
            first_seq=life.status.seq + 1,
            quality=camera.quality,
            transport=camera.transport,
            loop=camera.loop,
        )
        life.process = subprocess.Popen(
            [sys.executable, "-m", "framefan.producer.capture", camera.name],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C goes to the hub alone, which ends its captures in order
        )
        assert life.process.stdin is not None
        life.process.stdin.write(assignment.pack())
        life.process.stdin.flush()
        life.status.attempts += 1
        if life.status.attempts == 1:
            self._hub.change(life.status, State.CONNECTING, f"opening {Source.parse(camera.source)}")

    def _ended(self, life: _Life, code: int) -> None:
        assert life.process is not None
        assert life.process.stdin is not None
        life.process.stdin.close()
        life.process = None
        last = life.last
        if last is None or last.state not in _OVER:
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            last = Report(camera=life.camera.name, run=life.run, state=State.OFFLINE, reason=f"capture died: {how}")
        if last.final or last.state is State.ENDED:
            self._hub.change(life.status, last.state, last.reason)
            return
        live_for = 0.0 if life.live_since is None else time.monotonic() - life.live_since
        wait = life.backoff.next(live_for=live_for, refused=last.state is State.REFUSED)
        life.retry_at = time.monotonic() + wait
        self._hub.change(life.status, last.state, last.reason)

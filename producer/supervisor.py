"""Starts one capture per camera, watches it from outside, and starts another when it ends, hangs or dies."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence

import zmq

from ..common.signals import Stop
from ..common.state import State
from .assignment import Assignment
from .backoff import Backoff
from .cameras import Camera
from .capture_process import CaptureProcess
from .channel import Channel, Report
from .hub import Hub
from .relay.relay import Relay
from .source import Kind
from .status import Status

log = logging.getLogger("framefan")

_PASS = 0.2
_FIRST_FRAME = 30.0
"""Seconds that a camera has for its first frame, with all that an opening takes."""
_GRACE = 5.0
"""Seconds that a capture gets on top of every limit, to notice by itself and to tell why."""
_AMNESTY = 60.0
"""Seconds until a loop that was a bit late is an excuse again: a machine that always is must not blind the watchdog."""
_OVER = (State.OFFLINE, State.REFUSED, State.ENDED)


class _Life:
    """A camera's present capture, or the wait for the next one."""

    def __init__(self, camera: Camera, status: Status) -> None:
        self.camera = camera
        self.status = status
        self.backoff = Backoff()
        self.process: CaptureProcess | None = None
        self.retry_at: float | None = 0.0  # monotonic seconds; None for never
        self.last: Report | None = None
        self.last_words_awaited = False
        self.wanted = False

    @property
    def rests(self) -> bool:
        """True if the camera is to be left alone, because nobody watches."""
        return self.camera.settings.disconnect_idle and not self.wanted

    @property
    def hangs(self) -> bool:
        """True if its capture gives neither frames nor a reason not to."""
        if self.process is None or self.process.ending:
            return False
        if not self.status.alive:
            return time.monotonic() - self.process.started > _FIRST_FRAME + _GRACE
        # A film has no pace of its own that could be missed: it is played by ours.
        return self.camera.source.kind is not Kind.FILE and self.status.lost_for(_GRACE)


class Supervisor:
    """Keeps captures of cameras alive, and relays those of other producers; feeds all frames and states to a hub.

    Args:
        hub: where to publish.
        cameras: what to capture and to relay; their names differ.
    """

    def __init__(self, hub: Hub, cameras: Sequence[Camera]) -> None:
        self._hub = hub
        self._channel = Channel(hub.context)
        self._poller = zmq.Poller()
        self._relay = Relay(hub, self._poller)
        self._lives: dict[str, _Life] = {}
        self._leaving: list[CaptureProcess] = []
        self._judge_at = 0.0
        self.change(cameras)

    def run(self, stop: Stop, changed: Callable[[], Sequence[Camera] | None] | None = None) -> None:
        """Work until the end is asked for, or until no camera will ever give another frame.

        Args:
            stop: the wish to end.
            changed: asked now and then; returns the cameras if they are others than before.
        """
        for source in (self._channel.frames, self._channel.reports, *self._hub.inputs, stop):
            self._poller.register(source, zmq.POLLIN)
        pass_at = time.monotonic()
        while not stop.requested and (changed or not self.finished):
            ready = dict(self._poller.poll(int(_PASS * 1000)))
            while self._take_frame() or self._take_report():
                pass
            self._relay.serve(ready)
            self._hub.serve()
            if self._hub.demand_changed:
                self._pass_on_demand()
            now = time.monotonic()
            if now >= pass_at:
                late = now - pass_at
                if late > _GRACE or (late > 2 * _PASS and now > self._judge_at + _AMNESTY):
                    # This host was stopped or starved, not the captures: look at what they say now before judging.
                    self._judge_at = now + _GRACE
                pass_at = now + _PASS
                self._look_after_all()
                self._relay.look_after_all()
                self._pass_on_demand()
                if changed and (cameras := changed()) is not None:
                    self.change(cameras)

    def change(self, cameras: Sequence[Camera]) -> None:
        """Capture or relay these cameras from now on; those that are the same as before are not disturbed."""
        relayed = [camera for camera in cameras if camera.source.kind is Kind.PRODUCER]
        wanted = {camera.name: camera for camera in cameras if camera not in relayed}
        self._relay.change(relayed, wanted)
        for name, camera in wanted.items():
            if name not in self._lives:
                self._lives[name] = _Life(camera, self._hub.add(name, camera.settings.renditions))
            elif self._lives[name].camera != camera:
                life = self._lives[name]
                life.status.most_renditions = camera.settings.renditions
                life.camera, life.backoff, life.retry_at, life.status.attempts = camera, Backoff(), 0.0, 0
                if life.process is not None:
                    life.process.ask_to_end()  # the next one starts when this one has left the camera
        for name in [name for name in self._lives if name not in wanted]:
            life = self._lives.pop(name)
            self._hub.remove(name)
            if life.process is not None:
                life.process.ask_to_end()
                self._leaving.append(life.process)
        self._relay.add_named()

    @property
    def finished(self) -> bool:
        """True if every camera has come to an end that another attempt would not change."""
        lives = self._lives.values()
        return self._relay.empty and all(life.process is None and life.retry_at is None for life in lives)

    @property
    def failed(self) -> list[Status]:
        """The cameras that ended for another reason than that their file did."""
        return [life.status for life in self._lives.values() if life.status.state is not State.ENDED]

    def close(self) -> None:
        """End every capture, by force where it does not end by itself, and close the channel."""
        processes = self._leaving + [life.process for life in self._lives.values() if life.process is not None]
        for process in processes:
            process.ask_to_end()
        while not all(process.ended for process in processes):
            time.sleep(0.01)
        self._channel.close()
        self._relay.close()

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
        life = self._lives.get(report.camera)
        if life is None or life.process is None or report.run != life.process.run:
            return True
        life.last = report
        if report.state is State.LIVE and not life.process.ending:
            status = life.status
            status.codec, status.size, status.encode_ms = report.codec, (report.width, report.height), report.encode_ms
            status.renditions, status.fps, status.attempts = report.renditions, report.fps, 0
            status.raw = report.raw
            status.heard(report.seq, report.captured_ns)
            life.process.live_since = life.process.live_since or time.monotonic()
            if status.fresh:
                self._hub.change(status, State.LIVE, report.reason)
        return True

    def _pass_on_demand(self) -> None:
        self._hub.demand_changed = False
        wanted = self._hub.wanted()
        for name, life in self._lives.items():
            life.wanted = bool(wanted[name])
            if life.process is not None:
                life.process.want(wanted[name])
        self._relay.want(wanted)

    def _look_after_all(self) -> None:
        self._leaving = [process for process in self._leaving if not process.ended]
        for life in list(self._lives.values()):
            self._look_after(life)

    def _look_after(self, life: _Life) -> None:
        if life.process is not None:
            self._watch(life, life.process)
        elif life.retry_at is not None and time.monotonic() >= life.retry_at:
            if life.rests:
                self._hub.change(life.status, State.IDLE, "nobody watches, so the camera is let go")
            elif not self._is_leaving(life):
                self._start(life)

    def _is_leaving(self, life: _Life) -> bool:
        """Return whether an old capture of a camera that was removed and came back still has to leave it."""
        return any(process.camera == life.camera.name for process in self._leaving)

    def _watch(self, life: _Life, process: CaptureProcess) -> None:
        if process.ended:
            while self._take_report():
                pass
            if life.last_words_awaited or (life.last is not None and life.last.state in _OVER):
                self._ended(life, process)
            life.last_words_awaited = True  # they may still be under way: one more pass
        elif life.rests and not process.ending:
            process.ask_to_end()
            life.retry_at = 0.0
        elif time.monotonic() < self._judge_at:
            pass
        elif life.hangs:
            log.warning("%s: its capture hangs and is replaced", life.camera.name)
            process.kill("connected, but no picture came for too long")
        elif life.status.stalled:
            self._hub.change(life.status, State.STALLED, "connected, but no frame comes")

    def _start(self, life: _Life) -> None:
        camera, settings = life.camera, life.camera.settings
        life.retry_at = life.last = None
        life.last_words_awaited = False
        assignment = Assignment(
            camera=camera.name,
            run=secrets.token_hex(4),
            source=camera.source.url,
            channel=str(self._channel.path),
            first_seq=life.status.seq + 1,
            quality=settings.quality,
            transport=settings.transport,
            loop=settings.loop,
            hwaccel=settings.hwaccel,
        )
        try:
            life.process = CaptureProcess(assignment)
        except OSError as error:  # no more processes, files or memory: other cameras go on
            life.retry_at = time.monotonic() + life.backoff.next(live_for=0.0, refused=False)
            self._hub.change(life.status, State.OFFLINE, f"its capture cannot be started: {error.strerror}")
            return
        life.status.begin_life()
        life.status.attempts += 1
        if life.status.seq:
            life.status.reconnects.tick()
        if life.status.attempts == 1 or life.status.state is State.IDLE:
            self._hub.change(life.status, State.CONNECTING, f"opening {camera.source}")

    def _ended(self, life: _Life, process: CaptureProcess) -> None:
        life.process = None
        if process.ending:  # because its camera has changed
            return
        last = life.last
        if last is None or last.state not in _OVER:
            last = Report(camera="", run="", state=State.OFFLINE, reason=process.how)
        if not last.final and last.state is not State.ENDED:
            live_for = 0.0 if process.live_since is None else time.monotonic() - process.live_since
            wait = life.backoff.next(live_for=live_for, refused=last.state is State.REFUSED)
            life.retry_at = time.monotonic() + max(wait, last.retry_after)
        self._hub.change(life.status, last.state, last.reason)

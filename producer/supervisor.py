"""Looks after all cameras: starts their captures, watches them from outside, and feeds the hub."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import zmq

from ..common.internal_errors import Containment
from ..common.signals import Stop
from ..common.state import State
from .cameras import Camera
from .capture_process import CaptureProcess, Phase
from .captured_camera import GRACE, CapturedCamera
from .channel import Channel, Report
from .hub import Hub
from .relay.relay import Relay
from .source import Kind
from .status import Status

_PASS = 0.2
_EXCUSED = 60.0
"""Seconds until a loop that was a bit late is an excuse again: a machine that always is must not blind the watchdog."""


class Supervisor:
    """Keeps captures of cameras alive, and relays those of other producers; feeds all frames and states to a hub.

    Whatever goes wrong in what is done for one camera costs that camera one attempt, and no other camera anything.

    Args:
        hub: where to publish.
        cameras: what to capture and to relay; their names differ.
    """

    def __init__(self, hub: Hub, cameras: Sequence[Camera]) -> None:
        self._hub = hub
        self._channel = Channel(hub.context)
        self._poller = zmq.Poller()
        self._containment = Containment()
        self._relay = Relay(hub, self._poller, self._containment)
        self._captured: dict[str, CapturedCamera] = {}
        self._leaving: list[CaptureProcess] = []
        self._pass_at = 0.0
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
        self._pass_at = time.monotonic()
        while not stop.requested and (changed or not self.finished):
            ready = dict(self._poller.poll(int(_PASS * 1000)))
            with self._containment.contain("captures"):
                while self._take_frame() or self._take_report():
                    pass
            with self._containment.contain("relay"):
                self._relay.serve(ready)
            with self._containment.contain("readers"):
                self._hub.serve(ready)
            if self._hub.demand_changed:
                self._pass_on_demand()
            if time.monotonic() >= self._pass_at:
                self._look_after_all()
                with self._containment.contain("configuration"):
                    if changed and (cameras := changed()) is not None:
                        self.change(cameras)

    def change(self, cameras: Sequence[Camera]) -> None:
        """Capture or relay these cameras from now on; those that are the same as before are not disturbed."""
        relayed = [camera for camera in cameras if camera.source.kind is Kind.PRODUCER]
        wanted = {camera.name: camera for camera in cameras if camera not in relayed}
        self._relay.change(relayed, wanted)
        for name, camera in wanted.items():
            with self._containment.contain(name):
                if name not in self._captured:
                    self._captured[name] = CapturedCamera(self._hub, camera, self._channel.path)
                elif self._captured[name].camera != camera:
                    self._captured[name].change(camera)
        for name in self._captured.keys() - wanted:
            with self._containment.contain(name):
                self._see_off(self._captured.pop(name).leave())
                self._hub.remove(name)
        self._relay.add_named()

    @property
    def finished(self) -> bool:
        """True if every camera has come to an end that another attempt would not change."""
        return self._relay.empty and all(camera.finished for camera in self._captured.values())

    @property
    def failed(self) -> list[Status]:
        """The cameras that ended for another reason than that their file did."""
        return [camera.status for camera in self._captured.values() if camera.status.state is not State.ENDED]

    def close(self) -> None:
        """End every capture, by force where it does not end by itself, and close the channel."""
        for camera in self._captured.values():
            self._see_off(camera.leave())
        while self._leaving:
            self._look_after_leaving()
            time.sleep(0.01)
        for part in (self._channel, self._relay):
            with self._containment.contain("the end"):
                part.close()

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
        if camera := self._captured.get(report.camera):
            with self._attempt_of(camera):
                camera.take(report)
        return True

    def _pass_on_demand(self) -> None:
        self._hub.demand_changed = False
        with self._containment.contain("demand"):
            wanted = self._hub.wanted()
            for name, camera in self._captured.items():
                with self._attempt_of(camera):
                    camera.want(wanted[name])
            self._relay.want(wanted)

    def _look_after_all(self) -> None:
        judge = self._may_judge()
        self._look_after_leaving()
        leaving = {process.camera for process in self._leaving}
        for name, camera in self._captured.items():
            with self._attempt_of(camera):
                # The old capture of a camera that was removed and came back still has to leave it.
                camera.look_after(judge=judge, may_start=name not in leaving)
        self._relay.look_after_all()
        self._pass_on_demand()

    def _may_judge(self) -> bool:
        """Return whether captures may be judged in this pass: not if this host was stopped or starved, and not they."""
        now = time.monotonic()
        late = now - self._pass_at
        if late > GRACE or (late > 2 * _PASS and now > self._judge_at + _EXCUSED):
            self._judge_at = now + GRACE
        self._pass_at = now + _PASS
        return now >= self._judge_at

    def _attempt_of(self, camera: CapturedCamera) -> AbstractContextManager[None]:
        """Let an error that nobody foresaw cost a camera its present attempt."""
        return self._containment.contain(camera.camera.name, lambda reason: self._see_off(camera.give_up(reason)))

    def _see_off(self, process: CaptureProcess | None) -> None:
        if process is not None:
            self._leaving.append(process)

    def _look_after_leaving(self) -> None:
        for process in self._leaving:
            with self._containment.contain(process.camera):
                process.look()
        self._leaving = [process for process in self._leaving if process.phase is not Phase.ENDED]

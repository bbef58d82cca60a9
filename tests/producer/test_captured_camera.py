"""A camera's captures, one after the other: whatever happens in whatever order, there is always a next step."""

import dataclasses
import os
from pathlib import Path
from typing import cast

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from framefan.common.state import State
from framefan.producer.assignment import Assignment
from framefan.producer.cameras import Camera, CameraSettings
from framefan.producer.capture_process import CaptureProcess, Phase
from framefan.producer.captured_camera import CapturedCamera
from framefan.producer.channel import Report
from framefan.producer.hub import Hub
from framefan.producer.source import Source
from framefan.producer.status import Status
from tests.producer.test_capture_process import FakeProcess

SETTINGS = CameraSettings(quality=80, transport="tcp", loop=False, renditions=4, disconnect_idle=False, hwaccel="none")
CAMERA = Camera(name="door", source=Source.parse("test:160x96@5"), settings=SETTINGS)


class FakeHub:
    """Keeps the states that a camera enters."""

    def __init__(self) -> None:
        self.reasons: list[tuple[State, str]] = []

    def add(self, camera: str, most_renditions: int = 0) -> Status:
        return Status(camera, most_renditions=most_renditions)

    def change(self, status: Status, to: State, reason: str = "") -> None:
        if status.enter(to, reason):
            self.reasons.append((to, reason))


class Captures(RuleBasedStateMachine):
    """Captures start, report, hang, die and are removed at random."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.full = False
        self.hub = FakeHub()
        self.children: list[FakeProcess] = []
        self.processes: list[CaptureProcess] = []
        self.assignments: list[Assignment] = []
        self.seen_off: list[CaptureProcess] = []
        self.camera = CapturedCamera(
            cast(Hub, self.hub), CAMERA, Path("/nowhere"), start=self._start, clock=lambda: self.now
        )

    def _start(self, assignment: Assignment) -> CaptureProcess:
        if self.full:
            raise OSError(11, "Resource temporarily unavailable")
        child = FakeProcess()
        self.children.append(child)
        self.assignments.append(assignment)
        self.processes.append(CaptureProcess(assignment, start=lambda _: child, clock=lambda: self.now))
        return self.processes[-1]

    @property
    def living(self) -> list[FakeProcess]:
        """Children that run."""
        return [child for child in self.children if child.code is None]

    @rule(seconds=st.sampled_from([0.2, 3.0, 40.0]), judge=st.booleans(), may_start=st.booleans())
    def look_after(self, seconds: float, judge: bool, may_start: bool) -> None:
        """Time passes."""
        self.now += seconds
        self.camera.look_after(judge=judge, may_start=may_start)

    @rule(renditions=st.sampled_from([(), ("",), ("", "width=640")]))
    def want(self, renditions: tuple[str, ...]) -> None:
        """Readers come and go."""
        self.camera.want(renditions)

    @rule(quality=st.sampled_from([60, 80]), idle=st.booleans())
    def change(self, quality: int, idle: bool) -> None:
        """The configuration changes."""
        changed = dataclasses.replace(SETTINGS, quality=quality, disconnect_idle=idle)
        self.camera.change(dataclasses.replace(CAMERA, settings=changed))

    @rule(state=st.sampled_from([State.CONNECTING, State.LIVE, State.OFFLINE, State.REFUSED]), old=st.booleans())
    def report(self, state: State, old: bool) -> None:
        """A capture reports, perhaps one that is over by now."""
        if self.assignments:
            run = self.assignments[0 if old else -1].run
            self.camera.take(Report(camera="door", run=run, state=state, reason="so it is", seq=1, captured_ns=1))

    @rule(code=st.sampled_from([0, 1, -9]))
    def die(self, code: int) -> None:
        """A capture ends without a word."""
        if self.living:
            self.living[-1].end(code, b"ImportError: no\n" if code == 1 else b"")

    @rule(full=st.booleans())
    def fill(self, full: bool) -> None:
        """The machine has no more processes, or has some again."""
        self.full = full

    @rule()
    def give_up(self) -> None:
        """Something fails that nobody foresaw."""
        if (process := self.camera.give_up("internal error")) is not None:
            self.seen_off.append(process)

    @invariant()
    def has_a_next_step(self) -> None:
        """A camera has a capture or a time for the next attempt: it is never forgotten."""
        assert not self.camera.finished

    @invariant()
    def has_one_capture(self) -> None:
        """No second capture starts while the one before may still be connected, but for those that are seen off."""
        owned = [process for process in self.processes if process not in self.seen_off]
        assert sum(process.phase is not Phase.ENDED for process in owned) <= 1

    @invariant()
    def says_why(self) -> None:
        """A camera that is offline has a reason."""
        assert all(reason for state, reason in self.hub.reasons if state is State.OFFLINE)

    def teardown(self) -> None:
        """However it stands, it can be left, and nothing stays open."""
        process = self.camera.leave()
        for child in self.living:
            child.end(0)
        for known in self.processes:
            known.look()
        assert process is None or process.phase is Phase.ENDED
        assert all(child.stdin is not None and child.stdin.closed for child in self.children)


TestCaptures = Captures.TestCase
TestCaptures.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)


def test_demand_of_before_a_capture_reaches_it() -> None:
    """What readers want while a camera waits for its next attempt is made by the next capture."""
    captures = Captures()
    captures.camera.want(("", "width=640"))
    captures.camera.look_after()
    child = captures.living[0]
    assert Assignment.read(child.reading) == captures.assignments[0]
    captures.camera.look_after()
    assert b"width=640" in os.read(child.reading, 1000)
    captures.teardown()

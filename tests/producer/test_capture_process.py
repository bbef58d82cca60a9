"""The life of a capture's process: every call in every phase, in any order."""

import os
from typing import IO

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from framefan.producer.assignment import Assignment, read_renditions
from framefan.producer.capture_process import CaptureProcess, Phase

ASSIGNMENT = Assignment(
    camera="door",
    run="1",
    source="test:160x96@5",
    channel="/nowhere",
    first_seq=1,
    quality=80,
    transport="tcp",
    loop=False,
    hwaccel="none",
)


class FakeProcess:
    """A process with real pipes, which reads, writes and ends when the test wants it to."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        errors, self.errors = os.pipe()
        os.set_blocking(self.reading, False)
        self.stdin: IO[bytes] | None = os.fdopen(writing, "wb", buffering=0)
        self.stderr: IO[bytes] | None = os.fdopen(errors, "rb", buffering=0)
        self.code: int | None = None
        self.kills = 0

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.kills += 1

    def end(self, code: int, errors: bytes = b"") -> None:
        """End it, as the kernel does: its ends of the pipes are closed first."""
        os.write(self.errors, errors)
        os.close(self.errors)
        os.close(self.reading)
        self.code = code


class Lives(RuleBasedStateMachine):
    """Walks a capture process through its phases at random; no call may raise, whatever happened before."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.child = FakeProcess()
        self.process = CaptureProcess(ASSIGNMENT, start=lambda _: self.child, clock=lambda: self.now)
        self.phases = [self.process.phase]
        self.descriptors = [stream.fileno() for stream in (self.child.stdin, self.child.stderr) if stream is not None]

    @rule(renditions=st.lists(st.sampled_from(["", "width=640", "fps=1"]), unique=True))
    def want(self, renditions: list[str]) -> None:
        """Readers come and go."""
        self.process.want(tuple(renditions))

    @rule()
    def want_more_than_a_pipe_holds(self) -> None:
        """Nobody reads the pipe: what does not fit waits."""
        for number in range(40):
            self.process.want(tuple(f"width={number * 1000 + step}" for step in range(200)))

    @rule()
    def ask_to_end(self) -> None:
        """The camera is removed."""
        self.process.ask_to_end()

    @rule()
    def kill(self) -> None:
        """It hangs."""
        self.process.kill("it hangs")

    @rule(seconds=st.sampled_from([0.1, 3.0]))
    def look(self, seconds: float) -> None:
        """Time passes, and the supervisor looks after it."""
        self.now += seconds
        assert self.process.look() is self.process.phase

    @precondition(lambda self: self.child.code is None)
    @rule(code=st.sampled_from([0, 1, -9, -40]), errors=st.sampled_from([b"", b"ImportError: no\n", b"\xff\n" * 9000]))
    def end(self, code: int, errors: bytes) -> None:
        """It ends by itself, or somebody kills it."""
        self.child.end(code, errors)

    @invariant()
    def phases_go_down(self) -> None:
        """A phase never comes back, and what a phase means is true."""
        self.phases.append(self.process.phase)
        order = list(Phase)
        assert [order.index(phase) for phase in self.phases] == sorted(order.index(phase) for phase in self.phases)
        stdin = self.child.stdin
        assert stdin is not None
        assert stdin.closed is (self.process.phase is not Phase.RUNNING)
        assert self.child.kills <= 1
        assert (self.process.phase is Phase.ENDED) <= (self.child.code is not None)

    @invariant()
    def says_how(self) -> None:
        """There is always a word on how it ended."""
        assert self.process.how

    def teardown(self) -> None:
        """A process that is over is noticed by the next look, and leaves no descriptor open."""
        if self.child.code is None:
            self.child.end(0)
        assert self.process.look() is Phase.ENDED
        assert self.child.stdin is not None
        assert self.child.stdin.closed
        assert self.child.stderr is not None
        assert self.child.stderr.closed


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=150, stateful_step_count=30, deadline=None, derandomize=True)


def test_everything_arrives_in_order_however_full_the_pipe_was() -> None:
    """A capture that was stopped reads its assignment, what was being written then, and what is wanted now."""
    child = FakeProcess()
    process = CaptureProcess(ASSIGNMENT, start=lambda _: child)
    wishes = [tuple(f"width={number * 1000 + step}" for step in range(200)) for number in range(60)]
    for wish in wishes:
        process.want(wish)
    os.set_blocking(child.reading, True)
    assert Assignment.read(child.reading) == ASSIGNMENT
    found: list[tuple[str, ...]] = []
    while not found or found[-1] != wishes[-1]:
        process.look()
        found.append(read_renditions(child.reading))
    assert found == [wish for wish in wishes if wish in found]
    child.end(0)
    process.look()


def test_reason_is_the_last_line_of_standard_error() -> None:
    """A capture that dies before its first report says why: not only that its exit status was 1."""
    child = FakeProcess()
    process = CaptureProcess(ASSIGNMENT, start=lambda _: child)
    child.end(1, b"Traceback:\n  ...\nImportError: libxcb.so.1: cannot open shared object file\n")
    assert process.look() is Phase.ENDED
    assert process.how.startswith("capture died: ImportError: libxcb.so.1: cannot open shared object file")


def test_one_that_does_not_end_is_killed() -> None:
    """A capture has two seconds to end its session with the camera."""
    now, child = 0.0, FakeProcess()
    process = CaptureProcess(ASSIGNMENT, start=lambda _: child, clock=lambda: now)
    process.ask_to_end()
    for now in (1.9, 2.1, 2.3):  # noqa: B007 - the clock reads it
        process.look()
    assert child.kills == 1
    assert process.asked_to_end
    child.end(-9)
    assert process.look() is Phase.ENDED

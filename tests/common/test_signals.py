"""How programs end."""

import os
import select
import signal
import subprocess
import sys

import pytest

from framefan.common.signals import Stop
from tests.programs import Start

LOOP = """
from framefan.common.signals import Stop, die_of
with Stop() as stop:
    print("ready", flush=True)
    {wait}
print("clean", flush=True)
die_of(stop.signal)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_ends_gracefully_and_is_passed_on(start: Start, number: signal.Signals) -> None:
    """A program cleans up and then dies of the very signal that it got."""
    program = start(sys.executable, "-c", LOOP.format(wait="stop.wait()"))
    program.wait_for("ready")
    program.send_signal(number)
    program.wait_for("clean")
    assert program.wait() == -number


def test_second_signal_ends_at_once(start: Start) -> None:
    """A program that does not end when asked ends when asked again."""
    slow = "stop.wait(); print('slow', flush=True); import time; time.sleep(60)"
    program = start(sys.executable, "-c", LOOP.format(wait=slow))
    program.wait_for("ready")
    program.send_signal(signal.SIGTERM)
    program.wait_for("slow")
    program.send_signal(signal.SIGTERM)
    assert program.wait() == 128 + signal.SIGTERM


def test_stop_can_be_polled_for() -> None:
    """A request makes the descriptor readable, and a second request changes nothing."""
    with Stop() as stop:
        assert not select.select([stop], [], [], 0)[0]
        stop.request()
        stop.request()
        assert stop.requested
        assert stop.wait(0)
        assert select.select([stop], [], [], 0)[0]


CHILD = """
import sys, time
from framefan.common.signals import die_with_parent
die_with_parent(sys.stdin.fileno())
print("ready", flush=True)
time.sleep(60)
"""


def test_child_dies_when_the_pipe_closes() -> None:
    """A child ends as soon as its parent lets go of the pipe."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.close()
        assert child.wait(5) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the child of a dead parent")
def test_stopped_child_dies_with_its_parent(start: Start) -> None:
    """Even a child that is stopped does not survive its parent."""
    parent = start(
        sys.executable,
        "-c",
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {CHILD!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print('child', child.pid, flush=True)\n"
        "child.wait()",
    )
    child = int(parent.wait_for(r"child (\d+)")[1])
    os.kill(child, signal.SIGSTOP)
    watch = os.pidfd_open(child)
    parent.kill()
    assert select.select([watch], [], [], 5)[0], "the child lives on"
    os.close(watch)

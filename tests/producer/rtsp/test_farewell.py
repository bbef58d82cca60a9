"""A capture that is told to end takes leave of its camera, and one that hangs ends all the same."""

import signal
import subprocess
import sys

import pytest

from tests.producer.rtsp.conftest import ScriptedCamera
from tests.programs import FRAMEFAN, Start

CHILD = """
import sys, time
from framefan.common.signals import die_with_parent
def farewell():
    print("bye", flush=True)
    {more}
die_with_parent(sys.stdin.fileno(), farewell=farewell)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("more", ["pass", "time.sleep(60)"])
def test_farewell_is_said_and_bounded(more: str) -> None:
    """A child whose pipe closes calls its farewell, and ends even if that hangs."""
    words = [sys.executable, "-c", CHILD.format(more=more)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.close()
        assert child.stdout.readline() == b"bye\n"
        assert child.wait(5) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_session_ends_with_the_producer(start: Start, how: signal.Signals) -> None:
    """On Ctrl-C and SIGTERM a producer's cameras get their TEARDOWN, password and all."""
    with ScriptedCamera() as camera:
        program = start(FRAMEFAN, "produce", camera.url("me:s3cret@"), "--name", "door", "--bind", "tcp://127.0.0.1:0")
        assert camera.heard("GET_PARAMETER", within=20)
        program.send_signal(how)
        assert program.wait(5) == -how
        assert camera.heard("TEARDOWN")
        assert camera.requests[-1].headers["session"] == "abc"

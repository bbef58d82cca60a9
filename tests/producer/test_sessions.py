"""Sessions of cameras: few at a time, kept alive however busy everybody is, and left in order."""

import os
import signal
import time

import pytest

from framefan.consumer import Subscriber
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings
from tests.programs import Start, captures_of, eventually, producer

SMALL = Settings(size=(320, 176), fps=20)


@pytest.mark.timeout(120)
def test_session_limit(start: Start) -> None:
    """A camera without a free session is told as such, left alone for a while, and watched when it has one.

    One camera's only session is somebody else's; another camera keeps the dead one of a capture that was killed.
    """
    with (
        CameraServer(port=0, settings=SMALL, sessions=1) as taken,
        CameraServer(port=0, settings=SMALL, sessions=1) as stale,
    ):
        holder, held = producer(start, taken.url("door"))
        with Subscriber(f"{held}/door", timeout=15) as door:
            door.read()
        program, endpoint = producer(start, stale.url("yard", linger=20), taken.url("door"))
        with Subscriber(f"{endpoint}/yard") as yard, Subscriber(f"{endpoint}/door") as door:
            run = yard.read(15).run
            program.wait_for(r"door offline: .*too many viewers \(453\)")
            os.kill(captures_of(program.pid, "yard")[0], signal.SIGKILL)
            program.wait_for("yard offline: capture died: SIGKILL")
            program.wait_for(r"yard offline: .*too many viewers \(453\)")
            refused = time.monotonic()
            eventually(lambda: "too many viewers" in yard.state.reason, "it is told", within=5)
            holder.terminate()
            assert door.read(60).width == 320
            assert yard.read(60).run != run
            assert 20 < time.monotonic() - refused < 55
            eventually(lambda: door.state.reason == yard.state.reason == "", "all is well", within=5)
    assert program.output.count("yard offline") == 2, "it is tried once while its session is taken"


def test_one_connection_and_an_orderly_goodbye(start: Start) -> None:
    """However many watch, the camera has one session, and none at all once the producer has ended."""
    with CameraServer(port=0, settings=SMALL) as server:
        program, endpoint = producer(start, server.url("door"))
        with Subscriber(f"{endpoint}/door") as one, Subscriber(f"{endpoint}/door") as other:
            one.read(15)
            other.read(15)
            assert server.statistics().sessions == 1
        program.terminate()
        assert program.wait(5) == -signal.SIGTERM
        eventually(lambda: server.statistics().connections == 0, "nobody is connected", within=5)

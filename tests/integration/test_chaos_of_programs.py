"""Programs with `VideoCapture` and their private producers die, hang and come back at random."""

import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos import SECONDS, Event, Stage, children_of, processes_in, stage
from tests.programs import FRAMEFAN, eventually, free_port

KINDS = ("alone", "threads", "fork", "four")
PROGRAM = """
import os, random, sys, threading
from framefan.consumer import VideoCapture

kind, sources = sys.argv[1], sys.argv[2:]

def read(capture, pictures):
    for _ in range(pictures):
        if os.getppid() == 1:
            os._exit(0)  # a forked one whose parent was killed
        capture.read()

def alone(pictures=40):
    with VideoCapture(random.choice(sources)) as capture:
        capture.set(54, 500)  # CAP_PROP_READ_TIMEOUT_MSEC
        read(capture, random.randrange(pictures))

def threads():
    running = [threading.Thread(target=alone) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()

def fork():
    with VideoCapture(random.choice(sources)) as capture:
        capture.set(54, 500)
        read(capture, 3)
        child = os.fork()
        read(capture, random.randrange(20))
        if not child:
            os._exit(0)
        os.waitpid(child, 0)

def four():
    captures = [VideoCapture(random.choice(sources)) for _ in range(4)]
    for _ in range(10):
        for capture in captures:
            capture.set(54, 500)
            read(capture, 1)
    for capture in captures:
        capture.release()

while True:
    {"alone": alone, "threads": threads, "fork": fork, "four": four}[kind]()
"""
LOOK = """
import sys
from framefan.consumer import VideoCapture
for source in sys.argv[1:]:
    with VideoCapture(source) as capture:
        assert capture.read()[0], source
print("seen")
"""


class Chaos:
    """A camera with two streams, and programs of all kinds that read them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        port = free_port()
        self.sources = [
            f"rtsp://127.0.0.1:{port}/door?codec=h264&fps=10&gop=10",
            f"rtsp://127.0.0.1:{port}/yard?codec=mjpeg&fps=10",
        ]
        self.camera = stage.enter("camera", FRAMEFAN, "camera", "--port", str(port), "--size", "160x96")
        self.programs = [stage.enter(kind, sys.executable, "-c", PROGRAM, kind, *self.sources) for kind in KINDS]

    def private_producers(self) -> list[int]:
        """Return the ids of the private producers."""
        found = []
        for pid in processes_in(self.stage.temporary):
            with suppress(OSError):
                if b"framefan.producer.private" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def kill_program(self) -> None:
        """A program is killed, and started again."""
        program = self.stage.chance.choice(self.programs)
        program.kill()
        program.revive()

    def stop_program(self) -> None:
        """A program hangs."""
        self.stage.stop(self.stage.chance.choice(self.programs).process.pid)

    def kill_producer(self) -> None:
        """A private producer is killed."""
        if (pid := self.stage.one_of(self.private_producers())) is not None:
            self.stage.kill(pid)

    def stop_producer(self) -> None:
        """A private producer hangs."""
        if (pid := self.stage.one_of(self.private_producers())) is not None:
            self.stage.stop(pid)

    def kill_capture(self) -> None:
        """A capture of a private producer is killed."""
        captures = [child for pid in self.private_producers() for child in children_of(pid)]
        if (pid := self.stage.one_of(captures)) is not None:
            self.stage.kill(pid)

    def restart_camera(self) -> None:
        """The camera is switched off and on."""
        self.camera.kill()
        self.camera.revive()

    def events(self) -> list[tuple[int, Event]]:
        """Return what may happen, with how often it does."""
        return [
            (8, self.kill_program),
            (3, self.stop_program),
            (3, self.kill_producer),
            (2, self.stop_producer),
            (3, self.kill_capture),
            (1, self.restart_camera),
        ]


@pytest.mark.timeout(SECONDS + 120)
def test_programs_and_their_producers() -> None:
    """After a minute of chaos nobody is left over, and the next program sees both cameras at once."""
    with stage("9") as made:
        chaos = Chaos(made)
        made.play(SECONDS, chaos.events())
        for program in chaos.programs:
            program.check()
            program.kill()
        others = chaos.camera.process.pid
        eventually(lambda: processes_in(made.temporary) == [others], "private producers end", within=30)
        look = made.enter("look", sys.executable, "-c", LOOK, *chaos.sources)
        assert look.process.wait(20) == 0, look.text
        eventually(lambda: processes_in(made.temporary) == [others], "private producers end", within=30)
        assert chaos.camera.end() == -signal.SIGTERM
        # A program that is killed while it forks may not even have begun to write.
        assert not made.tracebacks()
        assert not re.search("Fatal Python error|Segmentation fault", "".join(p.text for p in chaos.programs))
        assert not list((made.temporary / f"framefan-{os.getuid()}").iterdir())

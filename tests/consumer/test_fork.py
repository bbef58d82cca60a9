"""Threads of a forked process that share what its parent has opened."""

import re
import sys
from pathlib import Path

from framefan.producer import Publisher
from tests import pictures
from tests.consumer.film.films import Kind, make
from tests.programs import Start, eventually

JPEG = pictures.jpeg()
CHILDREN = 8
PARENT = """
import os, signal, sys, threading
from framefan.consumer import Subscriber, VideoCapture

THREADS = 4

def read():
    together.wait()
    if all([film.read()[0] for _ in range(5)]) and subscriber.read(10).seq:
        succeeded.append(True)

subscriber, film = Subscriber(sys.argv[1]), VideoCapture(sys.argv[2])
subscriber.read(), film.read()
for _ in range(8):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a thread that hangs is a failure, and soon
        succeeded, together = [], threading.Barrier(THREADS)
        threads = [threading.Thread(target=read) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(len(succeeded) != THREADS)
    print("child", os.waitpid(child, 0)[1], flush=True)
"""


def test_threads_of_a_child_read_at_once(start: Start, tmp_path: Path) -> None:
    """One of them connects or opens anew and the others wait for it, so that all get what they read."""
    path = make(tmp_path, Kind("film.mp4"))
    with Publisher("tcp://127.0.0.1:0") as publisher:
        program = start(sys.executable, "-c", PARENT, f"{publisher.endpoint}/door", str(path))

        def ended() -> bool:
            publisher.publish("door", JPEG)
            return program.output.count("child") == CHILDREN

        eventually(ended, "all children have ended", within=50)
    assert re.findall("child .*", program.output) == ["child 0"] * CHILDREN

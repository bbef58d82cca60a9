"""More subscribers in one process than ZeroMQ has sockets by default."""

import sys

from framefan.producer import Publisher
from tests import pictures
from tests.programs import Start, eventually

MANY = """
import resource, sys
from framefan.consumer import Subscriber

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
subscribers = [Subscriber(sys.argv[1]) for _ in range(220)]
print("received", len([subscriber.read(30) for subscriber in subscribers]), flush=True)
for subscriber in subscribers:
    subscriber.close()
"""


def test_all_get_frames(start: Start) -> None:
    """A program that watches hundreds of cameras needs no more than files for them."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        program = start(sys.executable, "-c", MANY, f"{publisher.endpoint}/door")

        def received() -> bool:
            publisher.publish("door", pictures.jpeg())
            return "received 220" in program.output

        eventually(received, "a frame for each", within=50)
        assert program.wait() == 0

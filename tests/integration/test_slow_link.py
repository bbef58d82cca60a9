"""Consumers behind a link that does not carry the stream."""

import statistics
import sys
from collections.abc import Iterator

import pytest

from tests.programs import Program, Start, unavailable
from tests.slow_link import ADDRESSES, SlowLink, reason_against

CONSUMER = """
import sys
from framefan.consumer import NoFrame, Subscriber

with Subscriber(f"tcp://{sys.argv[1]}:5550/door", group=sys.argv[2], max_age=5) as camera:
    while True:
        try:
            frame = camera.read(1.0)
            print("frame", camera.statistics().mode, frame.seq, frame.age, flush=True)
        except NoFrame as missing:
            print("none", missing.state, flush=True)
"""


@pytest.fixture
def link(start: Start) -> Iterator[SlowLink]:
    """A link of 10 Mbit/s and 20 ms, on whose near end a camera of 30 frames of 200 kB a second is."""
    if reason := reason_against():
        unavailable(reason)
    with SlowLink(rate=10e6, delay=0.02, queue=1024 * 1024) as made:
        publisher = (sys.executable, "-m", "tests.benchmarks.jpeg_publisher", "--bind", "tcp://*:5550")
        start(*made.on(0), *publisher).wait_for("tcp://")
        yield made


def consumer(link: SlowLink, start: Start, group: str = "") -> Program:
    """Start a consumer on the far end."""
    return start(*link.on(1), sys.executable, "-c", CONSUMER, ADDRESSES[0], group)


def test_frames_are_pulled_over_a_link_that_does_not_carry_them(link: SlowLink, start: Start) -> None:
    """The subscriber notices, and from then on a frame is hardly older than what it takes to cross the link."""
    program = consumer(link, start)
    program.wait_for("^frame stream")
    program.wait_for("^frame pull", within=20)
    found = [program.wait_for(r"^frame pull (\d+) (\S+)").group(1, 2) for _ in range(15)]
    numbers = [int(seq) for seq, _ in found]
    assert numbers == sorted(set(numbers))
    assert statistics.median(float(age) for _, age in found) < 0.4


def test_a_link_that_is_cut_and_mended(link: SlowLink, start: Start) -> None:
    """While the link is cut one member far away gets nothing, and one nearby gets all; then both get frames of now."""
    far = consumer(link, start, group="g")
    near = start(*link.on(0), sys.executable, "-c", CONSUMER, "127.0.0.1", "g")
    far.wait_for("^frame")
    link.cut(True)
    far.wait_for("^none unreachable")
    near.skip_lines()
    numbers = [int(near.wait_for(r"^frame pull (\d+)")[1]) for _ in range(30)]
    assert numbers[-1] - numbers[0] < 40  # and not twice 29; on a busy machine some are missed
    link.cut(False)
    far.skip_lines()
    ages = [float(far.wait_for(r"^frame pull \d+ (\S+)")[1]) for _ in range(5)]
    assert statistics.median(ages) < 1.0

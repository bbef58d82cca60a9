"""Frames shared by a group: each goes to one member, whatever happens to the others."""

import json
import os
import pickle
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from framefan.common.errors import AddressError, OptionError
from framefan.common.state import State
from framefan.consumer import NoFrame, Subscriber
from framefan.producer import Publisher
from tests import pictures
from tests.programs import FRAMEFAN, Program, Start, eventually

JPEG = pictures.jpeg()


class Cameras:
    """A producer whose cameras give a frame each every so many seconds."""

    def __init__(self, names: Sequence[str], interval: float) -> None:
        self._publisher = Publisher("tcp://127.0.0.1:0")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(names, interval))
        self._thread.start()
        self.address = self._publisher.endpoint

    def stop(self) -> None:
        """Give no more frames."""
        self._over.set()
        self._thread.join()

    def close(self) -> None:
        """End the producer."""
        self.stop()
        self._publisher.close()

    def _run(self, names: Sequence[str], interval: float) -> None:
        while not self._over.wait(interval):
            for name in names:
                self._publisher.publish(name, JPEG)


@pytest.fixture
def cameras() -> Iterator[Cameras]:
    """Two cameras of 25 frames a second."""
    made = Cameras(("door", "yard"), 0.04)
    yield made
    made.close()


class Member:
    """A member that works on each frame for a while, in a thread."""

    def __init__(self, address: str | list[str], work: float) -> None:
        self.seen: list[tuple[str, int]] = []
        self._over = False
        self._subscriber = Subscriber(address, group="g", timeout=0.2)
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()

    def close(self) -> None:
        """Finish the work and leave."""
        self._over = True
        self._thread.join()
        self._subscriber.close()

    def _run(self, work: float) -> None:
        while not self._over:
            try:
                frame = self._subscriber.read()
            except NoFrame:
                continue
            self.seen.append((frame.camera, frame.seq))
            time.sleep(work)


def gaps(seen: Sequence[tuple[str, int]]) -> int:
    """Return how many frames are missing between the first and the last of each camera; none may be there twice."""
    assert len(set(seen)) == len(seen), [frame for frame, count in Counter(seen).items() if count > 1]
    numbers = {camera: [seq for name, seq in seen if name == camera] for camera, _ in seen}
    return sum(max(found) - min(found) + 1 - len(found) for found in numbers.values())


def test_each_frame_once_and_all_of_them(cameras: Cameras) -> None:
    """Members that are fast enough together analyze every frame of all cameras, each once."""
    members = [Member(cameras.address, work) for work in (0.01, 0.02, 0.04, 0.08)]
    eventually(lambda: sum(len(member.seen) for member in members) > 150, "150 frames", within=20)
    for member in members:
        member.close()
    seen = [frame for member in members for frame in member.seen]
    assert gaps(seen) <= len(seen) * 0.05  # a machine that is busy may be late now and then
    assert all(member.seen for member in members)


def test_cameras_by_turns(cameras: Cameras) -> None:
    """Members that are too slow for all give each camera its turn, and one that is named alone is all there is."""
    slow = Member(cameras.address, 0.05)
    eventually(lambda: len(slow.seen) >= 30, "30 frames", within=20)
    slow.close()
    counts = Counter(camera for camera, _ in slow.seen)
    assert abs(counts["door"] - counts["yard"]) <= 3
    some = Member([f"{cameras.address}/yard"], 0.0)
    eventually(lambda: len(some.seen) >= 10, "10 frames", within=20)
    some.close()
    assert {camera for camera, _ in some.seen} == {"yard"}


def test_who_leaves_takes_no_frame_along(cameras: Cameras) -> None:
    """Members come, take a frame or none, and leave, and no frame is missing in the end."""
    steady = Member(cameras.address, 0.0)
    seen = []
    eventually(lambda: len(steady.seen) > 10, "some frames", within=10)
    for number in range(30):
        with Subscriber(cameras.address, group="g") as passing:
            if number % 3:
                frame = passing.read()
                seen.append((frame.camera, frame.seq))
            elif number % 2:
                with pytest.raises(NoFrame):
                    passing.read(0)
    last = len(steady.seen)
    eventually(lambda: len(steady.seen) > last + 10, "some more frames", within=10)
    steady.close()
    assert gaps(steady.seen + seen) <= 3


MEMBER = """
import sys, time
from framefan.consumer import Subscriber
for frame in Subscriber(sys.argv[1], group="g"):
    print("frame", time.monotonic(), frame.camera, frame.seq, frame.age, flush=True)
    time.sleep(0.05)
"""


def seen_by(*members: Program) -> list[tuple[float, str, int]]:
    """Return when which frames were taken by members."""
    words = [line.split() for member in members for line in member.output.splitlines()]
    return [(float(when), camera, int(seq)) for _, when, camera, seq, _ in words]


def test_dead_and_frozen_members_cost_one_frame_each(start: Start, cameras: Cameras) -> None:
    """One is killed and one frozen while they work or wait: others take every frame from then on, but those two."""
    members = [start(sys.executable, "-c", MEMBER, cameras.address) for _ in range(6)]
    for member in members:
        member.wait_for("frame")
    members[0].kill()
    os.kill(members[1].pid, signal.SIGSTOP)
    hit = time.monotonic()

    def enough() -> bool:
        return sum(when > hit for when, *_ in seen_by(*members[2:])) > 100

    eventually(enough, "100 frames by the others", within=20)
    seen = seen_by(*members)
    assert gaps([(camera, seq) for _, camera, seq in seen]) <= 2 + len(seen) * 0.1  # on a busy machine
    os.kill(members[1].pid, signal.SIGCONT)
    members[1].skip_lines()
    assert float(members[1].wait_for(r"frame \S+ \S+ \d+ (\S+)")[1]) < 10


def test_the_state_of_all_cameras() -> None:
    """With all cameras the state is the best one's; who waits in vain hears of each, or that the producer is gone."""
    with Publisher("tcp://127.0.0.1:0") as publisher, Subscriber(publisher.endpoint, group="g") as subscriber:
        publisher.publish("door", JPEG)
        publisher.publish("yard", JPEG)
        assert {subscriber.read().camera for _ in range(2)} == {"door", "yard"}
        eventually(lambda: subscriber.state.camera == "door, yard", "both", within=5)
        assert subscriber.state.state is State.LIVE
        publisher.close()
        with pytest.raises(NoFrame, match="unreachable"):
            subscriber.read(5)


def test_settings() -> None:
    """What a member was told goes with it to another process; what makes no sense is refused."""
    addresses = ["tcp://127.0.0.1:9/door", "tcp://127.0.0.1:9/yard"]
    with Subscriber(addresses, group="g", redo=3) as made, pickle.loads(pickle.dumps(made)) as copy:
        assert (copy.address, copy.group, copy.redo, copy.statistics().mode) == (made.address, "g", 3, "pull")
    with pytest.raises(AddressError, match="one producer"):
        Subscriber(["tcp://127.0.0.1:9/door", "tcp://127.0.0.2:9/door"], group="g")
    with pytest.raises(AddressError, match="only a group"):
        Subscriber(addresses)
    with pytest.raises(OptionError, match="use 'pull'"):
        Subscriber(addresses, group="g", mode="stream")
    with pytest.raises(OptionError, match="redo"):
        Subscriber(addresses[0], redo=1)


def test_analyzers_share(start: Start, cameras: Cameras) -> None:
    """Several `framefan analyze` of one group analyze each frame once; an address without a camera means all."""
    words = (FRAMEFAN, "analyze", "--with", "tests.consumer.test_group:look", "--group", "g", "--quiet")
    members = [start(*words, cameras.address) for _ in range(2)]
    named = start(*words, "--count", "3", f"{cameras.address}/door")
    for member in members:
        member.wait_for("result")
    assert named.wait() == 0
    eventually(lambda: all(member.output.count("result") > 20 for member in members), "results", within=20)
    results = [json.loads(line) for member in [*members, named] for line in member.output.splitlines()]
    seen = [(result["camera"], result["seq"]) for result in results]
    assert len(set(seen)) == len(seen)
    assert {camera for camera, _ in seen} == {"door", "yard"}


def look(frame: object) -> str:
    """Analyze a frame."""
    return str(frame)

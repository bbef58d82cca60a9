"""Members of a group on several hosts, who find each other by a name server."""

import json
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.network import MIDDLE, Network
from tests.programs import FRAMEFAN, Program, Start, eventually, unavailable

CAMERAS = 6
MOVED = 3.0
"""Seconds within which the cameras of a dead member are served again, and for which a camera may be served twice."""


@dataclass(frozen=True)
class Group:
    """Three members of a group, a producer and a name server, each on a host of its own but the last two."""

    network: Network
    members: dict[str, Program]
    names: Program

    def served(self, host: str) -> dict[str, dict[int, float]]:
        """Return when each frame was captured, s, by camera and number, of those that a member told of."""
        found: dict[str, dict[int, float]] = defaultdict(dict)
        for line in self.members[host].output.splitlines():
            if line.startswith("{"):
                record = json.loads(line)
                found[record["camera"]][record["seq"]] = datetime.fromisoformat(record["captured"]).timestamp()
        return found

    def mine(self, host: str) -> set[str]:
        """Return the cameras that a member has said last to serve."""
        said = [line for line in self.members[host].output.splitlines() if " serving " in line]
        return set(said[-1].partition(" serving ")[2].partition(" (")[0].split(", ")) if said else set()

    def is_settled(self, *hosts: str) -> bool:
        """Return whether these members serve all cameras, none of them twice, and have given frames of each."""
        mine = [self.mine(host) for host in hosts]
        return sum(map(len, mine)) == CAMERAS == len(set[str]().union(*mine)) and all(
            camera in self.served(host) for host in hosts for camera in self.mine(host)
        )

    def settle(self, *hosts: str) -> None:
        """Wait until :meth:`is_settled`."""
        eventually(lambda: self.is_settled(*hosts), "each camera has one member", within=20)

    def longest_doubles(self) -> float:
        """Return the longest time for which two members served the same camera, s."""
        told: dict[tuple[str, int], list[float]] = defaultdict(list)
        for host in self.members:
            for camera, frames in self.served(host).items():
                for seq, captured in frames.items():
                    told[camera, seq].append(captured)
        doubles: dict[str, list[float]] = defaultdict(list)
        for (camera, _), times in told.items():
            if len(times) > 1:
                doubles[camera].append(times[0])
        return max((max(times) - min(times) for times in doubles.values()), default=0.0)


@pytest.fixture
def group(start: Start, tmp_path: Path) -> Iterator[Group]:
    """A group that has settled."""
    with ExitStack() as stack:
        try:
            network = stack.enter_context(Network(3, tmp_path))
        except OSError as error:
            unavailable(str(error))
        names = start(*network.name_server)
        names.wait_for("answering")
        words = [word for number in range(CAMERAS) for word in ("test:320x240@5", "--name", f"camera{number}")]
        producer = start(*network.on(MIDDLE), FRAMEFAN, "produce", *words, "--bind", "tcp://*:5550")
        for _ in range(CAMERAS):
            producer.wait_for(r"camera\d live")
        group = Group(network, {host: start(*network.on(host), *analyze()) for host in network.hosts}, names)
        group.settle(*network.hosts)
        yield group


def analyze() -> tuple[str, ...]:
    """Return the command of a member."""
    sharing = ("--group", "motion", "--share", "camera", "--members", "dns:analyze")
    return (FRAMEFAN, "analyze", f"tcp://{MIDDLE}:5550", "--with", "builtins:repr", *sharing)


def test_a_dead_member(group: Group, start: Start) -> None:
    """Without a name server nothing moves; a killed member's cameras move in time, and nothing is served twice long."""
    first, *others = group.network.hosts
    before = {host: group.mine(host) for host in group.network.hosts}
    group.names.kill()
    for host in group.network.hosts:
        group.members[host].wait_for("'analyze' cannot be looked up .*; the members stay as they were")
    threading.Event().wait(10)  # so long is the outage
    assert {host: group.mine(host) for host in group.network.hosts} == before
    assert group.longest_doubles() == 0.0
    start(*group.network.name_server).wait_for("answering")
    group.members[others[0]].wait_for("'analyze' is known again")
    group.network.names = others
    group.members[first].kill()
    killed = max(max(frames.values()) for frames in group.served(first).values())
    group.settle(*others)
    for camera in before[first]:
        by = next(host for host in others if camera in group.mine(host))
        assert min(group.served(by)[camera].values()) - killed < MOVED
    assert group.longest_doubles() < MOVED
    assert all(group.members[host].output.count("cannot be looked up") == 1 for host in others)


def test_a_stopped_member(group: Group) -> None:
    """Who is stopped and taken from the names is replaced; resumed, it gives way, and in the names again it serves."""
    first, *others = group.network.hosts
    group.members[first].send_signal(signal.SIGSTOP)
    group.network.names = others
    group.settle(*others)
    group.members[first].send_signal(signal.SIGCONT)
    group.members[first].wait_for("serving nothing: this host is none of the 2 members of motion")
    group.network.names = group.network.hosts
    group.members[first].wait_for(r"serving camera\d, camera\d \(2 of 6 cameras, member \S+ of 3\)")
    group.settle(*group.network.hosts)
    assert group.longest_doubles() < MOVED

"""A producer and its consumers on two hosts: network namespaces with a cable between them."""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import FRAMEFAN, Program, Start, unavailable

PRODUCER = "198.51.100.1"  # of a block that is reserved for documentation: it leads nowhere else
CONSUMER = "198.51.100.2"

WATCHER = """
import sys, time
from framefan.consumer import NoFrame, Subscriber

with Subscriber(sys.argv[1], mode=sys.argv[2]) as camera:
    while True:
        started = time.monotonic()
        try:
            frame = camera.read(1.0)
            print("frame", frame.seq, frame.age, flush=True)
        except NoFrame as missing:
            print("none", time.monotonic() - started, missing.state, missing.reason, flush=True)
"""

# What makes a host another one: its boot id, and clocks that have nothing to do with the producer's.
ANOTHER_HOST = """
import time
from framefan.common import clock

true_time_ns, true_monotonic_ns = time.time_ns, time.monotonic_ns
time.time_ns = lambda: true_time_ns() + 3_600_000_000_000
time.monotonic_ns = lambda: true_monotonic_ns() + 1_000_000_000_000_000
clock.boot_id = lambda: "another host"

import sys
from framefan.consumer import Subscriber

for frame in Subscriber(sys.argv[1]):
    print("error", frame.age - (true_time_ns() - frame.captured_ns) / 1e9, flush=True)
"""

# The same for a relay: a whole producer.
RELAY_ON_ANOTHER_HOST = (
    ANOTHER_HOST.partition("import sys")[0]
    + """
import sys
from framefan.common.command import main

sys.exit(main(["produce", sys.argv[1], "--bind", "tcp://*:5550"]))
"""
)

FOREIGN = """
import sys, zmq
camera = zmq.Context().socket(zmq.SUB)
camera.conflate = True
camera.subscribe(b"door\\0")
camera.connect(sys.argv[1])
while True:
    message = camera.recv()
    print("message", len(message), message.find(b"\\xff\\xd8\\xff"), message[-2:].hex(), flush=True)
"""


@dataclass(frozen=True)
class Hosts:
    """Two hosts with a cable between them."""

    producer: str
    consumer: str
    start: Start

    def produce(self) -> Program:
        """Start a producer on its host; return it when it publishes."""
        words = (FRAMEFAN, "produce", "test:640x360@25", "--name", "door", "--bind", "tcp://*:5550")
        producer = self.start("ip", "netns", "exec", self.producer, *words)
        producer.wait_for("door live")
        return producer

    def consume(self, script: str, address: str, mode: str = "auto") -> Program:
        """Start a Python script on the consumer's host, with an address and a mode as its arguments."""
        return self.start("ip", "netns", "exec", self.consumer, sys.executable, "-c", script, address, mode)

    def cable(self, state: str) -> None:
        """Plug the cable in (`up`) or pull it (`down`), at the producer's end."""
        _ip("-n", self.producer, "link", "set", "eth0", state)


@pytest.fixture
def hosts(start: Start) -> Iterator[Hosts]:
    """Make two hosts for one test."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        unavailable("two hosts on one machine need root and the command ip: apt-get install iproute2")
    names = [f"framefan-{os.getpid()}-{role}" for role in ("producer", "consumer")]
    try:
        for name in names:
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"network namespaces are not permitted here: {made.stderr.strip()}")
        _ip("-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
        for number, name in enumerate(names, 1):
            _ip("-n", name, "address", "add", f"198.51.100.{number}/24", "dev", "eth0")
            if _has_ipv6():
                _ip("-n", name, "address", "add", f"fd00::{number}/64", "dev", "eth0", "nodad")
            for link in ("lo", "eth0"):
                _ip("-n", name, "link", "set", link, "up")
        yield Hosts(names[0], names[1], start)
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _has_ipv6() -> bool:
    switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
    return switch.exists() and switch.read_text().strip() == "0"


def _ages(watcher: Program, count: int) -> list[float]:
    return [float(watcher.wait_for(r"^frame \d+ (\S+)")[1]) for _ in range(count)]


@pytest.mark.parametrize("host", [PRODUCER, "[fd00::1]"], ids=["ipv4", "ipv6"])
def test_frames_reach_another_host(hosts: Hosts, host: str) -> None:
    """A subscriber on another host gets fresh frames, over both versions of IP."""
    if ":" in host and not _has_ipv6():
        pytest.skip("IPv6 is switched off here")
    hosts.produce()
    watcher = hosts.consume(WATCHER, f"tcp://{host}:5550/door")
    assert statistics.median(_ages(watcher, 25)) < 1.0


def test_a_foreign_program_gets_frames(hosts: Hosts) -> None:
    """Five lines of ZeroMQ, without a word about states, get whole JPEGs."""
    hosts.produce()
    foreign = hosts.consume(FOREIGN, f"tcp://{PRODUCER}:5550")
    for _ in range(10):
        _, size, start, end = foreign.wait_for(r"^message (\d+) (\d+) (\w+)").group(0, 1, 2, 3)
        assert 0 < int(start) < int(size)
        assert end == "ffd9"


@pytest.mark.parametrize("mode", ["stream", "pull"])
def test_a_pulled_cable_is_noticed_and_got_over(hosts: Hosts, mode: str) -> None:
    """With the cable pulled a read gives up in time and the camera is unreachable; plugged in again, frames come."""
    hosts.produce()
    watcher = hosts.consume(WATCHER, f"tcp://{PRODUCER}:5550/door", mode)
    _ages(watcher, 5)
    hosts.cable("down")
    took, reason = watcher.wait_for(r"^none (\S+) unreachable (.+)").group(1, 2)
    assert 1.0 <= float(took) < 3.0
    assert reason
    hosts.cable("up")
    watcher.skip_lines()
    assert statistics.median(_ages(watcher, 25)) < 1.0


def test_ages_are_true_where_clocks_differ(hosts: Hosts) -> None:
    """Ages are right by milliseconds on a host whose wall clock is an hour off and whose monotonic clock is another."""
    hosts.produce()
    watcher = hosts.consume(ANOTHER_HOST, f"tcp://{PRODUCER}:5550/door")
    errors = [float(watcher.wait_for(r"^error (\S+)")[1]) for _ in range(50)]
    assert abs(statistics.median(errors)) < 0.005


def test_a_relay_behind_a_pulled_cable(hosts: Hosts) -> None:
    """Behind a relay on the other host, whose clocks differ, ages are true; a pulled cable is told and got over."""
    hosts.produce()
    relay = hosts.consume(RELAY_ON_ANOTHER_HOST, f"tcp://{PRODUCER}:5550")
    relay.wait_for("door live")
    watcher = hosts.consume(WATCHER, "tcp://127.0.0.1:5550/door")
    assert statistics.median(_ages(watcher, 25)) < 1.0
    hosts.cable("down")
    relay.wait_for(f"door offline: producer tcp://{PRODUCER}:5550 is silent")
    watcher.wait_for(rf"^none \S+ offline producer tcp://{PRODUCER}:5550 is silent")
    hosts.cable("up")
    relay.wait_for("door live")
    watcher.skip_lines()
    assert statistics.median(_ages(watcher, 25)) < 1.0

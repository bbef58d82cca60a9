"""Sampling a producer on a host whose wall clock is off."""

import json
import sys
from pathlib import Path

import pytest

from tests.programs import FRAMEFAN, Start, eventually

PRODUCER = """
import sys, time
from framefan.common import clock

true_time_ns = time.time_ns
time.time_ns = lambda: true_time_ns() + int(sys.argv[1]) * 1_000_000_000
clock.boot_id = lambda: "another host"

from framefan.producer import Publisher
from tests import pictures

publisher, picture = Publisher("tcp://127.0.0.1:0"), pictures.jpeg()
print("publishing at", publisher.endpoint, flush=True)
while True:
    publisher.publish("door", picture)
    time.sleep(0.1)
"""


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_is_off(start: Start, tmp_path: Path, ahead: int) -> None:
    """The first sample comes in its slot, and none is called missed, whatever the clock of the camera's host shows."""
    endpoint = start(sys.executable, "-c", PRODUCER, str(ahead)).wait_for(r"publishing at (\S+)")[1]
    sampler = start(FRAMEFAN, "sample", f"{endpoint}/door", "--every", "2s", "--count", "3", "--out", str(tmp_path))
    ledger = tmp_path / "samples.jsonl"
    eventually(lambda: ledger.exists() and ledger.read_text().count("\n") >= 3, "three samples", within=20)
    assert sampler.wait() == 0
    lines = ledger.read_text().splitlines()
    assert all("file" in json.loads(line) for line in lines), lines

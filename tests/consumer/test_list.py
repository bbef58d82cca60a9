"""`framefan list` and `framefan probe`."""

import json
import time
from dataclasses import replace

from framefan.common.errors import ExitCode
from framefan.common.state import CameraState, State
from framefan.consumer import table
from framefan.producer import Publisher
from tests import pictures
from tests.programs import framefan

LIVE = CameraState(camera="door", state=State.LIVE)


def test_table() -> None:
    """Columns line up and ages are for people."""
    shown = table.text(
        [
            replace(LIVE, fps=25.04, age=0.0312, width=1280, height=720, codec="h264", watchers=12),
            CameraState(camera="yard", state=State.OFFLINE, age=100, reason="it is unplugged"),
        ]
    )
    assert shown == (
        "CAMERA  STATE     FPS    AGE  SIZE      CODEC  WATCHERS  REASON\n"
        "door    live     25.0  31 ms  1280x720  h264         12\n"
        "yard    offline   0.0  2 min                          0  it is unplugged"
    )


def test_list() -> None:
    """A producer's cameras are listed, as text or as JSON."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        publisher.publish("door", pictures.flat())
        publisher.publish("yard", pictures.flat())
        shown = framefan("list", publisher.endpoint)
        assert shown.returncode == ExitCode.OK
        assert [line.split()[0] for line in shown.stdout.splitlines()] == ["CAMERA", "door", "yard"]
        lines = framefan("list", publisher.endpoint, "--json").stdout.splitlines()
        assert [json.loads(line)["camera"] for line in lines] == ["door", "yard"]


def test_probe_tells_fresh_from_stale() -> None:
    """The exit status tells whether the last frame is fresh."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        publisher.publish("door", pictures.flat())
        publisher.publish("yard", pictures.flat(), captured_ns=time.monotonic_ns() - 60_000_000_000)
        assert framefan("probe", f"{publisher.endpoint}/door").returncode == ExitCode.OK
        assert framefan("probe", f"{publisher.endpoint}/yard").returncode == ExitCode.CAMERA
        assert framefan("probe", publisher.endpoint).returncode == ExitCode.CAMERA
        assert framefan("probe", f"{publisher.endpoint}/yard", "--max-age", "10m").returncode == ExitCode.OK
        missing = framefan("probe", f"{publisher.endpoint}/dor")
        assert missing.returncode == ExitCode.CAMERA
        assert "no camera of that name there" in missing.stderr


def test_no_producer() -> None:
    """Where no producer is, one sentence says so."""
    ended = framefan("list", "tcp://127.0.0.1:9", "--wait", "500ms")
    assert ended.returncode == ExitCode.CAMERA
    assert "connection refused" in ended.stderr
    assert ended.stderr.count("\n") == 1

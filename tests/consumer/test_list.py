"""`framefan list`."""

import io
import json
import threading
from dataclasses import replace

import pytest

from framefan.common import sockets, state
from framefan.common.address import CameraAddress, Endpoint
from framefan.common.errors import ExitCode
from framefan.common.signals import Stop
from framefan.common.sockets import Context
from framefan.common.state import CameraState, State
from framefan.consumer import table
from framefan.consumer.discovery import expand
from framefan.consumer.terminal import Terminal
from framefan.producer import Publisher
from tests import pictures
from tests.programs import framefan

LIVE = CameraState(camera="door", state=State.LIVE)


DOOR = replace(LIVE, fps=25.04, age=0.0312, width=1280, height=720, codec="h264", encode_ms=3.44, watchers=12)
SMALL = replace(
    DOOR, camera="door?fps=5&width=640", fps=5.0, age=0.12, width=640, height=360, encode_ms=1.1, watchers=1
)
YARD = CameraState(camera="yard", state=State.OFFLINE, age=100, reason="it is unplugged")


def test_table() -> None:
    """Columns line up, ages are for people, and renditions stand below their camera."""
    assert table.text([DOOR, SMALL, YARD]) == (
        "CAMERA              STATE     FPS     AGE  SIZE      CODEC  ENCODE  WATCHERS  REASON\n"
        "door                live     25.0   31 ms  1280x720  h264   3.4 ms        12\n"
        "  ?fps=5&width=640  live      5.0  120 ms  640x360   h264   1.1 ms         1\n"
        "yard                offline   0.0   2 min                                  0  it is unplugged"
    )


def test_table_in_a_terminal() -> None:
    """A terminal gets colours, and long reasons below their camera instead of beside it."""
    shown = table.text([replace(YARD, reason="word " * 12)], Terminal(40, colourful=True)).splitlines()
    assert shown[1].startswith("\x1b[1myard  \x1b[0m  \x1b[31moffline\x1b[0m")
    assert [line.strip("\x1b[0123456789m") for line in shown[2:]] == [
        "  " + "word " * 6 + "word",
        "  " + "word " * 4 + "word",
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (0.0004, "0 ms"), (4.24, "4.2 s"), (100, "2 min"), (7200, "2 h"), (400_000, "5 d")],
)
def test_age(seconds: float | None, shown: str) -> None:
    """An age has the unit that people would use."""
    assert table.age(seconds) == shown


@pytest.mark.parametrize(
    ("terminal", "environ", "colourful"),
    [
        (True, {"TERM": "xterm"}, True), (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False), (True, {}, False), (False, {"TERM": "xterm"}, False),
    ],
)  # fmt: skip
def test_colours_are_for_terminals(terminal: bool, environ: dict[str, str], colourful: bool) -> None:
    """Only a terminal that can gets colours, and only if they are wanted."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    found = Terminal.of(stream, environ)
    assert found.colourful == colourful
    assert (found.width is not None) == terminal


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
        assert [json.loads(line)["watchers"] for line in lines] == [0, 0]  # who lists does not watch


def test_list_renditions(context: Context) -> None:
    """Renditions are told as states of their own: listed below their camera, and no cameras to display or sample."""
    endpoint, (frames, told, asked) = sockets.listen(Endpoint("127.0.0.1", 0))
    frames.close()
    asked.close()
    states = sockets.states_publisher(context, told)
    over = threading.Event()

    def tell() -> None:
        while not over.wait(0.1):
            for known in (replace(DOOR, camera="door-2"), SMALL, DOOR):
                states.send(state.pack(known))

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        lines = framefan("list", str(endpoint)).stdout.splitlines()
        with Stop() as stop:
            addresses = expand([CameraAddress(endpoint)], 5.0, stop)
    finally:
        over.set()
        thread.join()
    assert [line.split()[0] for line in lines] == ["CAMERA", "door", "?fps=5&width=640", "door-2"]
    assert [address.camera for address in addresses] == ["door", "door-2"]


@pytest.mark.parametrize("words", [("list",), ("sample",), ("probe", "--quick")])
def test_no_cameras(words: tuple[str, ...]) -> None:
    """A producer that has no cameras yet is told to be one."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        ended = framefan(*words, publisher.endpoint, "--wait", "500ms")
    assert ended.returncode == ExitCode.CAMERA
    assert "this producer has no cameras yet" in ended.stderr + ended.stdout


def test_no_producer() -> None:
    """Where no producer is, one sentence says so."""
    ended = framefan("list", "tcp://127.0.0.1:9", "--wait", "500ms")
    assert ended.returncode == ExitCode.CAMERA
    assert "connection refused" in ended.stderr
    assert ended.stderr.count("\n") == 1

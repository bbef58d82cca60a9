"""Everything on one machine, and nothing of it left behind."""

import io
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from framefan.common.errors import ExitCode, SourceError
from framefan.common.signals import Stop
from framefan.common.state import CameraState, State
from framefan.consumer import demo, live_table
from framefan.consumer.child import Child
from framefan.consumer.live_table import Row
from tests.programs import FRAMEFAN, Program, Start, eventually

LIVE = r"live +\d+\.\d fps +(\d+ ms|\d\.\d s)"
RunDemo = Callable[..., "Running"]


class Running:
    """A demo as a process, with a mark that all its descendants inherit."""

    def __init__(self, program: Program, mark: str, directory: Path) -> None:
        self.program = program
        self._mark = mark.encode()
        self._directory = directory

    @property
    def processes(self) -> list[int]:
        """Those that belong to it, itself included."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                marked = self._mark in path.read_bytes()
            except OSError:
                continue
            if marked:
                found.append(int(path.parent.name))
        return found

    def wait_until_live(self) -> None:
        """Wait until both cameras are, each with an age."""
        self.program.wait_for(f"^door +{LIVE}", within=30)
        self.program.wait_for(f"^yard +{LIVE}", within=30)

    def assert_gone(self, *, within: float) -> None:
        """Check that no process is left, and nothing listens where the producer did."""
        eventually(lambda: not self.processes, "its processes end", within=within)
        found = self.program.output.splitlines()[0].rpartition(":")[2]
        for port in range(int(found), int(found) + 3):
            with socket.socket() as connection:
                assert connection.connect_ex(("127.0.0.1", port)) != 0

    @property
    def files(self) -> list[Path]:
        """What it has left in its directory for temporary files."""
        return list(self._directory.iterdir())


@pytest.fixture
def run_demo(start: Start, tmp_path_factory: pytest.TempPathFactory) -> RunDemo:
    """Start demos without a screen."""

    def run(*words: str, prefix: tuple[str, ...] = ()) -> Running:
        directory = tmp_path_factory.mktemp("t")
        mark = f"FRAMEFAN_TEST_MARK={secrets.token_hex(8)}"
        without = ("env", "-u", "DISPLAY", "-u", "WAYLAND_DISPLAY", mark, f"TMPDIR={directory}")
        return Running(start(*without, *prefix, FRAMEFAN, "demo", *words), mark, directory)

    return run


def test_demo_shows_both_cameras_and_leaves_nothing(run_demo: RunDemo) -> None:
    """It ends by itself after its time, having shown live cameras, samples and motion, in lines without escapes."""
    running = run_demo("--seconds", "8")
    running.wait_until_live()
    running.program.wait_for(r"^door .* 2 watchers +[1-9]\d* samples +\d+ moving, \d+\.\d %$", within=15)
    assert running.program.wait(30) == ExitCode.OK
    running.assert_gone(within=1)
    assert running.files == []
    assert "\x1b" not in running.program.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_everything(run_demo: RunDemo, number: signal.Signals) -> None:
    """Within 3 s of Ctrl-C or SIGTERM there is no process, no port and no file left."""
    running = run_demo()
    running.wait_until_live()
    assert len(running.processes) == 7
    running.program.send_signal(number)
    assert running.program.wait(3) == -number
    running.assert_gone(within=1)
    assert running.files == []


def test_interrupt_while_starting_ends_everything(run_demo: RunDemo) -> None:
    """Ctrl-C that comes before anything is shown leaves nothing either."""
    running = run_demo()
    eventually(lambda: len(running.processes) >= 2, "the camera starts", within=15)
    running.program.send_signal(signal.SIGINT)
    assert running.program.wait(3) == -signal.SIGINT
    assert running.processes == []
    assert running.files == []


def test_children_end_with_a_killed_demo(run_demo: RunDemo) -> None:
    """After SIGKILL, which nobody can answer, the children end by themselves."""
    running = run_demo()
    running.wait_until_live()
    running.program.kill()
    running.assert_gone(within=4)


def test_lost_process_is_named(run_demo: RunDemo) -> None:
    """When a process dies the demo goes on and says which one."""
    running = run_demo()
    running.wait_until_live()
    for process in running.processes:
        if b"\0sample\0" in Path(f"/proc/{process}/cmdline").read_bytes():
            os.kill(process, signal.SIGKILL)
    running.program.wait_for("^sample ended: SIGKILL")
    running.wait_until_live()


def test_camera_that_never_lives_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the time is over and a camera never became live, the error names it and the reason."""
    monkeypatch.setattr(demo, "_CAMERAS", {"door": "codec=h266"})
    monkeypatch.delenv("DISPLAY", raising=False)
    with (
        Stop() as stop,
        pytest.raises(SourceError, match="door never became live; produce runs, and logged last: door ") as told,
    ):
        demo.run(stop, 2.0)
    assert told.value.exit_code == ExitCode.CAMERA
    assert "door" in capsys.readouterr().out


def test_process_that_does_not_start_is_an_error() -> None:
    """A child that ends at once is named, with the reason that it gave."""
    with (
        Stop() as stop,
        Child("produce", "gopher://nowhere") as child,
        pytest.raises(SourceError, match=r"a process did not start: produce ended: framefan produce: .*gopher"),
    ):
        child.announcement("publishing (.*)", stop, 15.0)


def test_results_are_told_for_people() -> None:
    """The analyzer's JSON becomes a few words, and silence means that nothing moves."""
    findings = demo._Findings()
    assert findings.of("door") == live_table.STILL
    findings.take(json.dumps({"camera": "door", "result": {"moving": 0.0214, "boxes": [[0, 0, 9, 9]] * 3}}))
    assert findings.of("door") == "3 moving, 2.1 %"
    assert findings.of("yard") == live_table.STILL


@pytest.mark.parametrize("state", list(State))
def test_table_fits_a_terminal_of_80_columns(state: State) -> None:
    """Headings, states, addresses and figures are shown whole; reasons and complaints stand below."""
    row = Row(
        state=CameraState(
            camera="door", state=state, reason="a reason", width=1280, height=720, codec="h264", watchers=4
        ),
        fps=25.0,
        age=0.031,
        samples=12,
        motion="3 moving, 2.1 %" if state is State.LIVE else "",
    )
    text = io.StringIO()
    console = Console(width=80, file=text)
    console.print(live_table.page(["framefan display tcp://127.0.0.1:45203/door"], [row], ["sample ended"]))
    assert "…" not in text.getvalue()
    for words in (str(state), "25.0", "31 ms", "h264 1280x720", row.motion, "a reason", "sample ended", "Ctrl-C ends"):
        assert words in text.getvalue()

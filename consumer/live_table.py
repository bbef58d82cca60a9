"""The table of `framefan demo`: live in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..common.state import CameraState, State
from . import table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_STYLES = {State.LIVE: "green", State.STALLED: "yellow", State.CONNECTING: "yellow"}
# Columns with the least width of each, which keeps them from trembling; 80 columns of text hold them all.
_COLUMNS = {"camera": 6, "state": 6, "fps": 4, "age": 6, "stream": 6, "watchers": 8, "samples": 7, "motion": None}
_RIGHT = {"fps", "age", "watchers", "samples"}
STILL = "nothing moves"
_WHAT = "two cameras, a producer and consumers, each a process of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One camera.

    Attributes:
        state: as the producer tells it.
        fps: frames per second that come in here.
        age: of the newest frame here, s; None before the first.
        samples: files written so far.
        motion: what moves, in words.
    """

    state: CameraState
    fps: float
    age: float | None
    samples: int
    motion: str


class Show(Protocol):
    """Shows rows, and notes below them, every `interval` seconds."""

    interval: float

    def __call__(self, rows: Sequence[Row], notes: Sequence[str]) -> None:
        """Show the present rows."""


@contextmanager
def shown(endpoint: str, cameras: Sequence[str]) -> Iterator[Show]:
    """Open the table: live if standard output is a terminal.

    Args:
        endpoint: of the producer.
        cameras: their addresses.
    """
    if not sys.stdout.isatty():
        yield _Lines(endpoint)
        return
    from rich.live import Live

    with Live(auto_refresh=False) as live:
        yield _Table(
            live, [f"framefan display {cameras[0]}", f"framefan probe {cameras[-1]}", f"framefan list {endpoint}"]
        )


class _Lines:
    """A line per camera and second, without escape codes, for logs."""

    interval = 1.0

    def __init__(self, endpoint: str) -> None:
        print(f"framefan demo: {_WHAT}, at {endpoint}", flush=True)
        self._noted: set[str] = set()

    def __call__(self, rows: Sequence[Row], notes: Sequence[str]) -> None:
        for row in rows:
            print(line(row))
        for note in notes:
            if note not in self._noted:
                self._noted.add(note)
                print(note)
        sys.stdout.flush()


def line(row: Row) -> str:
    """Return one row as a line whose columns stand below each other."""
    state = row.state
    return (
        f"{state.camera:8} {state.state:11} {row.fps:5.1f} fps {table.age(row.age):>7}  {_stream(state):15} "
        f"{state.watchers} watchers {row.samples:3} samples  {row.motion or state.reason}"
    ).rstrip()


class _Table:
    """A table that is drawn in place."""

    interval = 0.25

    def __init__(self, live: "Live", commands: Sequence[str]) -> None:
        self._live = live
        self._commands = commands

    def __call__(self, rows: Sequence[Row], notes: Sequence[str]) -> None:
        self._live.update(page(self._commands, rows, notes), refresh=True)


def page(commands: Sequence[str], rows: Sequence[Row], notes: Sequence[str]) -> "RenderableType":
    """Return all that the terminal shows.

    Args:
        commands: to try in another terminal.
        rows: of the table.
        notes: complaints to put below it.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, width in _COLUMNS.items():
        right = heading in _RIGHT
        grid.add_column(heading, justify="right" if right else "left", no_wrap=True, min_width=width)
    for row in rows:
        style = _STYLES.get(row.state.state, "red")
        grid.add_row(
            Text(row.state.camera, "bold"),
            Text(f"● {row.state.state}", style),
            f"{row.fps:.1f}",
            Text(table.age(row.age), "bold"),
            _stream(row.state),
            str(row.state.watchers),
            str(row.samples),
            Text(row.motion, "dim" if row.motion == STILL else "cyan"),
        )
    reasons = [f"{row.state.camera} {row.state.state}: {row.state.reason}" for row in rows if row.state.reason]
    return Group(
        Text.assemble(("framefan demo", "bold"), "  ", (_WHAT, "dim")),
        Text(),
        Text("try in another terminal", "dim"),
        *(Text(f"  {command}", "cyan", no_wrap=True) for command in commands),
        Text(),
        grid,
        Text(),
        *(Text(line, "yellow") for line in reasons),
        *(Text(note, "red") for note in notes),
        Text("Ctrl-C ends everything", "dim"),
    )


def _stream(state: CameraState) -> str:
    return f"{state.codec} {state.width}x{state.height}" if state.width else state.codec

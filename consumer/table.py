"""The states of cameras as lines of text."""

import textwrap
from collections.abc import Sequence

from ..common.state import CameraState, State
from .terminal import PLAIN, Colour, Terminal

HEADINGS = ("CAMERA", "STATE", "FPS", "AGE", "SIZE", "CODEC", "ENCODE", "WATCHERS", "REASON")
_COLOURS = {
    State.LIVE: Colour.GREEN,
    State.CONNECTING: Colour.YELLOW,
    State.STALLED: Colour.YELLOW,
    State.ENDED: Colour.DIM,
    State.IDLE: Colour.DIM,
}
"""Of states; any other is red."""

_RIGHT = {"FPS", "AGE", "ENCODE", "WATCHERS"}
_INDENT = "  "
_NARROWEST = 20


def cells(state: CameraState) -> tuple[str, ...]:
    """Return what stands under the headings for one camera, or for a rendition, which stands below its camera."""
    _, rendition, wanted = state.camera.partition("?")
    return (
        _INDENT + rendition + wanted if rendition else state.camera,
        state.state,
        f"{state.fps:.1f}",
        age(state.age),
        f"{state.width}x{state.height}" if state.width else "",
        state.codec,
        f"{state.encode_ms:.1f} ms" if state.encode_ms else "",
        f"{state.watchers}, idle" if state.idle else str(state.watchers),
        state.reason,
    )


def age(seconds: float | None) -> str:
    """Write an age for people: `31 ms`, `4.2 s`, `3 min`, `5 h`, `2 d`, or nothing."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    for unit, length in (("min", 60), ("h", 3600)):
        if seconds < 90 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def text(states: Sequence[CameraState], terminal: Terminal = PLAIN) -> str:
    """Return a table, its columns as wide as they must be.

    In a pipe there is a line for each camera. In a terminal a reason, which may be long, stands below its camera.
    """
    below = terminal.width is not None
    shown = HEADINGS[:-1] if below else HEADINGS
    rows = [shown, *(cells(state)[: len(shown)] for state in states)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(shown))]
    lines = [terminal.paint(_line(shown, widths), Colour.DIM)]
    for state, row in zip(states, rows[1:], strict=True):
        colours = {"CAMERA": Colour.DIM if "?" in state.camera else Colour.BOLD, "STATE": colour(state.state)}
        lines.append(_line(row, widths, terminal, colours))
        if below and state.reason:
            reason = textwrap.wrap(state.reason, max(_NARROWEST, (terminal.width or 0) - len(_INDENT)))
            # A camera that is live in spite of something shall not look as if all were well.
            tone = Colour.YELLOW if state.state is State.LIVE else colour(state.state)
            lines += [terminal.paint(_INDENT + line, tone) for line in reason]
    return "\n".join(lines)


def colour(state: State) -> Colour:
    """Return what a state is shown in."""
    return _COLOURS.get(state, Colour.RED)


def _line(
    row: Sequence[str], widths: Sequence[int], terminal: Terminal = PLAIN, colours: dict[str, Colour] | None = None
) -> str:
    padded = (
        terminal.paint(cell.rjust(width) if heading in _RIGHT else cell.ljust(width), (colours or {}).get(heading))
        for heading, cell, width in zip(HEADINGS, row, widths, strict=False)
    )
    return "  ".join(padded).rstrip()

"""The states of cameras as lines of text."""

from collections.abc import Sequence

from ..common.state import CameraState

HEADINGS = ("CAMERA", "STATE", "FPS", "AGE", "SIZE", "CODEC", "WATCHERS", "REASON")
_RIGHT = {"FPS", "AGE", "WATCHERS"}


def cells(state: CameraState) -> tuple[str, ...]:
    """Return what stands under the headings for one camera."""
    return (
        state.camera,
        state.state,
        f"{state.fps:.1f}",
        age(state.age),
        f"{state.width}x{state.height}" if state.width else "",
        state.codec,
        str(state.watchers),
        state.reason,
    )


def age(seconds: float | None) -> str:
    """Write an age for people: `31 ms`, `4.2 s`, `3 min`, or nothing."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def text(states: Sequence[CameraState]) -> str:
    """Return a table, its columns as wide as they must be."""
    rows = [HEADINGS, *(cells(state) for state in states)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if heading in _RIGHT else cell.ljust(width)
            for heading, cell, width in zip(HEADINGS, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )

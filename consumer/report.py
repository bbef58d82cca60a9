"""A probe's steps as a report: lines as they come, or one JSON object, and whether all is well."""

import json
from collections.abc import Iterable

from ..common.probe import Mark, Step
from .terminal import Colour, Terminal

_COLOURS = {Mark.OK: Colour.GREEN, Mark.WARN: Colour.YELLOW, Mark.FAIL: Colour.RED}
_MARK, _NAME = 4, 10


def line(step: Step, terminal: Terminal) -> str:
    """Return a step as a line."""
    mark = terminal.paint(f"{step.mark:{_MARK}}", _COLOURS[step.mark])
    return f"{mark}  {terminal.paint(f'{step.name:{_NAME}}', Colour.DIM)}  {step.text}"


def healthy(steps: Iterable[Step]) -> bool:
    """Return whether no step failed."""
    return not any(step.failed for step in steps)


def verdict(target: str, steps: Iterable[Step], terminal: Terminal) -> str:
    """Return a sentence on the whole, with every advice that was given, each once.

    Args:
        target: what was looked into, without a password.
        steps: all of them.
        terminal: where it is shown.
    """
    steps = list(steps)
    worst = max((step.mark for step in steps), key=list(Mark).index, default=Mark.OK)
    told = {Mark.OK: "is healthy", Mark.WARN: "is healthy, but", Mark.FAIL: "is not healthy"}[worst]
    advice = list(dict.fromkeys(step.advice for step in steps if step.advice))
    said = terminal.paint(f"{target} {told}", _COLOURS[worst])
    if not advice:
        return said
    return f"{said}: {advice[0]}" if len(advice) == 1 else "\n  ".join([said + ":", *advice])


def as_json(target: str, steps: Iterable[Step]) -> str:
    """Return the whole report as one JSON object."""
    steps = list(steps)
    shown = [
        {"step": step.name, "mark": step.mark, "text": step.text, "advice": step.advice, **step.facts} for step in steps
    ]
    return json.dumps({"target": target, "healthy": healthy(steps), "steps": shown})

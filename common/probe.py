"""What a probe finds out, step by step: of a producer, or of a camera."""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import resolution
from .signals import Stop


class Mark(enum.StrEnum):
    """How a step went."""

    OK = "ok"
    WARN = "warn"  # it works, and could do better
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked into.

    Attributes:
        name: what it was, e.g. `frames`; at most ten characters.
        text: what was found, for people, without a password.
        mark: how it went.
        advice: what a person can do about it; empty if nothing need be done.
        facts: what was found, for programs, as values that JSON has; times in seconds.
    """

    name: str
    text: str
    mark: Mark = Mark.OK
    advice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """True if no later step can do without this one."""
        return self.mark is Mark.FAIL


Probe = Callable[[str, float, Stop], Iterator[Step]]
"""Looks into a source, given by its URL, whose frames are measured for so many seconds.

Probes register by URL scheme, or as `file` for a path, in the entry points' group `framefan.probes`.
"""


def resolve(host: str) -> Step:
    """Look a host's name up."""
    try:
        found = resolution.addresses(host)
    except OSError:
        return Step("name", f"{host} is not known", Mark.FAIL, "check the address, and the name server")
    text = host if found == [host] else f"{host} resolves to {', '.join(found)}"
    return Step("name", text, facts={"addresses": found})


def several(count: int, noun: str) -> str:
    """Return a number with its noun: `1 camera`, `2 cameras`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

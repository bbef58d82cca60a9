"""What standard output is: a terminal of some width, perhaps with colours, or a pipe or file that wants plain text."""

import enum
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TextIO


class Colour(enum.IntEnum):
    """What text is drawn in: a number of ECMA-48's SGR."""

    BOLD = 1
    DIM = 2
    RED = 31
    GREEN = 32
    YELLOW = 33


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where text is shown.

    Attributes:
        width: in columns; None if it is no terminal.
        colourful: whether it understands colours, and they are wanted.
    """

    width: int | None = None
    colourful: bool = False

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> Self:
        """Look at a stream; NO_COLOR in the environment is respected (https://no-color.org)."""
        if not stream.isatty():
            return cls()
        plain = environ.get("NO_COLOR") or environ.get("TERM", "dumb") == "dumb"
        return cls(shutil.get_terminal_size().columns, not plain)

    def paint(self, text: str, colour: Colour | None) -> str:
        """Return a text in a colour, or as it is where there are none."""
        return f"\x1b[{colour:d}m{text}\x1b[0m" if self.colourful and colour is not None and text else text


PLAIN = Terminal()

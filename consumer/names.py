"""What files are called: a template with fields, such as `{camera}/{time:%Y-%m-%d}/{time:%H%M%S.%f}.jpg`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from string import Formatter
from typing import Any, Self

from ..common.errors import OptionError

OF_CAMERAS: Mapping[str, Any] = {"camera": "door", "seq": 1, "time": datetime(2026, 11, 22, tzinfo=UTC)}
"""The fields for frames of cameras, with examples: name, number, time of capture in UTC."""
OF_FILMS: Mapping[str, Any] = {"film": "film", "number": 1, "seconds": 0.04}
"""The fields for pictures of films: name of the file, number, seconds from the first picture to this one."""


@dataclass(frozen=True, slots=True)
class Template:
    """A relative path with fields, as :meth:`str.format` fills them in."""

    text: str

    @classmethod
    def parse(cls, text: str, fields: Mapping[str, Any]) -> Self:
        """Check a template by filling it in with examples.

        Raises:
            OptionError: it has other fields than those, does not end with `.jpg`, or leads out of the directory.
        """
        template = cls(text)
        try:
            names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
            path = PurePosixPath(template.fill(fields) if names <= fields.keys() else "")
        except (ValueError, KeyError, IndexError) as error:
            raise OptionError(f"the name {text!r} is no template: {error}") from None
        if not names <= fields.keys():
            unknown = ", ".join(sorted(names - fields.keys())) or "{}"
            raise OptionError(f"the name {text!r} has the field {unknown}; there are {', '.join(fields)}")
        if path.is_absolute() or ".." in path.parts or path.suffix != ".jpg" or path.name.startswith("."):
            raise OptionError(f"the name {text!r} is not that of a .jpg file below the directory")
        return template

    def fill(self, fields: Mapping[str, Any]) -> str:
        """Return the path for a picture."""
        return self.text.format_map(fields)

"""Who is in a group: `static:2/4`, `dns:analyze`, or what another package brings."""

import re
from types import TracebackType
from typing import Protocol, Self

from ...common import entry_points
from ...common.errors import OptionError

_PLUGS = "framefan.memberships"
"""The group of entry points: a name, and what makes a :class:`Membership` of the text behind `name:`."""


class Membership(Protocol):
    """Knows the members of a group while its block is open; asking it never waits."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    @property
    def me(self) -> str:
        """The member that this process is; empty if it is none, or does not know yet."""
        ...

    def members(self) -> tuple[str, ...]:
        """Return all members as last known, in order; none before anything is known."""
        ...


class Static:
    """A group of a fixed size, `2/4` being the second of four.

    A member that dies is missed until it is started again.

    Raises:
        OptionError: the text is anything else.
    """

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise OptionError(f"'static:{text}' is no member of a group: the second of four is static:2/4")
        self.me = str(int(match[1]))
        self._members = tuple(str(number) for number in range(1, int(match[2]) + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def members(self) -> tuple[str, ...]:
        """Return the numbers from 1."""
        return self._members


def membership(text: str) -> Membership:
    """Make a membership from `static:2/4` or `dns:NAME`, or of a kind that another package has registered.

    Raises:
        OptionError: there is no such kind, or it cannot be made of this text.
        MissingPackage: a package that it imports is not installed.
    """
    plugs = entry_points.of_group(_PLUGS)
    kind, colon, rest = text.partition(":")
    if not colon or kind not in plugs:
        others = "".join(f", or {name}:..." for name in plugs if name not in ("static", "dns"))
        raise OptionError(
            f"{text!r} does not say who the members are: use static:2/4 for the second of four, "
            f"or dns:NAME for all addresses of a host name{others}"
        )
    made: Membership = entry_points.load(plugs[kind])(rest)
    return made

"""What a forked child has to do with objects that its parent's threads may be in the middle of using."""

import os
import weakref
from typing import Protocol


class Inherited(Protocol):
    """What a child inherits."""

    def _forked(self) -> None:
        """Be ready for this process, with locks that no thread of the parent holds. It has one thread yet."""


_inherited: weakref.WeakSet[Inherited] = weakref.WeakSet()


def tell_of_forks(thing: Inherited) -> None:
    """Have an object told in each child that inherits it."""
    _inherited.add(thing)


def _tell() -> None:
    for thing in list(_inherited):
        thing._forked()


os.register_at_fork(after_in_child=_tell)

"""A film: the way of reading it that is fast and gives what OpenCV gives."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import filterfalse
from pathlib import Path
from typing import Self

import av.error
import numpy as np

from ...common.errors import SourceError
from ...common.signals import Stop
from .index import Unfit
from .pick import Pick, Position
from .picture import Picture
from .sparse import SparseFilm
from .whole import WholeFilm, first_image

log = logging.getLogger("framefan")


class Film:
    """A film, whose pictures and their numbers are those of OpenCV when it reads every frame.

    Its first picture is compared with OpenCV's. If they differ, or the film's packets do not tell which pictures come
    out of them, OpenCV reads all of it, and the log says so. What OpenCV does not decode is taken from PyAV, which
    brings more decoders, and so are interlaced pictures: OpenCV 5.0 does not convert them at all.

    Raises:
        SourceError: there is no such file, or it is no film.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sparse: SparseFilm | None = None
        try:
            self._sparse = SparseFilm(path)
        except av.error.FFmpegError as error:
            raise SourceError(f"cannot read {path} as a film: {error.strerror}", final=True) from None
        except Unfit as error:
            if first_image(path) is None:
                raise SourceError(f"cannot read {path} as a film: {error}", final=True) from None
            self._read_whole(str(error))
            return
        theirs = first_image(path)
        if not (theirs is None or self._sparse.interlaced or np.array_equal(theirs, self._sparse.first)):
            self._read_whole("OpenCV's pictures of it differ from PyAV's")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sparse is not None:
            self._sparse.close()

    def wanted(self, pick: Pick) -> list[Position] | None:
        """Return what is wanted; None if only reading all of it will tell."""
        return None if self._sparse is None else list(pick.of(self._sparse.positions()))

    def pictures(
        self, pick: Pick, unless: Callable[[Position], bool] = lambda _: False, stop: Stop | None = None
    ) -> Iterator[Picture]:
        """Yield the wanted pictures, except for some, in the order in which they are shown.

        If all has to be decoded, the wish to end is looked at after each picture, wanted or not.
        """
        reached = -1
        if self._sparse is not None:
            try:
                for picture in self._sparse.pictures(filterfalse(unless, pick.of(self._sparse.positions()))):
                    reached = picture.position.number
                    yield picture
            except Unfit as error:
                self._read_whole(str(error))
            else:
                return
        with closing(WholeFilm(self.path, stop)) as whole:
            yield from whole.pictures(pick, lambda position: position.number <= reached or unless(position))

    def _read_whole(self, reason: str) -> None:
        log.warning("all of %s has to be decoded: %s", self.path, reason)
        if self._sparse is not None:
            self._sparse.close()
            self._sparse = None

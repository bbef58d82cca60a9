"""`framefan sample film.mp4`: keep some of a film's pictures as files."""

import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import cv2

from ...common.errors import OutputError
from ...common.signals import Stop
from ..names import Template
from ..outputs import Output
from ..progress import Progress
from .film import Film
from .pick import Pick, Position
from .picture import Picture

log = logging.getLogger("framefan")

_WORKERS = 2
"""Threads that encode and write while the next picture is decoded."""
_PENDING = 2 * _WORKERS
"""Pictures that may wait for that."""


@dataclass(frozen=True, kw_only=True)
class FilmSampler:
    """Writes pictures of films to files, each of which is whole or not there.

    Attributes:
        out: where to.
        pick: which pictures.
        name: of each file, with the fields of :data:`..names.OF_FILMS`.
        quality: of the JPEG files, 1 to 100; OpenCV's own default is 95.
        resume: whether pictures whose files are there are not made again.
    """

    out: Output
    pick: Pick
    name: Template
    quality: int = 95
    resume: bool = False

    def run(self, films: tuple[Path, ...], stop: Stop) -> None:
        """Sample films, one after the other, until the end is asked for.

        Raises:
            SourceError: a file is not there, or is no film.
            OutputError: a file cannot be written.
        """
        self.out.require_writable()
        for path in films:
            if not stop.requested:
                with Film(path) as film:
                    self._sample(film, stop)

    def _sample(self, film: Film, stop: Stop) -> None:
        def name(position: Position) -> str:
            seconds = float(position.seconds)
            return self.name.fill({"film": film.path.stem, "number": position.number, "seconds": seconds})

        def is_there(position: Position) -> bool:
            return self.resume and self.out.exists(name(position))

        wanted = film.wanted(self.pick)
        total = None if wanted is None else len(wanted) - sum(map(is_there, wanted))
        pictures = takewhile(lambda _: not stop.requested, film.pictures(self.pick, is_there, stop))
        written = 0
        with Progress(film.path.name, total) as progress, ThreadPoolExecutor(_WORKERS) as workers:
            pending: deque[Future[None]] = deque()
            for picture in pictures:
                pending.append(workers.submit(self._write, picture, name(picture.position)))
                if len(pending) > _PENDING:
                    pending.popleft().result()
                    written += 1
                    progress.step()
            for last in pending:
                last.result()
                written += 1
        more = "; go on with --resume" if stop.requested else ""
        log.info("%s: %d pictures written to %s%s", film.path, written, self.out, more)

    def _write(self, picture: Picture, name: str) -> None:
        _, data = cv2.imencode(".jpg", picture.image, (cv2.IMWRITE_JPEG_QUALITY, self.quality))
        try:
            self.out.write(name, memoryview(data.data))
        except OSError as error:
            where, reason = self.out.where(name), error.strerror or error
            raise OutputError(f"cannot write {where}: {reason}; go on with --resume when it can") from None

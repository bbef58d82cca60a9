"""`framefan sample`, of cameras and of films, and `framefan album` of what it wrote."""

from dataclasses import dataclass
from pathlib import Path

from ..common.address import PORT, CameraAddress
from ..common.command import Command
from ..common.errors import ExitCode, MissingPackage, OptionError
from ..common.options import argument, arguments, duration, flag, integer, option, size
from ..common.signals import Stop
from .film.pick import Pick, moment
from .interval import Interval
from .ledger import Keep
from .names import OF_CAMERAS, OF_FILMS, Template
from .outputs import output

_ADDRESS = f"tcp://host:{PORT}/door, or tcp://host:{PORT} for all cameras there"
_MANY = 1_000_000_000
_CAMERA_NAME = "{camera}/{time:%Y-%m-%d}/{time:%H%M%S.%f}.jpg"
_FILM_NAME = "{number:09}.jpg"
_FILMS_NAME = "{film}/{number:09}.jpg"


def _camera_or_film(text: str) -> CameraAddress | Path:
    if "://" in text:
        return CameraAddress.parse(text)
    if not Path(text).exists():
        raise OptionError(f"{text!r} is neither a film that is there nor an address, {_ADDRESS}")
    return Path(text)


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Options of `framefan sample`."""

    sources: tuple[CameraAddress | Path, ...] = arguments(
        f"{_ADDRESS}; or films, film.mp4", parse=_camera_or_film, metavar="ADDRESS"
    )
    every: Interval = option("10s", "10s of time, 250f for frames, or keyframe", parse=Interval.parse, metavar="WHAT")
    out: str = option("samples", "directory to write to, or URL that fsspec knows", metavar="DIR")
    file_name: str | None = option(None, "such as {camera}/{time:%%H%%M%%S.%%f}.jpg", metavar="TEMPLATE")
    count: int | None = option(None, "end after so many samples of each", parse=integer(1, _MANY), metavar="N")
    wait: float = option("30s", "give up if there is no frame by then", parse=duration, metavar="TIME")
    exif: bool = flag("of cameras: put the time of capture into each file")
    keep_age: float | None = option(None, "of cameras: delete what is older", parse=duration, metavar="TIME")
    keep_count: int | None = option(None, "of cameras: keep so many", parse=integer(1, _MANY), metavar="N")
    keep_bytes: int | None = option(None, "of cameras: keep so much, 500M or 10G", parse=size, metavar="SIZE")
    from_: float | None = option(None, "of films: not before 00:10:00", parse=moment, metavar="MOMENT")
    to: float | None = option(None, "of films: before 00:20:00 only", parse=moment, metavar="MOMENT")
    quality: int = option("95", "of films: that of the JPEG", parse=integer(1, 100), metavar="N")
    resume: bool = flag("of films: make only what is not there yet")

    def __post_init__(self) -> None:
        if self.cameras and self.films:
            raise OptionError("films and cameras are sampled by a command each")
        part = self.from_ is not None or self.to is not None
        if self.cameras and (self.every.keyframes or part or self.resume):
            raise OptionError("--every keyframe, --from, --to and --resume are for films")
        if self.films and (self.exif or not self.keep.all):
            raise OptionError("--exif and --keep-age, --keep-count and --keep-bytes are for cameras")
        stems = [path.stem for path in self.films]
        if len(set(stems)) < len(stems):
            raise OptionError(f"films of the same name would share a directory: {', '.join(stems)}")
        _ = self.template

    @property
    def cameras(self) -> tuple[CameraAddress, ...]:
        """The sources that are cameras."""
        return tuple(source for source in self.sources if isinstance(source, CameraAddress))

    @property
    def films(self) -> tuple[Path, ...]:
        """The sources that are films."""
        return tuple(source for source in self.sources if isinstance(source, Path))

    @property
    def keep(self) -> Keep:
        """How many samples to keep."""
        return Keep(self.keep_age, self.keep_count, self.keep_bytes)

    @property
    def template(self) -> Template:
        """The names of files."""
        if self.cameras:
            return Template.parse(self.file_name or _CAMERA_NAME, OF_CAMERAS)
        return Template.parse(self.file_name or (_FILM_NAME if len(self.films) == 1 else _FILMS_NAME), OF_FILMS)


@dataclass(frozen=True, kw_only=True)
class AlbumOptions:
    """Options of `framefan album`."""

    directory: Path = argument("of samples, such as samples/door", parse=Path, metavar="DIR")
    contact_sheet: Path | None = option(None, "write a sheet of small pictures, .jpg", parse=Path, metavar="FILE")
    timelapse: Path | None = option(None, "write a film of all pictures, .mp4", parse=Path, metavar="FILE")
    fps: int = option("25", "pictures per second of the film", parse=integer(1, 240), metavar="N")

    def __post_init__(self) -> None:
        if self.contact_sheet is None and self.timelapse is None:
            raise OptionError("nothing to do: add --contact-sheet sheet.jpg or --timelapse film.mp4")


def _sample(options: SampleOptions, stop: Stop) -> int:
    return _sample_films(options, stop) if options.films else _sample_cameras(options, stop)


def _sample_cameras(options: SampleOptions, stop: Stop) -> int:
    from .roster import Roster
    from .sample import Sampler
    from .watch import each

    sampler = Sampler(
        output(options.out),
        options.every,
        name=options.template,
        count=options.count,
        exif=options.exif,
        keep=options.keep,
    )
    with Roster(options.cameras, options.wait, stop) as roster:
        each(roster.cameras, sampler.run, stop, wait=options.wait, subscribe=sampler.subscribe)
    return ExitCode.OK


def _sample_films(options: SampleOptions, stop: Stop) -> int:
    try:
        from .film.sampler import FilmSampler
    except ImportError as error:
        raise MissingPackage.of(error, "film") or error from None
    sampler = FilmSampler(
        out=output(options.out),
        pick=Pick(options.every, options.from_, options.to, options.count),
        name=options.template,
        quality=options.quality,
        resume=options.resume,
    )
    sampler.run(options.films, stop)
    return ExitCode.OK


def _album(options: AlbumOptions, stop: Stop) -> int:
    try:
        from .film.album import Album
    except ImportError as error:
        raise MissingPackage.of(error, "film") or error from None
    album = Album(options.directory, stop)
    if options.contact_sheet is not None:
        album.contact_sheet(options.contact_sheet)
    if options.timelapse is not None and not stop.requested:
        album.timelapse(options.timelapse, options.fps)
    return ExitCode.OK


sample = Command(help="keep some frames of cameras or films as JPEG files", options=SampleOptions, run=_sample)
album = Command(help="make a contact sheet or a time-lapse of samples", options=AlbumOptions, run=_album)

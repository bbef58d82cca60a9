"""The command `framefan camera`."""

import logging
from dataclasses import dataclass
from pathlib import Path

from ...common.command import Command
from ...common.errors import ExitCode, MissingPackage, OptionError
from ...common.options import integer, one_of, option
from ...common.signals import Stop
from .authentication import SCHEMES, Credentials
from .settings import CODECS, Settings, parse_fps, parse_gop, parse_size

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CameraOptions:
    """Options of `framefan camera`."""

    host: str = option("127.0.0.1", "address to listen at", metavar="ADDRESS")
    port: int = option("8554", "port to listen at, 0 for any free one", parse=integer(0, 65_535))
    codec: str = option("h264", " | ".join(CODECS), parse=one_of(*CODECS))
    size: tuple[int, int] = option("1280x720", "size of the picture", parse=parse_size)
    fps: float = option("25", "frames per second", parse=parse_fps)
    gop: int | None = option(None, "frames from one keyframe to the next; default: one second's", parse=parse_gop)
    file: Path | None = option(None, "film to show in a loop instead of a clock", parse=Path, metavar="FILM")
    user: str | None = option(None, "user name to ask for")
    password: str | None = option(None, "password to ask for; better given by its variable")
    auth: str = option("digest", " | ".join(SCHEMES), parse=one_of(*SCHEMES))
    sessions: int | None = option(None, "most clients at a time, others are answered 453", parse=integer(1, 10_000))


def _run(options: CameraOptions, stop: Stop) -> int:
    MissingPackage.require("av", extra="producer")
    from .server import CameraServer

    try:
        settings = Settings(codec=options.codec, size=options.size, fps=options.fps, gop=options.gop)
    except ValueError as error:
        raise OptionError(f"--size: {error}") from None
    with CameraServer(
        host=options.host,
        port=options.port,
        settings=settings,
        credentials=_credentials(options),
        sessions=options.sessions,
        film=options.file,
    ) as server:
        _log.info("camera at %s/ (any path; %s)", server.address, settings)
        stop.wait()
    return ExitCode.OK


def _credentials(options: CameraOptions) -> Credentials | None:
    if options.user is None and options.password is None:
        return None
    if options.user is None or options.password is None:
        raise OptionError("--user and --password (or FRAMEFAN_PASSWORD) need each other")
    return Credentials(options.user, options.password, options.auth)


camera = Command("an RTSP camera for demos and tests", CameraOptions, _run)

"""`framefan produce`."""

import logging
from dataclasses import dataclass

from ..common.address import PORT, Endpoint
from ..common.command import Command
from ..common.errors import ExitCode, OptionError
from ..common.options import argument, flag, integer, one_of, option
from ..common.signals import Stop

log = logging.getLogger("framefan")

_NAMED = "\0"
"""Joins a source and the name that follows it: no word of a command line can hold a zero byte."""


def _source(word: str) -> tuple[str, str | None]:
    source, _, name = word.partition(_NAMED)
    return source, name if _NAMED in word else None


@dataclass(frozen=True, kw_only=True)
class ProduceOptions:
    """Options of `framefan produce`."""

    sources: tuple[tuple[str, str | None], ...] = argument(
        "rtsp://..., http://... (MJPEG), /dev/video0, a file or test:1280x720@25; a --name may follow each",
        parse=_source,
        metavar="SOURCE [--name NAME]",
        many=True,
    )
    bind: Endpoint = option(
        f"tcp://127.0.0.1:{PORT}",
        "where to publish; tcp://*:5550 for other machines; takes this port and the next two",
        parse=Endpoint.parse,
        metavar="ENDPOINT",
    )
    quality: int = option("80", "JPEG quality, 1 to 100", parse=integer(1, 100), metavar="N")
    transport: str = option("tcp", "tcp or udp, for RTSP", parse=one_of("tcp", "udp"), metavar="NAME")
    loop: bool = flag("start a file anew at its end")


def _join_names(words: list[str]) -> list[str]:
    """Join each `SOURCE --name NAME` into one word, since argparse forgets which name stood where."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        if word != "--name" and not word.startswith("--name="):
            joined.append(word)
            continue
        name = word.partition("=")[2] if "=" in word else next(rest, None)
        if len(joined) < 2 or joined[-1].startswith("-") or _NAMED in joined[-1] or name is None:
            raise OptionError("--name must follow the source that it names: SOURCE --name NAME")
        joined[-1] += _NAMED + name
    return joined


def _produce(options: ProduceOptions, stop: Stop) -> int:
    from .cameras import Camera, named
    from .hub import Hub
    from .supervisor import Supervisor

    cameras = [
        Camera(name=name, source=source, quality=options.quality, transport=options.transport, loop=options.loop)
        for name, source in named(options.sources)
    ]
    hub = Hub(options.bind)
    log.info("publishing %s at %s", ", ".join(camera.name for camera in cameras), hub.endpoint)
    supervisor = Supervisor(hub, cameras)
    try:
        supervisor.run(stop)
    finally:
        supervisor.close()
        hub.close()
    if stop.requested:
        return ExitCode.OK
    return ExitCode.CAMERA if supervisor.failed else ExitCode.OK


produce = Command(
    help="grab cameras and publish their newest frames",
    options=ProduceOptions,
    run=_produce,
    rewrite=_join_names,
)

"""`framefan produce`."""

import logging
from dataclasses import dataclass
from pathlib import Path

from ..common.address import PORT, Endpoint
from ..common.command import Command
from ..common.errors import ExitCode, OptionError
from ..common.options import arguments, option
from ..common.signals import Stop
from .cameras import CameraSettings

log = logging.getLogger("framefan")

_FLAGS = {"--loop", "--disconnect-idle", "--quiet"}
"""Options without a value."""
_NAMED = "\0"
"""Joins a source and the name that follows it: no word of a command line can hold a zero byte."""


def _source(word: str) -> tuple[str, str | None]:
    source, _, name = word.partition(_NAMED)
    return source, name if _NAMED in word else None


@dataclass(frozen=True, kw_only=True)
class ProduceOptions(CameraSettings):
    """Options of `framefan produce`."""

    sources: tuple[tuple[str, str | None], ...] = arguments(
        "rtsp://..., http://... (MJPEG), /dev/video0, a file, test:1280x720@25 or, to relay another producer, "
        "tcp://host:5550 or tcp://host:5550/door; a --name may follow each, else it is called after its host. "
        "Of a URL no text shows more than host and port, since the path may be secret, too",
        parse=_source,
        metavar="SOURCE [--name NAME]",
        least=0,
    )
    config: Path | None = option(
        None, "a file of cameras, read again when it changes or on SIGHUP", parse=Path, metavar="FILE"
    )
    bind: Endpoint | None = option(
        None,
        f"where to publish, default tcp://127.0.0.1:{PORT}; tcp://*:{PORT} for other machines; takes this port and "
        "the next two",
        parse=Endpoint.parse,
        metavar="ENDPOINT",
    )


def _join_names(words: list[str]) -> list[str]:
    """Join each `SOURCE --name NAME` into one word, since argparse forgets which name stood where."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        if word != "--name" and not word.startswith("--name="):
            joined.append(word)
            continue
        name = word.partition("=")[2] if "=" in word else next(rest, None)
        before = joined[-2] if len(joined) > 2 else ""
        value_of_option = before.startswith("--") and "=" not in before and before not in _FLAGS
        if len(joined) < 2 or joined[-1].startswith("-") or _NAMED in joined[-1] or name is None or value_of_option:
            raise OptionError("--name must follow the source that it names: SOURCE --name NAME")
        joined[-1] += _NAMED + name
    return joined


def _produce(options: ProduceOptions, stop: Stop) -> int:
    from .hub import Hub
    from .plan import Plan
    from .supervisor import Supervisor

    plan = Plan(options.sources, options.config, options)
    hub = Hub(options.bind or plan.bind or Endpoint("127.0.0.1"))
    log.info("publishing %s at %s", ", ".join(camera.name for camera in plan.cameras) or "nothing yet", hub.endpoint)
    supervisor = Supervisor(hub, plan.cameras)
    try:
        supervisor.run(stop, plan.changed if options.config else None)
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

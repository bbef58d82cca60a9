"""`framefan display`, `analyze`, `list`, `probe` and `demo`."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata

from ..common.address import PORT, CameraAddress, Endpoint
from ..common.command import Command
from ..common.errors import ExitCode, OptionError
from ..common.options import argument, arguments, duration, flag, integer, one_of, option
from ..common.probe import Probe, Step
from ..common.signals import Stop
from ..common.url import shown
from . import table
from .discovery import expand, states
from .sharing.membership import Membership, membership
from .terminal import Terminal

_ADDRESS = f"tcp://host:{PORT}/door, or tcp://host:{PORT} for all cameras there"
_MANY = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class DisplayOptions:
    """Options of `framefan display`."""

    addresses: tuple[CameraAddress, ...] = arguments(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    grid: bool = flag("all cameras in one window instead of a window each")
    wait: float = option("30s", "give up if there are no cameras by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class AnalyzeOptions:
    """Options of `framefan analyze`."""

    addresses: tuple[CameraAddress, ...] = arguments(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    with_: str = option("motion", "motion, codes, or module:callable of your own", metavar="ANALYZER")
    count: int | None = option(None, "end after so many results of each camera", parse=integer(1, _MANY), metavar="N")
    wait: float = option("30s", "give up if there is no frame by then", parse=duration, metavar="TIME")
    group: str = option("", "share the work with all others of that group", metavar="NAME")
    share: str = option("frame", "each frame, or each camera, to one", parse=one_of("frame", "camera"), metavar="WHAT")
    redo: float | None = option(None, "give a frame to another after so long", parse=duration, metavar="TIME")
    members: Membership | None = option(None, "static:2/4 or dns:NAME, for cameras", parse=membership, metavar="WHO")

    def __post_init__(self) -> None:
        if self.share == "camera" and not self.group:
            raise OptionError("--share camera is for groups: name one with --group")
        if self.share == "camera" and self.members is None:
            raise OptionError("--share camera has to know who shares: add --members static:2/4 or --members dns:NAME")
        if self.members is not None and self.share != "camera":
            raise OptionError("--members is for groups that share by camera: add --group NAME --share camera")
        if self.redo is not None and not (self.group and self.share == "frame"):
            raise OptionError("--redo is for groups that share by frame: add --group NAME")


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """Options of `framefan list`."""

    endpoint: Endpoint = argument(f"tcp://host:{PORT}", parse=Endpoint.parse, metavar="ENDPOINT")
    json: bool = flag("one JSON object per line: a camera, or a rendition of it")
    wait: float = option("5s", "give up if nothing is heard by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """Options of `framefan probe`."""

    target: str = argument(f"{_ADDRESS}; or what a camera is read from, such as rtsp://...", metavar="ADDRESS")
    for_: float = option("3s", "measure frames for so long", parse=duration, metavar="TIME")
    max_age: float = option("10s", "the oldest last frame that is healthy", parse=duration, metavar="TIME")
    wait: float = option("3s", "give up a step if nothing is heard by then", parse=duration, metavar="TIME")
    quick: bool = flag("ask a producer for states only, which wakes up no camera: for health checks")
    json: bool = flag("one JSON object")


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Options of `framefan demo`."""

    seconds: float | None = option(None, "end by itself after that time", parse=duration, metavar="TIME")


def _display(options: DisplayOptions, stop: Stop) -> int:
    from . import screen
    from .display import run

    screen.require()  # first, since without a screen there is nothing to wait for
    run(expand(options.addresses, options.wait, stop), stop, grid=options.grid)
    return ExitCode.OK


def _analyze(options: AnalyzeOptions, stop: Stop) -> int:
    from .analyze import load
    from .analyze.run import run
    from .roster import Roster
    from .sharing.frames import SharedFrames
    from .sharing.share import Share
    from .watch import each

    work = partial(run, name=options.with_, make=load(options.with_), count=options.count)
    if options.group and options.share == "frame":
        shared = SharedFrames(options.group, options.addresses, options.redo)
        each(shared.producers, work, stop, wait=options.wait, subscribe=shared.subscribe)
        return ExitCode.OK
    with ExitStack() as opened:
        cameras = opened.enter_context(Roster(options.addresses, options.wait, stop)).cameras
        if options.members is not None:
            membership = opened.enter_context(options.members)
            cameras = Share(options.group, membership, cameras).cameras
        each(cameras, work, stop, wait=options.wait)
    return ExitCode.OK


def _list(options: ListOptions, stop: Stop) -> int:
    found = states(options.endpoint, options.wait, stop)
    lines = (json.dumps(asdict(state)) for state in found)
    print("\n".join(lines) if options.json else table.text(found, Terminal.of(sys.stdout)))
    return ExitCode.OK


def _probe(options: ProbeOptions, stop: Stop) -> int:
    from . import report

    target, terminal = shown(options.target), Terminal.of(sys.stdout)
    steps = []
    for step in _steps(options, stop):
        steps.append(step)
        if not options.json:
            print(report.line(step, terminal), flush=True)
    if stop.requested:
        return ExitCode.OK
    print(report.as_json(target, steps) if options.json else report.verdict(target, steps, terminal))
    return ExitCode.OK if report.healthy(steps) else ExitCode.CAMERA


def _steps(options: ProbeOptions, stop: Stop) -> Iterator[Step]:
    from .probe import probe

    scheme, separator, _ = options.target.partition("://")
    kind = scheme.lower() if separator else "file"
    others = {point.name: point for point in metadata.entry_points(group="framefan.probes")}
    if kind not in others or options.quick:
        # What is wrong is told below, and on stderr nobody shall hear of it again.
        logging.getLogger("framefan").setLevel(logging.ERROR)
        return probe(
            CameraAddress.parse(options.target),
            seconds=options.for_,
            max_age=options.max_age,
            wait=options.wait,
            stop=stop,
            quick=options.quick,
        )
    look: Probe = others[kind].load()
    return look(options.target, options.for_, stop)


def _demo(options: DemoOptions, stop: Stop) -> int:
    from .demo import run

    return run(stop, options.seconds)


display = Command(help="show cameras in windows; q or Esc quits", options=DisplayOptions, run=_display)
analyze = Command(help="look for motion, codes or your own, as JSON lines", options=AnalyzeOptions, run=_analyze)
list_cameras = Command(help="show the cameras of a producer and their states", options=ListOptions, run=_list)
probe = Command(
    help="look into a producer or a camera: is it connected, how fresh, what is wrong", options=ProbeOptions, run=_probe
)
demo = Command(help="everything on this machine, to look at", options=DemoOptions, run=_demo)

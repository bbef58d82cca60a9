"""`framefan display`, `sample`, `analyze`, `list`, `probe` and `demo`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..common.address import PORT, CameraAddress, Endpoint
from ..common.command import Command
from ..common.errors import ExitCode, NoFrame
from ..common.options import argument, arguments, duration, flag, integer, option
from ..common.signals import Stop
from ..common.state import State
from . import table
from .discovery import expand, states
from .sample import Interval

_ADDRESS = f"tcp://host:{PORT}/door, or tcp://host:{PORT} for all cameras there"
_MANY = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class DisplayOptions:
    """Options of `framefan display`."""

    addresses: tuple[CameraAddress, ...] = arguments(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    grid: bool = flag("all cameras in one window instead of a window each")
    wait: float = option("30s", "give up if there are no cameras by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Options of `framefan sample`."""

    addresses: tuple[CameraAddress, ...] = arguments(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    every: Interval = option("10s", "10s of time, or 250f for frames", parse=Interval.parse, metavar="INTERVAL")
    out: Path = option("samples", "directory to write to", parse=Path, metavar="DIR")
    count: int | None = option(None, "end after so many samples of each camera", parse=integer(1, _MANY), metavar="N")
    wait: float = option("30s", "give up if there is no frame by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class AnalyzeOptions:
    """Options of `framefan analyze`."""

    addresses: tuple[CameraAddress, ...] = arguments(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    with_: str = option("motion", "motion, codes, or module:callable of your own", metavar="ANALYZER")
    count: int | None = option(None, "end after so many results of each camera", parse=integer(1, _MANY), metavar="N")
    wait: float = option("30s", "give up if there is no frame by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """Options of `framefan list`."""

    endpoint: Endpoint = argument(f"tcp://host:{PORT}", parse=Endpoint.parse, metavar="ENDPOINT")
    json: bool = flag("one JSON object per camera and line")
    wait: float = option("5s", "give up if nothing is heard by then", parse=duration, metavar="TIME")


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """Options of `framefan probe`."""

    address: CameraAddress = argument(_ADDRESS, parse=CameraAddress.parse, metavar="ADDRESS")
    max_age: float = option("10s", "the oldest last frame that is healthy", parse=duration, metavar="TIME")
    wait: float = option("3s", "give up if nothing is heard by then", parse=duration, metavar="TIME")


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


def _sample(options: SampleOptions, stop: Stop) -> int:
    from .sample import Sampler
    from .watch import each

    sampler = Sampler(options.out, options.every, options.count)
    each(expand(options.addresses, options.wait, stop), lambda camera: sampler.run(camera, stop, options.wait), stop)
    return ExitCode.OK


def _analyze(options: AnalyzeOptions, stop: Stop) -> int:
    from .analyze import load
    from .analyze.run import run
    from .watch import each

    make = load(options.with_)
    each(
        expand(options.addresses, options.wait, stop),
        lambda camera: run(camera, options.with_, make, stop, wait=options.wait, count=options.count),
        stop,
    )
    return ExitCode.OK


def _list(options: ListOptions, stop: Stop) -> int:
    found = states(options.endpoint, options.wait, stop)
    print("\n".join(json.dumps(asdict(state)) for state in found) if options.json else table.text(found))
    return ExitCode.OK


def _probe(options: ProbeOptions, stop: Stop) -> int:
    address = options.address
    found = [state for state in states(address.endpoint, options.wait, stop) if address.camera in ("", state.camera)]
    if not found:
        raise NoFrame(str(address), State.UNKNOWN, "no camera of that name there", options.wait)
    for state in found:
        print(f"{state}, " + (f"last frame {table.age(state.age)} ago" if state.age is not None else "no frame yet"))
    healthy = all(state.age is not None and state.age <= options.max_age for state in found)
    return ExitCode.OK if healthy else ExitCode.CAMERA


def _demo(options: DemoOptions, stop: Stop) -> int:
    from .demo import run

    return run(stop, options.seconds)


display = Command(help="show cameras in windows; q or Esc quits", options=DisplayOptions, run=_display)
sample = Command(help="keep some frames as JPEG files", options=SampleOptions, run=_sample)
analyze = Command(help="look for motion, codes or your own, as JSON lines", options=AnalyzeOptions, run=_analyze)
list_cameras = Command(help="show the cameras of a producer and their states", options=ListOptions, run=_list)
probe = Command(help="tell whether cameras are fresh, by exit status too", options=ProbeOptions, run=_probe)
demo = Command(help="everything on this machine, to look at", options=DemoOptions, run=_demo)

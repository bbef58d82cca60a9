"""What every benchmark prints: machine, versions, and its figures, each beside its goal."""

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from statistics import quantiles
from typing import Any

import av
import cv2
import zmq


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes:
        name: what it is, in words.
        measured: its value.
        unit: of the value; `x` for ratios.
        most, least: the goal, if it has one.
    """

    name: str
    measured: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def ok(self) -> bool:
        """True if the goal is met; a figure without one cannot miss it."""
        return (self.most is None or self.measured <= self.most) and (self.least is None or self.measured >= self.least)

    def __str__(self) -> str:
        measured = f"measured {_short(self.measured, self.unit)}"
        if self.most is None and self.least is None:
            return f"  {self.name:<58} {measured}"
        goal = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"
        return f"  {self.name:<58} goal {goal} {self.unit}  {measured}  {'ok' if self.ok else 'MISSED'}"


class Report:
    """The figures of one benchmark, printed as they come.

    Args:
        title: what is measured.
        quiet: print nothing, because all is printed as JSON in the end.
    """

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self.title = title
        self.figures: list[Figure] = []
        self._quiet = quiet
        self._say(f"\n{title}")

    def figure(
        self, name: str, measured: float, unit: str, *, most: float | None = None, least: float | None = None
    ) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, measured, unit, most, least))
        self._say(str(self.figures[-1]))

    def ages(self, name: str, ages: Sequence[float]) -> None:
        """Add median and 95th percentile of ages in s, without a goal."""
        self.figure(f"{name}, median", median(ages) * 1000, "ms")
        self.figure(f"{name}, p95", p95(ages) * 1000, "ms")

    def note(self, text: str) -> None:
        """Say something that is no figure."""
        self._say(f"  {text}")

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {"title": self.title, "figures": [asdict(figure) | {"ok": figure.ok} for figure in self.figures]}

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(text, flush=True)


Measure = Callable[[Report, float], None]
"""A benchmark: fills a report, measuring for so many seconds."""


def median(values: Sequence[float]) -> float:
    """Return the median of at least two values."""
    return _quantile(values, 50)


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile of at least two values."""
    return _quantile(values, 95)


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile of at least two values."""
    return _quantile(values, 99)


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return by how much values grow per unit of time, or of whatever they depend on, by least squares."""
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    pairs = zip(times, values, strict=True)
    return sum((time - middle) * (value - mean) for time, value in pairs) / spread


def main(measure: Measure, *, seconds: float) -> None:
    """Run one benchmark as a program.

    Args:
        measure: the benchmark; the first line of its module's docstring is its title.
        seconds: how long it measures by default.
    """
    run_all([(measure, seconds)])


def run_all(benchmarks: Sequence[tuple[Measure, float]]) -> None:
    """Run benchmarks one after the other and print what they measured; exit with 1 if one of them breaks."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--seconds", type=float, help="how long each side is measured, instead of its default")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what we started ends with us
    facts = environment()
    if not options.json:
        print("\n".join(f"{name + ':':<12}{value}" for name, value in facts.items()))
    reports = []
    for measure, seconds in benchmarks:
        report = Report(title(measure), quiet=options.json)
        measure(report, options.seconds or seconds)
        reports.append(report.as_dict())
    load = f"{os.getloadavg()[0]:.2f}"
    if options.json:
        print(json.dumps({"environment": facts | {"load after": load}, "benchmarks": reports}, indent=2))
    else:
        print(f"\nload after: {load}")


def title(measure: Measure) -> str:
    """Return the first line of the docstring of the module that a benchmark is in."""
    return (sys.modules[measure.__module__].__doc__ or "").partition("\n")[0]


def environment() -> dict[str, str]:
    """Return the machine and the versions that the figures belong to."""
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    return {
        "cpu": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "framefan": metadata.version("framefan"),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "pyav": f"{av.__version__}, libavcodec {codec}",
        "libzmq": f"{zmq.zmq_version()}, pyzmq {zmq.__version__}",
        "simplejpeg": metadata.version("simplejpeg"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _quantile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _short(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}"

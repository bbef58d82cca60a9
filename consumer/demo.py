"""`framefan demo`: cameras, a producer and consumers on this machine, each a process of its own, and a live table."""

import json
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from ..common.errors import ExitCode, NoFrame, SourceError
from ..common.frame import Frame
from ..common.signals import Stop
from ..common.state import State
from . import live_table, screen
from .child import Child, end
from .live_table import STILL, Row, Show
from .subscriber import Subscriber

_CAMERAS = {"door": "codec=h264&size=1280x720&fps=25", "yard": "codec=mjpeg&size=640x360&fps=15"}
_START = 20.0
_FIRST_FRAME = 30.0
_STILL = 1.0
"""Seconds without a result after which nothing moves any more: the analyzer is silent then."""


class _Findings:
    """What the analyzer found last, by camera."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, str]] = {}

    def take(self, line: str) -> None:
        """Take in a line of `framefan analyze --with motion`."""
        found = json.loads(line)
        moving = found["result"]
        text = f"{len(moving['boxes'])} moving, {100 * moving['moving']:.1f} %"
        self._last[found["camera"]] = time.monotonic(), text

    def of(self, camera: str) -> str:
        """Return what is moving there now, for people."""
        when, text = self._last.get(camera, (float("-inf"), ""))
        return text if time.monotonic() - when < _STILL else STILL


class _Watched:
    """One camera as this process sees it."""

    def __init__(self, subscriber: Subscriber, samples: Path, findings: _Findings) -> None:
        self.name = subscriber.address.camera
        self.was_live = False
        self._subscriber = subscriber
        self._samples = samples / self.name
        self._findings = findings
        self._frame: Frame | None = None

    def row(self) -> Row:
        """Look at the newest frame, and at what the others did."""
        with suppress(NoFrame):  # the age of the last one tells
            self._frame = self._subscriber.read(0)
        state = self._subscriber.state
        live = state.state is State.LIVE
        self.was_live |= live and self._frame is not None
        return Row(
            state=state,
            fps=self._subscriber.statistics().fps if live else 0.0,
            age=self._frame.age if self._frame else None,
            samples=sum(1 for _ in self._samples.glob("*/*.jpg")),
            motion=self._findings.of(self.name) if live else "",
        )


def run(stop: Stop, seconds: float | None) -> int:
    """Start everything, show it, and end everything.

    Args:
        stop: the wish to end.
        seconds: of showing, after which it ends by itself; None for no end.

    Raises:
        SourceError: a process did not start, or a camera never became live.
    """
    windows = screen.has_windows() and not screen.missing()  # an OpenCV that cannot be imported is reported at once
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="framefan-demo-")))
        camera = stack.enter_context(Child("camera", "--port", "0"))
        url = camera.announcement(r"camera at (rtsp://[^/]+)", stop, _START)
        if not url:
            return ExitCode.OK
        sources = [word for name, query in _CAMERAS.items() for word in (f"{url}/{name}?{query}", "--name", name)]
        producer = stack.enter_context(Child("produce", *sources, "--bind", "tcp://127.0.0.1:0"))
        endpoint = producer.announcement(r"publishing .* at (tcp://\S+)", stop, _START)
        if not endpoint:
            return ExitCode.OK
        findings = _Findings()
        subscribers = [stack.enter_context(Subscriber(f"{endpoint}/{name}")) for name in _CAMERAS]
        consumers = _consumers(endpoint, directory, findings, windows)
        stack.callback(end, consumers)
        watched = [_Watched(subscriber, directory, findings) for subscriber in subscribers]
        with live_table.shown(endpoint, [f"{endpoint}/{name}" for name in _CAMERAS]) as show:
            _watch(watched, [producer, camera, *consumers], show, stop, seconds)
    return ExitCode.OK


def _consumers(endpoint: str, directory: Path, findings: _Findings, windows: bool) -> list[Child]:
    consumers = [
        Child("sample", endpoint, "--every", "2s", "--out", str(directory)),
        Child("analyze", endpoint, "--with", "motion", heard=findings.take),
    ]
    if windows:
        consumers.append(Child("display", endpoint, "--grid"))
    return consumers


def _watch(watched: list[_Watched], children: list[Child], show: Show, stop: Stop, seconds: float | None) -> None:
    """Show the cameras until the time is over or the end is asked for.

    Raises:
        SourceError: a camera never became live.
    """
    started = time.monotonic()
    last = float("inf") if seconds is None else seconds
    while True:
        show(
            [camera.row() for camera in watched],
            [str(child) for child in children if child.failed],
        )
        passed = time.monotonic() - started
        if passed > min(last, _FIRST_FRAME):
            _check(watched, children)
        if passed > last or stop.wait(show.interval):
            return


def _check(watched: list[_Watched], children: list[Child]) -> None:
    """Raise an error that says what went wrong if a camera never was live."""
    if dark := " and ".join(camera.name for camera in watched if not camera.was_live):
        failed = [child for child in children if child.failed]
        told = (failed or children)[0]
        raise SourceError(f"{dark} never became live; {told}")

"""share_camera: 16 cameras over 4 members, each killed in turn: when are its cameras served again, what is done twice?

Members are `framefan analyze --share camera` on hosts of their own: network namespaces, so that this needs root. They
find each other by a name server, which forgets a dead one's address at once, as Docker's does. Frames analyzed twice
are those that two members tell of, while somebody comes or goes.
"""

import contextlib
import json
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from tests.network import MIDDLE, Network

from .processes import Program
from .report import Report, main, median

_CAMERAS = [f"camera{number:02}" for number in range(16)]
_MEMBERS = 4
_FPS = 10
_PATIENCE = 60.0
_CALM = 3.0
"""Seconds in which each camera is served by one member only: then a group has settled."""
_FRAMEFAN = str(Path(sysconfig.get_path("scripts")) / "framefan")
_SHARING = ["--group", "bench", "--share", "camera", "--members", "dns:analyze"]


class _Member:
    """A member that can be killed and started again; its results go to a file.

    Attributes:
        frames: by camera and number, when each came to be analyzed, s since 1970.
    """

    def __init__(self, words: list[str], results: Path) -> None:
        self.frames: dict[tuple[str, int], float] = {}
        self._words = [*words, _FRAMEFAN, "analyze", f"tcp://{MIDDLE}:5550", "--with", "builtins:repr", *_SHARING]
        self._read = 0
        self._results = results
        self.start()

    def start(self) -> None:
        """Start its process."""
        with self._results.open("a") as results:
            self._program = Program(self._words, stdout=results.fileno(), stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """End its process without a farewell."""
        self._program.process.send_signal(signal.SIGKILL)
        self._program.process.wait()

    def end(self) -> None:
        """End its process in order."""
        self._program.__exit__(None, None, None)

    def look(self) -> None:
        """Read what it has told since the last time."""
        with self._results.open("rb") as results:
            results.seek(self._read)
            whole, newline, _ = results.read().rpartition(b"\n")
        self._read += len(whole + newline)
        for line in whole.splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # the last words of one that was killed
                record = json.loads(line)
                captured = datetime.fromisoformat(record["captured"]).timestamp()
                self.frames[record["camera"], record["seq"]] = captured + record["age"]

    def cameras(self, since: float) -> set[str]:
        """Return the cameras of which it has analyzed frames since then."""
        return {camera for (camera, _), at in self.frames.items() if at >= since}


def measure(report: Report, seconds: float) -> None:
    """Kill each member in turn, as often as there is time for, at least once each."""
    with ExitStack() as opened:
        directory = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        network = opened.enter_context(Network(_MEMBERS, directory))
        names = opened.enter_context(Program(network.name_server, stdout=subprocess.PIPE))
        assert names.process.stdout is not None
        names.process.stdout.readline()  # it answers
        sources = [word for name in _CAMERAS for word in (f"test:320x240@{_FPS}", "--name", name)]
        opened.enter_context(
            Program(
                [*network.on(MIDDLE), _FRAMEFAN, "produce", *sources, "--bind", "tcp://*:5550"],
                stderr=subprocess.DEVNULL,
            )
        )
        members = {host: _Member(network.on(host), directory / host) for host in network.hosts}
        for member in members.values():
            opened.callback(member.end)
        _settle(members)
        least, most = _spread(members)
        report.figure("cameras of a member, least", least, "", least=len(_CAMERAS) // _MEMBERS)
        report.figure("cameras of a member, most", most, "", most=len(_CAMERAS) // _MEMBERS)
        outages: list[float] = []
        started = time.monotonic()
        for host in network.hosts * 100:
            outages += _kill(host, members, network)
            if time.monotonic() - started > seconds and len(outages) >= len(_CAMERAS):
                break
    _report(report, members, outages)


def _kill(host: str, members: dict[str, _Member], network: Network) -> list[float]:
    """Kill a member, bring it back, and return how long each of its cameras was served by nobody, s."""
    members[host].look()
    lost = members[host].cameras(time.time() - 1)
    members[host].kill()
    killed = time.time()
    network.names = [other for other in network.hosts if other != host]
    others = {name: member for name, member in members.items() if name != host}
    _settle(others)
    outages = [
        min(at for one in others.values() for (name, _), at in one.frames.items() if name == camera and at > killed)
        - killed
        for camera in lost
    ]
    network.names = network.hosts
    members[host].start()
    _settle(members)
    return outages


def _settle(members: dict[str, _Member]) -> None:
    """Wait until every camera has been served for some seconds, each by one member.

    Raises:
        RuntimeError: that does not come to pass.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        time.sleep(_CALM)
        for member in members.values():
            member.look()
        found = [camera for member in members.values() for camera in member.cameras(time.time() - _CALM)]
        if sorted(found) == _CAMERAS:
            return
    raise RuntimeError("the group does not settle")


def _spread(members: dict[str, _Member]) -> tuple[int, int]:
    """Return the least and the greatest number of cameras that a member serves."""
    counts = [len(member.cameras(time.time() - _CALM)) for member in members.values()]
    return min(counts), max(counts)


def _report(report: Report, members: dict[str, _Member], outages: list[float]) -> None:
    """Report outages, and what was done twice in the whole run."""
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    for member in members.values():
        for frame, at in member.frames.items():
            times[frame].append(at)
    twice = sorted((camera, min(found)) for (camera, _), found in times.items() if len(found) > 1)
    kills = len(outages) * _MEMBERS / len(_CAMERAS)
    report.figure("cameras of a killed member: served again after, median", median(outages), "s")
    report.figure("cameras of a killed member: served again after, longest", max(outages), "s", most=3)
    report.figure("longest time that a camera was served twice", _longest(twice), "s", most=3)
    report.figure("frames analyzed twice, per death and return of a member", len(twice) / kills, "")
    report.figure("the same, of all frames", 100 * len(twice) / len(times), "%")
    report.note(f"{kills:.0f} deaths, {len(times)} frames")


def _longest(twice: list[tuple[str, float]]) -> float:
    """Return the longest time in which the frames of a camera, sorted by time, follow without a gap of a second, s."""
    longest, begin, last = 0.0, ("", 0.0), ("", 0.0)
    for camera, at in twice:
        if camera != last[0] or at - last[1] > 1.0:
            begin = camera, at
        last = camera, at
        longest = max(longest, at - begin[1])
    return longest


if __name__ == "__main__":
    main(measure, seconds=60)

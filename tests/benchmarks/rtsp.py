"""rtsp: what reading RTP ourselves saves against FFmpeg's demuxer: latency, opening, CPU.

The same camera, H.264 over TCP, read by one and by the other in turns, each in a process of its own. Glass to packet
counts from the moment that is written into the picture until its packet is at hand; it holds the camera's x264 as well.
"""

import itertools
import json
import subprocess
import sys

from framefan.producer.camera.server import CameraServer

from .report import Report, main, median
from .rtsp_reader import READERS, Reading

_OPENINGS = 3


def measure(report: Report, seconds: float) -> None:
    """Measure latency and opening at two rates, then CPU time."""
    with CameraServer(port=0) as camera:
        for fps in (25, 5):
            url = camera.url("door", codec="h264", size="1280x720", fps=fps)
            found = {reader: _run(url, reader, seconds, decode=True) for reader in READERS}
            for reader, reading in found.items():
                report.ages(f"{fps} fps, glass to packet, {READERS[reader]}", reading.glass)
            opened = {reader: [found[reader].opened] for reader in READERS}
            for _, reader in itertools.product(range(_OPENINGS - 1), READERS):
                opened[reader].append(_run(url, reader, 0, decode=True).opened)
            for reader, values in opened.items():
                report.figure(f"{fps} fps, opening to first picture, {READERS[reader]}", median(values) * 1000, "ms")
            saved = median(found["ffmpeg"].glass) - median(found["ours"].glass)
            report.figure(f"{fps} fps, latency saved / interval of frames", saved * fps, "x", least=0.8)
        url = camera.url("door", codec="h264", size="1920x1080", fps=25)
        cpu = {reader: _run(url, reader, seconds, decode=False).cpu for reader in READERS}
    for reader, value in cpu.items():
        report.figure(f"CPU of reading one frame, 1080p25, {READERS[reader]}", value * 1000, "ms")
    report.figure("CPU of reading, own client / FFmpeg's demuxer", cpu["ours"] / cpu["ffmpeg"], "x", most=1.0)


def _run(url: str, reader: str, seconds: float, *, decode: bool) -> Reading:
    command = [sys.executable, "-m", "tests.benchmarks.rtsp_reader", url, "--reader", reader, "--seconds", str(seconds)]
    done = subprocess.run([*command, *(["--decode"] if decode else [])], stdout=subprocess.PIPE, check=True)
    return Reading(**json.loads(done.stdout))


if __name__ == "__main__":
    main(measure, seconds=15)

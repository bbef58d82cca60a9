"""memory: what every process holds over time, 1280x720 H.264 at 25 fps, one decoding and one slow consumer.

Growth is the slope of resident memory by least squares, after a first minute (or fifth, of a short run) in which
libraries fill their pools.
"""

import time

from framefan.producer.camera.server import CameraServer

from .processes import Consumer, Producer, rss
from .report import Report, main, slope

_INTERVAL = 1.0
_WARM_UP = 60.0


def measure(report: Report, seconds: float) -> None:
    """Measure the hub, its capture and two consumers."""
    with (
        CameraServer(port=0) as camera,
        Producer(camera.url("door", codec="h264", size="1280x720", fps=25)) as producer,
    ):
        fast, slow = (Consumer("consumer", producer.address, "--work", work) for work in ("0", "0.2"))
        with fast, slow:
            for consumer in (fast, slow):
                consumer.wait_for(5)
            pids = {
                "hub": producer.hub,
                "capture": producer.capture,
                "decoding consumer": fast.process.pid,
                "200 ms consumer": slow.process.pid,
            }
            time.sleep(min(_WARM_UP, seconds / 5))
            times: list[float] = []
            held: dict[str, list[float]] = {name: [] for name in pids}
            end = time.monotonic() + seconds - min(_WARM_UP, seconds / 5)
            while time.monotonic() < end:
                times.append(time.monotonic() / 60)
                for name, pid in pids.items():
                    held[name].append(rss(pid))
                time.sleep(_INTERVAL)
                for consumer in (fast, slow):
                    consumer.forget()
    for name, values in held.items():
        report.figure(f"{name}: held at the end", values[-1], "MB")
        report.figure(f"{name}: growth", slope(times, values), "MB/min", most=1)


if __name__ == "__main__":
    main(measure, seconds=600)

"""slow_consumer: how old frames are that a consumer reads which works 200 ms on each, 1280x720 H.264 at 25 fps.

The best possible is an age between the pipeline's and that plus one frame interval, for ever: whatever arrives while
the consumer works is replaced by what arrives later. Once it sleeps, as for a network; once it keeps a core busy.
"""

import time

from framefan.producer.camera.server import CameraServer

from . import stages
from .processes import Consumer, Producer, Sample
from .report import Report, main, median, p95, slope

_INTERVAL = 1 / 25
_FLAT = 10.0
"""ms per minute that is no growth in a run of 60 s: four standard errors of a slope through ages between 0 and 40 ms,
five a second. A shorter run is less exact."""


def measure(report: Report, seconds: float) -> None:
    """Measure both kinds of work."""
    with CameraServer(port=0) as camera:
        url = camera.url("door", codec="h264", size="1280x720", fps=25)
        best = stages.measure(url)
        best.report(report)
        with Producer(url) as producer:
            for kind, options in (("sleeping", []), ("busy", ["--busy"])):
                with Consumer("consumer", producer.address, "--work", "0.2", *options) as consumer:
                    consumer.wait_for(5)
                    start = time.monotonic()
                    time.sleep(seconds)
                    _report(report, kind, best, consumer.samples(start, time.monotonic()), seconds)


def _report(report: Report, kind: str, best: stages.Stages, samples: list[Sample], seconds: float) -> None:
    ages = [sample.read * 1000 for sample in samples]
    bound = (_INTERVAL + best.total) * 1000
    third = len(ages) // 3
    report.figure(f"{kind}: median age when read() returns", median(ages), "ms", most=round(bound, 1))
    report.figure(f"{kind}: p95 of it", p95(ages), "ms")
    report.figure(f"{kind}: median of first third", median(ages[:third]), "ms")
    report.figure(f"{kind}: median of last third", median(ages[-third:]), "ms")
    growth = slope([sample.time / 60 for sample in samples], ages)
    report.figure(f"{kind}: growth of age", growth, "ms/min", most=round(_FLAT * max(1.0, 60 / seconds) ** 1.5, 1))


if __name__ == "__main__":
    main(measure, seconds=60)

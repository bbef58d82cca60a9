"""Give the newest frame of a camera to an analyzer again and again, and print what it finds."""

import json
import logging
import sys
import threading
from collections.abc import Callable

from ...common.errors import AnalyzerError, FramefanError, WireError
from ...common.signals import Stop
from ..subscriber import Subscriber
from ..watch import frames
from . import Analyzer, explain

log = logging.getLogger("framefan")

_output = threading.Lock()


def run(
    subscriber: Subscriber, name: str, make: Callable[[], Analyzer], stop: Stop, *, wait: float, count: int | None
) -> None:
    """Print one JSON line per result: camera, seq, captured (UTC), age at the start and time taken in s, result.

    Args:
        subscriber: to the camera.
        name: of the analyzer, for complaints.
        make: makes the analyzer of this camera.
        stop: the wish to end.
        wait: seconds within which the first frame must come.
        count: results after which to end; None for no end.

    Raises:
        AnalyzerError: the analyzer raised, or returned what JSON cannot hold.
        NoFrame: no first frame came in time.
    """
    analyzer = make()
    printed = 0
    for frame in frames(subscriber, stop, wait=wait):
        age = frame.age
        try:
            result = analyzer(frame)
        except WireError as error:
            log.warning("%s; it is left out", error)
            continue
        except FramefanError:
            raise
        except Exception as error:
            raise explain(name, frame, error) from error
        if result is None:
            continue
        record = {
            "camera": frame.camera,
            "seq": frame.seq,
            "captured": frame.captured.isoformat(timespec="microseconds"),
            "age": round(age, 4),
            "took": round(frame.age - age, 4),
            "result": result,
        }
        try:
            line = json.dumps(record)
        except (TypeError, ValueError) as error:
            raise AnalyzerError(f"analyzer {name!r} returned what JSON cannot hold: {error}") from None
        with _output:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        printed += 1
        if printed == count:
            return

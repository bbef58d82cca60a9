"""Give the newest frame of a camera to an analyzer again and again, and print what it finds."""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable

from ...common.errors import AnalyzerError, FramefanError, WireError
from ...common.frame import Frame
from . import Analyzer, explain

log = logging.getLogger("framefan")

_output = threading.Lock()


def run(frames: Iterable[Frame], name: str, make: Callable[[], Analyzer], *, count: int | None) -> None:
    """Print one JSON line per result: camera, seq, captured (UTC), age at the start and time taken in s, result.

    Args:
        frames: of one camera, or of several that share.
        name: of the analyzer, for complaints.
        make: makes the analyzer of a camera.
        count: results after which to end; None for no end.

    Raises:
        AnalyzerError: the analyzer cannot be made, raised, or returned what JSON cannot hold.
    """
    spare: list[Analyzer] = [make()]  # before there is a frame, which would grow old meanwhile
    analyzers: dict[str, Analyzer] = {}
    printed = 0
    for frame in frames:
        age = frame.age
        try:
            if frame.camera not in analyzers:
                analyzers[frame.camera] = spare.pop() if spare else make()
            result = analyzers[frame.camera](frame)
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
            line = json.dumps(record, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AnalyzerError(f"analyzer {name!r} returned what JSON cannot hold: {error}") from None
        with _output:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        printed += 1
        if printed == count:
            return

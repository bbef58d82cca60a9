"""Programs that look at frames: `motion`, `codes`, or a user's own `module:callable`."""

import importlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...common.errors import AnalyzerError, MissingPackage
from ...common.frame import Frame

Analyzer = Callable[[Frame], Any]
"""Takes a frame; returns what JSON can hold, or None for nothing to say."""

_BUILTIN = {"motion": ".motion:Motion", "codes": ".codes:Codes"}


def load(name: str) -> Callable[[], Analyzer]:
    """Return what makes an analyzer for one camera.

    Args:
        name: `motion`, `codes`, or `module:callable`, looked up in the present directory as well. A callable that
            is a class is made anew for each camera; anything else is shared.

    Raises:
        AnalyzerError: there is no such analyzer, or it cannot be imported; the returned one: it cannot be made.
    """
    module_name, colon, attribute = _BUILTIN.get(name, name).partition(":")
    if not colon or not module_name.removeprefix(".") or not attribute:
        raise AnalyzerError(f"analyzer {name!r} is unknown: use {', '.join(sorted(_BUILTIN))} or module:callable")
    if name not in _BUILTIN and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name, __name__)
    except ImportError as error:
        if MissingPackage.of(error):
            raise  # the command names the extra that brings it
        absent = isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}.")
        if not absent:  # but something that it needs
            raise AnalyzerError(f"analyzer {name!r} cannot be imported: {_told(error)}") from error
        raise AnalyzerError(
            f"analyzer {name!r}: there is no module {error.name!r} here or in this Python's packages"
        ) from None
    except (Exception, SystemExit) as error:
        raise AnalyzerError(f"analyzer {name!r} cannot be imported: {_told(error)}") from error
    try:
        found = getattr(module, attribute)
    except AttributeError:
        raise AnalyzerError(f"analyzer {name!r}: module {module_name!r} has no {attribute!r}") from None
    if not callable(found):
        raise AnalyzerError(f"analyzer {name!r} is a {type(found).__name__}, not a callable")
    return partial(_made, name, found) if isinstance(found, type) else lambda: found


def explain(name: str, frame: Frame, error: Exception) -> AnalyzerError:
    """Return the error to raise when an analyzer raised one of its own."""
    return AnalyzerError(f"analyzer {name!r} raised {_told(error)} on {frame}")


def _made(name: str, kind: Callable[[], Analyzer]) -> Analyzer:
    try:
        return kind()
    except Exception as error:
        raise AnalyzerError(f"analyzer {name!r} cannot be made: {_told(error)}") from error


def _told(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{where}"

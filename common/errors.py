"""The errors of framefan, and the exit code that each one ends a command with.

* :exc:`FramefanError`
    * :exc:`AddressError` (a `ValueError`)
    * :exc:`OptionError` (a `ValueError`)
    * :exc:`WireError` (a `ValueError`)
    * :exc:`NoFrame` (a `TimeoutError`)
    * :exc:`BindError` (an `OSError`)
    * :exc:`SourceError` (an `OSError`)
    * :exc:`OutputError` (an `OSError`)
    * :exc:`AnalyzerError` (a `RuntimeError`)
    * :exc:`MissingPackage` (an `ImportError`)

Each is also the builtin error that a caller would catch. Texts are one sentence that names the thing and the remedy,
and never hold a password.
"""

import enum
import importlib.util
from typing import Any, ClassVar

from .remedy import EXTRAS, remedy


class ExitCode(enum.IntEnum):
    """How a `framefan` command ends. A command ended by a signal dies of that signal."""

    OK = 0
    FAILURE = 1  # an internal error (a bug in framefan), shown with its place
    USAGE = 2  # an option or an address is wrong
    BIND = 3  # a port cannot be opened
    CAMERA = 4  # no frame: camera, source, producer or network
    OUTPUT = 5  # a directory or a file cannot be written
    ANALYZER = 6  # an analyzer does not exist, or raised
    PACKAGE = 7  # an optional package, or a library that it needs, is not installed


class FramefanError(Exception):
    """Base class of every error that framefan raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE


class AddressError(FramefanError, ValueError):
    """A camera address, endpoint or camera name that means nothing."""

    exit_code = ExitCode.USAGE


class OptionError(FramefanError, ValueError):
    """An option with a value that it cannot have."""

    exit_code = ExitCode.USAGE


class WireError(FramefanError, ValueError):
    """A message that is not a frame, a state or a request of this wire format."""


class NoFrame(FramefanError, TimeoutError):
    """No new frame came in time.

    Attributes:
        camera: the camera's address.
        state: the camera's state as last heard, e.g. ``offline`` or ``unreachable``.
        reason: why, in words a person can act on; may be empty.
    """

    exit_code = ExitCode.CAMERA

    def __init__(self, camera: str, state: str, reason: str, timeout: float | None) -> None:
        super().__init__(camera)  # an OSError would take a second argument for its own
        self.camera = camera
        self.state = state
        self.reason = reason
        self.timeout = timeout

    def __str__(self) -> str:
        within = "" if self.timeout is None else f" within {self.timeout:g} s"
        because = f": {self.reason}" if self.reason else ""
        return f"no frame of {self.camera}{within}, it is {self.state}{because}"

    def __reduce__(self) -> tuple[Any, ...]:
        return NoFrame, (self.camera, self.state, self.reason, self.timeout)


class BindError(FramefanError, OSError):
    """An endpoint that cannot be opened for others to connect to."""

    exit_code = ExitCode.BIND


class SourceError(FramefanError, OSError):
    """A source that cannot be opened or read.

    Attributes:
        refused: the source answered and said no (401, 403, 404): trying again soon is of no use.
        final: the source can never work (no such file, not a video): trying again at all is of no use.
        retry_after: seconds that the source wants to be left alone for; 0 if it does not say.
    """

    exit_code = ExitCode.CAMERA

    def __init__(self, reason: str, *, refused: bool = False, final: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused
        self.final = final
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.reason


class OutputError(FramefanError, OSError):
    """A directory or a file that cannot be written."""

    exit_code = ExitCode.OUTPUT


class AnalyzerError(FramefanError, RuntimeError):
    """An analyzer that does not exist, or that raised."""

    exit_code = ExitCode.ANALYZER


class MissingPackage(FramefanError, ImportError):
    """An optional package that this role needs and that is not installed, or cannot be loaded without a library."""

    exit_code = ExitCode.PACKAGE

    @classmethod
    def of(cls, error: ImportError, extra: str = "") -> "MissingPackage | None":
        """Translate the import error of a package that one of our extras installs; None for any other.

        Args:
            error: that import's.
            extra: the one to install, where it is not the usual one for that package.
        """
        if isinstance(error, cls):
            return error
        package = (error.name or "").partition(".")[0]
        advice = remedy(str(error), extra or EXTRAS.get(package, ""))
        if package not in EXTRAS or not advice:
            return None
        trouble = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be loaded ({error})"
        return cls(f"the package {package} {trouble}: {advice}", name=package)

    @classmethod
    def require(cls, *packages: str, extra: str = "") -> None:
        """Check that packages are installed, without importing them.

        Raises:
            MissingPackage: one is not.
        """
        for package in packages:
            if importlib.util.find_spec(package) is None:
                missing = ModuleNotFoundError(f"No module named {package!r}", name=package)
                raise cls.of(missing, extra) or missing

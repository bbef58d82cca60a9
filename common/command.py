"""The command `framefan`: subcommands come from the entry points of the group `framefan.commands`.

This module imports neither producer nor consumer, and other packages may add commands of their own.
"""

import argparse
import errno
import logging
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Generic, NoReturn, TypeVar

from . import entry_points
from .errors import ExitCode, FramefanError, MissingPackage, OutputError
from .internal_errors import internal_error
from .options import add_options, read_options
from .signals import Stop, die_of
from .url import shown, without_secrets

T = TypeVar("T")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What writing may end with. Without a file's name it is that to our output: any other file's is told where it is."""


@dataclass(frozen=True, slots=True)
class Command(Generic[T]):
    """A subcommand.

    Attributes:
        help: one line for `framefan --help`.
        options: a dataclass declared with :mod:`framefan.common.options`.
        run: does the work until it is done or the end is asked for; returns the exit code.
        rewrite: changes the words of the command line before they are parsed.
    """

    help: str
    options: type[T]
    run: Callable[[T, Stop], int]
    rewrite: Callable[[list[str]], list[str]] = list


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence instead of a page of usage.

    Attributes:
        words: to be parsed, which a complaint repeats as they may be shown.
    """

    words: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        message = without_secrets(message, *(value for word in self.words for value in _values(word)))
        self.exit(ExitCode.USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """`--version`: framefan and the libraries underneath."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        lines = [f"framefan {metadata.version('framefan')} on Python {platform.python_version()}"]
        for package in ("pyzmq", "msgpack", "msgspec", "numpy", "av", "simplejpeg"):
            lines += _installed(package)
        lines += _installed("opencv-python") + _installed("opencv-python-headless")
        print("\n".join(lines))
        parser.exit()


def main(args: Sequence[str] | None = None) -> int:
    """Run the command that `args` (default: the process's own) ask for and return its exit code."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        return _main(words)
    except Exception as error:  # noqa: BLE001 - reported without its text, which may hold a password
        print(f"{_program(words)}: {internal_error(error)}", file=sys.stderr)
        return ExitCode.FAILURE


def _main(words: list[str]) -> int:
    try:
        with Stop() as stop:
            try:
                code = _run(words, stop)
            finally:
                print(end="", flush=True)  # here, where a broken pipe is expected, and not when the interpreter ends
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: end as any filter does, without a word.
        _discard_output()
        die_of(signal.SIGPIPE)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _discard_output()
        return _fail(words, OutputError(f"cannot write to standard output: {error.strerror}"))
    if stop.signal is not None:
        die_of(stop.signal)
    return code


def _values(word: str) -> list[str]:
    """Return what may be a value in a word: all of it, or a part of `--option=value` and of `-ovalue`."""
    if not word.startswith("-"):
        return [word]
    name, _, value = word.lstrip("-").partition("=")
    return [name, value] if word.startswith("--") else [name, value, word[2:]]


def _discard_output() -> None:
    """Keep the interpreter's end from complaining once more about what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: list[str], stop: Stop) -> int:
    commands = entry_points.of_group("framefan.commands")
    name = next((word for word in words if not word.startswith("-")), None)
    # Only the command that is asked for is imported; the list of all of them needs every one.
    loaded = {key: _load(point) for key, point in commands.items() if name in (key, None)}
    parser = _parser(loaded, list(commands), words)
    if not words:
        parser.print_help()
        return ExitCode.OK
    command = loaded.get(name or "")
    if isinstance(command, FramefanError):
        return _fail(words, command)
    try:
        given = parser.parse_args(command.rewrite(words) if command else words)
    except FramefanError as error:
        return _fail(words, error)
    _configure_logging(given.quiet)
    assert command is not None
    _allow_many_files()
    try:
        return command.run(read_options(command.options, given, os.environ), stop)
    except ImportError as error:
        missing = MissingPackage.of(error)
        if missing is None:
            raise
        return _fail(words, missing)
    except FramefanError as error:
        return _fail(words, error)


def _load(point: metadata.EntryPoint) -> Command[Any] | FramefanError:
    """Import a command; return the error of one that is broken, since it may not be ours and the others are to work."""
    try:
        command = entry_points.load(point)
    except FramefanError as error:
        return error
    return command if isinstance(command, Command) else FramefanError(f"{point.value} is no Command")


def _allow_many_files() -> None:
    """Allow this process as many open files as it may have: each connection is one, and 1024 are soon used up."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # which Windows does not have

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser(
    commands: Mapping[str, Command[Any] | FramefanError], names: list[str], words: list[str]
) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="framefan",
        description="The newest frame of a camera, on any machine.",
        epilog="Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower()}" for code in ExitCode)
        + ". An option can be set by the environment variable named beside it as well.",
    )
    parser.words = words
    parser.add_argument("--version", action=_Version, nargs=0, help="print versions and exit")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name in names:
        command = commands.get(name)
        text = command.help if isinstance(command, Command) else str(command or "")
        text = text.replace("%", "%%")  # argparse would fill in something
        sub = subparsers.add_parser(name, help=text, description=text)
        if isinstance(command, Command) and name in words:
            sub.words = words
            add_options(sub, command.options)
            sub.add_argument("-q", "--quiet", action="store_true", help="log warnings only")
    return parser


def _configure_logging(quiet: bool) -> None:
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=level)


def _installed(package: str) -> list[str]:
    try:
        return [f"  {package} {metadata.version(package)}"]
    except metadata.PackageNotFoundError:
        return []


def _fail(words: list[str], error: FramefanError) -> int:
    print(f"{_program(words)}: {error}", file=sys.stderr)
    return error.exit_code


def _program(words: list[str]) -> str:
    return " ".join(["framefan", *map(shown, words[:1])])

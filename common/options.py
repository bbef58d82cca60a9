"""Options, declared once: command line and environment derive from the fields of a frozen dataclass.

    @dataclass(frozen=True, kw_only=True)
    class SampleOptions:
        address: CameraAddress = argument("what to sample", parse=CameraAddress.parse)
        every: Interval = option("10s", "how often", parse=Interval.parse)

An explicit argument beats the environment (`FRAMEFAN_EVERY`), which beats the default.
"""

import argparse
import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .errors import OptionError
from .url import without_secrets

T = TypeVar("T")
Parse = Callable[[str], Any]

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclasses.dataclass(frozen=True, slots=True)
class _Declaration:
    help: str
    parse: Parse
    words: dict[str, Any]  # what argparse is told beside help and name
    default: str | None = None
    positional: bool = False
    many: bool = False


def option(default: str | None, help: str, *, parse: Parse = str, metavar: str | None = None) -> Any:
    """Declare `--name VALUE`; the default is written as a user would write it, None for no value."""
    return _declare(_Declaration(help, parse, {"type": _argparse_type(parse), "metavar": metavar}, default=default))


def flag(help: str) -> Any:
    """Declare `--name`, off by default."""
    return _declare(_Declaration(help, _boolean, {"action": "store_true"}, default="no"))


def options(help: str, *, parse: Parse = str, metavar: str | None = None) -> Any:
    """Declare `--name VALUE`, which may be given many times; the field is a tuple."""
    words = {"type": _argparse_type(parse), "metavar": metavar, "action": "append"}
    return _declare(_Declaration(help, parse, words, many=True))


def argument(help: str, *, parse: Parse = str, metavar: str) -> Any:
    """Declare a required argument without a name."""
    words = {"type": _argparse_type(parse), "metavar": metavar}
    return _declare(_Declaration(help, parse, words, positional=True))


def arguments(help: str, *, parse: Parse = str, metavar: str, least: int = 1) -> Any:
    """Declare arguments without a name, `least` (0 or 1) or more of them; the field is a tuple."""
    words = {"type": _argparse_type(parse), "metavar": metavar, "nargs": "+" if least else "*"}
    return _declare(_Declaration(help, parse, words, positional=True, many=True))


def add_options(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """Add the options that the dataclass `kind` declares to a parser."""
    for name, declared in _declarations(kind).items():
        if declared.positional:
            parser.add_argument(name, help=declared.help, **declared.words)
            continue
        default = f"{declared.default}; " if declared.default and "type" in declared.words else ""
        parser.add_argument(
            "--" + _word(name),
            dest=name,
            default=argparse.SUPPRESS,
            help=f"{declared.help} [{default}{_variable(name)}]",
            **declared.words,
        )


def read_options(kind: type[T], given: argparse.Namespace, environ: Mapping[str, str]) -> T:
    """Make a `kind` from parsed arguments and the environment.

    Raises:
        OptionError: an environment variable has a value that its option cannot have.
    """
    values: dict[str, Any] = {}
    for name, declared in _declarations(kind).items():
        if hasattr(given, name):
            value = getattr(given, name)
            values[name] = tuple(value) if declared.many else value
        elif _variable(name) in environ:
            where, text = f"environment variable {_variable(name)}", environ[_variable(name)]
            if declared.many:
                values[name] = tuple(_parsed(declared.parse, item, where) for item in text.split())
            else:
                values[name] = _parsed(declared.parse, text, where)
        elif declared.many:
            values[name] = ()
        else:
            values[name] = None if declared.default is None else declared.parse(declared.default)
    return kind(**values)


def read_table(kind: type[T], table: Mapping[str, Any], defaults: T) -> T:
    """Make a `kind` from a table of a configuration file; what it does not say is as in `defaults`.

    Raises:
        OptionError: a key has a value that its option cannot have.
    """
    values = {name: getattr(defaults, name) for name in _declarations(kind)}
    for name, declared in _declarations(kind).items():
        if name in table:
            value = table[name]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            values[name] = _parsed(declared.parse, text, name)
    return kind(**values)


def integer(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from `minimum` to `maximum`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d+", text) or not minimum <= int(text) <= maximum:
            raise ValueError(f"{text!r} is not a whole number from {minimum} to {maximum}")
        return int(text)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser of one word out of `choices`."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


def duration(text: str) -> float:
    """Parse a positive duration such as `10s`, `500ms`, `2m`, `1h` or bare seconds into seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip())
    if not match or match[2] not in _UNITS or float(match[1]) == 0:
        raise ValueError(f"{text!r} is not a duration above zero, such as 10s, 500ms or 2m")
    return float(match[1]) * _UNITS[match[2]]


def size(text: str) -> int:
    """Parse a positive size such as `500M`, `10G` or bare bytes into bytes; k, M, G and T are powers of 1000."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", text.strip())
    if not match or not (found := int(float(match[1]) * 1000 ** " kMGT".index(match[2] or " "))):
        raise ValueError(f"{text!r} is not a size above zero, such as 500M or 10G")
    return found


def _parsed(parse: Parse, text: str, where: str) -> Any:
    """Return what a text means; complain without the secrets that may be in it, also in the error's context."""
    try:
        return parse(text)
    except ValueError as error:
        complaint = without_secrets(str(error), text)
    raise OptionError(f"{where}: {complaint}")


def _declare(declared: _Declaration) -> Any:
    return dataclasses.field(repr=False, metadata={"option": declared})  # users give passwords in any of them


def _declarations(kind: type[Any]) -> dict[str, _Declaration]:
    return {field.name: field.metadata["option"] for field in dataclasses.fields(kind)}


def _variable(name: str) -> str:
    return "FRAMEFAN_" + _word(name).replace("-", "_").upper()


def _word(name: str) -> str:
    """Return an option's name as it is typed; a field called like a keyword of Python ends in `_`."""
    return name.rstrip("_").replace("_", "-")


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"{text!r} is neither yes nor no")


def _argparse_type(parse: Parse) -> Parse:
    """Keep the sentence of a ValueError, which argparse would replace by one of its own."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert

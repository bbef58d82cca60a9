"""Options, declared once."""

import argparse
from dataclasses import dataclass

import pytest

from framefan.common.errors import OptionError
from framefan.common.options import (
    add_options,
    arguments,
    duration,
    flag,
    integer,
    one_of,
    option,
    options,
    read_options,
)


@dataclass(frozen=True, kw_only=True)
class Example:
    places: tuple[str, ...] = arguments("where", metavar="PLACE")
    quality: int = option("80", "how good", parse=integer(1, 100))
    loop: bool = flag("again and again")
    with_: str | None = option(None, "what with")
    tag: tuple[str, ...] = options("any number")


def read(*words: str, **environ: str) -> Example:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, Example)
    return read_options(Example, parser.parse_args(words), environ)


def test_defaults() -> None:
    """What nobody gives has its default, parsed as if it had been typed."""
    assert read("here") == Example(places=("here",), quality=80, loop=False, with_=None, tag=())


def test_argument_beats_environment_beats_default() -> None:
    """An explicit argument wins over the environment, and that over the default."""
    assert read("here", FRAMEFAN_QUALITY="70", FRAMEFAN_LOOP="yes", FRAMEFAN_TAG="a b").quality == 70
    assert read("here", "--quality", "60", FRAMEFAN_QUALITY="70").quality == 60
    assert read("here", FRAMEFAN_LOOP="yes", FRAMEFAN_TAG="a b") == Example(
        places=("here",), quality=80, loop=True, with_=None, tag=("a", "b")
    )


def test_keyword_names() -> None:
    """An option may be called like a keyword of Python."""
    assert read("here", "--with", "x").with_ == "x"
    assert read("here", FRAMEFAN_WITH="y").with_ == "y"


def test_bad_environment_is_named() -> None:
    """A bad value names the variable that holds it."""
    with pytest.raises(OptionError, match="environment variable FRAMEFAN_QUALITY: '0' is not a whole number from 1"):
        read("here", FRAMEFAN_QUALITY="0")


def test_bad_argument_keeps_its_sentence() -> None:
    """A bad argument is told in the parser's own words."""
    with pytest.raises(argparse.ArgumentError, match="'101' is not a whole number from 1 to 100"):
        read("here", "--quality", "101")


def test_a_percent_sign_is_shown_as_it_is() -> None:
    """A complaint shows what was typed."""
    with pytest.raises(argparse.ArgumentError, match=r": '5%' is not a whole number"):
        read("here", "--quality", "5%")


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("1.5", 1.5), ("1d", 86400)]
)
def test_duration(text: str, seconds: float) -> None:
    """Durations have units."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "1 week", "s", "1e3", "nan", "inf"])
def test_refuses_durations(text: str) -> None:
    """What is no duration above zero is refused."""
    with pytest.raises(ValueError, match="not a duration above zero"):
        duration(text)


def test_one_of() -> None:
    """A choice names all choices when it is refused."""
    assert one_of("tcp", "udp")("udp") == "udp"
    with pytest.raises(ValueError, match="'http' is not one of tcp, udp"):
        one_of("tcp", "udp")("http")

"""Who is in a group."""

import re

import pytest

from framefan.common.errors import OptionError
from framefan.consumer.sharing.dns import Dns
from framefan.consumer.sharing.membership import membership


def test_static() -> None:
    """The second of four knows all four."""
    with membership("static:2/4") as four:
        assert four.me == "2"
        assert four.members() == ("1", "2", "3", "4")


def test_dns() -> None:
    """A host name is looked up only once the membership is in use."""
    waiting = membership("dns:analyze")
    assert isinstance(waiting, Dns)
    assert (waiting.me, waiting.members()) == ("", ())


@pytest.mark.parametrize("text", ["static:", "static:0/4", "static:5/4", "static:2", "static:a/b", "static:-1/4"])
def test_refuses_places_that_are_none(text: str) -> None:
    """A place in a fixed group is from one to its size."""
    with pytest.raises(OptionError, match=re.escape(f"'{text}' is no member of a group: the second of four is")):
        membership(text)


@pytest.mark.parametrize("text", ["dns:", "dns:tcp://host", "dns:host:5550", "dns:a..b", "dns:two words"])
def test_refuses_names_that_are_none(text: str) -> None:
    """A name of hosts is neither empty nor an address with a port."""
    with pytest.raises(OptionError, match=re.escape(f"'{text}' has no host name behind the colon")):
        membership(text)


@pytest.mark.parametrize("text", ["", "2/4", "analyze", "consul:analyze"])
def test_refuses_unknown_kinds(text: str) -> None:
    """What is of no kind is told those that there are."""
    with pytest.raises(OptionError, match=re.escape(f"{text!r} does not say who") + ".*static:2/4.*dns:NAME"):
        membership(text)

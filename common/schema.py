"""What a message of a stranger may hold: sizes, and the types that its numbers and texts have.

Every message has one declared schema, a class whose fields have types of these. Its parser checks types, ranges and
lengths in one go, ignores unknown keys without making objects of them, and raises nothing but `WireError`.
"""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from .errors import WireError

LARGEST_STATE = LARGEST_REQUEST = 64 * 1024
"""Bytes of a whole message."""
LARGEST_SUBSCRIPTION = 1024
"""Bytes of what is subscribed to."""
MOST_SUBSCRIPTIONS = 4096
"""On one connection: a relay follows every camera on one."""
MOST_CAMERAS = 4096
"""Of one producer that are taken notice of."""
MOST_TOPICS = 1024
"""In one request of a group."""
LONGEST_TOPIC = 255
"""Bytes."""
_LONGEST_TEXT = 1000
"""Characters of a text that is shown to people; the rest is cut off."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""On some clock, ns."""
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
"""Up to 31 years. A bound refuses NaN as well."""
Age = Annotated[float, Meta(ge=-1e9, le=1e9)]
"""Seconds. Where clocks are compared across hosts, what is very young may seem to be of the future."""
Number = Annotated[float, Meta(ge=0, le=1e9)]
Side = Annotated[int, Meta(ge=0, le=2**26)]
"""Of a picture, pixels."""
Topic = Annotated[str, Meta(min_length=1, max_length=LONGEST_TOPIC)]
Name = Annotated[str, Meta(max_length=LONGEST_TOPIC)]
"""Of a group, a producer, a codec."""
Text = Annotated[str, Meta(max_length=LARGEST_STATE)]
Path = Annotated[str, Meta(max_length=_LONGEST_TEXT)]
"""Of the ids of producers, some sixty of them."""

Message = TypeVar("Message")


class Parser(Generic[Message]):
    """Parses messages of one kind.

    Args:
        kind: the class that declares what such a message holds.
        name: what to call one in a complaint: `a state`.
        most: bytes of the largest.
    """

    def __init__(self, kind: type[Message], name: str, most: int) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._name = name
        self._most = most

    def parse(self, data: bytes | memoryview) -> Message:
        """Parse a map.

        Raises:
            WireError: it is too large, not msgpack, nested too deep, or not what the schema declares.
        """
        if len(data) > self._most:
            raise WireError(f"{self._name} of {len(data)} bytes: {self._most} is the most")
        try:
            return self._decode(data)
        except msgspec.ValidationError as error:
            raise WireError(f"{self._name} that is not as it should be: {printable(str(error))}") from None
        except (msgspec.DecodeError, RecursionError):
            raise WireError(f"{self._name} that is not msgpack") from None


def printable(text: str) -> str:
    """Return a stranger's text as it may be shown on a terminal and in a log: in one line, and of bounded length."""
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 3] + "..."
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)

"""The beginning of an RTSP dialogue, looked at more closely than a client does: who asks for a password, and how."""

import time
from contextlib import closing
from dataclasses import dataclass

from ..common.url import Url
from .rtsp.authentication import Challenge, basic
from .rtsp.connection import Connection
from .rtsp.messages import Response

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Description:
    """How a camera answers DESCRIBE.

    Attributes:
        status: of the last answer.
        scheme: in which it asks for a password, e.g. `Digest MD5`; empty if it does not ask.
        answered: whether a password was sent.
        server: how the camera calls itself; may be empty.
    """

    status: int
    scheme: str
    answered: bool
    server: str


def describe(address: Url, timeout: float) -> Description:
    """Ask a camera to describe its stream, without a password first, then with the one of the URL.

    Raises:
        OSError, EOFError: it cannot be connected to, or does not answer within `timeout` seconds.
        Refusal: something else than an RTSP server answered.
        Unsupported: it asks for a password in a way that we do not know.
    """
    deadline = time.monotonic() + timeout
    with closing(Connection(address, timeout)) as connection:
        response = _ask(connection, address.bare, deadline)
        scheme, answered = "", False
        if response.status == 401:
            scheme = _scheme(response)
            answered = connection.learns_from(response)
            if answered:
                response = _ask(connection, address.bare, deadline)
    return Description(response.status, scheme, answered, _name(response.headers.get("server", ""), address))


def _name(server: str, address: Url) -> str:
    """Return how a camera calls itself; nothing if that repeats what it was asked, with its secrets."""
    name = "".join(char for char in server if char.isprintable())
    if address.is_repeated_in(name) or basic(address.user, address.password) in name:
        return ""
    return name[:_LONGEST_NAME].strip()


def _ask(connection: Connection, url: str, deadline: float) -> Response:
    number = str(connection.send("DESCRIBE", url, Accept="application/sdp"))
    while True:
        item = connection.take()
        if isinstance(item, Response) and item.headers.get("cseq", number) == number:
            return item
        if item is None:
            connection.wait(max(0.001, deadline - time.monotonic()))


def _scheme(response: Response) -> str:
    challenge = Challenge.parse(response.headers.get("www-authenticate", ""))
    if challenge is None:
        return "unknown scheme"
    return "Basic" if challenge.scheme == "basic" else f"Digest {challenge.algorithm}"

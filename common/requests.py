"""Requests and their answers: one msgpack map each way. So far there is one, `clock`."""

from typing import Any

import msgpack

from .errors import WireError


def pack(message: dict[str, Any]) -> bytes:
    """Serialize a request or an answer."""
    return msgpack.packb(message)


def unpack(message: bytes) -> dict[str, Any]:
    """Parse a request or an answer.

    Raises:
        WireError: it is anything but a map with words as keys.
    """
    try:
        found = msgpack.unpackb(message)
    except (ValueError, msgpack.exceptions.UnpackException):
        found = None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise WireError("a message that is not a request or an answer of framefan")
    return found


def clock_request(sent: int) -> bytes:
    """Ask what the other host's monotonic clock reads; `sent` is our own, ns."""
    return pack({"ask": "clock", "sent": sent})


def clock_answer(request: dict[str, Any], received: int, answered: int) -> bytes:
    """Tell when a clock request came in and when its answer left, on our monotonic clock, ns."""
    return pack({"answer": "clock", "sent": request.get("sent"), "received": received, "answered": answered})


def clock_times(answer: dict[str, Any]) -> tuple[int, int, int]:
    """Return (sent, received, answered) out of the answer to a clock request, ns.

    Raises:
        WireError: it is no such answer.
    """
    times = tuple(answer.get(key) for key in ("sent", "received", "answered"))
    if answer.get("answer") != "clock" or not all(type(value) is int for value in times):
        raise WireError("an answer that tells no time")
    return times  # type: ignore[return-value]

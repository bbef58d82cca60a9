"""Requests and their answers: a msgpack map each way; the answer to `next` is followed by a frame."""

from dataclasses import dataclass
from typing import Any, Self

import msgpack

from .errors import WireError

FORGOTTEN = 60.0
"""Seconds after which a producer forgets a request that was not repeated."""
REPEATED = 20.0
"""Seconds after which a consumer that still waits repeats its request."""
_MOST_CAMERAS = 1024
_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The request for a frame, now or as soon as there is one.

    Attributes:
        cameras: topics, each a camera or a rendition of one; none for all cameras, which only a group may ask for.
        id: chosen by the asker, who repeats it with the request; it comes back with the answer.
        after: number of the last frame that the asker has had; without a group.
        producer: which one gave that number: another one's numbers mean nothing to this one.
        group: name under which consumers share the frames; empty for who wants them for itself.
        redo: seconds after which a frame whose member has not asked again is given to another one, once.
    """

    cameras: tuple[str, ...]
    id: int = 0
    after: int = 0
    producer: str = ""
    group: str = ""
    redo: float | None = None

    def pack(self) -> bytes:
        """Serialize it."""
        facts: dict[str, Any] = {"ask": "next", "id": self.id}
        facts["camera"] = self.cameras[0] if len(self.cameras) == 1 else self.cameras or ""
        if not self.group:
            return pack(facts | {"after": self.after, "producer": self.producer})
        return pack(facts | {"group": self.group} | ({} if self.redo is None else {"redo": self.redo}))

    @classmethod
    def parse(cls, request: dict[str, Any]) -> Self:
        """Parse it; what is not told has its default.

        Raises:
            WireError: a fact is missing or means nothing.
        """
        camera = request.get("camera", "")
        cameras = camera if isinstance(camera, list) else [camera] if camera else []
        group, redo = request.get("group", ""), request.get("redo")
        numbers = {key: request.get(key, 0) for key in ("id", "after")}
        if len(cameras) > _MOST_CAMERAS or not all(_is_name(name) for name in cameras):
            raise WireError("'next' is about a 'camera', a name or in a group a list of names")
        if not all(type(number) is int and number >= 0 for number in numbers.values()):
            raise WireError("'next' has 'id' and 'after', whole numbers")
        if not isinstance(group, str) or len(group) > _LONGEST:
            raise WireError(f"'next' has a 'group', a name of at most {_LONGEST} letters")
        if redo is not None and not (type(redo) in (int, float) and redo > 0):
            raise WireError("'next' has 'redo', seconds")
        if not group and len(cameras) != 1:
            raise WireError("'next' without a 'group' is about one camera")
        producer = request.get("producer", "")
        return cls(
            cameras=tuple(cameras),
            producer=producer if isinstance(producer, str) else "",
            group=group,
            redo=redo,
            **numbers,
        )


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


def next_answer(number: int, producer: str) -> bytes:
    """Say which request the frame behind this answers, and who gives it."""
    return pack({"answer": "next", "id": number, "producer": producer})


def leave_request(camera: str, seq: int) -> bytes:
    """Take back a request; camera and number are of the last frame that was used."""
    return pack({"ask": "leave", "camera": camera, "seq": seq})


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


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST

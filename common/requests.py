"""Requests and their answers: a msgpack map each way; the answer to `next` is followed by a frame."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from .errors import WireError
from .schema import LARGEST_REQUEST, MOST_TOPICS, Count, Moment, Name, Parser, Text, Topic

FORGOTTEN = 60.0
"""Seconds after which a producer forgets a request that was not repeated."""
REPEATED = 20.0
"""Seconds after which a consumer that still waits repeats its request."""


class Clock(Struct, frozen=True, kw_only=True, tag_field="ask", tag="clock"):
    """The request for what the other host's monotonic clock reads; `sent` is the asker's own, ns."""

    sent: Moment


class Next(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="next"):
    """The request for a frame, now or as soon as there is one.

    Attributes:
        camera: a topic, which is a camera or a rendition of one; several in a group, or none for all cameras there.
        id: chosen by the asker, who repeats it with the request; it comes back with the answer.
        after: number of the last frame that the asker has had; without a group.
        producer: which one gave that number: another one's numbers mean nothing to this one.
        group: name under which consumers share the frames; empty for who wants them for itself.
        redo: seconds after which a frame whose member has not asked again is given to another one, once.
    """

    camera: Name | Annotated[tuple[Topic, ...], Meta(max_length=MOST_TOPICS)] = ""
    id: Count = 0
    after: Count = 0
    producer: Name = ""
    group: Name = ""
    redo: Annotated[float, Meta(gt=0, le=1e9)] | None = None

    @property
    def cameras(self) -> tuple[str, ...]:
        """The topics; none for all cameras."""
        if isinstance(self.camera, tuple):
            return self.camera
        return (self.camera,) if self.camera else ()

    def about(self, cameras: tuple[str, ...]) -> "Next":
        """Return the same request for these topics; none for all cameras."""
        return replace(self, camera=cameras[0] if len(cameras) == 1 else cameras or "")


class Leave(Struct, frozen=True, kw_only=True, tag_field="ask", tag="leave"):
    """A request taken back; camera and number are of the last frame that was used."""

    camera: Name | UnsetType = UNSET
    seq: Count = 0


Request = Clock | Next | Leave


class Answer(Struct, frozen=True, kw_only=True):
    """What answers a request; what does not belong to it is not set.

    Attributes:
        answer: which kind of request.
        id: of the request.
        producer: who answers.
        error: why there is no other answer.
        sent, received, answered: of `clock`: when the request was sent, on the asker's clock, when it came in and when
            this left, on the producer's; ns.
    """

    answer: Name | UnsetType = UNSET
    id: Count | UnsetType = UNSET
    producer: Name | UnsetType = UNSET
    error: Text | UnsetType = UNSET
    sent: Moment | UnsetType = UNSET
    received: Moment | UnsetType = UNSET
    answered: Moment | UnsetType = UNSET


class _Numbered(Struct, frozen=True):
    """As much as is understood of a request that makes no sense."""

    id: Count = 0


_REQUESTS: Parser[Request] = Parser(Request, "a request", LARGEST_REQUEST)  # type: ignore[arg-type]
_NUMBERS = Parser(_Numbered, "a request", LARGEST_REQUEST)
_ANSWERS = Parser(Answer, "an answer", LARGEST_REQUEST)
pack = msgspec.msgpack.Encoder().encode
"""Serialize a request or an answer."""


def parse(message: bytes | memoryview) -> Request:
    """Parse a request; what it does not say has its default.

    Raises:
        WireError: it is too large, or not a request that makes sense.
    """
    request = _REQUESTS.parse(message)
    if isinstance(request, Next) and not request.group and len(request.cameras) != 1:
        raise WireError("a request for the next frame that is not about one camera, which only a group may ask")
    return request


def number(message: bytes | memoryview) -> int:
    """Return the id of a request that makes no sense otherwise; 0 if there is none."""
    try:
        return _NUMBERS.parse(message).id
    except WireError:
        return 0


def parse_answer(message: bytes | memoryview) -> Answer:
    """Parse an answer.

    Raises:
        WireError: it is too large, or none.
    """
    return _ANSWERS.parse(message)


def clock_answer(request: Clock, received: int, answered: int) -> bytes:
    """Return when a clock request came in and when its answer left, on our monotonic clock, ns."""
    return pack(Answer(answer="clock", sent=request.sent, received=received, answered=answered))


def clock_times(answer: Answer) -> tuple[int, int, int]:
    """Return (sent, received, answered) out of the answer to a clock request, ns.

    Raises:
        WireError: it is no such answer.
    """
    sent, received, answered = answer.sent, answer.received, answer.answered
    if answer.answer != "clock" or sent is UNSET or received is UNSET or answered is UNSET:
        raise WireError("an answer without the times of a clock")
    return sent, received, answered

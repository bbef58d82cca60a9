"""The state of a camera, as the producer tells it once a second and at every change."""

import enum
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import msgpack

from .errors import WireError
from .wire import topic_bytes

INTERVAL = 1.0
"""Seconds after which a producer repeats every state."""
SILENCE = 3.0
"""Seconds without a state after which a consumer calls the producer unreachable."""


class State(enum.StrEnum):
    """What a camera is doing, or what a consumer believes that it is doing."""

    CONNECTING = "connecting"  # being opened
    LIVE = "live"  # frames come
    STALLED = "stalled"  # connected, but frames have stopped
    REFUSED = "refused"  # the camera said no: 401, 403, 404
    ENDED = "ended"  # a file came to its end
    OFFLINE = "offline"  # not connected; the next attempt is waited for
    IDLE = "idle"  # not connected, because nobody watches
    UNKNOWN = "unknown"  # the producer has no camera of that name
    UNREACHABLE = "unreachable"  # said by a consumer: the producer is silent


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """Everything a producer tells of a camera: log lines, lists, tables and health checks read this record.

    Attributes:
        camera: name, which is the topic it is published under.
        state: see :class:`State`.
        reason: why, in words a person can act on; empty while all is well.
        since: seconds for which it has been in this state.
        attempts: connections tried since the last time it was live.
        fps: frames per second over the last 10 s, 0 when stale.
        age: seconds since the last frame arrived from the camera; None before the first.
        seq: number of the last frame; 0 before the first.
        width, height: of the last frame, pixels.
        codec: what the camera sends, e.g. `h264`.
        encode_ms: milliseconds that encoding takes, averaged over the last frames.
        watchers: subscribers of this camera, or of this rendition of it.
        idle: nobody wants its frames, so none are made.
        stalls: how often frames stopped in the last hour.
        reconnects: how often it was connected anew in the last hour.
        via: ids of the producers by which it came, the one that grabs it first, with spaces between them.
        memory: where its pixels can be had from shared memory, see :func:`.memory.realm`; empty for nowhere.
    """

    camera: str
    state: State
    reason: str = ""
    since: float = 0.0
    attempts: int = 0
    fps: float = 0.0
    age: float | None = None
    seq: int = 0
    width: int = 0
    height: int = 0
    codec: str = ""
    encode_ms: float = 0.0
    watchers: int = 0
    idle: bool = False
    stalls: int = 0
    reconnects: int = 0
    via: str = ""
    memory: str = ""

    def __str__(self) -> str:
        if self.state is State.LIVE:
            return f"{self.camera} live: {self.codec} {self.width}x{self.height}" + (self.reason and f", {self.reason}")
        return f"{self.camera} {self.state}" + (f": {self.reason}" if self.reason else "")


def pack(state: CameraState) -> bytes:
    """Serialize a state into one message part: topic, zero byte, msgpack map."""
    return topic_bytes(state.camera) + msgpack.packb(asdict(state))


def unpack(message: bytes) -> CameraState:
    """Parse a state; keys that are unknown, of another type than they should be, or without end are ignored.

    Raises:
        WireError: it is anything else.
    """
    topic, zero, data = message.partition(b"\0")
    try:
        facts: Any = msgpack.unpackb(data)
        known = {key: facts[key] for key, kinds in _ALLOWED.items() if key in facts and _fits(facts[key], kinds)}
        known["state"] = State(known["state"])
        state = CameraState(**known)
    except (ValueError, TypeError, KeyError, msgpack.exceptions.UnpackException):
        raise WireError("a message that is not a state of framefan") from None
    if not zero or topic != str(state.camera).encode():
        raise WireError("a state under the topic of another camera")
    return state


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    return type(value) in kinds and (not isinstance(value, float) or math.isfinite(value))


def _allowed(kind: Any) -> tuple[type, ...]:
    """Return the types that msgpack may give for a field of this type."""
    if kind in (str, State):
        return (str,)
    if kind in (int, bool):
        return (kind,)
    return (float, int) if kind is float else (float, int, type(None))


_ALLOWED = {field.name: _allowed(field.type) for field in fields(CameraState)}

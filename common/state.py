"""The state of a camera, as the producer tells it once a second and at every change."""

import enum
from dataclasses import dataclass, replace

import msgspec

from .errors import WireError
from .schema import LARGEST_STATE, Age, Count, Name, Number, Parser, Path, Seconds, Side, Text, Topic, printable
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

    camera: Topic
    state: State
    reason: Text = ""
    since: Seconds = 0.0
    attempts: Count = 0
    fps: Number = 0.0
    age: Age | None = None
    seq: Count = 0
    width: Side = 0
    height: Side = 0
    codec: Name = ""
    encode_ms: Number = 0.0
    watchers: Count = 0
    idle: bool = False
    stalls: Count = 0
    reconnects: Count = 0
    via: Path = ""
    memory: Name = ""

    def __str__(self) -> str:
        if self.state is State.LIVE:
            return f"{self.camera} live: {self.codec} {self.width}x{self.height}" + (self.reason and f", {self.reason}")
        return f"{self.camera} {self.state}" + (f": {self.reason}" if self.reason else "")


_PARSER = Parser(CameraState, "a state", LARGEST_STATE)
_pack = msgspec.msgpack.Encoder().encode


def pack(state: CameraState) -> bytes:
    """Serialize a state into one message part: topic, zero byte, msgpack map; a long reason is cut off."""
    if state.reason != (reason := printable(state.reason)):
        state = replace(state, reason=reason)
    return topic_bytes(state.camera) + _pack(state)


def unpack(message: bytes) -> CameraState:
    """Parse a state. Unknown keys are ignored; of texts, what cannot be printed is replaced and what is long is cut.

    Raises:
        WireError: it is anything else, or says what no camera can be.
    """
    if len(message) > LARGEST_STATE:
        raise WireError(f"a state of {len(message)} bytes: {LARGEST_STATE} is the most")
    topic, _, data = message.partition(b"\0")
    state = _PARSER.parse(data)
    if topic != state.camera.encode():
        raise WireError("a state under the topic of another camera")
    if not state.camera.isprintable():
        raise WireError(f"a state of {printable(state.camera)!r}, which no camera can be called")
    shown = printable(state.reason), printable(state.codec), printable(state.via), printable(state.memory)
    if shown == (state.reason, state.codec, state.via, state.memory):
        return state
    reason, codec, via, memory = shown
    return replace(state, reason=reason, codec=codec, via=via, memory=memory)

"""A running camera: draws, encodes once in a thread of its own, and hands every picture to all viewers."""

import asyncio
import contextlib
import dataclasses
import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
from av.error import FFmpegError

from ...common.errors import FramefanError
from .encoder import CLOCK, Encoder, parameter_sets
from .film import Film
from .rtp import Numbering
from .scene import Scene
from .settings import Settings
from .target import Target

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, ready to send.

    Attributes:
        packets: its RTP packets.
        keyframe: whether decoding can start here.
        ssrc: number of the stream.
        timestamp: RTP time, in 1/90000 s.
        time_ns: wall-clock time that it was drawn at, in ns.
    """

    packets: tuple[bytes, ...]
    keyframe: bool
    ssrc: int
    timestamp: int
    time_ns: int


class Source(Protocol):
    """What a camera looks at."""

    def picture(self, number: int, elapsed: float, time_ns: int) -> av.VideoFrame:
        """Return what it looks like `elapsed` seconds after the start."""
        ...

    def close(self) -> None:
        """Free what it holds."""


class Stream:
    """One encoder and its viewers. All methods belong to the event loop's thread.

    Args:
        target: what to encode.
        film: a file to show instead of the scene.

    Attributes:
        ssrc: number of the RTP stream.
        parameter_sets: those of the first picture, once there is one; None if the encoder failed.
    """

    def __init__(self, target: Target, film: Path | None) -> None:
        self._target = target
        self._film = film
        self._loop = asyncio.get_running_loop()
        self._receivers: set[Callable[[Picture], None]] = set()
        self._stop = threading.Event()
        self._keyframe = threading.Event()
        self._played_at = math.inf
        self.ssrc = secrets.randbits(32)
        self.parameter_sets: asyncio.Future[Sequence[bytes] | None] = self._loop.create_future()
        self._numbering = Numbering(self.ssrc, secrets.randbits(12))
        self._thread = threading.Thread(target=self._run, name=f"camera-{target.name}", daemon=True)
        self._thread.start()

    def add(self, receive: Callable[[Picture], None], *, keyframe: bool) -> None:
        """Have `receive` called with every picture; with `keyframe`, soon one that decoding can start at."""
        self._receivers.add(receive)
        self._played_at = min(self._played_at, time.monotonic())
        if keyframe:
            self._keyframe.set()

    def remove(self, receive: Callable[[Picture], None]) -> None:
        """Stop calling `receive`."""
        self._receivers.discard(receive)

    def stop(self) -> None:
        """Ask the encoder to end."""
        self._stop.set()

    @property
    def alive(self) -> bool:
        """Return whether the encoder has not ended yet."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until the encoder has ended, which takes no longer than one picture."""
        self._thread.join()

    def _run(self) -> None:
        try:
            settings: Settings | None = self._target.settings
            begin = time.monotonic()
            number = 0
            while settings is not None:
                settings, number = self._produce(settings, begin, number)
        except (FramefanError, FFmpegError, OSError) as error:
            self._call(self._fail, error)

    def _produce(self, settings: Settings, begin: float, number: int) -> tuple[Settings | None, int]:
        """Produce pictures until the end or the next change of size; return the settings to go on with."""
        with (
            contextlib.closing(Encoder(settings)) as encoder,
            contextlib.closing(self._open(settings)) as source,
        ):
            while not self._wait_for(begin + number / settings.fps):
                time_ns = time.time_ns()
                drawn = source.picture(number, number / settings.fps, time_ns)
                wanted = self._keyframe.is_set()
                if wanted:
                    self._keyframe.clear()
                ticks = round(number * CLOCK / settings.fps)
                unit = encoder.encode(drawn, ticks, keyframe=wanted)
                timestamp = ticks + self._jump()
                packets = self._numbering.apply(unit.payloads, timestamp)
                picture = Picture(packets, unit.keyframe, self.ssrc, timestamp, time_ns)
                sets = parameter_sets(settings.codec, unit.data) if unit.keyframe else []
                self._call(self._deliver, picture, sets)
                # A picture that would be late is left out: the schedule never drifts.
                number = max(number + 1, int((time.monotonic() - begin) * settings.fps))
                size = self._target.faults.resize
                if size is not None and size != settings.size and self._is_due():
                    return dataclasses.replace(settings, size=size), number
        return None, number

    def _wait_for(self, moment: float) -> bool:
        """Wait until a moment of the monotonic clock; return True if the end is asked for."""
        return self._stop.wait(max(0.0, moment - time.monotonic()))

    def _is_due(self) -> bool:
        return time.monotonic() - self._played_at >= self._target.faults.after

    def _jump(self) -> int:
        jump = self._target.faults.jump
        return round(jump * CLOCK) if jump and self._is_due() else 0

    def _open(self, settings: Settings) -> Source:
        if self._film is not None:
            return Film(self._film, settings)
        return Scene(self._target.name, settings)

    def _call(self, function: Callable[..., None], *args: object) -> None:
        # The loop outlives this thread: the server joins it before it ends.
        self._loop.call_soon_threadsafe(function, *args)

    def _deliver(self, picture: Picture, sets: Sequence[bytes]) -> None:
        if not self.parameter_sets.done():
            self.parameter_sets.set_result(sets)
        for receive in tuple(self._receivers):
            receive(picture)

    def _fail(self, error: Exception) -> None:
        _log.error("%s: encoder failed: %s", self._target.name, error)
        if not self.parameter_sets.done():
            self.parameter_sets.set_result(None)


class Streams:
    """The running streams by target, and how many sessions they may have.

    Args:
        film: a file to show instead of the scene.
        most: how many sessions there may be at a time; None for any number.
    """

    def __init__(self, film: Path | None, most: int | None) -> None:
        self._film = film
        self._most = most
        self._running: dict[Target, tuple[Stream, int]] = {}
        self._ending: list[Stream] = []
        self.sessions = 0

    def __len__(self) -> int:
        return len(self._running)

    @property
    def full(self) -> bool:
        """Return whether there is no room for another session."""
        return self._most is not None and self.sessions >= self._most

    def acquire(self, target: Target) -> Stream:
        """Return the stream of a target, which starts with its first user."""
        if target in self._running:
            stream, users = self._running[target]
        else:
            stream, users = Stream(target, self._film), 0
        self._running[target] = stream, users + 1
        return stream

    def release(self, target: Target) -> None:
        """Give a stream back, which stops with its last user."""
        stream, users = self._running.pop(target)
        if users > 1:
            self._running[target] = stream, users - 1
            return
        stream.stop()
        self._ending = [other for other in self._ending if other.alive] + [stream]

    def end_session(self, linger: float) -> None:
        """Count one session less, after so many seconds."""
        if linger:
            asyncio.get_running_loop().call_later(linger, self.end_session, 0.0)
        else:
            self.sessions -= 1

    def join(self) -> None:
        """Wait for the encoders that were stopped."""
        for stream in self._ending:
            stream.join()

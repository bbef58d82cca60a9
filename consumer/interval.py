"""How often to sample."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from ..common.errors import OptionError
from ..common.options import duration

if TYPE_CHECKING:  # frames need NumPy, the command line does not
    from ..common.frame import Frame

_SHORTEST = 0.001
"""Seconds; no camera and no film has so many pictures."""


@dataclass(frozen=True, slots=True)
class Interval:
    """How often to sample: by time, by number of frames, or every keyframe, which only films tell.

    Attributes:
        seconds: of the wall clock, or of a film; 0 if it is not by time.
        frames: so many frames of the camera, or of a film; 0 if it is not by number.
    """

    seconds: float = 0.0
    frames: int = 0

    @property
    def keyframes(self) -> bool:
        """True if every keyframe is wanted."""
        return not (self.seconds or self.frames)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `10s`, `500ms`, `2m`, `250f` for frames, or `keyframe`.

        Raises:
            OptionError: it is anything else, or less than 1 ms or one frame.
        """
        if text == "keyframe":
            return cls()
        if match := re.fullmatch(r"(\d{1,9})f", text):
            if int(match[1]) > 0:
                return cls(frames=int(match[1]))
        else:
            with suppress(ValueError):
                if (seconds := duration(text)) >= _SHORTEST:
                    return cls(seconds=seconds)
        raise OptionError(f"{text!r} is not an interval of 1 ms or more, such as 10s, 500ms, 250f or keyframe")

    def slot(self, frame: "Frame") -> int:
        """Return the number of the slot that a camera's frame falls into; the first frame of a slot is its sample."""
        return frame.seq // self.frames if self.frames else int(frame.captured_ns // (self.seconds * 1e9))

    def begins_with(self, frame: "Frame") -> bool:
        """Return whether a frame is known to be the first of its slot, which its number can tell, but not its time."""
        return bool(self.frames) and frame.seq % self.frames == 0

    def begin(self, slot: int) -> str | int:
        """Return with what a slot begins: a moment in UTC (ISO 8601), or a frame's number."""
        if self.frames:
            return slot * self.frames
        return datetime.fromtimestamp(slot * self.seconds, UTC).isoformat()

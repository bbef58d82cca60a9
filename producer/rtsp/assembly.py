"""From coded units to pictures: the bytes of its slices show where a picture ends, and marker bits are hints."""

from dataclasses import dataclass, field

from ..arrival import Arrival
from .counters import Counters
from .formats import Format
from .frame_numbers import FrameNumbers

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest access unit believed; a larger one is given up like a damaged one."""

_START = b"\0\0\0\1"
_NEVER = Arrival(0, 0)


@dataclass(frozen=True, slots=True)
class Unit:
    """An access unit: one coded picture with all that belongs to it.

    Attributes:
        data: a byte stream with start codes; empty in place of units that were lost, so that a decoder starts over.
        keyframe: decoding can start here.
        arrival: when its last packet came in.
    """

    data: bytes
    keyframe: bool
    arrival: Arrival


@dataclass(slots=True)
class _Picture:
    """An access unit that is being put together.

    Attributes:
        data: its units, with start codes.
        arrival: when the last packet of its slices came in.
        has_slice, has_parameters: they are among those.
        is_keyframe: decoding can start here.
        is_damaged: something of it is missing.
        is_marked: nothing of it has come since a marker said that it was complete.
        is_out: it was given out, or dropped.
        is_again: a part of it was given out before.
    """

    data: bytearray = field(default_factory=bytearray)
    arrival: Arrival = _NEVER
    has_slice: bool = False
    has_parameters: bool = False
    is_keyframe: bool = False
    is_damaged: bool = False
    is_marked: bool = False
    is_out: bool = False
    is_again: bool = False


class Assembly:
    """Puts the units of one stream together to access units, from a keyframe on, and after a loss from the next one on.

    A slice that is the first of its picture begins one, and other slices go on with it (H.264, 7.3.3; H.265, 7.3.6.1).
    What stands between two slices belongs to the later one. So a picture is known to be complete when the next one
    begins. A marker lets it out at once, until a marker is followed by more of its picture: then all wait for the next.

    Args:
        form: the codec's.
        counters: to note in what becomes of pictures.
        numbers: of pictures, which show that some are missing; None if they have none.

    Attributes:
        arrival: when the present packet came in.
    """

    def __init__(self, form: Format, counters: Counters, numbers: FrameNumbers | None) -> None:
        self.arrival = _NEVER
        self._form = form
        self._counters = counters
        self._numbers = numbers
        self._complete: list[Unit] = []
        self._waiting = True  # for a keyframe
        self._trusts_marker = True
        self._picture = _Picture()
        self._is_proved = form.is_checked  # else the first marker has to prove right: nobody would notice what lacks
        self._repeats_parameters = False
        self._parameter_sets = b""
        self._between = bytearray()  # units since the last slice
        self._has_new_parameters = False  # they are among those
        self._has_new_sets = False  # parameter sets of whatever kind are
        self._in_slice = False
        self._follows_loss = False

    def take(self) -> list[Unit]:
        """Return what has become complete, and forget it."""
        complete, self._complete = self._complete, []
        return complete

    def begin(self, kind: int, header: bytes | memoryview, body: memoryview) -> None:
        """Begin a unit: its type, its header, and what has come of the rest."""
        form = self._form
        self._in_slice = kind in form.slices
        if self._in_slice:
            if not body:
                self.damage()
                return
            if body[0] & 0x80:
                self._begin_picture(header[0], body, is_keyframe=kind in form.keyframes)
            else:
                self._continue_picture()
            self._picture.is_marked = False
            self._picture.is_keyframe = self._picture.is_keyframe or kind in form.keyframes
        elif kind in form.parameter_sets:
            self._has_new_sets = True
            if kind == form.parameters:
                self._has_new_parameters = self._repeats_parameters = True
        self.append(_START, header, body)

    def append(self, *parts: bytes | memoryview) -> None:
        """Go on with the unit that was begun last."""
        if self._in_slice:
            self._picture.arrival = self.arrival
            if self._picture.is_damaged:
                return
        target = self._picture.data if self._in_slice else self._between
        for part in parts:
            target += part
        if len(target) > LARGEST:
            self.damage(malformed=False)

    def mark(self, *, amid_unit: bool) -> None:
        """Note the marker of a packet: it is the last one of its picture, unless its unit goes on."""
        if amid_unit:
            self._trusts_marker = self._trusts_marker and self._form.is_checked
            return
        self._picture.is_marked = True
        if self._picture.is_damaged or (self._picture.has_slice and self._trusts_marker and self._is_proved):
            if not self._has_new_sets:  # else they are the next picture's
                self._join()
            self._finish()

    def damage(self, *, malformed: bool = True) -> None:
        """Give up the present picture, because of a malformed packet or for another reason."""
        self._counters.malformed += malformed
        if self._picture.is_out:
            self._picture = _Picture()  # the next one is it that lacks something
        self._picture.is_damaged = True
        self._picture.data.clear()
        self._forget_between()

    def lose(self) -> None:
        """Give up what is not complete, since packets are missing. What begins next may be whole."""
        self._report_loss()
        self._picture = _Picture()
        self._forget_between()
        self._follows_loss = True
        if self._numbers:
            self._numbers.forget()

    def _forget_between(self) -> None:
        self._between.clear()
        self._has_new_parameters = self._has_new_sets = False

    def _begin_picture(self, header: int, body: memoryview, *, is_keyframe: bool) -> None:
        # What was damaged since the last picture is no part of a keyframe that comes with its parameter sets.
        is_fresh = self._picture.is_damaged and is_keyframe and self._has_new_parameters
        if self._picture.has_slice or self._picture.is_out or is_fresh:
            self._is_proved = self._is_proved or (self._picture.is_marked and self._picture.is_keyframe)
            self._finish()
            self._follows_loss = self._picture.is_damaged
            self._picture = _Picture()
        if self._has_new_parameters:
            units = bytes(self._between).split(_START)
            sets = [unit for unit in units if unit and self._form.kind(unit) in self._form.parameter_sets]
            self._parameter_sets = b"".join(_START + unit for unit in sets)
            for unit in sets:
                if self._numbers and self._form.kind(unit) == self._form.parameters:
                    self._numbers.learn(unit)
        if self._numbers and self._numbers.is_gap(header, body):
            self._report_loss()
        self._picture.has_slice = True
        self._join()

    def _continue_picture(self) -> None:
        picture = self._picture
        was_out = picture.is_out
        if picture.is_marked:  # this camera marks slices, or every packet
            self._trusts_marker = False
            picture.is_out, picture.is_again = False, was_out
        if not picture.has_slice or (was_out and not picture.is_keyframe):
            self.damage(malformed=False)  # its first slice is lost, or the decoder got a part of it
            self._picture.has_slice = True
        self._join()

    def _join(self) -> None:
        """Add what came since the last slice."""
        if not self._picture.is_damaged:
            self._picture.data += self._between
        self._picture.has_parameters = self._picture.has_parameters or self._has_new_parameters
        self._forget_between()

    def _finish(self) -> None:
        """Give the present picture out, unless it was already, or drop it."""
        if self._picture.is_out:
            return
        self._picture.is_out = True
        if self._picture.is_damaged or self._lacks_parameters:
            self._counters.dropped += 1
            self._report_loss()
        elif self._waiting and not self._picture.is_keyframe:
            self._counters.dropped += 1
        else:
            if self._picture.is_again:
                self._complete.append(Unit(b"", False, self._picture.arrival))
            self._waiting = False
            # A decoder that starts over needs parameter sets, which a camera may send once.
            sets = self._parameter_sets if self._picture.is_keyframe and not self._picture.has_parameters else b""
            self._complete.append(Unit(sets + self._picture.data, self._picture.is_keyframe, self._picture.arrival))

    def _report_loss(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._complete.append(Unit(b"", False, self.arrival))

    @property
    def _lacks_parameters(self) -> bool:
        """True for a keyframe whose parameter sets are lost, as far as can be seen; they may have been new ones."""
        return (
            self._picture.is_keyframe
            and self._follows_loss
            and self._repeats_parameters
            and not self._picture.has_parameters
        )

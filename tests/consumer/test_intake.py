"""Which of the frames that come in are new."""

from framefan.common import jpeg, wire
from framefan.common.remote_clock import RemoteClock
from framefan.common.requests import Answer
from framefan.consumer.intake import Intake
from tests import pictures

SECOND = 1_000_000_000
JPEG = pictures.jpeg()
WIDTH, HEIGHT = jpeg.size(JPEG)


def message(seq: int, run: str, seconds: int, boot: str = "another host") -> bytes:
    """Return a frame that its host captured at that moment of its own, in which we are in 1970."""
    header = wire.Header("door", seq, seconds * SECOND, 0, run=run, boot=boot, width=WIDTH, height=HEIGHT)
    return wire.pack(header, JPEG)


def test_another_life_of_a_camera_while_the_clock_is_unknown() -> None:
    """Frames of another life are newer by their own clock, whatever ours has made of it before it was known."""
    clock = RemoteClock()
    intake = Intake(clock, {}, in_order=True)
    intake.put(message(7, "first", 100))
    answer = Answer(answer="clock", sent=0, received=10_000 * SECOND, answered=10_000 * SECOND)
    clock.take(answer, 10)
    intake.put(message(1, "second", 101))
    assert (intake.counts.received, intake.counts.repeated) == (2, 0)
    intake.put(message(9, "first", 100))
    assert intake.counts.repeated == 1


def test_another_boot() -> None:
    """After a reboot the clock begins again, and there is nothing of before."""
    intake = Intake(RemoteClock(), {}, in_order=True)
    intake.put(message(7, "first", 100))
    intake.put(message(1, "second", 1, boot="rebooted host"))
    assert intake.counts.repeated == 0

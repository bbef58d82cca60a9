"""Whether frames stream or are pulled: a function of what the caller takes."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from framefan.consumer.mode import Choice, Mode, Tally

FPS = 20.0


def run(
    mode: Mode, *, taken: float, received: float = 1.0, waited: float = 0.5, fps: float = FPS, polls: int = 0
) -> list[Mode]:
    """Return the modes at each second of 12 in which parts of the frames are received and taken."""
    choice, modes = Choice(), []
    for second in range(12):
        now, offered = float(second), int(second * fps)
        tally = Tally(now, int(offered * received), int(offered * taken), second * waited, second * polls)
        mode = choice.choose(mode, tally, fps)
        modes.append(mode)
    return modes


def switches(modes: list[Mode]) -> Iterator[tuple[int, Mode]]:
    """Yield when the mode changes, and to what."""
    for second, (before, now) in enumerate(pairwise(modes), 1):
        if before is not now:
            yield second, now


@pytest.mark.parametrize(
    ("mode", "taken", "received", "waited", "fps", "expected"),
    [
        (Mode.STREAM, 0.0, 1.0, 0.0, FPS, Mode.PULL),  # nobody reads
        (Mode.STREAM, 0.2, 1.0, 0.1, FPS, Mode.PULL),  # long work
        (Mode.STREAM, 0.5, 1.0, 0.0, FPS, Mode.STREAM),  # short work
        (Mode.STREAM, 0.5, 0.5, 1.0, FPS, Mode.PULL),  # a link that does not carry them
        (Mode.STREAM, 1.0, 1.0, 0.9, FPS, Mode.STREAM),
        (Mode.STREAM, 0.0, 0.0, 1.0, 0.0, Mode.STREAM),  # a camera that is down
        (Mode.PULL, 1.0, 1.0, 0.9, FPS, Mode.STREAM),  # takes everything
        (Mode.PULL, 0.5, 0.5, 0.9, FPS, Mode.PULL),
        (Mode.PULL, 0.2, 0.2, 0.1, FPS, Mode.PULL),
        (Mode.PULL, 1.0, 1.0, 0.0, 0.5, Mode.PULL),  # now and then, of a rendition that nobody else has made
    ],
)
def test_choice(mode: Mode, taken: float, received: float, waited: float, fps: float, expected: Mode) -> None:
    """Few taken, or a thin link: pull. Nearly all taken: stream. In between what it is, and at most one change."""
    modes = run(mode, taken=taken, received=received, waited=waited, fps=fps)
    assert modes[-1] is expected
    assert [to for _, to in switches(modes)] in ([], [expected])


def test_it_takes_some_seconds() -> None:
    """A judgement is not made of the first moments."""
    assert next(switches(run(Mode.STREAM, taken=0.0))) == (5, Mode.PULL)
    assert next(switches(run(Mode.STREAM, taken=0.0, fps=1.0))) == (8, Mode.PULL)


def test_who_does_not_wait_is_streamed_to() -> None:
    """A caller that only takes what is there gets nothing by asking."""
    assert run(Mode.STREAM, taken=0.1, polls=1)[-1] is Mode.STREAM
    assert run(Mode.PULL, taken=0.1, polls=1)[-1] is Mode.STREAM

"""Numbers of H.264's pictures: those that are missing are noticed, and no parameter set of an encoder is misread."""

import random

import pytest

from framefan.producer.rtsp.frame_numbers import FrameNumbers
from tests.streams import GOP, Stream, encoded

PARAMETERS: dict[str, dict[str, int | str]] = {
    "baseline": {"cabac": 0},
    "high": {"8x8dct": 1},
    "scaling-lists": {"8x8dct": 1, "cqm": "jvt"},
    "interlaced": {"interlaced": 1},
    "reordered": {"bframes": 2, "b-adapt": 0},
    "reordered-references": {"bframes": 3, "b-adapt": 0, "b-pyramid": "normal"},
    "many-references": {"ref": 4},
    "several-slices": {"slices": 4},
}


def gaps(stream: Stream, *missing: int) -> list[int]:
    """Return before which pictures others are said to be missing, when some are."""
    subject, found = FrameNumbers(), []
    for number, units in enumerate(stream.pictures):
        for unit in () if number in missing else units:
            if unit[0] & 0x1F == 7:
                subject.learn(unit)
            elif stream.is_slice(unit) and unit[1] & 0x80 and subject.is_gap(unit[0], memoryview(unit)[1:]):
                found.append(number)
    return found


def is_reference(stream: Stream, number: int) -> bool:
    return any(stream.is_slice(unit) and unit[0] & 0x60 for unit in stream.pictures[number])


@pytest.mark.parametrize("name", PARAMETERS)
def test_reference_pictures_that_are_missing(name: str) -> None:
    """Whatever the encoder's settings: a missing picture that others build on is noticed, and nothing else is."""
    stream = encoded("h264", gops=4, **PARAMETERS[name])
    assert gaps(stream) == []
    for number in range(2 * GOP + 1, 3 * GOP):
        is_last = number + 1 == 3 * GOP
        expected = [number + 1] if is_reference(stream, number) and not is_last else []
        assert gaps(stream, number) == expected


def test_numbers_in_a_way_of_its_own() -> None:
    """A camera whose numbers are out of sequence all the time is served as it is."""
    stream = encoded("h264", gops=8)
    every_third = [number for number in range(len(stream.pictures)) if number % 3 == 1]
    assert gaps(stream, *every_third) == []


@pytest.mark.parametrize("seed", range(50))
def test_garbage(seed: int) -> None:
    """No parameter set and no slice makes it raise."""
    dice, subject = random.Random(seed), FrameNumbers()
    for _ in range(20):
        subject.learn(b"\x67" + dice.randbytes(dice.randrange(30)))
        subject.is_gap(dice.randrange(256), memoryview(dice.randbytes(dice.randrange(20))))


def test_parameter_sets_of_the_description() -> None:
    """A camera may leave its parameter sets out of the stream."""
    stream = encoded("h264", gops=4)
    (parameters,) = [unit for unit in stream.pictures[0] if unit[0] & 0x1F == 7]
    subject = FrameNumbers(b"\0\0\0\1" + parameters)
    found = [
        number
        for number, units in enumerate(stream.pictures)
        if number != 12 and subject.is_gap(units[-1][0], memoryview(units[-1])[1:])
    ]
    assert found == [13]

"""The newest frame of a topic."""

from framefan.common.wire import Stamp
from framefan.producer.stream import Stream


def test_older_frames_are_refused() -> None:
    """A number that is not above the last one is not taken."""
    stream = Stream()
    assert stream.accept(Stamp("door", 11, 0, 0), b"11")
    assert not stream.accept(Stamp("door", 10, 0, 0), b"10")
    assert not stream.accept(Stamp("door", 11, 0, 0), b"11")
    assert (stream.seq, stream.message) == (11, b"11")

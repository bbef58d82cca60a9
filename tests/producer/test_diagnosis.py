"""What is said of a source that cannot be opened, where no server can be made to behave so."""

import pytest

from framefan.producer import diagnosis
from framefan.producer.source import Kind, Source


@pytest.mark.parametrize(
    ("source", "reason", "final"),
    [
        (Source.parse("rtsp://10.0.0.7/door"), "this machine does not permit connections to 10.0.0.7", False),
        (Source(Kind.DEVICE, "/dev/video0"), "/dev/video0 may not be read: change its permissions", False),
        (Source(Kind.FILE, "film.mp4"), "film.mp4 may not be read: change its permissions", True),
    ],
)
def test_not_permitted(source: Source, reason: str, final: bool) -> None:
    """A firewall or a device may let us in later, a file is given up."""
    error = diagnosis.opening(source, PermissionError(13, "Permission denied"), 0.0, 10.0, None)
    assert str(error).startswith(reason)
    assert error.final is final

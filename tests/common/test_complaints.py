"""What is logged of others' mistakes."""

import pytest

from framefan.common.complaints import Complaints


def test_once_per_peer(caplog: pytest.LogCaptureFixture) -> None:
    """The first mistake of each peer is logged, all are counted, and thousands of peers fill no log."""
    complaints = Complaints()
    for _ in range(3):
        complaints.add("10.0.0.1", "a state of 70000 bytes")
    assert caplog.messages == ["10.0.0.1 sends a state of 70000 bytes; such messages are dropped"]
    for number in range(3000):
        complaints.add(f"10.0.{number}", "noise")
    assert complaints.count == 3003
    assert len(caplog.messages) == 1000

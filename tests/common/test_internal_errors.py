"""Errors that nobody foresaw."""

import logging

import pytest

from framefan.common.internal_errors import Containment, internal_error


def _raise(secret: str) -> None:
    raise ValueError(f"rtsp://admin:{secret}@door")


def test_report_has_type_and_place_and_no_text() -> None:
    """A report names the type and the innermost calls; the text of the error may hold a password, and stays out."""
    with pytest.raises(ValueError, match="s3cret") as raised:
        _raise("s3cret")
    report = internal_error(raised.value)
    assert report.startswith("internal error (a bug in framefan): ValueError at test_internal_errors.py:")
    assert report.count("test_internal_errors.py") == 2
    assert "s3cret" not in report


def test_error_ends_its_block_only(caplog: pytest.LogCaptureFixture) -> None:
    """An error ends its block, is logged with what it was about, and what it costs is done."""
    costs: list[str] = []
    with caplog.at_level(logging.ERROR), Containment().contain("door", costs.append):
        _raise("s3cret")
    assert [record.message for record in caplog.records] == [f"door: {costs[0]}"]
    assert "ValueError" in costs[0]


def test_error_in_what_it_costs_is_contained_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """Not even what follows an error ends more than its block."""
    with caplog.at_level(logging.ERROR), Containment().contain("door", _raise):
        _raise("s3cret")
    assert len(caplog.records) == 2


def test_same_error_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A loop that fails in each pass does not fill a disk."""
    now = 0.0
    containment = Containment(lambda: now)
    with caplog.at_level(logging.ERROR):
        for now in (0.0, 0.2, 59.0, 61.0):  # noqa: B007 - the clock reads it
            with containment.contain("door"):
                _raise("s3cret")
    assert len(caplog.records) == 2


def test_wish_to_end_passes() -> None:
    """What is no error, such as Ctrl-C, is not held up."""
    with pytest.raises(KeyboardInterrupt), Containment().contain("door"):
        raise KeyboardInterrupt

"""Work for cameras, each by itself: what nobody foresaw in one of them costs the others nothing."""

import threading
from collections.abc import Iterator

import pytest

from framefan.common.address import CameraAddress
from framefan.common.errors import AddressError, OutputError
from framefan.common.frame import Frame
from framefan.common.signals import Stop
from framefan.consumer import watch
from framefan.producer import Publisher
from tests import pictures

PATIENCE = 15.0


@pytest.fixture
def addresses() -> Iterator[frozenset[CameraAddress]]:
    """Two cameras that give frames."""
    over = threading.Event()

    def publish(publisher: Publisher) -> None:
        while not over.wait(0.02):
            for name in ("door", "yard"):
                publisher.publish(name, pictures.jpeg())

    with Publisher("tcp://127.0.0.1:0") as publisher:
        thread = threading.Thread(target=publish, args=(publisher,))
        thread.start()
        yield frozenset(CameraAddress.parse(f"{publisher.endpoint}/{name}") for name in ("door", "yard"))
        over.set()
        thread.join()


def test_error_that_nobody_foresaw_costs_one_camera_an_attempt(
    addresses: frozenset[CameraAddress], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The work for that camera begins again, and that for the other goes on."""
    monkeypatch.setattr(watch, "_RESPITE", 0.1)
    failed, again = threading.Event(), threading.Event()
    lives: dict[str, int] = {"door": 0, "yard": 0}

    with Stop() as stop:

        def work(frames: Iterator[Frame]) -> None:
            camera = next(frames).camera
            lives[camera] += 1
            if camera == "door" and not failed.is_set():
                failed.set()
                raise ZeroDivisionError("rtsp://admin:s3cret@door")
            for _ in frames:
                if camera == "door":
                    again.set()
                if again.is_set():
                    stop.request()

        watch.each(lambda: addresses, work, stop, wait=PATIENCE)
    assert lives == {"door": 2, "yard": 1}
    assert "/door: internal error (a bug in framefan): ZeroDivisionError at test_watch.py:" in caplog.text
    assert "s3cret" not in caplog.text


def test_error_of_ours_ends_all(addresses: frozenset[CameraAddress]) -> None:
    """A directory that cannot be written is the same for every camera, so it ends the program with its exit code."""

    def work(frames: Iterator[Frame]) -> None:
        raise OutputError(f"cannot write {next(frames)}")

    with Stop() as stop, pytest.raises(OutputError):
        watch.each(lambda: addresses, work, stop, wait=PATIENCE)


def test_address_that_means_nothing_ends_all() -> None:
    """An error of ours while connecting is the caller's, and nothing that nobody foresaw."""
    addresses = frozenset({CameraAddress.parse("tcp://*:5550/door")})
    with Stop() as stop, pytest.raises(AddressError, match="name a host"):
        watch.each(lambda: addresses, lambda frames: None, stop, wait=PATIENCE)


def test_output_that_is_gone_ends_all(addresses: frozenset[CameraAddress]) -> None:
    """What nobody reads any more is written for no camera."""

    def work(frames: Iterator[Frame]) -> None:
        next(frames)
        raise BrokenPipeError

    with Stop() as stop, pytest.raises(BrokenPipeError):
        watch.each(lambda: addresses, work, stop, wait=PATIENCE)

"""A capture whose decoder is slow: the real one, with a camera of its own, and a pause before each picture."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import av
import pytest
import zmq

from framefan.common import wire
from framefan.common.sockets import Context
from framefan.common.state import State
from framefan.producer import capture as captures
from framefan.producer.assignment import Assignment, pack_renditions
from framefan.producer.camera.server import CameraServer
from framefan.producer.channel import Channel, Report
from framefan.producer.decoder import Decoder
from framefan.producer.demuxer import VideoPacket
from framefan.producer.picture import Jpeg

Want = Callable[..., None]


def spin(seconds: float) -> None:
    """Be busy for so long."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def slow(seconds: float, pause: Callable[[float], None] = time.sleep) -> type[Decoder]:
    """Return a decoder that takes so much longer for each packet."""

    class Slow(Decoder):
        def decode(self, packet: VideoPacket) -> Iterator[Jpeg | av.VideoFrame]:
            pause(seconds)
            yield from super().decode(packet)

    return Slow


@contextmanager
def capturing(context: Context, fps: int, gop: int) -> Iterator[tuple[Channel, Want]]:
    """Run a capture of an H.264 camera in a thread; give its channel, and what tells it which renditions to make."""
    channel = Channel(context)
    with CameraServer(port=0) as camera:
        assignment = Assignment(
            camera="door",
            run="1",
            source=camera.url("door", size="320x176", fps=fps, gop=gop),
            channel=str(channel.path),
            first_seq=1,
            quality=80,
            transport="tcp",
            loop=False,
            hwaccel="none",
        )
        capture = captures.Capture(assignment)
        reading, writing = os.pipe()

        def want(*renditions: str) -> None:
            os.write(writing, pack_renditions(renditions))
            capture.listen(reading)

        thread = threading.Thread(target=capture.run)
        thread.start()
        try:
            yield channel, want
        finally:
            capture.close()
            thread.join()
            os.close(reading)
            os.close(writing)
            channel.close()


def last_report(channel: Channel, seconds: float) -> Report:
    """Return the last report that comes within so many seconds."""
    found, until = None, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if channel.reports.poll(int(left * 1000) + 1):
            found = Report.unpack(channel.reports.recv())
    assert found is not None
    return found


@pytest.mark.parametrize("seconds", [0.06, 0.03])
def test_who_comes_to_a_slow_decoder_gets_pictures(
    context: Context, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Even if a new packet waits whenever a picture is decoded, a newcomer gets pictures, and none of before."""
    monkeypatch.setattr(captures, "Decoder", slow(seconds))
    with capturing(context, fps=25, gop=25) as (channel, want):
        assert channel.frames.poll(10_000)
        channel.frames.recv()  # the first picture, which shows that all is well
        last_report(channel, 3)
        came = time.monotonic_ns()
        want("")
        for _ in range(3):
            assert channel.frames.poll(5000), "no picture, although the decoder has some"
            assert wire.unpack(channel.frames.recv())[0].monotonic_ns > came - 0.2e9


def test_who_comes_gets_nothing_from_before_a_rest(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the decoder still held when packets were forgotten is forgotten, too."""
    flushed: list[bool] = []

    class Noted(Decoder):
        def flush(self) -> None:
            flushed.append(True)
            super().flush()

    monkeypatch.setattr(captures, "Decoder", Noted)
    with capturing(context, fps=25, gop=10) as (channel, want):
        last_report(channel, 2)
        assert not flushed
        want("")
        assert last_report(channel, 2).state == State.LIVE
    assert flushed == [True]


def test_an_idle_camera_is_not_overloaded(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decoded along for nobody is not missed by anybody: the rate told is the camera's."""
    monkeypatch.setattr(captures, "Decoder", slow(0.02, spin))
    with capturing(context, fps=25, gop=250) as (channel, _):
        told = last_report(channel, 8)
        assert (told.state, told.reason) == (State.LIVE, "")
        assert told.fps > 15
        with pytest.raises(zmq.Again):
            [channel.frames.recv(zmq.NOBLOCK) for _ in range(2)]

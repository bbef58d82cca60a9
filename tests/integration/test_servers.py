"""What may happen to a camera, with two RTSP servers that share no line of code: ours and GStreamer's."""

import re
from contextlib import ExitStack
from itertools import pairwise

import pytest

from framefan.consumer import State, Subscriber
from tests.integration.servers import BARS, KINDS, PASSWORD, bars, serve
from tests.programs import Start, eventually, producer

both = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize(("codec", "transport"), [("h264", "tcp"), ("h264", "udp"), ("h265", "tcp"), ("mjpeg", "tcp")])
def test_frames_of_a_foreign_server_arrive_fresh_and_in_order(start: Start, codec: str, transport: str) -> None:
    """Frames of every codec and transport arrive whole, fresh, in rising order and with the right colours."""
    _, endpoint = producer(start, serve(start, "gstreamer").url(codec), "--transport", transport)
    with Subscriber(f"{endpoint}/{codec}", timeout=20.0) as camera:
        frames = []
        for frame in camera:
            frames.append(frame)
            assert frame.age < 2.0
            if len(frames) == 30:
                break
        assert camera.state.codec == codec.replace("h265", "hevc")
    assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
    assert all(later.seq > earlier.seq for earlier, later in pairwise(frames))
    assert bars(frames[-1]) == BARS


@both
def test_server_that_comes_back(start: Start, kind: str) -> None:
    """A server that is killed takes the camera out of `live` with a reason; once it is back, so are the frames."""
    server = serve(start, kind)
    _, endpoint = producer(start, server.url("h264"))
    with Subscriber(f"{endpoint}/h264", timeout=20.0) as camera:
        before = camera.read()
        server.program.kill()
        eventually(lambda: camera.state.state is not State.LIVE and camera.state.reason, "a reason", within=10.0)
        serve(start, kind, port=server.port)
        eventually(lambda: camera.state.state is State.LIVE, "live again", within=30.0)
        assert next(frame for frame in camera if frame.run != before.run).seq > before.seq


@both
def test_joining_between_keyframes(start: Start, kind: str) -> None:
    """Who joins while others watch shows nothing before the next keyframe, and no picture is damaged.

    Ours begins anywhere and lets wait for up to five seconds; GStreamer's begins anew with a keyframe.
    """
    server = serve(start, kind)
    with ExitStack() as stack:
        cameras = []
        for name in ("first", "late"):
            _, endpoint = producer(start, server.url("sparse"), "--name", name)
            cameras.append(stack.enter_context(Subscriber(f"{endpoint}/{name}", timeout=20.0)))
            assert server.is_sound(cameras[-1].read())
        assert all(server.is_sound(camera.read()) for _ in range(10) for camera in cameras)


@both
def test_size_that_changes(start: Start, kind: str) -> None:
    """A camera that changes its size while it plays is followed; no frame is damaged or claims another size."""
    server = serve(start, kind)
    _, endpoint = producer(start, server.url("resize"))
    with Subscriber(f"{endpoint}/resize", timeout=20.0) as camera:
        run = camera.read().run
        sizes = set()
        for frame in camera:
            assert frame.run == run
            assert frame.image.shape == (frame.height, frame.width, 3)
            assert server.is_sound(frame)
            sizes.add((frame.width, frame.height))
            if len(sizes) == 2:
                break
    assert sizes == {(320, 240), (640, 480)}


@both
@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_password(start: Start, kind: str, scheme: str) -> None:
    """The right password gets in, a wrong one is told as such, and neither is told to anybody."""
    own = ("--user", "viewer", "--password", PASSWORD) if kind == "framefan" else ()
    server = serve(start, kind, "--auth", scheme, *own)
    program, endpoint = producer(start, server.url("h264", PASSWORD), server.url("h265", "gue55ed"))
    with Subscriber(f"{endpoint}/h264", timeout=20.0) as camera:
        assert server.is_sound(camera.read())
    program.wait_for(r"h265 refused: .*user name or password refused \(401\)")
    assert not re.search(f"{PASSWORD}|gue55ed", program.output)


@both
def test_no_session_left(start: Start, kind: str) -> None:
    """A camera whose only session is taken is told as such, in words that fit its answer."""
    server = serve(start, kind, "--sessions", "1")
    _, endpoint = producer(start, server.url("h264"))
    with Subscriber(f"{endpoint}/h264", timeout=20.0) as camera:
        camera.read()
        program, _ = producer(start, server.url("h264"))
        program.wait_for(r"h264 offline: .*(too many viewers \(453\)|camera is busy \(503\))")
        assert camera.read().age < 5

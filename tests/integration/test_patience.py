"""What takes long to happen to a camera: with all servers, readers and codecs side by side."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from framefan.consumer import NoFrame, State, Subscriber
from tests.integration.servers import Server, serve, serve_all
from tests.programs import Program, Start, captures_of, eventually, producer, throttled

WATCHER = """
import sys
from framefan.consumer import Subscriber
for frame in Subscriber(sys.argv[1]):
    print("frame", flush=True)
"""


@contextmanager
def watching(endpoint: str, names: list[str]) -> Iterator[dict[str, Subscriber]]:
    """Subscribe to cameras, by their names."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Subscriber(f"{endpoint}/{name}", timeout=30.0)) for name in names}


def everywhere(cameras: dict[str, Subscriber], probe: Callable[[Subscriber], bool], what: str, within: float) -> None:
    """Wait until something is true of all cameras; fail with those of which it is not."""
    eventually(lambda: all(map(probe, cameras.values())), f"{what}: {[*map(str, cameras)]}", within=within)


def told(program: Program, names: list[str], what: str, within: float) -> None:
    """Wait until a program has told something of every camera."""
    eventually(lambda: all(re.search(f"{name} {what}", program.output) for name in names), what, within=within)


def send(servers: list[Server], number: signal.Signals) -> None:
    """Send a signal to servers."""
    for server in servers:
        server.program.send_signal(number)


@pytest.mark.timeout(150)
def test_server_that_falls_silent(start: Start) -> None:
    """A server that says nothing more is told as such, to those who watch and those who come; then all is well again.

    After 10 s its camera is stalled, and goes on in the same session if the server does. After 20 s it is given up.
    """
    servers = serve_all(start)
    kinds = [server.kind for server in servers]
    words = [word for server in servers for word in (server.url("h264"), "--name", server.kind)]
    program, endpoint = producer(start, *words)
    with watching(endpoint, kinds) as cameras:
        runs = {kind: camera.read().run for kind, camera in cameras.items()}

        send(servers, signal.SIGSTOP)
        everywhere(cameras, lambda camera: camera.state.state is State.STALLED, "stalled", within=18)
        send(servers, signal.SIGCONT)
        for server in servers:
            frame = cameras[server.kind].read()
            assert frame.run == runs[server.kind]
            assert frame.age < 3
            assert server.is_sound(frame)
        everywhere(cameras, lambda camera: camera.state.state is State.LIVE, "live", within=10)

        send(servers, signal.SIGSTOP)
        newcomer, _ = producer(start, *words)
        told(newcomer, kinds, "offline: .* did not answer within 10 s", within=30)
        told(program, kinds, "offline: .* sent nothing for 20 s", within=40)
        for camera in cameras.values():
            with pytest.raises(NoFrame, match=r"offline: .* (sent nothing for 20 s|did not answer within)"):
                [camera.read(0.1) for _ in range(100)]
        send(servers, signal.SIGCONT)
        for server in servers:
            frame = next(frame for frame in cameras[server.kind] if frame.run != runs[server.kind])
            assert frame.age < 3
            assert server.is_sound(frame)
        told(newcomer, kinds, "live", within=30)


@pytest.mark.timeout(180)
def test_server_that_is_away_for_a_minute(start: Start) -> None:
    """A server that is switched off is tried after 1, 2, 4, 8 and 16 s, and comes back by itself after a minute."""
    servers = serve_all(start)
    names = [server.kind for server in servers]
    _, endpoint = producer(start, *(word for server in servers for word in (server.url("h264"), "--name", server.kind)))
    with watching(endpoint, names) as cameras:
        before = {name: camera.read() for name, camera in cameras.items()}
        everywhere(cameras, lambda camera: camera.state.state is State.LIVE, "live", within=10)
        for server in servers:
            server.program.kill()
        gone = time.monotonic()
        tried: dict[str, dict[int, float]] = {name: {} for name in names}
        while (now := time.monotonic()) < gone + 60:
            for name, camera in cameras.items():
                tried[name].setdefault(camera.state.attempts, now)
            time.sleep(0.02)
        for server in servers:
            serve(start, server.kind, port=server.port)
        everywhere(cameras, lambda camera: camera.state.state is State.LIVE, "live", within=45)
        for name, camera in cameras.items():
            frame = next(frame for frame in camera if frame.run != before[name].run)
            assert frame.seq > before[name].seq
            assert frame.age < 3
    for attempts in tried.values():
        gaps = [attempts[number + 1] - attempts[number] for number in range(1, 5)]
        # What an attempt itself takes comes on top.
        assert all(0.8 * wait - 0.2 < gap < 1.2 * wait + 4 for wait, gap in zip((2, 4, 8, 16), gaps, strict=True)), gaps


@pytest.mark.timeout(120)
def test_hung_captures_are_called_stalled_and_replaced(start: Start) -> None:
    """A capture that hangs is called stalled after 10 s and killed after 25 s; then frames come again by themselves.

    Meanwhile no read is silent, and another camera of the producer notices nothing.
    """
    words = [word for server in serve_all(start) for word in (server.url("h264"), "--name", server.kind)]
    words += ["test:320x180@20", "--name", "pattern"]
    program, endpoint = producer(start, *words, "test:320x180@20", "--name", "yard")
    names = words[2::3]
    with watching(endpoint, names) as cameras, Subscriber(f"{endpoint}/yard") as yard:
        before = {name: camera.read() for name, camera in cameras.items()}
        run_of_yard = yard.read().run
        hung = [captures_of(program.pid, name)[0] for name in names]
        for capture in hung:
            os.kill(capture, signal.SIGSTOP)
        # A producer that was itself late, on a busy machine, takes up to 5 s longer to judge.
        everywhere(cameras, lambda camera: camera.state.state is State.STALLED, "stalled", within=18)
        for camera in cameras.values():
            assert camera.state.fps == 0
            assert camera.state.stalls == 1
            with pytest.raises(NoFrame, match="stalled: connected, but no frame comes"):
                [camera.read(0.3) for _ in range(100)]
        for name, camera in cameras.items():
            after = camera.read(40)
            assert after.seq > before[name].seq
            assert after.run != before[name].run
            assert after.age < 2
        assert not any(Path(f"/proc/{capture}").exists() for capture in hung)
        everywhere(cameras, lambda camera: camera.state.state is State.LIVE, "live", within=5)
        assert all(camera.state.reconnects == 1 for camera in cameras.values())
        assert yard.read().run == run_of_yard


@pytest.mark.timeout(120)
def test_sessions_are_kept_alive(start: Start) -> None:
    """However slow consumers are, or a capture, a session outlives its time-out again and again.

    A consumer works a second on every frame, another is stopped, and some captures have a tenth of the time they need.
    Our own reader and FFmpeg's (of MJPEG and of UDP) keep sessions alive each in their own way.
    """
    servers = serve_all(start, timeout=4)
    cameras = [(f"{server.kind}-{name}", server.url(name)) for server in servers for name in ("h264", "mjpeg", "big")]
    program, endpoint = producer(start, *(word for name, url in cameras for word in (url, "--name", name)))
    over_udp = [(f"{server.kind}-udp", server.url("h264")) for server in servers]
    words = (word for name, url in over_udp for word in (url, "--name", name))
    _, elsewhere = producer(start, *words, "--transport", "udp")
    with (
        watching(endpoint, [name for name, _ in cameras]) as over_tcp,
        watching(elsewhere, [name for name, _ in over_udp]) as others,
        ExitStack() as slow,
    ):
        everything = over_tcp | others
        runs = {name: camera.read().run for name, camera in everything.items()}
        stopped = start(sys.executable, "-c", WATCHER, f"{endpoint}/framefan-h264")
        stopped.wait_for("frame")
        stopped.send_signal(signal.SIGSTOP)
        for server in servers:
            slow.enter_context(throttled(program, f"{server.kind}-big", 0.1))
        began = time.monotonic()
        while time.monotonic() - began < 14:
            for name, camera in everything.items():
                assert camera.read().run == runs[name], name
            time.sleep(1)  # the consumer's work
        overloaded = {name: camera for name, camera in everything.items() if name.endswith("big")}
        everywhere(overloaded, lambda camera: "overloaded" in camera.state.reason, "overloaded", within=20)
        stopped.send_signal(signal.SIGCONT)
        assert {name: camera.state.reconnects for name, camera in everything.items()} == dict.fromkeys(everything, 0)
    assert not any("expired" in server.program.output for server in servers)

"""`framefan probe` of a producer: is it connected, how fresh, what is wrong."""

import http.server
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import pytest
import zmq

from framefan.common import requests, sockets, state, wire
from framefan.common.address import CameraAddress, Endpoint
from framefan.common.clock import boot_id
from framefan.common.errors import ExitCode
from framefan.common.probe import Mark
from framefan.common.signals import Stop
from framefan.common.sockets import Context
from framefan.common.state import CameraState, State
from framefan.consumer.probe import probe
from framefan.producer import Publisher
from tests import pictures
from tests.programs import FRAMEFAN, Start, framefan, producer

LIVE = CameraState(camera="door", state=State.LIVE, fps=50.0, age=0.01, codec="h264", width=64, height=48)
JPEG = pictures.jpeg()
HOUR_NS = 3_600_000_000_000


class FakeProducer:
    """A producer whose every message is the test's: 50 frames a second, and states.

    Args:
        told: states; the first one's camera has frames.
        step: by which numbers rise.
        version: of the wire format.
        ahead_ns: by which clocks are ahead of ours, as those of another host, if not 0.

    Attributes:
        subscriptions: what states were subscribed to.
    """

    def __init__(
        self, context: Context, *told: CameraState, step: int = 1, version: int = wire.VERSION, ahead_ns: int = 0
    ) -> None:
        self._told, self._step, self._version, self._ahead_ns = told or (LIVE,), step, version, ahead_ns
        self.endpoint, (frames, states, asked) = sockets.listen(Endpoint("127.0.0.1", 0))
        self._frames = sockets.frames_publisher(context, frames)
        self._states = sockets.states_publisher(context, states)
        self._requests = sockets.requests_server(context, asked)
        self.subscriptions: list[bytes] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        seq = 0
        while not self._over.wait(0.02):
            seq += self._step
            self._frames.send(self._frame(seq))
            for known in self._told:
                self._states.send(state.pack(known))
            while self._states.poll(0):
                self.subscriptions.append(self._states.recv())
            while self._requests.poll(0):
                sender, request = self._requests.recv_multipart()
                now = time.monotonic_ns() + self._ahead_ns
                asked = requests.parse(request)
                assert isinstance(asked, requests.Clock)
                answer = requests.clock_answer(asked, now, now)
                self._requests.send_multipart([sender, answer], zmq.NOBLOCK)

    def _frame(self, seq: int) -> bytes:
        header = wire.Header(
            self._told[0].camera, seq, time.monotonic_ns() + self._ahead_ns, time.time_ns() + self._ahead_ns, run="a",
            boot="another" if self._ahead_ns else boot_id(), width=64, height=48,
        )  # fmt: skip
        message = bytearray(wire.pack(header, JPEG))
        message[len(wire.topic_bytes(header.topic))] = self._version
        return bytes(message)


def probed(address: object, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit status of a probe, and its steps by name."""
    ended = framefan("probe", str(address), "--json", "--for", "500ms", "--wait", "2s", *words)
    assert ended.stderr == ""
    report = json.loads(ended.stdout)
    assert report["healthy"] == (ended.returncode == ExitCode.OK)
    return ended.returncode, {step["step"]: step for step in report["steps"]}


@contextmanager
def listening(greeting: bytes) -> Iterator[int]:
    """Yield a port at which somebody says something to everybody, and nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            ends = []
            while True:
                try:
                    ends.append(listener.accept()[0])
                    ends[-1].sendall(greeting)
                except OSError:
                    break
            for end in ends:
                end.close()

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_live_camera() -> None:
    """A camera that is well is told step by step, with a verdict in the end, for people and for programs."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        over = threading.Event()

        def run() -> None:
            while not over.wait(0.05):
                publisher.publish("door", JPEG)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            shown = framefan("probe", f"{publisher.endpoint}/door", "--for", "500ms")
            code, steps = probed(f"{publisher.endpoint}/door")
        finally:
            over.set()
            thread.join()
    lines = shown.stdout.splitlines()
    assert shown.returncode == code == ExitCode.OK, shown.stdout
    port = Endpoint.parse(publisher.endpoint).port
    names = [
        "name",
        f"port {port}",
        f"port {port + 1}",
        f"port {port + 2}",
        "camera",
        "version",
        "frames",
        "age",
        "clock",
    ]
    assert [re.split(r"\s{2,}", line)[:2] for line in lines[:-1]] == [["ok", name] for name in names]
    assert lines[-1] == f"{publisher.endpoint}/door is healthy"
    assert list(steps) == names
    assert steps["frames"]["frames"] > 5
    assert steps["frames"]["lost"] < steps["frames"]["frames"] / 4  # a busy machine lets some be replaced
    assert steps["version"]["version"] == wire.VERSION
    assert 0 < steps["age"]["median"] <= steps["age"]["p95"] < 1
    assert steps["clock"]["uncertainty"] == 0.0


def test_a_rendition_of_a_lower_rate(start: Start) -> None:
    """Frames that are left out on purpose are not lost."""
    program, endpoint = producer(start, "test:320x176@20", "--name", "door")
    program.wait_for("door live")
    code, steps = probed(f"{endpoint}/door?fps=5", "--for", "2s")
    assert code == ExitCode.OK
    assert steps["frames"]["frames"] > 4
    assert steps["frames"]["lost"] == 0


def test_nobody_listens() -> None:
    """Where nobody listens, that is told, with a remedy."""
    ended = framefan("probe", "tcp://127.0.0.1:9/door")
    assert ended.returncode == ExitCode.CAMERA
    assert "FAIL  port 9      frames: connection refused\n" in ended.stdout
    assert "is not healthy: start a producer there" in ended.stdout


def test_name_that_does_not_resolve() -> None:
    """A host that is not known is told at once."""
    code, steps = probed("tcp://nowhere.invalid/door")
    assert code == ExitCode.CAMERA
    assert list(steps) == ["name"]


@pytest.mark.parametrize(
    ("greeting", "who"),
    [
        (b"SSH-2.0-x\r\n", "an SSH server"), (b"RTSP/1.0 400 Bad Request\r\n\r\n", "an RTSP server"),
        (b"hello\r\n", "something else than framefan"), (b"", "somebody who says nothing"),
        (b"\xff" + bytes(7) + b"\1\x7f\3\1CURVE" + bytes(47), "a ZeroMQ socket with security mechanism CURVE"),
    ],
)  # fmt: skip
def test_somebody_else_listens(greeting: bytes, who: str) -> None:
    """Another server at the port is told for what it is."""
    with listening(greeting) as port:
        code, steps = probed(f"tcp://127.0.0.1:{port}/door")
    assert code == ExitCode.CAMERA
    assert steps[f"port {port}"]["text"] == f"frames: {who} is there"


def test_http_server_listens() -> None:
    """A web server, which says nothing before it is asked, is known too."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            _, steps = probed(f"tcp://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
    assert "an HTTP server" in steps[f"port {server.server_port}"]["text"]


def test_port_of_states(context: Context) -> None:
    """Who takes one of the other two ports for the first one is told the right one."""
    with FakeProducer(context) as producer:
        for offset in (1, 2):
            port = producer.endpoint.port + offset
            _, steps = probed(f"tcp://127.0.0.1:{port}/door")
            assert steps[f"port {port}"]["advice"] == f"is it {producer.endpoint}?"


def test_camera_that_is_not_there(context: Context) -> None:
    """Who misspells a camera's name is told the names."""
    with FakeProducer(context, LIVE, replace(LIVE, camera="yard")) as producer:
        code, steps = probed(f"{producer.endpoint}/dor")
    assert code == ExitCode.CAMERA
    assert steps["camera"]["advice"] == "ask for one of door, yard"


def test_camera_that_is_down(start: Start) -> None:
    """A camera that is offline is told with the producer's reason, and not waited for."""
    producer = start(FRAMEFAN, "produce", "rtsp://127.0.0.1:9/door", "--name", "door", "--bind", "tcp://127.0.0.1:0")
    endpoint = producer.wait_for(r"tcp://127.0.0.1:\d+")[0]
    producer.wait_for("offline")
    code, steps = probed(f"{endpoint}/door")
    assert code == ExitCode.CAMERA
    assert steps["camera"]["state"] in (State.OFFLINE, State.CONNECTING)
    assert "frames" not in steps


def test_lost_frames(context: Context) -> None:
    """Gaps in the numbers are frames that were lost, and much of that is worth an advice."""
    with FakeProducer(context, step=2) as producer:
        code, steps = probed(f"{producer.endpoint}/door")
    assert code == ExitCode.OK
    assert steps["frames"]["mark"] == Mark.WARN
    assert steps["frames"]["lost"] >= steps["frames"]["frames"] - 1


def test_another_wire_format(context: Context) -> None:
    """Frames of another version are told as such."""
    with FakeProducer(context, version=2) as producer:
        code, steps = probed(f"{producer.endpoint}/door", "--wait", "1s")
    assert code == ExitCode.CAMERA
    assert "wire format 2" in steps["version"]["text"]
    assert steps["version"]["advice"] == "use the same version on both ends"


def test_states_without_frames(context: Context) -> None:
    """A producer that says that a camera is live and sends nothing of it is not believed."""
    with FakeProducer(context, LIVE, replace(LIVE, camera="yard")) as producer:
        code, steps = probed(f"{producer.endpoint}/yard", "--wait", "500ms")
    assert code == ExitCode.CAMERA
    assert steps["frames"]["mark"] == Mark.FAIL


def test_clock_of_another_host(context: Context) -> None:
    """How far the other host's clock is off is told, and how exact ages are all the same."""
    address = CameraAddress.parse("tcp://127.0.0.1:1/door")
    with Stop() as stop, FakeProducer(context, ahead_ns=HOUR_NS) as producer:
        found = list(probe(replace(address, endpoint=producer.endpoint), seconds=1.0, max_age=1e4, wait=2.0, stop=stop))
    facts = found[-1].facts
    assert found[-1].name == "clock"
    assert abs(facts["ahead"] - 3600.0) <= facts["uncertainty"] + 0.001
    assert 0.0 < facts["uncertainty"] < 0.5


def test_quick_watches_nothing(context: Context) -> None:
    """A health check believes states, those of renditions aside, and watches no camera, which would wake it up."""
    rendition = replace(LIVE, camera="door?width=64", age=1000.0)
    down = replace(LIVE, camera="yard", state=State.OFFLINE, age=5.0, reason="it is unplugged")
    with FakeProducer(context, LIVE, rendition, down) as producer:
        code, steps = probed(producer.endpoint, "--quick")
        assert code == ExitCode.OK
        assert list(steps) == ["camera"]
        assert probed(producer.endpoint, "--quick", "--max-age", "1s")[0] == ExitCode.CAMERA
    assert {subscription[1:] for subscription in producer.subscriptions} == {b""}


def test_quick_tells_fresh_from_stale() -> None:
    """The exit status tells whether the last frame is fresh."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        publisher.publish("door", pictures.flat())
        publisher.publish("yard", pictures.flat(), captured_ns=time.monotonic_ns() - 60_000_000_000)
        assert probed(f"{publisher.endpoint}/door", "--quick")[0] == ExitCode.OK
        assert probed(f"{publisher.endpoint}/yard", "--quick")[0] == ExitCode.CAMERA
        assert probed(publisher.endpoint, "--quick")[0] == ExitCode.CAMERA
        assert probed(f"{publisher.endpoint}/yard", "--quick", "--max-age", "10m")[0] == ExitCode.OK
        assert probed(f"{publisher.endpoint}/dor", "--quick")[0] == ExitCode.CAMERA


@pytest.mark.parametrize("target", ["ftp://me:s3cret@host/door", "gopher:x"])
def test_target_of_no_kind(target: str) -> None:
    """What nobody can look into is told in one sentence, without its password."""
    ended = framefan("probe", target)
    assert ended.returncode in (ExitCode.USAGE, ExitCode.CAMERA)
    assert ended.stderr.count("\n") == 1
    assert "s3cret" not in ended.stdout + ended.stderr

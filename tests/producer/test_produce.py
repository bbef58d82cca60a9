"""`framefan produce` as users run it: real processes, real cameras, and what goes wrong with them."""

import http.server
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from framefan.common.errors import ExitCode
from framefan.common.state import CameraState, State
from framefan.consumer import Frame, NoFrame, Subscriber
from framefan.consumer.discovery import states
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from tests import pictures
from tests.programs import FRAMEFAN, Start, captures_of, eventually, framefan, producer

ANYWHERE = ("--bind", "tcp://127.0.0.1:0")
SECRETS = ("s3cret", "s3%63ret")


@pytest.fixture
def camera() -> Iterator[CameraServer]:
    """An RTSP camera without a password."""
    with CameraServer(port=0) as server:
        yield server


def frames(endpoint: str, camera: str, count: int) -> list[Frame]:
    """Return so many frames of a camera, none of which may be long in coming."""
    with Subscriber(f"{endpoint}/{camera}", timeout=15) as subscriber:
        return [subscriber.read() for _ in range(count)]


def state_of(endpoint: str, camera: str, wanted: Callable[[CameraState], bool], within: float = 15) -> CameraState:
    """Wait until a camera's state is as wanted and return it."""
    with Subscriber(f"{endpoint}/{camera}") as subscriber:

        def probe() -> CameraState | None:
            return subscriber.state if wanted(subscriber.state) else None

        return eventually(probe, f"the wanted state of {camera}, not {subscriber.state}", within=within)


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp(start: Start, camera: CameraServer, codec: str, transport: str) -> None:
    """An RTSP camera of each codec, over TCP and UDP, becomes numbered frames that are fresh and whole."""
    url = camera.url("door", codec=codec, size="320x176", fps=20)
    _, endpoint = producer(start, url, "--name", "door", "--transport", transport)
    found = frames(endpoint, "door", 15)
    assert [frame.seq for frame in found] == sorted({frame.seq for frame in found})
    assert all((frame.width, frame.height) == (320, 176) for frame in found)
    assert all(frame.image.shape == (176, 320, 3) for frame in found)
    assert found[-1].quality == (0 if codec == "mjpeg" else 80)
    told = state_of(endpoint, "door", lambda state: state.state is State.LIVE and state.fps > 10)
    assert told.codec == {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}[codec]
    assert (told.width, told.height) == (320, 176)
    assert told.age is not None
    assert told.age < 2


def test_hardware_decoding_falls_back_and_says_so(start: Start, camera: CameraServer) -> None:
    """Where the wanted hardware decoder is not there, frames come all the same, and the state tells how."""
    _, endpoint = producer(start, camera.url("door", size="320x176"), "--name", "door", "--hwaccel", "vaapi")
    assert frames(endpoint, "door", 3)
    told = state_of(endpoint, "door", lambda state: state.state is State.LIVE)
    assert told.reason == "there is no such hardware decoder here, so the CPU decodes"


def test_names_and_all_cameras_of_one_producer(start: Start, camera: CameraServer) -> None:
    """Several sources are several cameras, named or not, each with its own picture."""
    _, endpoint = producer(start, camera.url("door", size="320x176"), "test:320x180@10", "--name", "yard")
    assert frames(endpoint, "door", 3)[0].height == 176
    assert frames(endpoint, "yard", 3)[0].height == 180
    shown = framefan("list", endpoint).stdout
    assert re.search(r"^door +live +[\d.]+ +\d+ ms +320x176 +h264 ", shown, re.MULTILINE)
    assert re.search(r"^yard +live ", shown, re.MULTILINE)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of two seconds at 10 fps, whose pictures get brighter."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(20):
            image = pictures.flat(160, 96, (number * 10, number * 10, number * 10))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def test_film_is_paced_and_ends(start: Start, film: Path) -> None:
    """A film plays once at its own rate; then its readers are told that it ended, and the producer ends too."""
    program, endpoint = producer(start, str(film))
    with Subscriber(f"{endpoint}/film", timeout=10) as subscriber:
        times = [(time.monotonic(), float(frame.image.mean())) for frame in subscriber]
    assert 1.0 < times[-1][0] - times[0][0] < 4.0
    brightness = [value for _, value in times]
    assert brightness == sorted(brightness)
    assert brightness[-1] > 185, "the last picture, which the decoder gives out only at the end, was not seen"
    assert len([value for value in brightness if value > 165]) > 1, "the last three came all at once"
    assert program.wait() == ExitCode.OK
    program.wait_for("film ended: the file came to its end")


def test_film_loops(start: Start, film: Path) -> None:
    """With --loop it starts over, and numbers go on counting."""
    _, endpoint = producer(start, str(film), "--loop")
    with Subscriber(f"{endpoint}/film", timeout=10) as subscriber:
        assert next(frame for frame in subscriber if frame.seq > 45).age < 2


@contextmanager
def mjpeg_server() -> Iterator[str]:
    """An HTTP camera that shows a picture ten times a second."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if urlsplit(self.path).path != "/video":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            data = pictures.jpeg()
            try:
                while not over.wait(0.1):
                    head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
            except ConnectionError:
                pass

        def log_message(self, format: str, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_http_mjpeg_passes_through(start: Start) -> None:
    """The JPEGs of an HTTP camera arrive byte for byte."""
    with mjpeg_server() as address:
        program, endpoint = producer(start, f"{address}/video", "--name", "door", f"{address}/nix", "--name", "nix")
        assert [frame.jpeg for frame in frames(endpoint, "door", 5)] == [pictures.jpeg()] * 5
        program.wait_for(r"nix refused: .*no such stream \(404\)")


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"fault": "401"}, r"door refused: 127\.0\.0\.1:\d+: user name or password refused \(401\)"),
        ({"fault": "403"}, r"door refused: .*access forbidden \(403\)"),
        ({"fault": "404"}, r"door refused: .*no such stream \(404\)"),
        ({"fault": "453"}, r"door offline: .*too many viewers \(453\)"),
        ({"fault": "503"}, r"door offline: .*camera is busy \(503\)"),
        ({"novideo": 1}, r"door offline: .*no video stream is offered"),
        ({"fault": "mute-describe"}, r"door offline: .*did not answer within 10 s"),
        ({"fault": "close", "after": 1}, r"door offline: .*ended the stream"),
        ({"fault": "reset", "after": 1}, r"door offline: .*(broke the connection|ended the stream)"),
    ],
)
def test_faults_are_told_in_words(start: Start, camera: CameraServer, query: dict[str, object], complaint: str) -> None:
    """Whatever a camera refuses or breaks is told with its address and a remedy."""
    program, _ = producer(start, camera.url("door", size="320x176", **query))
    program.wait_for(complaint, within=20)


def test_wrong_password_is_told_and_appears_nowhere(start: Start) -> None:
    """Neither what is logged, nor states, nor the process list hold the password, right or wrong."""
    with CameraServer(port=0, credentials=Credentials("admin", "other", "digest")) as server:
        url = server.url("door").replace("rtsp://", f"rtsp://admin:{SECRETS[1]}@").replace("admin:other@", "")
        program, endpoint = producer(start, re.sub(r"//.*@", f"//admin:{SECRETS[1]}@", url))
        program.wait_for(r"door refused: .*password refused \(401\)")
        told = state_of(endpoint, "door", lambda state: state.state is State.REFUSED)
    commands = b"".join((Path(f"/proc/{pid}/cmdline")).read_bytes() for pid in captures_of(program.pid))
    for secret in SECRETS:
        assert secret not in program.output
        assert secret not in str(told)
        assert secret.encode() not in commands


def test_right_password(start: Start) -> None:
    """User and password in the URL open a camera that asks for them."""
    with CameraServer(port=0, credentials=Credentials("admin", "s3cret", "basic")) as server:
        url = re.sub(r"//(.*@)?", "//admin:s3cret@", server.url("door", size="320x176"))
        program, endpoint = producer(start, url)
        assert frames(endpoint, "door", 2)
        assert "s3cret" not in program.output


def test_not_an_rtsp_server(start: Start) -> None:
    """A server of another kind is told as such."""
    with mjpeg_server() as address:
        program, _ = producer(start, address.replace("http", "rtsp") + "/door")
        program.wait_for(r"door offline: 127\.0\.0\.1:\d+ .*RTSP|door offline: 127\.0\.0\.1:\d+: answered", within=20)


def test_unknown_host_and_refused_port(start: Start) -> None:
    """A host without an address and a port without a server are told, and tried again."""
    program, _ = producer(start, "rtsp://nohost.invalid/a", "rtsp://127.0.0.1:9/b")
    for told in (
        "a offline: host name 'nohost.invalid' is not known: check the source's URL",
        "b offline: 127.0.0.1:9 refuses connections: is it on, and is the port right?",
    ):
        eventually(lambda told=told: told in program.output, told, within=15)  # type: ignore[misc]


def test_what_can_never_work_ends_the_producer(tmp_path: Path) -> None:
    """A file that is no film ends a producer that has nothing else to do."""
    (tmp_path / "notes.txt").write_text("no film\n" * 100)
    ended = framefan("produce", str(tmp_path / "notes.txt"), *ANYWHERE)
    assert ended.returncode == ExitCode.CAMERA
    assert "notes offline: " in ended.stderr
    assert "is not a video file" in ended.stderr
    assert framefan("produce", "nix.mp4").returncode == ExitCode.CAMERA


def test_port_in_use(start: Start) -> None:
    """A second producer at the same port is told which one is taken."""
    _, endpoint = producer(start, "test:320x180@5")
    ended = framefan("produce", "test:", "--bind", endpoint)
    assert ended.returncode == ExitCode.BIND
    assert ended.stderr == (
        f"framefan produce: cannot bind {endpoint} for frames: address in use: "
        "stop the other program or choose another port\n"
    )


def test_killed_capture_is_replaced(start: Start) -> None:
    """A capture that dies is replaced; its camera's numbers go on, and its subscriber stays connected."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        before = subscriber.read()
        os.kill(eventually(lambda: captures_of(program.pid), "a capture", within=5)[0], signal.SIGKILL)
        after = next(frame for frame in subscriber if frame.run != before.run)
    assert after.seq > before.seq
    program.wait_for("door offline: capture died: SIGKILL")
    program.wait_for("door live")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_everything(start: Start, how: signal.Signals) -> None:
    """On Ctrl-C and SIGTERM a producer ends within seconds and leaves no capture and no port."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    frames(endpoint, "door", 1)
    captures = captures_of(program.pid)
    program.send_signal(how)
    assert program.wait(5) == -how
    assert not any(Path(f"/proc/{pid}").exists() for pid in captures)
    producer_again = framefan("list", endpoint, "--wait", "500ms")
    assert producer_again.returncode == ExitCode.CAMERA


def test_killed_hub_leaves_no_capture(start: Start) -> None:
    """Not even kill -9 of the hub leaves a capture behind."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    frames(endpoint, "door", 1)
    captures = captures_of(program.pid)
    assert captures
    program.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in captures), "no capture", within=5)


def test_subscriber_survives_a_restart_of_the_producer(start: Start) -> None:
    """A subscriber says that the producer is gone, and goes on by itself when it is back."""
    program, endpoint = producer(start, "test:320x180@20", "--name", "door")
    with Subscriber(f"{endpoint}/door", timeout=15) as subscriber:
        before = subscriber.read()
        program.kill()
        eventually(lambda: subscriber.state.state is State.UNREACHABLE, "it is missed", within=10)
        with pytest.raises(NoFrame, match="unreachable"):
            [subscriber.read(0.2) for _ in range(3)]
        start(FRAMEFAN, "produce", "test:320x180@20", "--name", "door", "--bind", endpoint)
        after = subscriber.read()
        assert after.run != before.run
        assert after.age < 2
        eventually(lambda: subscriber.state.state is State.LIVE, "it is live", within=10)


def test_states_of_a_producer(start: Start) -> None:
    """All states of a producer are to be had at once."""
    _, endpoint = producer(start, "test:320x180@20", "--name", "b", "test:320x180@20", "--name", "a")
    from framefan.common.address import Endpoint

    assert [state.camera for state in states(Endpoint.parse(endpoint), 5)] == ["a", "b"]


def test_picture_of_the_test_pattern(start: Start) -> None:
    """The test pattern moves."""
    _, endpoint = producer(start, "test:320x180@20", "--name", "door")
    first, *_, last = frames(endpoint, "door", 10)
    assert np.abs(first.image.astype(int) - last.image).mean() > 0.1


def test_age_of_reordered_pictures(start: Start, tmp_path: Path) -> None:
    """A picture that the decoder has held back for the sake of B-frames has the age of its own packet."""
    path = tmp_path / "film.mp4"
    noise = np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.options = {"bf": "3", "b-adapt": "0", "b-pyramid": "none"}
        for _ in range(40):
            image = noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    _, endpoint = producer(start, str(path), "--name", "film", "--loop")
    ages = sorted(frame.age for frame in frames(endpoint, "film", 25))
    assert ages[-3] > 0.15, "pictures that wait for two or three others are that much older"

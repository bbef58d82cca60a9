import logging
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import pytest
from av.container import InputContainer
from av.error import HTTPUnauthorizedError

from framefan.common.errors import BindError, SourceError
from framefan.producer.camera import stamp
from framefan.producer.camera.authentication import Credentials
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.settings import Settings

Connect = Callable[[str], Any]  # returns the RtspClient of conftest.py
Eventually = Callable[[Callable[[], bool]], None]
TRANSPORTS = ["tcp", "udp"]
CODECS = ["h264", "h265", "mjpeg"]


def program(name: str) -> str:
    """Return a program's path; where it is missing skip on a laptop, fail in CI."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    assert path is not None
    return path


def open_with_av(url: str, transport: str = "tcp") -> InputContainer:
    return av.open(url, options={"rtsp_transport": transport, "fpsprobesize": "0"}, timeout=(5, 5))


def moments(container: InputContainer, count: int) -> list[int | None]:
    """Return the stamps of the first pictures."""
    read = []
    for frame in container.decode(video=0):
        read.append(stamp.read(np.asarray(frame.to_ndarray(format="gray"), np.uint8)))
        if len(read) == count:
            return read
    raise AssertionError("the camera ended")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("codec", CODECS)
def test_pyav_plays(server: CameraServer, codec: str, transport: str) -> None:
    """PyAV reads every codec over both transports, whole pictures in their order from the first on."""
    with open_with_av(server.url("door", codec=codec), transport) as container:
        video = container.streams.video[0]
        assert (video.codec_context.width, video.codec_context.height) == (320, 176)
        read = moments(container, 12)
    assert all(read)
    assert read == sorted(filter(None, read))


@pytest.mark.parametrize(("codec", "transport"), [("h264", "tcp"), ("h265", "tcp"), ("mjpeg", "tcp"), ("h264", "udp")])
def test_opencv_plays(server: CameraServer, monkeypatch: pytest.MonkeyPatch, codec: str, transport: str) -> None:
    """OpenCV reads every codec over TCP, and H.264 over UDP."""
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", f"rtsp_transport;{transport}|fpsprobesize;0")
    capture = cv2.VideoCapture(server.url("door", codec=codec), cv2.CAP_FFMPEG)
    try:
        for _ in range(3):
            ok, image = capture.read()
            assert ok
            assert stamp.read(np.asarray(image, np.uint8)) is not None
    finally:
        capture.release()


@pytest.mark.parametrize("codec", CODECS)
def test_ffprobe_understands_the_stream(server: CameraServer, codec: str) -> None:
    """Ffprobe finds codec, size and rate without a complaint."""
    entries = "stream=codec_name,width,height,avg_frame_rate"
    command = [program("ffprobe"), "-v", "error", "-rtsp_transport", "tcp", "-show_entries", entries, "-of", "csv=p=0"]
    url = server.url("door", codec=codec)
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=20, check=True)
    name = {"h265": "hevc"}.get(codec, codec)
    assert done.stdout.strip() == f"{name},320,176,50/1"
    assert done.stderr == ""


def test_ffplay_shows_the_stream(server: CameraServer) -> None:
    """Ffplay plays until the camera ends, without a complaint."""
    command = [program("ffplay"), "-v", "error", "-autoexit", "-rtsp_transport", "tcp"]
    url = server.url("door", fault="close", after=0.5)
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    done = subprocess.run([*command, url], env=environment, capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""


def test_url_overrides_settings(server: CameraServer) -> None:
    """A query changes codec and size for its own stream only."""
    with open_with_av(server.url("a", codec="mjpeg", size="160x96")) as one, open_with_av(server.url("a")) as other:
        assert one.streams.video[0].codec_context.name == "mjpeg"
        assert next(one.decode(video=0)).width == 160
        assert next(other.decode(video=0)).width == 320


def test_clients_of_one_url_share_an_encoder(server: CameraServer, connect: Connect, eventually: Eventually) -> None:
    """Two clients get the same packets from one encoder, which stops when the last of them has left."""
    one, two = connect(server.url("door")).play(), connect(server.url("door")).play()
    first = two.picture()
    packets = [one.rtp() for _ in range(200)]
    assert all(packet in packets for packet in first)
    assert (server.statistics().sessions, server.statistics().encoders) == (2, 1)
    connect(server.url("yard")).play().picture()
    assert server.statistics().encoders == 2
    one.close()
    assert two.picture()
    two.close()
    eventually(lambda: server.statistics().encoders == 1)


def test_first_picture_is_a_keyframe_at_once(server: CameraServer, connect: Connect) -> None:
    """A client that joins gets a keyframe with its first picture, however long the interval is."""
    url = server.url("door", gop=10_000)
    for _ in range(2):
        first = connect(url).play().rtp()
        assert first[12] & 0x1F in (7, 24), "parameter sets come first"


def test_sender_report_comes_first(server: CameraServer, connect: Connect) -> None:
    """A client learns the wall-clock time of the stream before its first picture."""
    channel, packet = connect(server.url("door")).play().packet()
    assert (channel, packet[1]) == (1, 200)
    seconds = int.from_bytes(packet[8:12], "big") - 2_208_988_800
    assert abs(seconds - time.time()) < 10


def test_dialogue(server: CameraServer, connect: Connect) -> None:
    """Requests are answered as RFC 2326 has it, and a torn down session is gone."""
    client = connect(server.url("door"))
    assert "DESCRIBE" in client.ask("OPTIONS", "*").headers["Public"]
    assert client.ask("PLAY").status == 455
    described = client.ask("DESCRIBE")
    assert described.headers["Content-Type"] == "application/sdp"
    assert "sprop-parameter-sets=" in described.body
    assert client.ask("SETUP", Transport="RTP/AVP;multicast").status == 461
    assert client.set_up().headers["Session"].endswith(";timeout=60")
    assert client.ask("PLAY", Session="other").status == 454
    assert client.ask("PLAY").status == 200
    assert client.ask("GET_PARAMETER").status == 200
    assert client.ask("SETUP", Transport="RTP/AVP/TCP").status == 455
    pause = client.ask("PAUSE")
    assert (pause.status, pause.reason) == (501, "Not Implemented")
    assert client.ask("TEARDOWN").status == 200
    assert client.ask("PLAY").status == 454
    assert server.statistics().sessions == 0


def test_unknown_query_key_is_named(server: CameraServer, connect: Connect) -> None:
    """A misspelt query key is answered 400 with a reason that names it."""
    answer = connect(server.url("door", colour="red")).ask("DESCRIBE")
    assert (answer.status, answer.reason) == (400, "unknown query key 'colour'")


def test_nonsense_is_answered_and_hung_up(server: CameraServer, connect: Connect) -> None:
    """A client that speaks something else gets 400 and the end."""
    client = connect(server.url("door"))
    client.socket.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.answer().status == 400
    assert client.socket.recv(1) == b""


def test_most_sessions(connect: Connect, eventually: Eventually) -> None:
    """One client more than allowed is answered 453, until one has left."""
    with CameraServer(port=0, sessions=1) as server:
        one, two = connect(server.url("a")), connect(server.url("b"))
        assert one.set_up().status == 200
        assert two.set_up().status == 453
        one.close()
        eventually(lambda: server.statistics().sessions == 0)
        assert two.set_up().status == 200


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_password(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    """PyAV and OpenCV get in with the right password only, and no log tells it."""
    caplog.set_level(logging.DEBUG)
    secret = Credentials("me", "p@ss/word", scheme)
    with CameraServer(port=0, settings=Settings(size=(160, 96)), credentials=secret) as server:
        url = server.url("door")
        with open_with_av(url) as container:
            assert moments(container, 2)
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
        assert capture.read()[0]
        capture.release()
        for wrong in (url.replace("me:", "you:"), url.replace("word", "work"), f"{server.address}/door"):
            with pytest.raises(HTTPUnauthorizedError):
                open_with_av(wrong)
    assert "p@ss" not in caplog.text
    assert "p%40ss" not in caplog.text


def test_client_that_vanishes_is_noticed(server: CameraServer, connect: Connect, eventually: Eventually) -> None:
    """A client that dies without a word frees its session and its encoder."""
    client = connect(server.url("door")).play()
    client.picture()
    client.close()
    eventually(lambda: server.statistics() == type(server.statistics())(0, 0, 0))


def test_close_leaves_nothing(connect: Connect) -> None:
    """A closed server has disconnected its clients and ended its threads."""
    before = set(threading.enumerate())
    with CameraServer(port=0) as server:
        client = connect(server.url("door")).play()
        client.picture()
        assert len(set(threading.enumerate()) - before) == 2
    assert set(threading.enumerate()) <= before
    with pytest.raises((EOFError, ConnectionResetError)):
        all(iter(client.packet, None))
    server.close()


def test_port_in_use_is_told() -> None:
    """A port that somebody else has is told with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BindError) as caught:
            CameraServer(port=port)
    expected = f"cannot bind rtsp://127.0.0.1:{port}: address in use, choose another --port"
    assert str(caught.value) == expected


def test_host_that_is_not_ours_is_told() -> None:
    """A host that cannot be listened at is told with the system's reason."""
    with pytest.raises(BindError) as caught:
        CameraServer(host="192.0.2.1", port=8554)
    assert str(caught.value) == "cannot bind rtsp://192.0.2.1:8554: Cannot assign requested address"


def test_clients_that_come_and_go_at_once_leave_nothing(server: CameraServer, eventually: Eventually) -> None:
    """Connections that are reset before they are served do no harm."""
    port = urlsplit(server.address).port
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", port)) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: server.statistics().connections == 0)
    with open_with_av(server.url("door")) as container:
        assert moments(container, 1)


def test_film_is_shown_in_a_loop(tmp_path: Path) -> None:
    """A film shorter than the stream starts over, scaled to the stream's size."""
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for level in (40, 220):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), level, np.uint8), format="rgb24")
            for _ in range(5):
                container.mux(stream.encode(picture))
        container.mux(stream.encode())
    settings = Settings(size=(128, 96), fps=50)
    with CameraServer(port=0, film=film, settings=settings) as server, open_with_av(server.url("x")) as container:
        bright = []
        for frame in container.decode(video=0):
            assert (frame.width, frame.height) == (128, 96)
            bright.append(frame.to_ndarray(format="gray").mean() > 128)
            if len(bright) == 60:
                break
    changes = sum(left != right for left, right in pairwise(bright))
    assert changes >= 4


def test_film_that_is_none_is_told(tmp_path: Path) -> None:
    """A file that holds no video is told before any port is opened."""
    text = tmp_path / "notes.txt"
    text.write_text("no film")
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        container.mux(container.add_stream("pcm_s16le", rate=8000).encode())
    for path in (text, sound, tmp_path / "missing.mp4"):
        with pytest.raises(SourceError, match="cannot play"):
            CameraServer(port=0, film=path)


def run_command(*words: str, **environment: str) -> subprocess.Popen[str]:
    code = "import sys; from framefan.producer.camera.cli import camera; from framefan.common.command import main"
    return subprocess.Popen(
        [sys.executable, "-c", f"{code}; sys.exit(main())", "camera", *words],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_command_serves_until_it_is_told_to_stop() -> None:
    """`framefan camera` tells its address, asks for the password of its environment, and stops on SIGTERM at once."""
    words = ("--port", "0", "--size", "160x96", "--user", "me")
    with run_command(*words, FRAMEFAN_PASSWORD="secret") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.rstrip().endswith("/ (any path; h264 160x96 25 fps)")
        address = line.split(" at ")[1].split("/ ")[0].removeprefix("rtsp://")
        with open_with_av(f"rtsp://me:secret@{address}/door") as container:
            assert moments(container, 1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == -signal.SIGTERM
        assert "secret" not in process.stderr.read()


def test_command_tells_what_is_wrong() -> None:
    """A user without a password, or a size that JPEG cannot have, ends the command with one sentence."""
    for words, message in (
        (["--user", "me"], "--user and --password (or FRAMEFAN_PASSWORD) need each other"),
        (["--codec", "mjpeg", "--size", "640x364"], "--size: mjpeg over RTP needs sides in multiples of 8"),
    ):
        with run_command(*words) as process:
            assert process.stderr is not None
            assert message in process.stderr.read()
            assert process.wait(timeout=5) == 2

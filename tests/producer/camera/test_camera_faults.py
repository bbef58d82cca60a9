from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import av
import pytest

from framefan.producer.camera.faults import Faults
from framefan.producer.camera.server import CameraServer
from framefan.producer.camera.stream import Picture
from framefan.producer.camera.viewer import Viewer
from tests.producer.camera.conftest import SMALL

Connect = Callable[[str], Any]  # returns the RtspClient of conftest.py
Eventually = Callable[[Callable[[], bool]], None]


class SlowOutlet:
    """An outlet that counts, and is congested when told."""

    def __init__(self) -> None:
        self.congested = False
        self.sent: list[bytes] = []

    def send(self, packets: Sequence[bytes]) -> None:
        self.sent += packets

    def report(self, packet: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def picture(name: str, keyframe: bool = False) -> Picture:
    return Picture((b"0123456789ab" + name.encode(),), keyframe, 1, 0, 0)


def sequence(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


def timestamp(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


def is_silent(client: Any, seconds: float = 0.3) -> bool:
    """Return whether nothing comes for a while."""
    client.socket.settimeout(seconds)
    try:
        client.socket.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        client.socket.settimeout(5)


def test_slow_client_misses_pictures_up_to_the_next_keyframe() -> None:
    """A congested client goes on with a keyframe, so that it never decodes what it has no reference for."""
    outlet = SlowOutlet()
    viewer = Viewer(outlet, Faults(), lambda: None)
    for name, keyframe, congested in [
        ("p0", False, False),
        ("K1", True, False),
        ("p2", False, False),
        ("p3", False, True),
        ("p4", False, False),
        ("K5", True, True),
        ("p6", False, False),
        ("K7", True, False),
        ("p8", False, False),
    ]:
        outlet.congested = congested
        viewer.receive(picture(name, keyframe))
    assert [packet[12:] for packet in outlet.sent] == [b"K1", b"p2", b"K7", b"p8"]


def test_freeze_keeps_the_connection(server: CameraServer, connect: Connect) -> None:
    """A frozen camera sends one picture, then nothing, and still answers."""
    client = connect(server.url("door", fault="freeze")).play()
    client.picture()
    assert is_silent(client)
    assert client.ask("GET_PARAMETER").status == 200


def test_freeze_ends_with_a_keyframe(server: CameraServer, connect: Connect) -> None:
    """A camera that freezes for a while goes on with a keyframe."""
    client = connect(server.url("door", fault="freeze", after=0.1, for_=1)).play()
    before, after = client.picture(), client.picture()
    while timestamp(after[0]) - timestamp(before[0]) < 0.9 * 90_000:
        before, after = after, client.picture()
    assert after[0][12] & 0x1F in (7, 24)


def test_close_ends_in_order(server: CameraServer, connect: Connect) -> None:
    """A camera that closes ends its connection with FIN, after whole pictures."""
    client = connect(server.url("door", fault="close", after=0.2)).play()
    received: list[bytes] = []
    with pytest.raises(EOFError):
        received.extend(iter(client.rtp, None))
    assert received[-1][1] & 0x80


def test_reset_ends_without_order(server: CameraServer, connect: Connect) -> None:
    """A camera that resets ends its connection with RST."""
    client = connect(server.url("door", fault="reset", after=0.2)).play()
    with pytest.raises(ConnectionResetError):
        all(iter(client.rtp, None))


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
def test_mute_to_one_request(server: CameraServer, connect: Connect, method: str) -> None:
    """A camera that is mute to one request answers those before it."""
    client = connect(server.url("door", fault=f"mute-{method.lower()}"))
    assert client.ask("OPTIONS").status == 200
    if method != "DESCRIBE":
        assert client.ask("DESCRIBE").status == 200
    if method == "PLAY":
        assert client.set_up().status == 200
    client.send(method, Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
    assert is_silent(client)


def test_mute_to_everything(server: CameraServer, connect: Connect) -> None:
    """A mute camera does not even answer OPTIONS."""
    client = connect(server.url("door", fault="mute"))
    client.send("OPTIONS")
    assert is_silent(client)


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_status_to_describe(server: CameraServer, connect: Connect, status: int) -> None:
    """A camera that refuses answers DESCRIBE with the status; 401 comes with a challenge."""
    answer = connect(server.url("door", fault=status)).ask("DESCRIBE")
    assert answer.status == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_status_453_to_setup(server: CameraServer, connect: Connect) -> None:
    """A camera without bandwidth describes itself and answers SETUP with 453."""
    client = connect(server.url("door", fault=453))
    assert client.ask("DESCRIBE").status == 200
    assert client.set_up().status == 453


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_resize(server: CameraServer, codec: str) -> None:
    """The picture changes its size in mid-stream, without an error."""
    url = server.url("door", codec=codec, resize="160x96", after=0.3)
    sizes = set()
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as container:
        for frame in container.decode(video=0):
            sizes.add((frame.width, frame.height))
            if (160, 96) in sizes:
                break
    assert sizes == {(320, 176), (160, 96)}


def test_drop_loses_the_same_packets_each_time(server: CameraServer, connect: Connect) -> None:
    """A fraction of the packets is missing, by a pattern that repeats."""
    patterns = []
    for name in ("a", "b"):
        client = connect(server.url(name, drop=0.3)).play()
        numbers = [sequence(client.rtp()) for _ in range(100)]
        patterns.append([(number - numbers[0]) % 65_536 for number in numbers])
    assert patterns[0] == patterns[1]
    assert 120 < patterns[0][-1] < 180


def test_midgop_starts_without_a_keyframe(server: CameraServer, connect: Connect) -> None:
    """A stream that is joined in the middle starts with a picture that cannot be decoded."""
    first = connect(server.url("door", midgop=True, gop=1000)).play().rtp()
    kind = first[12] & 0x1F
    assert (first[13] & 0x1F if kind == 28 else kind) == 1


def test_novideo_offers_sound_only(server: CameraServer, connect: Connect) -> None:
    """A camera without video describes an audio track, which can be set up and stays silent."""
    client = connect(server.url("door", novideo=True))
    body = client.ask("DESCRIBE").body
    assert "m=audio" in body
    assert "m=video" not in body
    client.play()
    assert is_silent(client)
    assert server.statistics().encoders == 0


def test_jump_moves_timestamps(server: CameraServer, connect: Connect) -> None:
    """Timestamps jump once, by as much as asked for."""
    client = connect(server.url("door", jump=-10, after=0.2)).play()
    times = [timestamp(client.picture()[0]) for _ in range(40)]
    steps = [(after - before + 2**31) % 2**32 - 2**31 for before, after in pairwise(times)]
    jumps = [step for step in steps if step < 0]
    assert len(jumps) == 1
    assert jumps[0] == pytest.approx(-10 * 90_000, abs=0.5 * 90_000)


def test_cut_packets_lose_their_second_half() -> None:
    """A fraction of the packets is cut off in the middle, by a pattern that repeats, and none is missing."""
    patterns = []
    for _ in range(2):
        outlet = SlowOutlet()
        viewer = Viewer(outlet, Faults(cut=0.3), lambda: None)
        for _ in range(100):
            viewer.receive(picture("name", keyframe=True))
        patterns.append([len(packet) for packet in outlet.sent])
    assert patterns[0] == patterns[1]
    assert len(patterns[0]) == 100
    assert set(patterns[0]) == {8, 16}
    assert 10 < patterns[0].count(8) < 50


def test_session_times_out(server: CameraServer, connect: Connect, eventually: Eventually) -> None:
    """A camera with a time-out tells it, and ends a session that no request has kept alive for so long."""
    silent, alive = (connect(server.url(name, timeout=1)) for name in ("a", "b"))
    assert silent.set_up().headers["Session"].endswith(";timeout=1")
    assert alive.set_up().status == 200
    with pytest.raises(EOFError):
        all(silent.ask("OPTIONS", "*") and alive.ask("GET_PARAMETER") for _ in range(1_000_000))
    assert alive.ask("GET_PARAMETER").status == 200


def test_session_lingers(connect: Connect, eventually: Eventually) -> None:
    """A session outlives a connection that is lost, and its place stays taken; after TEARDOWN it does not."""
    with CameraServer(port=0, settings=SMALL, sessions=1) as server:
        for farewell in (True, False):
            client = connect(server.url("door", linger=0.5))
            assert client.set_up().status == 200
            if farewell:
                client.ask("TEARDOWN")
            client.close()
            eventually(lambda: server.statistics().connections == 0)
            assert server.statistics().sessions == (0 if farewell else 1)
        eventually(lambda: server.statistics().sessions == 0)

"""Hosts whose name has several addresses, of which one answers: in a namespace with names of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures
from tests.namespace import DROPPING, UNROUTABLE, Namespace
from tests.programs import FRAMEFAN, Program, Start, unavailable

READER = """
import sys
from framefan.consumer import Subscriber, VideoCapture

with Subscriber(sys.argv[1], timeout=15) as camera:
    print("subscriber", camera.read().seq, flush=True)
with Subscriber(sys.argv[1], timeout=15, group="all") as member:
    print("member", member.read().seq, flush=True)
capture = VideoCapture(sys.argv[1])
print("capture", capture.read()[0], flush=True)
capture.release()
"""

WATCHER = """
import sys
from framefan.consumer import NoFrame, Subscriber

with Subscriber(sys.argv[1]) as camera:
    while True:
        try:
            print("frame", camera.read(1.0).seq, flush=True)
        except NoFrame as missing:
            print("none", missing.state, missing.reason, flush=True)
"""

HTTP_CAMERA = """
import http.server, pathlib, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=picture")
        self.end_headers()
        while True:
            head = b"--picture\\r\\nContent-Type: image/jpeg\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(jpeg)
            self.wfile.write(head + jpeg + b"\\r\\n")
            time.sleep(0.1)

jpeg = pathlib.Path(sys.argv[1]).read_bytes()
http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""

USUAL = ("127.0.0.1 localhost", "::1 localhost")
SILENT = f"{DROPPING[0]} localhost"
THREE = (f"{UNROUTABLE} localhost", SILENT, f"{DROPPING[1]} localhost", USUAL[0])


@pytest.fixture
def space() -> Iterator[Namespace]:
    """A namespace for one test."""
    try:
        with Namespace() as made:
            yield made
    except OSError as error:
        unavailable(str(error))


def produce(start: Start, space: Namespace, host: str, *words: str) -> Program:
    """Start a producer with a camera `door`; return it when it listens."""
    command = (FRAMEFAN, "produce", *(words or ("test:320x176@25", "--name", "door")))
    program = start(*space.within, *command, "--bind", f"tcp://{host}:5550")
    program.wait_for("publishing")
    return program


@pytest.mark.parametrize(
    ("hosts", "at"),
    [
        (USUAL, "127.0.0.1"),
        (USUAL[::-1], "127.0.0.1"),
        ((SILENT, USUAL[0]), "127.0.0.1"),
        (THREE, "127.0.0.1"),
        (USUAL[1:], "::1"),
    ],
    ids=["usual", "other order", "first drops", "unroutable and dropping", "ipv6 only"],
)
def test_consumers_reach_the_address_that_answers(
    start: Start, space: Namespace, hosts: tuple[str, ...], at: str
) -> None:
    """Whichever of a name's addresses the producer listens at, every kind of consumer gets there."""
    space.name(*hosts)
    produce(start, space, f"[{at}]" if ":" in at else at)
    relay = start(
        *space.within, FRAMEFAN, "produce", "tcp://localhost:5550/door", "--name", "hall", "--bind", "tcp://[::1]:6550"
    )
    reader = start(*space.within, sys.executable, "-c", READER, "tcp://localhost:5550/door")
    for each in ("subscriber", "member", "capture True"):
        reader.wait_for(f"^{each}")
    relay.wait_for("hall live")
    behind = start(*space.within, sys.executable, "-c", WATCHER, "tcp://[::1]:6550/hall")
    behind.wait_for("^frame")
    listed = space.run(FRAMEFAN, "list", "tcp://localhost:5550")
    assert "door" in listed.stdout, listed
    probed = space.run(FRAMEFAN, "probe", "tcp://localhost:5550/door", "--for", "1s")
    assert probed.returncode == 0, probed
    assert f" at {at}\n" in probed.stdout


@pytest.mark.parametrize("hosts", [USUAL, (SILENT, USUAL[0])], ids=["usual", "first drops"])
def test_cameras_are_reached_at_the_address_that_answers(
    start: Start, space: Namespace, hosts: tuple[str, ...], tmp_path: Path
) -> None:
    """A source is opened at whichever of its name's addresses answers, by our clients and by FFmpeg's."""
    space.name(*hosts)
    (tmp_path / "picture.jpg").write_bytes(pictures.jpeg())
    start(*space.within, FRAMEFAN, "camera", "--size", "320x176").wait_for("camera at")
    start(*space.within, sys.executable, "-c", HTTP_CAMERA, str(tmp_path / "picture.jpg"))
    sources = ("rtsp://localhost:8554/a", "--name", "rtsp", "http://localhost:8080/b", "--name", "http")
    program = produce(start, space, "127.0.0.1", *sources)
    lives = {program.wait_for("(rtsp|http) live", within=20)[1] for _ in range(2)}
    assert lives == {"rtsp", "http"}
    probed = space.run(FRAMEFAN, "probe", "rtsp://localhost:8554/a", "--for", "1s", within=30)
    assert "ok    connect" in probed.stdout, probed
    udp = start(
        *space.within,
        FRAMEFAN,
        "produce",
        "rtsp://localhost:8554/a",
        "--transport",
        "udp",
        "--bind",
        "tcp://[::1]:5550",
    )
    udp.wait_for(" live", within=20)


def test_producer_that_moves_is_followed(start: Start, space: Namespace) -> None:
    """When a name gets another address, as by a new lease, readers and relays that were connected go there."""
    space.name("127.0.0.11 server")
    first = produce(start, space, "127.0.0.11")
    watcher = start(*space.within, sys.executable, "-c", WATCHER, "tcp://server:5550/door")
    relay = start(*space.within, FRAMEFAN, "produce", "tcp://server:5550", "--bind", "tcp://[::1]:5550")
    behind = start(*space.within, sys.executable, "-c", WATCHER, "tcp://[::1]:5550/door")
    for each in (watcher, behind):
        each.wait_for("^frame")
    first.kill()
    watcher.wait_for(r"^none unreachable connection refused \(tried 127\.0\.0\.11: refused\): start a producer there")
    relay.wait_for(r"door offline: producer tcp://server:5550 is silent: connection refused \(tried 127\.0\.0\.11")
    space.name("198.51.100.1 server")
    produce(start, space, "198.51.100.1")
    for each in (watcher, behind):
        each.skip_lines()
        each.wait_for("^frame", within=20)


def test_reader_that_is_earlier_than_its_producer(start: Start, space: Namespace) -> None:
    """A reader and a relay that find nobody wait, say with whom they tried, and connect when the producer is there."""
    space.name(*USUAL)
    watcher = start(*space.within, sys.executable, "-c", WATCHER, "tcp://localhost:5550/door")
    relay = start(*space.within, FRAMEFAN, "produce", "tcp://localhost:5550", "--bind", "tcp://[::1]:6550")
    watcher.wait_for(r"^none unreachable connection refused \(tried ::1: refused, 127\.0\.0\.1: refused\)")
    produce(start, space, "127.0.0.1")
    watcher.wait_for("^frame")
    relay.wait_for("door live")


def test_name_that_nothing_answers_for(space: Namespace) -> None:
    """An error lists all the addresses that were tried, or says that the name is not known."""
    space.name(SILENT, *USUAL)
    listed = space.run(FRAMEFAN, "list", "tcp://localhost:5550", "--wait", "1s")
    addresses = f"(tried ::1: refused, 127.0.0.1: refused, {DROPPING[0]}: no answer)"
    assert addresses in listed.stderr, listed
    probed = space.run(FRAMEFAN, "probe", "tcp://localhost:5550/door", "--wait", "1s")
    assert f"frames: connection refused {addresses}" in probed.stdout, probed
    probed = space.run(FRAMEFAN, "probe", "rtsp://localhost:554/door")
    assert "localhost:554 refuses connections (tried " in probed.stdout, probed
    listed = space.run(FRAMEFAN, "list", "tcp://nowhere:5550", "--wait", "1s")
    assert "host name 'nowhere' is not known: check the address" in listed.stderr, listed


@pytest.mark.parametrize("host", ["localhost", "*"])
def test_every_address_is_listened_at(start: Start, space: Namespace, host: str) -> None:
    """A producer bound to a name listens at all of its addresses, and at `*` on both families."""
    space.name(*USUAL)
    produce(start, space, host)
    for near in ("127.0.0.1", "[::1]"):
        assert "door" in space.run(FRAMEFAN, "list", f"tcp://{near}:5550").stdout


@pytest.mark.parametrize("host", ["localhost", "*"])
def test_host_without_ipv6(start: Start, space: Namespace, host: str) -> None:
    """Where IPv6 is switched off, producer and reader find each other although the name has such an address."""
    space.name(*USUAL)
    off = space.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    assert off.returncode == 0, off
    produce(start, space, host)
    assert "door" in space.run(FRAMEFAN, "list", "tcp://localhost:5550").stdout

"""Producers that republish cameras of other producers: real processes, killed, frozen and in a circle."""

import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from framefan.common.address import Endpoint
from framefan.common.state import CameraState, State
from framefan.consumer import Frame, NoFrame, Subscriber
from framefan.consumer.discovery import states
from framefan.producer import Publisher
from tests import pictures
from tests.programs import FRAMEFAN, Program, Start, eventually, producer

LEAVES = 2 * 10.0 + 5.0
"""Seconds after which both producers have noticed that the last watcher has left, on a busy machine."""
CAMERA = "test:320x176@10"

# What makes a host another one: its boot id, and clocks that have nothing to do with those of others.
ANOTHER_HOST = """
import sys, time
from framefan.common import clock

true_time_ns, true_monotonic_ns = time.time_ns, time.monotonic_ns
time.time_ns = lambda: true_time_ns() + 3_600_000_000_000
time.monotonic_ns = lambda: true_monotonic_ns() + 1_000_000_000_000_000
clock.boot_id = lambda: "another host"

from framefan.common.command import main
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def publishing(*cameras: str, bind: str = "tcp://127.0.0.1:0") -> Iterator[Publisher]:
    """Publish cameras 20 times a second, each picture another one."""
    over = threading.Event()

    def run() -> None:
        seed = 0
        while not over.wait(0.05):
            seed += 1
            for camera in cameras:
                publisher.publish(camera, pictures.jpeg(pictures.noisy(64, 48, seed)))

    with Publisher(bind) as publisher:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield publisher
        finally:
            over.set()
            thread.join()


def found(endpoint: str) -> dict[str, CameraState]:
    """Return the states that a producer tells, by name; none if it tells nothing."""
    try:
        return {state.camera: state for state in states(Endpoint.parse(endpoint), 2)}
    except NoFrame:
        return {}


def wait_for(
    endpoint: str, camera: str, state: State, reason: str = "", *, seq: int = 0, within: float = 15
) -> CameraState:
    """Wait until a camera is in a state, with some words in the reason and a frame of that number or a later one."""

    def probe() -> CameraState | None:
        told = found(endpoint).get(camera)
        return told if told and told.state is state and reason in told.reason and told.seq >= seq else None

    return eventually(probe, f"{camera} {state}: {reason}", within=within)


def newer(subscriber: Subscriber, than: Frame, within: float = 15) -> Frame:
    """Read until a frame comes from another life of the camera."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if (frame := subscriber.read(1)).run != than.run:
                return frame
        except NoFrame:
            continue
    pytest.fail(f"no frame after {than}")


def wait_until_silent(subscriber: Subscriber) -> None:
    """Read until no frame comes for a second."""
    while True:
        try:
            subscriber.read(1)
        except NoFrame:
            return


@pytest.mark.parametrize("levels", [1, 2])
def test_frames_are_untouched(start: Start, levels: int) -> None:
    """Bytes, number, life and moment of capture are the same at both ends, over one relay or two, and so is the age."""
    with publishing("door", "yard") as edge, ExitStack() as opened:
        endpoint = edge.endpoint
        for _ in range(levels):
            endpoint = producer(start, endpoint)[1]
        here = opened.enter_context(Subscriber(f"{edge.endpoint}/door", timeout=15))
        there = opened.enter_context(Subscriber(f"{endpoint}/door", timeout=15))
        compared, original = 0, here.read()
        while compared < 20:
            frame = there.read()
            while original.seq < frame.seq:
                original = here.read()
            if original.seq == frame.seq:  # else it was replaced here by a newer one before it was read
                compared += 1
                assert bytes(frame.data) == bytes(original.data)
                assert (frame.captured_ns, frame.run, frame.local_ns) == (
                    original.captured_ns,
                    original.run,
                    original.local_ns,
                )
        assert there.read().age < 1
        told = wait_for(endpoint, "yard", State.LIVE)
        assert (told.width, told.height, told.codec, told.watchers, told.idle) == (64, 48, "jpeg", 0, True)
        assert len(told.via.split()) == levels + 1


@pytest.mark.timeout(120)
def test_interest_is_passed_on(start: Start) -> None:
    """Nobody behind the relay: idle at the edge. A rendition is made there, for all; what nobody watches is left."""
    _, edge = producer(start, CAMERA, "--name", "door", "--renditions", "1")
    _, relay = producer(start, edge)
    wait_for(relay, "door", State.LIVE)
    assert eventually(lambda: found(edge)["door"].idle, "the edge is idle", within=LEAVES)
    with ExitStack() as opened:
        watchers = [opened.enter_context(Subscriber(f"{relay}/door?width=160", timeout=15)) for _ in range(3)]
        assert [watcher.read().width for watcher in watchers] == [160] * 3
        assert eventually(lambda: found(relay)["door?width=160"].width == 160, "its size", within=5)
        assert found(relay)["door?width=160"].watchers == 3
        assert {topic: told.watchers for topic, told in found(edge).items()} == {"door": 0, "door?width=160": 1}
        with Subscriber(f"{relay}/door?width=80") as other:
            reason = "door may have 1 renditions, which are taken: use one of width=160"
            eventually(lambda: reason in other.state.reason, "the edge's reason", within=5)
            assert other.state.state is State.REFUSED
    assert eventually(lambda: found(edge).keys() == {"door"}, "nothing is watched", within=LEAVES)
    assert eventually(lambda: found(edge)["door"].idle, "the edge is idle again", within=LEAVES)
    with Subscriber(f"{relay}/door", timeout=15) as again:
        assert again.read().age < 1
        assert found(edge)["door"].watchers == 1


@pytest.mark.timeout(120)
def test_either_side_restarts(start: Start) -> None:
    """A consumer behind the relay goes on after the edge was killed, then frozen, and after the relay was killed."""
    program, edge = producer(start, CAMERA, "--name", "door")
    relaying, relay = producer(start, edge)
    with (
        Subscriber(f"{relay}/door", timeout=15) as subscriber,
        Subscriber(f"{relay}/door", mode="pull", timeout=15) as puller,
    ):
        while (before := subscriber.read()).seq < 20:
            pass
        while (pulled := puller.read()).seq < 20:
            pass
        program.kill()
        wait_for(relay, "door", State.OFFLINE, f"producer {edge} is silent")
        program = start(FRAMEFAN, "produce", CAMERA, "--name", "door", "--bind", edge)
        after = newer(subscriber, before)
        assert after.captured_ns > before.captured_ns
        assert after.seq < before.seq  # it numbers anew
        assert newer(puller, pulled).seq < pulled.seq
        assert eventually(lambda: subscriber.state.state is State.LIVE, "live", within=5)

        program.send_signal(signal.SIGSTOP)
        wait_for(relay, "door", State.OFFLINE, f"producer {edge} is silent")
        program.send_signal(signal.SIGCONT)
        assert next(frame for frame in subscriber if frame.seq > after.seq + 40).age < 2

        relaying.kill()
        wait_until_silent(subscriber)
        start(FRAMEFAN, "produce", edge, "--bind", relay)
        assert subscriber.read(15).age < 2


def test_cameras_come_and_go(start: Start, tmp_path: Path) -> None:
    """A relay of a producer follows its cameras; one that is named stays, and tells that it is not there."""
    config = tmp_path / "framefan.toml"
    door, yard = (f"[cameras.{name}]\nsource = '{CAMERA}'\n" for name in ("door", "yard"))
    config.write_text(door)
    edge_program, edge = producer(start, "--config", str(config))
    relay = producer(start, edge)[1]
    named = producer(start, f"{edge}/yard", "--name", "back")[1]
    wait_for(named, "back", State.OFFLINE, f"producer {edge} has no camera yard")
    assert found(relay).keys() == {"door"}
    config.write_text(yard)
    edge_program.send_signal(signal.SIGHUP)
    eventually(lambda: found(relay).keys() == {"yard"}, "the door has gone, the yard has come", within=15)
    wait_for(named, "back", State.LIVE)
    for address, name in ((f"{relay}/yard", "yard"), (f"{named}/back", "back")):
        with Subscriber(address, timeout=15) as subscriber:
            assert subscriber.read().camera == name


def test_one_name_twice(start: Start) -> None:
    """Of two cameras of one name the first producer's is relayed, whoever comes first; the other one can be renamed."""
    with publishing("door") as second:
        reserved = Publisher("tcp://127.0.0.1:0")
        endpoint = reserved.endpoint
        reserved.close()
        program, relay = producer(start, endpoint, second.endpoint)
        wait_for(relay, "door", State.LIVE)
        with publishing("door", bind=endpoint) as first:
            program.wait_for(f"{second.endpoint}/door is not relayed, since {endpoint} has one.*--name another")
            wait_for(relay, "door", State.LIVE, f"{second.endpoint}/door is not relayed")
            both = producer(start, endpoint, f"{second.endpoint}/door", "--name", "back")[1]
            with Subscriber(f"{both}/door", timeout=15) as one, Subscriber(f"{both}/back", timeout=15) as other:
                assert one.read().run != other.read().run
                assert other.read().camera == "back"
                assert first.endpoint == endpoint


def test_circles_are_refused(start: Start, tmp_path: Path) -> None:
    """What comes from a producer is not relayed by it, neither directly nor by another one, however it is called."""
    config = tmp_path / "framefan.toml"
    config.write_text(f"[cameras.door]\nsource = '{CAMERA}'\n")
    program, here = producer(start, "--config", str(config))
    there = producer(start, here)[1]
    wait_for(there, "door", State.LIVE)
    circles = {"self": f"{here}/door", "circle": f"{there}/door", "ghost": f"{there}/ghost"}
    with config.open("a") as file:
        file.writelines(f"[cameras.{name}]\nsource = '{source}'\n" for name, source in circles.items())
    program.send_signal(signal.SIGHUP)
    for name, source in circles.items():
        if name != "ghost":
            wait_for(here, name, State.REFUSED, f"a loop: {source} comes from here, {here}")
    wait_for(here, "ghost", State.OFFLINE, "has no camera ghost", within=15)
    assert found(here)["door"].state is State.LIVE
    assert found(there)["door"].state is State.LIVE
    mirror = producer(start, f"{here}/mirror", "--name", "mirror")[1]
    with config.open("a") as file:
        file.write(f"[cameras.mirror]\nsource = '{mirror}/mirror'\n")
    program.send_signal(signal.SIGHUP)
    for endpoint in (here, mirror):
        wait_for(endpoint, "mirror", State.REFUSED, "a loop: ")
    with Subscriber(f"{there}/door", timeout=15) as subscriber:
        assert subscriber.read().age < 1


def test_slow_consumer_behind_the_relay_gets_now(start: Start) -> None:
    """Whoever works half a second on each frame finds the newest one when it is done."""
    with publishing("door") as edge:
        _, relay = producer(start, edge.endpoint)
        with Subscriber(f"{relay}/door", timeout=15) as subscriber:
            ages = []
            for _ in range(8):
                ages.append(subscriber.read().age)
                time.sleep(0.5)
    assert statistics.median(ages) < 0.3


def another_host(start: Start, *words: str) -> tuple[Program, str]:
    """Start a producer on what takes itself for another host, whose clocks are off."""
    program = start(sys.executable, "-c", ANOTHER_HOST, "produce", *words, "--bind", "tcp://127.0.0.1:0")
    return program, program.wait_for(r"publishing .* at (tcp://127\.0\.0\.1:\d+)")[1]


def test_ages_are_true_where_clocks_differ(start: Start) -> None:
    """Ages are right behind a relay on a host of other clocks, from the first frame on; wall time is the edge's."""
    with publishing("door") as edge:
        _, relay = another_host(start, edge.endpoint)
        with Subscriber(f"{relay}/door", timeout=15) as subscriber:
            errors = []
            for _ in range(30):
                frame = subscriber.read()
                errors.append(frame.age - (time.time_ns() - frame.captured_ns) / 1e9)
        told = wait_for(relay, "door", State.LIVE)
        assert told.age is not None
        assert 0 <= told.age < 3
    assert abs(statistics.median(errors)) < 0.05


def test_impossible_relays(start: Start) -> None:
    """A producer has no single name, and no camera is relayed twice."""
    program = start(FRAMEFAN, "produce", "tcp://127.0.0.1:5", "--name", "door")
    program.wait_for("names a producer, whose cameras keep their names: tcp://127.0.0.1:5/door --name door")
    program = start(FRAMEFAN, "produce", "tcp://127.0.0.1:5/door", "tcp://127.0.0.1:5/door", "--name", "back")
    program.wait_for("tcp://127.0.0.1:5/door is given twice")


def test_a_slow_camera_shows_its_newest_picture_to_every_newcomer(start: Start) -> None:
    """Nobody behind a relay waits for the next picture of a camera that rarely sends one."""
    with Publisher("tcp://127.0.0.1:0") as edge:
        edge.publish("door", pictures.jpeg())
        _, relay = producer(start, edge.endpoint)
        wait_for(relay, "door", State.LIVE)
        for _ in range(2):
            seq = edge.publish("door", pictures.jpeg())
            wait_for(relay, "door", State.LIVE, seq=seq)
            for _ in range(2):
                with Subscriber(f"{relay}/door", timeout=5) as newcomer:
                    assert newcomer.read().seq == seq

"""Frames that are asked for: the same promises as for those that stream."""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator

import msgpack
import pytest

from framefan.common import wire
from framefan.common.errors import OptionError
from framefan.common.sockets import Context
from framefan.common.state import State
from framefan.consumer import NoFrame, Subscriber
from framefan.consumer.discovery import states
from framefan.producer import Publisher
from tests import pictures
from tests.consumer.test_subscriber import STOPPED, Forger
from tests.producer.test_idle import all_idle, producer
from tests.programs import FRAMEFAN, Start, eventually

JPEG = pictures.jpeg()


@pytest.fixture
def forger(context: Context) -> Forger:
    """A producer whose every byte is the test's."""
    return Forger(context)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher at any free port."""
    with Publisher("tcp://127.0.0.1:0") as made:
        yield made


@pytest.fixture
def stream(publisher: Publisher) -> Iterator[str]:
    """The address of a camera with 50 frames a second."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.02):
            publisher.publish("door", JPEG)

    thread = threading.Thread(target=run)
    thread.start()
    yield publisher.endpoint + "/door"
    over.set()
    thread.join()


def test_only_what_is_read_comes(stream: str) -> None:
    """Each read gets a frame that is new and fresh, and nothing else crosses the network."""
    with Subscriber(stream, mode="pull") as subscriber:
        found = []
        for _ in range(20):
            found.append(subscriber.read())
            time.sleep(0.03)  # the point of the test: the consumer works
        assert max(frame.age for frame in found[-1:]) < 0.5
        statistics = subscriber.statistics()
    numbers = [frame.seq for frame in found]
    assert numbers == sorted(set(numbers))
    assert found[-1].jpeg == JPEG
    assert (statistics.received, statistics.returned, statistics.mode) == (20, 20, "pull")


def test_what_was_asked_for_and_not_awaited_is_not_kept(publisher: Publisher) -> None:
    """A frame that came after a read gave up is not given to one that comes much later."""
    publisher.publish("door", JPEG)
    with Subscriber(publisher.endpoint + "/door", mode="pull") as subscriber:
        first = subscriber.read().seq
        with pytest.raises(NoFrame, match="it is live"):
            subscriber.read(0.2)
        publisher.publish("door", JPEG)
        eventually(lambda: subscriber.statistics().received == 2, "the answer", within=5)
        time.sleep(2.0)  # the point of the test: it grows old
        newest = publisher.publish("door", JPEG)
        assert newest == first + 2
        assert subscriber.read().seq == newest


def test_who_polls_gets_frames_too(stream: str) -> None:
    """Reads that do not wait ask, and find the answer later."""
    with Subscriber(stream, mode="pull") as subscriber:

        def polled() -> bool:
            try:
                return subscriber.read(0).seq > 0
            except NoFrame:
                return False

        for _ in range(3):
            eventually(polled, "a frame", within=5)


def test_threads_share_what_is_asked_for(stream: str) -> None:
    """Several threads that read get each frame once between them."""
    found: list[int] = []
    with Subscriber(stream, mode="pull") as subscriber:
        threads = [
            threading.Thread(target=lambda: found.extend(subscriber.read().seq for _ in range(10))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == len(set(found)) == 30


def test_the_mode_follows_the_caller(stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes few frames pulls them, who takes all has them streamed, and the order holds across."""
    monkeypatch.setattr("framefan.consumer.mode._SPAN", 1.0)
    with Subscriber(stream) as subscriber:
        numbers = [subscriber.read().seq]
        assert subscriber.statistics().mode == "stream"
        for work, mode in ((0.2, "pull"), (0.0, "stream"), (0.2, "pull")):

            def taken(work: float = work, mode: str = mode) -> bool:
                numbers.extend(subscriber.read().seq for _ in range(1 if work else 25))
                time.sleep(work)
                return subscriber.statistics().mode == mode

            eventually(taken, mode, within=20)
        numbers += [subscriber.read().seq for _ in range(3)]
        assert numbers == sorted(set(numbers))
    with Subscriber(stream) as subscriber:
        eventually(lambda: subscriber.statistics().mode == "pull", "nobody has read yet", within=10)
        assert subscriber.read().age < 0.5


def test_settings() -> None:
    """What a subscriber was told goes with it to another process; what makes no sense is refused."""
    with Subscriber("tcp://127.0.0.1:9/door", mode="pull") as made, pickle.loads(pickle.dumps(made)) as copy:
        assert copy.statistics().mode == "pull"
    with pytest.raises(OptionError, match="no mode 'push'"):
        Subscriber("tcp://127.0.0.1:9/door", mode="push")  # type: ignore[arg-type]


def test_a_producer_is_started_anew_while_somebody_waits(start: Start) -> None:
    """A request that was outstanding is asked again of the new producer, whose numbers start anew."""
    words = ("produce", "test:64x64@10", "--name", "door", "--bind")
    old, endpoint = producer(start, "test:64x64@10", "--name", "door")
    found: list[tuple[str, float]] = []
    with Subscriber(f"{endpoint}/door", mode="pull", timeout=30) as subscriber:
        run = subscriber.read().run
        while subscriber.read().seq < 30:
            pass
        old.kill()

        def read() -> None:
            while not found or found[-1][0] == run:
                frame = subscriber.read()
                found.append((frame.run, frame.age))

        thread = threading.Thread(target=read)
        thread.start()
        eventually(lambda: subscriber.state.state is State.UNREACHABLE, "silence", within=10)
        new = start(FRAMEFAN, *words, str(endpoint))
        new.wait_for("door live")
        thread.join(15)
    assert found[-1][0] != run
    assert found[-1][1] < 1


def test_stopped_process_wakes_up_to_now(start: Start, stream: str) -> None:
    """A process that was frozen for seconds while it waited for an answer gets a frame of now."""
    program = start(sys.executable, "-c", STOPPED.replace("])", "], mode='pull')"), stream)
    program.wait_for("ready")
    os.kill(program.pid, signal.SIGSTOP)
    time.sleep(2.5)  # the point of the test
    os.kill(program.pid, signal.SIGCONT)
    assert float(program.wait_for(r"age ([\d.]+)")[1]) < 0.5


def test_frames_of_another_version(forger: Forger) -> None:
    """Of a producer whose frames cannot be understood another one is asked for a while later, not at once."""
    asked = 0
    with Subscriber(f"{forger.endpoint}/door", mode="pull") as subscriber:
        for _ in range(25):
            with pytest.raises(NoFrame):
                subscriber.read(0.01)
            if forger._requests.poll(20):
                sender, request = forger._requests.recv_multipart()
                facts = msgpack.unpackb(request)
                if facts["ask"] == "next":
                    asked += 1
                    answer = msgpack.packb({"answer": "next", "id": facts["id"], "producer": "a"})
                    forger._requests.send_multipart([sender, answer, wire.topic_bytes("door") + b"\x09" + bytes(80)])
        eventually(lambda: subscriber.statistics().rejected, "an answer", within=5)
    assert asked < 5


def test_frames_that_were_not_asked_for(forger: Forger) -> None:
    """A frame of another camera, or under a name that leads elsewhere, is none of this one."""
    with Subscriber(f"{forger.endpoint}/door", mode="pull") as subscriber:
        for topic in ("yard", "../../door"):
            with pytest.raises(NoFrame):
                subscriber.read(0.01)
            while (facts := msgpack.unpackb((parts := forger._requests.recv_multipart())[1]))["ask"] != "next":
                pass
            answer = msgpack.packb({"answer": "next", "id": facts["id"], "producer": "a"})
            header = wire.Header(topic, 1, time.monotonic_ns(), time.time_ns(), run="1", width=64, height=48)
            forger._requests.send_multipart([parts[0], answer, wire.pack(header, JPEG)])
            with pytest.raises(NoFrame):
                subscriber.read(1.2)
        assert subscriber.statistics().rejected == 2


def test_unknown_cameras_and_refused_renditions(publisher: Publisher) -> None:
    """Who asks for what is not there is told why; when it comes it is given."""
    publisher.publish("yard", JPEG)
    with Subscriber(publisher.endpoint + "/door", mode="pull") as subscriber:
        with pytest.raises(NoFrame, match="no camera of that name here; there are: yard") as caught:
            subscriber.read(1.5)
        assert caught.value.state == State.UNKNOWN
        publisher.publish("door", JPEG)
        assert subscriber.read(5).camera == "door"
    with (
        Subscriber(publisher.endpoint + "/yard?width=32", mode="pull") as subscriber,
        pytest.raises(NoFrame, match="makes no renditions") as caught,
    ):
        subscriber.read(1.5)
    assert caught.value.state == State.REFUSED


@pytest.mark.timeout(120)
def test_only_what_is_asked_for_is_made(start: Start) -> None:
    """A request wakes an idle camera up, also for a rendition, and it rests again; who asks steadily keeps it awake."""
    _, endpoint = producer(start, "test:320x176@10", "--name", "door")
    all_idle(endpoint)
    for address, size in ((f"{endpoint}/door", (320, 176)), (f"{endpoint}/door?width=160", (160, 88))):
        with Subscriber(address, mode="pull") as subscriber:
            frame = subscriber.read()
            assert (frame.width, frame.height) == size
            assert frame.age < 1
            eventually(lambda: states(endpoint, 5)[0].idle, "idle", within=3)
            idle = []
            for _ in range(25):
                subscriber.read()
                asked = time.monotonic()
                told = states(endpoint, 5)[0].idle
                if time.monotonic() - asked < 0.8:  # else this machine is too busy to ask steadily
                    idle.append(told)
            assert len(idle) > 5
            assert not any(idle[2:])
            assert [state.watchers for state in states(endpoint, 5)] == [0] * len(states(endpoint, 5))

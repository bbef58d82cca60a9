"""The newest frame: never the same twice, never an older one, never a silent wait."""

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import msgpack
import pytest
import zmq

from framefan.common import sockets, state, wire
from framefan.common.address import Endpoint
from framefan.common.clock import boot_id
from framefan.common.errors import AddressError
from framefan.common.sockets import Context, Socket
from framefan.common.state import CameraState, State
from framefan.consumer import NoFrame, Subscriber
from framefan.producer import Publisher
from tests import pictures
from tests.programs import Start, eventually

JPEG = pictures.jpeg()


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


class Forger:
    """A producer that says whatever a test wants, byte for byte."""

    def __init__(self, context: Context) -> None:
        self.endpoint, (frames, states, requests) = sockets.listen(Endpoint("127.0.0.1", 0))
        self._frames: Socket = sockets.frames_publisher(context, frames)
        self._states: Socket = sockets.states_publisher(context, states)
        self._requests: Socket = sockets.requests_server(context, requests)

    def frame(self, seq: int, *, run: str = "a", ago: float = 0.0, boot: str | None = None) -> bytes:
        """Return a frame of the door."""
        nanoseconds = int(ago * 1e9)
        return wire.pack(
            wire.Header(
                "door", seq, time.monotonic_ns() - nanoseconds, time.time_ns() - nanoseconds, run=run,
                boot=boot_id() if boot is None else boot, width=64, height=48,
            ),
            JPEG,
        )  # fmt: skip

    def send(self, message: bytes) -> None:
        """Send a frame, or what looks like one."""
        self._frames.send(message)

    def tell(self, told: CameraState) -> None:
        """Send a state."""
        self._states.send(state.pack(told))

    def send_and_read(self, subscriber: Subscriber, message: bytes) -> int | None:
        """Send a frame and return the number of what the subscriber then gives, None for nothing."""
        before = subscriber.statistics()
        self.send(message)
        eventually(lambda: _seen(subscriber) > before.received + before.rejected, "it has arrived", within=5)
        try:
            return subscriber.read(0.2).seq
        except NoFrame:
            return None


def _seen(subscriber: Subscriber) -> int:
    return subscriber.statistics().received + subscriber.statistics().rejected


@pytest.fixture
def forger(context: Context) -> Forger:
    """A producer whose every byte is the test's."""
    return Forger(context)


@pytest.fixture
def subscriber(forger: Forger) -> Iterator[Subscriber]:
    """A subscriber that has already had the forger's frame 100 of run a."""
    with Subscriber(f"{forger.endpoint}/door") as made:

        def heard() -> bool:
            forger.send(forger.frame(100))
            try:
                return made.read(0.05).seq == 100
            except NoFrame:
                return False

        eventually(heard, "the first frame", within=5)
        yield made


def test_each_frame_once_and_forward(stream: str) -> None:
    """Numbers only rise, and ages are small."""
    with Subscriber(stream) as subscriber:
        found = [subscriber.read() for _ in range(30)]
        assert subscriber.statistics().age_uncertainty == 0.0  # on one host
    numbers = [frame.seq for frame in found]
    assert numbers == sorted(set(numbers))
    assert found[-1].jpeg == JPEG


def test_after_work_the_newest(stream: str) -> None:
    """Who worked for a while gets what is newest then, not what came first meanwhile."""
    with Subscriber(stream) as subscriber:
        first = subscriber.read()
        time.sleep(0.5)  # the point of the test: the consumer works
        second = subscriber.read()
        assert second.seq > first.seq + 10
        assert second.age < 0.2
        assert subscriber.statistics().replaced > 10


def test_never_backwards(forger: Forger, subscriber: Subscriber) -> None:
    """Repeated and older numbers of the same run are dropped; newer ones are not."""
    assert forger.send_and_read(subscriber, forger.frame(100)) is None
    assert forger.send_and_read(subscriber, forger.frame(99)) is None
    assert forger.send_and_read(subscriber, forger.frame(101)) == 101
    assert subscriber.statistics().repeated >= 2


def test_new_run_starts_new_numbers(forger: Forger, subscriber: Subscriber) -> None:
    """A producer that was restarted counts from the start, and its frames are taken; late ones of before are not."""
    late = forger.frame(101)
    assert forger.send_and_read(subscriber, forger.frame(1, run="b")) == 1
    assert forger.send_and_read(subscriber, late) is None
    assert forger.send_and_read(subscriber, forger.frame(2, run="b")) == 2


def test_too_old_is_dropped(forger: Forger, subscriber: Subscriber) -> None:
    """A frame older than max_age is not given out as if it were now."""
    assert forger.send_and_read(subscriber, forger.frame(101, ago=60)) is None
    assert forger.send_and_read(subscriber, forger.frame(102, ago=5)) == 102
    assert subscriber.statistics().outdated == 1


def test_unread_frame_of_a_camera_that_is_down(forger: Forger, subscriber: Subscriber) -> None:
    """A frame that came before the outage and was never read is not given out during it."""
    forger.send(forger.frame(101))
    eventually(lambda: _seen(subscriber) > 1, "it has arrived", within=5)
    forger.tell(CameraState(camera="door", state=State.OFFLINE, reason="it is unplugged"))
    eventually(lambda: subscriber.state.state is State.OFFLINE, "the state", within=5)
    time.sleep(1.1)  # the point of the test: the frame grows old
    with pytest.raises(NoFrame, match="unplugged"):
        subscriber.read(0.1)


@pytest.mark.parametrize(
    "message",
    [
        b"door\0", b"door\0" + b"\xff" * 500, b"door\0" + JPEG, wire.topic_bytes("door") + b"\x02" + bytes(80),
        b"door\0{\"json\": 1}" + bytes(100),
    ],
)  # fmt: skip
def test_foreign_messages_are_counted_and_harmless(
    forger: Forger, subscriber: Subscriber, message: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no frame is dropped, counted and told once, in one sentence; the next frame comes through."""
    assert forger.send_and_read(subscriber, message) is None
    assert forger.send_and_read(subscriber, message) is None
    assert subscriber.statistics().rejected == 2
    assert forger.send_and_read(subscriber, forger.frame(101)) == 101
    assert len(caplog.messages) == 1
    assert "such messages are dropped" in caplog.messages[0]


@pytest.mark.parametrize("size", [wire.LARGEST_MESSAGE, 3 * wire.LARGEST_MESSAGE])
def test_truncated_and_oversize_messages(forger: Forger, subscriber: Subscriber, size: int) -> None:
    """A frame that is cut off or too large is rejected; one beyond all limits costs a connection, which comes back."""
    assert forger.send_and_read(subscriber, forger.frame(101)[:-10]) is None
    forger.send(wire.topic_bytes("door") + bytes(size))

    def recovered() -> bool:
        forger.tell(CameraState(camera="door", state=State.LIVE, seq=102))
        forger.send(forger.frame(102))
        try:
            return subscriber.read(0.05).seq == 102
        except NoFrame:
            return False

    eventually(recovered, "the connection is back", within=10)


@pytest.mark.parametrize("size", [70_000, 300_000])
def test_a_state_that_is_too_large(forger: Forger, subscriber: Subscriber, size: int) -> None:
    """It is dropped, with its connection if it is far too large, and the next one is heard again."""
    reason = b"\xdb" + size.to_bytes(4, "big") + b"x" * size
    forger._states.send(b"door\0\x83\xa6camera\xa4door\xa5state\xa7offline\xa6reason" + reason)

    def heard() -> bool:
        forger.tell(CameraState(camera="door", state=State.STALLED, reason="it hangs"))
        return subscriber.state.reason == "it hangs"

    eventually(heard, "the next state", within=10)


def test_a_frame_of_the_future(forger: Forger, subscriber: Subscriber) -> None:
    """It is dropped: after it, no frame of another life of the camera would be the newest for an hour."""
    assert forger.send_and_read(subscriber, forger.frame(101, ago=-3600)) is None
    assert forger.send_and_read(subscriber, forger.frame(1, run="b")) == 1


def test_timeout_raises_with_state_and_reason(forger: Forger, subscriber: Subscriber) -> None:
    """A camera that is down is told with the producer's reason, within the time that was given."""
    forger.tell(CameraState(camera="door", state=State.OFFLINE, reason="it is unplugged"))
    eventually(lambda: subscriber.state.state is State.OFFLINE, "the state", within=5)
    started = time.monotonic()
    with pytest.raises(NoFrame) as caught:
        subscriber.read(0.3)
    assert 0.3 <= time.monotonic() - started < 1.5
    assert (caught.value.state, caught.value.reason) == (State.OFFLINE, "it is unplugged")
    assert isinstance(caught.value, TimeoutError)


def test_silent_producer_is_unreachable(forger: Forger, subscriber: Subscriber) -> None:
    """Three seconds without a state mean that producer or network are gone, which is not a camera that is down."""
    forger.tell(CameraState(camera="door", state=State.LIVE))
    eventually(lambda: subscriber.state.state is State.LIVE, "live", within=5)
    eventually(lambda: subscriber.state.state is State.UNREACHABLE, "unreachable", within=6)
    assert "accepted, but no states" in subscriber.state.reason or "silent" in subscriber.state.reason


def test_nobody_there() -> None:
    """A port that nobody listens at and a host without a name are told as such."""
    with Subscriber("tcp://127.0.0.1:9/door") as subscriber, pytest.raises(NoFrame, match="connection refused"):
        subscriber.read(2)
    with (
        Subscriber("tcp://nohost.invalid/door") as subscriber,
        pytest.raises(NoFrame, match=r"'nohost\.invalid' is not"),
    ):
        subscriber.read(3)


def test_forged_states_are_ignored(forger: Forger, subscriber: Subscriber) -> None:
    """Rubbish on the states socket changes nothing."""
    forger.tell(CameraState(camera="door", state=State.LIVE))
    eventually(lambda: subscriber.state.state is State.LIVE, "live", within=5)
    forger._states.send(b"door\0rubbish")
    eventually(lambda: subscriber.statistics().rejected == 1, "rejected", within=5)
    assert subscriber.state.state is State.LIVE


def test_ended_file_ends_iteration(forger: Forger, subscriber: Subscriber) -> None:
    """When a file has ended the iteration does too, and a read says why."""
    forger.tell(CameraState(camera="door", state=State.ENDED, reason="the file came to its end"))
    assert [frame.seq for frame in subscriber] == []
    with pytest.raises(NoFrame, match="ended"):
        subscriber.read(None)


def test_iteration_raises_when_frames_stop(forger: Forger) -> None:
    """An iteration is never silent: it raises after the time that was given."""
    with Subscriber(f"{forger.endpoint}/door", timeout=0.3) as subscriber, pytest.raises(NoFrame):
        next(iter(subscriber))


def test_other_host_by_its_clock(forger: Forger, context: Context) -> None:
    """A frame of another host gets its age through the clock request, however wrong that host's clocks are."""
    ahead = 1_000_000_000_000  # ns: its monotonic clock is that of another boot, its wall clock wrong by as much
    with Subscriber(f"{forger.endpoint}/door") as subscriber:

        def settled() -> bool:
            header, jpeg = wire.unpack(forger.frame(int(time.monotonic() * 1000), ago=0.05, boot="another"))
            forger.send(
                wire.pack(
                    header._replace(monotonic_ns=header.monotonic_ns + ahead, wall_ns=header.wall_ns + ahead), jpeg
                )
            )
            if forger._requests.poll(20):
                sender, request = forger._requests.recv_multipart()
                asked = msgpack.unpackb(request)
                now = time.monotonic_ns() + ahead
                answer = {"answer": "clock", "sent": asked["sent"], "received": now, "answered": now}
                forger._requests.send_multipart([sender, msgpack.packb(answer)])
            try:
                return 0.04 < subscriber.read(0.1).age < 0.5
            except NoFrame:
                return False

        assert subscriber.statistics().age_uncertainty is None
        eventually(settled, "a true age", within=10)
        assert 0.0 < (subscriber.statistics().age_uncertainty or 0.0) < 0.5


def test_close_ends_a_waiting_read(forger: Forger) -> None:
    """Closing is safe twice, and a read that waits elsewhere ends with an error."""
    subscriber = Subscriber(f"{forger.endpoint}/door")
    timer = threading.Timer(0.2, subscriber.close)
    timer.start()
    with pytest.raises(ValueError, match="closed"):
        subscriber.read(10)
    timer.join()
    subscriber.close()


def test_forgotten_subscriber_is_collected(forger: Forger) -> None:
    """A subscriber that nobody holds any more takes its thread with it."""
    subscriber = Subscriber(f"{forger.endpoint}/door")
    name = f"framefan {subscriber.address}"
    assert name in [thread.name for thread in threading.enumerate()]
    del subscriber
    gc.collect()
    assert name not in [thread.name for thread in threading.enumerate()]


def test_threads_share_a_subscriber(stream: str) -> None:
    """Several threads that read get each frame once between them."""
    found: list[int] = []
    with Subscriber(stream) as subscriber:
        threads = [
            threading.Thread(target=lambda: found.extend(subscriber.read().seq for _ in range(10))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == len(set(found)) == 30


def test_address_must_name_a_camera() -> None:
    """A subscriber has one camera."""
    with pytest.raises(AddressError, match="names no camera"):
        Subscriber("tcp://127.0.0.1:5550")


def _read_two(subscriber: Subscriber, answer: Connection) -> None:
    answer.send([subscriber.read(5).seq for _ in range(2)])
    answer.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_other_processes(stream: str, method: str) -> None:
    """A subscriber goes along into a forked process and pickles into a spawned one, while the parent reads on."""
    mine, theirs = multiprocessing.Pipe()
    with Subscriber(stream) as subscriber:
        first = subscriber.read()
        context = multiprocessing.get_context(method)
        child = context.Process(target=_read_two, args=(subscriber, theirs))  # type: ignore[attr-defined]
        child.start()
        assert mine.poll(15)
        one, two = mine.recv()
        assert first.seq < one < two
        assert subscriber.read().seq > first.seq
        child.join(10)
        assert child.exitcode == 0
    mine.close()
    theirs.close()


def test_pickle_is_the_address() -> None:
    """What travels is the address and the settings."""
    made = Subscriber("tcp://127.0.0.1:9/door", timeout=None, max_age=3)
    with made as subscriber, pickle.loads(pickle.dumps(subscriber)) as copy:
        assert (copy.address, copy.timeout, copy.max_age) == (subscriber.address, None, 3)


STOPPED = """
import sys, time
from framefan.consumer import Subscriber
subscriber = Subscriber(sys.argv[1])
subscriber.read()
before = time.monotonic()
print("ready", flush=True)
while True:
    time.sleep(0.05)
    if time.monotonic() - before > 1:
        print("age", subscriber.read().age, flush=True)
    before = time.monotonic()
"""


def test_stopped_process_wakes_up_to_now(start: Start, stream: str) -> None:
    """A process that was frozen for seconds gets no frame of before, though the kernel holds some."""
    program = start(sys.executable, "-c", STOPPED, stream)
    program.wait_for("ready")
    os.kill(program.pid, signal.SIGSTOP)
    time.sleep(2.5)  # the point of the test
    os.kill(program.pid, signal.SIGCONT)
    assert float(program.wait_for(r"age ([\d.]+)")[1]) < 0.5


def test_frozen_consumer_does_not_disturb_others(start: Start, publisher: Publisher, stream: str) -> None:
    """While one consumer is frozen another one gets every frame as fresh as before."""
    program = start(sys.executable, "-c", STOPPED, stream)
    program.wait_for("ready")
    os.kill(program.pid, signal.SIGSTOP)
    with Subscriber(stream) as subscriber:
        subscriber.read()
        ages = [subscriber.read().age for _ in range(50)]
    os.kill(program.pid, signal.SIGCONT)
    assert sorted(ages)[25] < 0.1


def test_sockets_are_made_in_the_callers_thread() -> None:
    """ZeroMQ's own context is used, so that forked processes get a new one."""
    with Subscriber("tcp://127.0.0.1:9/door"):
        assert not zmq.Context.instance().closed

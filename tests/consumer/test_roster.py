"""Which cameras there are, as they come and leave."""

import threading
from collections.abc import Callable, Iterator

import pytest

from framefan.common import state
from framefan.common.address import CameraAddress, Endpoint
from framefan.common.signals import Stop
from framefan.consumer import roster
from framefan.consumer.roster import Roster
from framefan.producer.hub import Hub
from tests.programs import eventually

INTERVAL = 0.25
"""Seconds between states: more than the silence after which a consumer takes them for all."""


class Producer:
    """A hub whose cameras the test adds and removes, and which it can silence."""

    def __init__(self) -> None:
        self.hub = Hub(Endpoint("127.0.0.1", 0))
        self.silent = threading.Event()
        self._over = threading.Event()
        self._orders: list[Callable[[], object]] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def order(self, action: Callable[[], object]) -> None:
        """Have something done in the hub's thread, and wait until it is."""
        self._orders.append(action)
        eventually(lambda: not self._orders, "the hub did so", within=5)

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()
        self.hub.close()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            if self._orders:
                self._orders[0]()
                del self._orders[0]
            if not self.silent.is_set():
                self.hub.serve()


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Producer]:
    """A producer with the camera `door` that tells states often; a consumer's patience is as short."""
    monkeypatch.setattr(state, "INTERVAL", INTERVAL)
    monkeypatch.setattr(roster, "SILENCE", 2.5 * INTERVAL)
    made = Producer()
    made.order(lambda: made.hub.add("door"))
    yield made
    made.close()


def open_roster(*addresses: CameraAddress) -> Roster:
    with Stop() as stop:
        return Roster(addresses, 5.0, stop)


def test_cameras_come_and_leave(producer: Producer) -> None:
    """A camera is there as soon as it is told, and no more when it is told no more."""
    door, yard = (CameraAddress(producer.hub.endpoint, name) for name in ("door", "yard"))
    with open_roster(CameraAddress(producer.hub.endpoint)) as cameras:
        assert cameras.cameras() == {door}
        producer.order(lambda: producer.hub.add("yard"))
        eventually(lambda: cameras.cameras() == {door, yard}, "yard has come", within=5)
        producer.order(lambda: producer.hub.remove("door"))
        eventually(lambda: cameras.cameras() == {yard}, "door has left", within=5)


def test_a_silent_producer_keeps_its_cameras(producer: Producer) -> None:
    """While a producer says nothing, and when it speaks again, the cameras are those that it had."""
    with open_roster(CameraAddress(producer.hub.endpoint)) as cameras:
        before = cameras.cameras()
        producer.silent.set()
        patience = threading.Event()
        for _ in range(20):
            patience.wait(INTERVAL / 4)
            assert cameras.cameras() == before
        producer.silent.clear()
        for _ in range(20):
            patience.wait(INTERVAL / 4)
            assert cameras.cameras() == before


def test_what_is_named_is_there(producer: Producer) -> None:
    """A camera that an address names is there whether its producer tells it or not, and once only."""
    named = CameraAddress(producer.hub.endpoint, "nix")
    door = CameraAddress(producer.hub.endpoint, "door")
    with open_roster(named, door, CameraAddress(producer.hub.endpoint)) as cameras:
        assert cameras.cameras() == {named, door}
    with open_roster(named) as cameras:
        assert cameras.cameras() == {named}

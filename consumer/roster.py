"""Which cameras are meant by addresses, as producers gain and lose some."""

import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from ..common import state
from ..common.address import CameraAddress, Endpoint, camera_name
from ..common.errors import AddressError, WireError
from ..common.schema import MOST_CAMERAS
from ..common.signals import Stop
from ..common.state import SILENCE, State
from .all_states import AllStates
from .discovery import expand


class Roster:
    """The cameras that addresses name, and all of the producers at those that name none.

    A camera is there while its producer tells its state, and a silent producer has those that it had.

    Args:
        addresses: of cameras or of producers.
        timeout: seconds within which every producer must tell its cameras.
        stop: the wish to end, which waiting gives way to.

    Raises:
        NoFrame: a producer told nothing in time, or has no cameras.
    """

    def __init__(self, addresses: Sequence[CameraAddress], timeout: float, stop: Stop) -> None:
        found = expand(addresses, timeout, stop)
        self._named = frozenset(address for address in addresses if address.camera)
        self._producers = [
            _Producer(endpoint, [address.camera for address in found if address.endpoint == endpoint])
            for endpoint in dict.fromkeys(address.endpoint for address in addresses if not address.camera)
        ]

    def cameras(self) -> frozenset[CameraAddress]:
        """Return the cameras that are there now."""
        return self._named.union(*(producer.cameras() for producer in self._producers))

    def close(self) -> None:
        """Disconnect from the producers."""
        for producer in self._producers:
            producer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Producer:
    """Listens to all states of a producer."""

    def __init__(self, endpoint: Endpoint, cameras: list[str]) -> None:
        self._endpoint = endpoint
        self._states = AllStates(endpoint)
        self._last = self._since = time.monotonic()  # it spoke last; it has been speaking without a pause
        self._told = dict.fromkeys(cameras, self._last)

    def cameras(self) -> frozenset[CameraAddress]:
        """Return its cameras: all but those that it has left out for some seconds in which it told others."""
        for _ in range(2 * MOST_CAMERAS):  # and not for ever, however fast more come
            if (message := self._states.receive(0)) is None:
                break
            self._take(message)
        oldest = self._last - SILENCE
        if self._since <= oldest:
            self._told = {camera: told for camera, told in self._told.items() if told > oldest}
        return frozenset(CameraAddress(self._endpoint, camera) for camera in self._told)

    def close(self) -> None:
        """Disconnect."""
        self._states.close()

    def _take(self, message: bytes) -> None:
        now = time.monotonic()
        if now - self._last > SILENCE:
            self._since = now
        with suppress(WireError, AddressError):  # not of a producer; a rendition, which is no camera
            told = state.unpack(message)
            self._last = now
            name = camera_name(told.camera)
            if told.state is not State.UNKNOWN and (name in self._told or len(self._told) < MOST_CAMERAS):
                self._told[name] = now

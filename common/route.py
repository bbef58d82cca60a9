"""The way to a producer: which address of its host answers. ZeroMQ by itself tries the first one only."""

import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from . import resolution
from .address import Endpoint
from .errors import AddressError

DOUBT = 1.25
"""Seconds of silence after which a route is looked into, since states come every second."""
_PATIENCE = 3.0
"""Seconds that addresses have to answer: enough for the kernel to repeat what a lossy network dropped."""
_GREETING_PATIENCE = 1.0
"""Seconds from an accepted connection to the greeting."""
_GREETING = b"\xff"
"""How every ZeroMQ socket begins, without waiting for the other side (ZMTP 3.1)."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between searches while no address answers, as ZeroMQ's between attempts to reconnect."""
_INTERVAL = 5.0
"""Seconds between searches while an address answers although no states come, or while ZeroMQ tries one by itself."""
_HOST = re.compile(r"[A-Za-z0-9:][\w.:%-]*", re.ASCII)

_routes: WeakValueDictionary[tuple[int, Endpoint], "Route"] = WeakValueDictionary()


def is_possible(endpoint: Endpoint) -> bool:
    """Return whether an endpoint can be connected to: `*` and port 0 can only be bound."""
    return bool(_HOST.fullmatch(endpoint.host) and endpoint.port)


class Route:
    """Finds the way aside, and again while a producer is silent. Any thread may use it; :meth:`to` returns it.

    A numeric host is its own way: only what is wrong with it is looked for.

    Attributes:
        endpoint: where to connect, with a numeric host; None as long as no address has answered.
        reason: why nothing is heard, in words a person can act on; empty as long as that is not known.
    """

    @classmethod
    def to(cls, endpoint: Endpoint) -> "Route":
        """Return the route to this endpoint, which this process has once.

        Raises:
            AddressError: there can be none.
        """
        key = os.getpid(), endpoint
        route = _routes.get(key)
        if route is None:
            route = _routes[key] = cls(endpoint)
        return route

    def __init__(self, endpoint: Endpoint) -> None:
        if not is_possible(endpoint):
            raise AddressError(f"cannot connect to {endpoint}: name a host such as 127.0.0.1, and a port")
        self._named = endpoint
        self._numeric = resolution.is_numeric(endpoint.host)
        self.endpoint = endpoint if self._numeric else None
        self.reason = ""
        self._lock = threading.Lock()
        self._searching = False
        self._wakes: set[Callable[[], object]] = set()
        self._next, self._pause = 0.0, _FIRST_PAUSE

    def look(self, wake: Callable[[], object] | None = None) -> bool:
        """Search if that is due, without waiting; return whether a search is under way.

        Args:
            wake: called at the end of the search, in another thread.
        """
        now = time.monotonic()
        with self._lock:
            if not self._searching and now >= self._next:
                if now - self._next > _INTERVAL:  # another silence than the one before
                    self.reason, self._pause = "", _FIRST_PAUSE
                self._searching = self._begin()
            if self._searching and wake is not None:
                self._wakes.add(wake)
            return self._searching

    def wait(self, timeout: float = resolution.LOOKUP_TIMEOUT + 2 * _PATIENCE) -> bool:
        """Search if that is due, and wait for the end of a search for so many seconds; return whether none goes on."""
        over = threading.Event()
        return not self.look(over.set) or over.wait(timeout)

    def _begin(self) -> bool:
        try:
            threading.Thread(target=self._run, daemon=True, name=f"framefan route to {self._named}").start()
        except RuntimeError:  # no more threads
            self._next = time.monotonic() + _INTERVAL
            return False
        return True

    def _run(self) -> None:
        found = ""
        try:
            found = self._find()
        finally:  # whatever happens, others may search again
            for wake in self._end(found):
                wake()

    def _end(self, found: str) -> set[Callable[[], object]]:
        """Note what a search has found, and when the next may be; return what to call."""
        with self._lock:
            if found:
                self.endpoint = Endpoint(found, self._named.port)
            if found or self._numeric:
                pause, self._pause = _INTERVAL, _FIRST_PAUSE
            else:
                pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
            self._next = time.monotonic() + pause
            self._searching = False
            wakes, self._wakes = self._wakes, set()
        return wakes

    def _find(self) -> str:
        """Return the address that answers, which is the one before if it does; nothing if none does, and note why."""
        host, port = self._named.host, self._named.port
        before = self.endpoint.host if self.endpoint else ""
        if not (self.reason or self._numeric):
            self.reason = f"{host} does not answer yet: check the name servers and the network"
        try:
            found = resolution.addresses(host)
            if not self._numeric and before in found and _still_greets(before, port):
                answering = before
            else:
                answering = _greeting(found, port)
        except OSError as error:
            self.reason = _why(host, error)
            return ""
        self.reason = "connections are accepted, but no states are published: is a framefan producer there?"
        return answering


def _still_greets(address: str, port: int) -> bool:
    """Return whether an address still answers: on a slow link it could not win a race, and need not."""
    try:
        return bool(_greeting([address], port))
    except OSError:
        return False


def _greeting(candidates: list[str], port: int) -> str:
    """Return the first address that a ZeroMQ socket greets from; nothing if connections are accepted, but not by one.

    Raises:
        OSError: no connection is accepted.
    """
    left, deadline = list(candidates), time.monotonic() + _PATIENCE
    while left:
        try:
            address, connection = resolution.race(left, port, deadline)
        except OSError:
            if left == candidates:
                raise
            break
        with connection, suppress(OSError):
            connection.settimeout(_GREETING_PATIENCE)
            if connection.recv(1) == _GREETING:
                return address
        left.remove(address)
    return ""


def _why(host: str, error: OSError) -> str:
    tried = resolution.tried(host, error)
    if isinstance(error, socket.gaierror):
        return resolution.unknown(host, error, "the address")
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused{tried}: start a producer there, or check the port"
    if isinstance(error, TimeoutError):
        return f"no answer at all{tried}: check the network and the firewall"
    return f"{error.strerror or error}{tried}: check the address and the network"

"""From the name of a host to a connection: all of its addresses are tried, not only the first (RFC 8305)."""

import errno
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import zip_longest
from typing import Any

MOST_ADDRESSES = 8
"""Of a name; more are not tried."""
STAGGER = 0.25
"""Seconds until the next address is tried beside one that does not answer (RFC 8305, 8)."""
LOOKUP_TIMEOUT = 10.0
"""Seconds for a name: the system asks the second name server when the first was silent for five (resolv.conf(5))."""

_lookups: dict[tuple[int, str], Future[list[str]]] = {}
"""Those under way, by process and name: however many wait for a name server, one thread asks it."""


def is_numeric(host: str) -> bool:
    """Return whether a host is an address, such as `127.0.0.1`, `::1` or `fe80::1%eth0`, and not a name."""
    family, address = (socket.AF_INET6, host.partition("%")[0]) if ":" in host else (socket.AF_INET, host)
    try:
        socket.inet_pton(family, address)
    except (OSError, ValueError):  # what is not ASCII is no address either
        return False
    return True


def addresses(host: str, timeout: float = LOOKUP_TIMEOUT) -> list[str]:
    """Return the addresses of a host in the order in which to try them, at most :data:`MOST_ADDRESSES`.

    A numeric host is its own address. A name is looked up in a thread, since no name server keeps to a time-out.

    Args:
        host: name or address.
        timeout: seconds that the lookup may take.

    Raises:
        socket.gaierror: the name is not known, or (`EAI_AGAIN`) no name server answers in time.
        OSError: there can be no more threads.
    """
    if is_numeric(host):
        return [host]
    key, mine = (os.getpid(), host), Future[list[str]]()
    lookup = _lookups.setdefault(key, mine)
    if lookup is mine:
        try:
            threading.Thread(target=_look_up, args=(key, mine), daemon=True, name=f"framefan name {host}").start()
        except RuntimeError:
            del _lookups[key]
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
    try:
        return lookup.result(timeout)
    except TimeoutError:
        raise socket.gaierror(socket.EAI_AGAIN, "no name server answers") from None


def interleaved(found: Iterable[str]) -> list[str]:
    """Return addresses with their families by turns, that of the first one first (RFC 8305, 4), and each once."""
    families: dict[bool, list[str]] = {}
    for address in dict.fromkeys(found):
        families.setdefault(":" in address, []).append(address)
    turns = zip_longest(*families.values())
    return [address for turn in turns for address in turn if address is not None][:MOST_ADDRESSES]


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to the first address of a host that answers, like `socket.create_connection`.

    Args:
        host: name or address.
        port: TCP port.
        timeout: seconds to connect within, once the name is resolved; the socket keeps what is left as its time-out.

    Raises:
        socket.gaierror: the name is not known, or no name server answers.
        OSError: no address answers. If one refuses it is a `ConnectionRefusedError`, else if one is silent a
            `TimeoutError`; :func:`tried` returns the outcome of each address of a name.
    """
    return race(addresses(host), port, time.monotonic() + timeout)[1]


def race(candidates: Sequence[str], port: int, deadline: float) -> tuple[str, socket.socket]:
    """Connect to the first address that answers before `deadline` (monotonic seconds); return it and the socket.

    Raises:
        OSError: none does, as for :func:`connect`.
    """
    turns, pending = Turns(candidates), dict[str, socket.socket]()
    with selectors.DefaultSelector() as selector:
        try:
            while (now := time.monotonic()) < deadline and (pending or turns.waiting):
                if (address := turns.next(now)) is not None:
                    try:
                        pending[address] = _begin(address, port)
                        selector.register(pending[address], selectors.EVENT_WRITE, address)
                    except OSError as error:
                        turns.fail(address, error)
                    continue
                for key, _ in selector.select(min(deadline, turns.next_at) - now):
                    selector.unregister(key.fileobj)
                    attempt = pending.pop(key.data)
                    number = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not number:
                        attempt.settimeout(max(0.001, deadline - time.monotonic()))
                        return key.data, attempt
                    attempt.close()
                    turns.fail(key.data, OSError(number, os.strerror(number)))
            for address in pending:
                turns.fail(address, TimeoutError(errno.ETIMEDOUT, "no answer"))
            raise turns.failure()
        finally:
            for attempt in pending.values():
                attempt.close()


def tried(host: str, error: BaseException) -> str:
    """Return which addresses of a name were tried in vain, in brackets after a space; nothing for a numeric host."""
    return "" if is_numeric(host) else "".join(f" ({note})" for note in getattr(error, "__notes__", ()))


def unknown(host: str, error: BaseException, where: str) -> str:
    """Return what to say of a name that has no address: `where` it was written is to be checked."""
    unanswered = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
    servers = ", and the name servers, none of which answers" if unanswered else ""
    return f"host name {host!r} is not known: check {where}{servers}"


def socket_address(address: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return the family of a numeric address, and what the functions of a socket take, with its zone if it has one."""
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return found[0][0], found[0][4]


def numeric(where: tuple[Any, ...]) -> str:
    """Return the host in an address as sockets have it, with its zone if it has one."""
    zone = where[3] if len(where) == 4 else 0
    return f"{where[0]}%{zone}" if zone else str(where[0])


class Turns:
    """When it is the turn of which address: after :data:`STAGGER`, or at once when one has failed (RFC 8305, 5).

    Attributes:
        waiting: addresses whose turn is still to come.
        next_at: when the next one's is, monotonic seconds; without end if there is none.
    """

    def __init__(self, candidates: Sequence[str]) -> None:
        self.waiting = deque(candidates)
        self._order = tuple(candidates)
        self.next_at = float("-inf")
        self._errors: dict[str, OSError] = {}

    def next(self, now: float) -> str | None:
        """Return the address whose turn it is now; None if there is none yet."""
        if not self.waiting or now < self.next_at:
            return None
        address = self.waiting.popleft()
        self.next_at = now + STAGGER if self.waiting else float("inf")
        return address

    def fail(self, address: str, error: OSError) -> None:
        """Note that an address does not answer; the next need not wait."""
        self._errors[address] = error
        if self.waiting:
            self.next_at = float("-inf")

    def failure(self) -> OSError:
        """Return what to raise if no address answers: the most telling error, with a note of them all."""
        errors = {address: self._errors[address] for address in self._order if address in self._errors}
        kinds = (ConnectionRefusedError, TimeoutError, OSError)
        found = next((each for kind in kinds for each in errors.values() if isinstance(each, kind)), None)
        if found is None:
            return TimeoutError(errno.ETIMEDOUT, "no time to try")
        found.add_note("tried " + ", ".join(f"{address}: {_outcome(each)}" for address, each in errors.items()))
        return found


def _outcome(error: OSError) -> str:
    return "refused" if isinstance(error, ConnectionRefusedError) else (error.strerror or str(error)).lower()


def _begin(address: str, port: int) -> socket.socket:
    family, where = socket_address(address, port)
    attempt = socket.socket(family, socket.SOCK_STREAM)
    attempt.setblocking(False)
    number = attempt.connect_ex(where)
    if number in (0, errno.EINPROGRESS):
        return attempt
    attempt.close()
    raise OSError(number, os.strerror(number))


def _look_up(key: tuple[int, str], lookup: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(key[1], None, type=socket.SOCK_STREAM)
    except ValueError:  # no name can be like this
        lookup.set_exception(socket.gaierror(socket.EAI_NONAME, "not a name"))
    except OSError as error:
        lookup.set_exception(error)
    else:
        lookup.set_result(interleaved(numeric(info[4]) for info in found))
    finally:
        del _lookups[key]

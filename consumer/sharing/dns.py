"""Members by DNS: each address of a host name is one. Docker Compose has such names, and so have headless services."""

import logging
import socket
import threading
from types import TracebackType
from typing import Self

from ...common.errors import OptionError

log = logging.getLogger("framefan")

_INTERVAL = 1.0
_NO_SUCH_RECORD = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}


class Dns:
    """The group of all hosts whose addresses a name has, asked for once a second.

    When the name cannot be looked up, or has no address, the members stay as they were, for as long as that lasts.
    Only one version of IP counts, the fourth if the name has such addresses, so that a host with both is one member.

    Args:
        name: a host name, with an address for each member.

    Raises:
        OptionError: the name is none.
    """

    def __init__(self, name: str) -> None:
        try:
            possible = bool(name.encode("idna")) and not set(name) & set(":/ ")
        except UnicodeError:
            possible = False
        if not possible:
            raise OptionError(f"'dns:{name}' has no host name behind the colon, such as dns:analyze")
        self._name = name
        self._family = socket.AF_UNSPEC
        self._known: tuple[str, tuple[str, ...]] = ("", ())
        self._failing = False
        self._over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, daemon=True, name=f"framefan members of {self._name}").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()  # nobody waits for the thread: a resolver may take its time

    @property
    def me(self) -> str:
        """The first member whose address is one of this host."""
        return self._known[0]

    def members(self) -> tuple[str, ...]:
        """Return the addresses of the last answer."""
        return self._known[1]

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                members = self._look_up()
                self._known = next(filter(_is_of_this_host, members), ""), members
            except OSError as error:
                self._tell_failure(error.strerror or str(error))
            else:
                if self._failing:
                    self._failing = False
                    log.info("host name %r is known again", self._name)
            self._over.wait(_INTERVAL)

    def _look_up(self) -> tuple[str, ...]:
        """Return the addresses of the name.

        Raises:
            OSError: there is none, or no server that would know.
        """
        if self._family is not socket.AF_UNSPEC:
            return _addresses(self._name, self._family)
        try:
            found, family = _addresses(self._name, socket.AF_INET), socket.AF_INET
        except socket.gaierror as error:
            if error.errno not in _NO_SUCH_RECORD:
                raise  # there may be some, which other members see
            found, family = _addresses(self._name, socket.AF_INET6), socket.AF_INET6
        self._family = family
        return found

    def _tell_failure(self, reason: str) -> None:
        if not self._failing:
            self._failing = True
            then = "the members stay as they were" if self._known[1] else "nothing is served until then"
            log.warning("host name %r cannot be looked up (%s); %s", self._name, reason, then)


def _addresses(name: str, family: socket.AddressFamily) -> tuple[str, ...]:
    found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
    return tuple(sorted({str(address[0]) for *_, address in found}))


def _is_of_this_host(address: str) -> bool:
    """Try to bind to it, which only a host's own addresses allow."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True

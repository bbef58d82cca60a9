"""Why a producer cannot be reached, found out aside so that nothing waits for it."""

import socket
import threading
import time

from ..common.address import Endpoint

_INTERVAL = 5.0
_TIMEOUT = 1.0
_UNHEARD = "the producer is silent"


class Reachability:
    """Tries a TCP connection to an endpoint now and then while nothing is heard of it.

    Attributes:
        reason: what the last try found, in words a person can act on.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._next = 0.0
        self.reason = _UNHEARD

    def check(self, silent: bool) -> None:
        """Start a try if one is due; never wait for it."""
        now = time.monotonic()
        if silent and now >= self._next:
            self._next = now + _INTERVAL
            threading.Thread(target=self.try_now, daemon=True, name=f"framefan try {self._endpoint}").start()
        elif not silent:
            self._next = 0.0
            self.reason = _UNHEARD

    def try_now(self) -> None:
        """Try, and wait for the outcome at most a second beyond the name's resolution."""
        endpoint = self._endpoint
        try:
            socket.create_connection((endpoint.host, endpoint.port), _TIMEOUT).close()
        except (socket.gaierror, UnicodeError):
            self.reason = f"host name {endpoint.host!r} is not known: check the address"
        except ConnectionRefusedError:
            self.reason = "connection refused: start a producer there, or check the port"
        except TimeoutError:
            self.reason = "no answer at all: check the network and the firewall"
        except OSError as error:
            self.reason = f"{error.strerror or error}: check the address and the network"
        else:
            self.reason = "connections are accepted, but no states told: is a framefan producer there?"

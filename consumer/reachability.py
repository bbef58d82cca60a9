"""Why a producer cannot be reached, found out aside so that nothing waits for it."""

import socket
import threading
import time

from ..common.address import Endpoint

_INTERVAL = 5.0
_TIMEOUT = 3.0


class Reachability:
    """Tries a TCP connection to an endpoint now and then while nothing is heard of it.

    Attributes:
        reason: what the last try found, in words a person can act on.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._next = 0.0
        self._unheard = f"nothing heard of {endpoint} for 3 s"
        self.reason = self._unheard

    def check(self, silent: bool) -> None:
        """Start a try if one is due; never wait for it."""
        now = time.monotonic()
        if silent and now >= self._next:
            self._next = now + _INTERVAL
            threading.Thread(target=self.try_now, daemon=True, name=f"framefan try {self._endpoint}").start()
        elif not silent:
            self._next = 0.0
            self.reason = self._unheard

    def try_now(self) -> None:
        """Try, and wait for the outcome at most 3 s."""
        endpoint = self._endpoint
        try:
            socket.create_connection((endpoint.host, endpoint.port), _TIMEOUT).close()
        except socket.gaierror:
            self.reason = f"host name {endpoint.host!r} is not known: check the address"
        except ConnectionRefusedError:
            self.reason = f"{endpoint} refuses connections: start a producer there, or check the port"
        except TimeoutError:
            self.reason = f"{endpoint} does not answer: check the network and the firewall"
        except OSError as error:
            self.reason = f"{endpoint} cannot be reached: {error.strerror or error}"
        else:
            self.reason = f"{endpoint} accepts connections but tells no states: is a framefan producer there?"

"""A SUB of ZeroMQ by hand (ZMTP 3.0), for what a real one would never send."""

import socket

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + bytes(32)
_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"


class RawSubscriber:
    """A connection to a socket that publishes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.sendall(_GREETING)
        heard = b""
        while len(heard) < len(_GREETING):  # libzmq now and then loses a connection by which more comes before
            heard += self._socket.recv(65536)
        self._socket.sendall(b"\x04" + bytes([len(_READY)]) + _READY)
        while b"READY" not in heard:
            heard += self._socket.recv(65536)

    def subscribe(self, *topics: bytes) -> None:
        """Send subscriptions, whether or not they were sent before."""
        self._send(b"\x01", topics)

    def unsubscribe(self, *topics: bytes) -> None:
        """Send the ends of subscriptions, whether or not there are such."""
        self._send(b"\x00", topics)

    @property
    def ended(self) -> bool:
        """True if the other side has hung up."""
        self._socket.settimeout(0.05)
        try:
            return not self._socket.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, kind: bytes, topics: tuple[bytes, ...]) -> None:
        bodies = [kind + topic for topic in topics]
        self._socket.settimeout(10)
        self._socket.sendall(b"".join(b"\x02" + len(body).to_bytes(8, "big") + body for body in bodies))

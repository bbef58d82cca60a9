"""Wakes up the thread that polls."""

import socket
from contextlib import suppress


class Waker:
    """A word from any thread to the one that polls.

    Attributes:
        woken: to poll.
    """

    def __init__(self) -> None:
        self._waker, self.woken = socket.socketpair()
        self._waker.setblocking(False)
        self.woken.setblocking(False)

    def wake(self) -> None:
        """Give the word."""
        with suppress(BlockingIOError):  # it is about to wake up anyway
            self._waker.send(b"\0")

    def rest(self) -> None:
        """Take the words in."""
        with suppress(BlockingIOError):
            self.woken.recv(4096)

    def close(self) -> None:
        """Close both ends."""
        self._waker.close()
        self.woken.close()

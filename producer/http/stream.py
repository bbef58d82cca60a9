"""Bytes as they come in, by line, by length, or as they are; and chunks taken apart (RFC 9112, 7.1)."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..rtsp.messages import Refusal

Receive = Callable[[int, bool], bytes]
"""Waits for at most so many bytes and returns at least one; told True it waits for all of them, as far as it can.

Raises EOFError at the end, TimeoutError if nothing comes, OSError if the connection broke.
"""

_PIECE = 65_536
_HEAD = 4096  # little enough that most of a picture is received in one piece of its own
_LONGEST = 8192  # what is looked for
_MOST_HEADERS = 100


class Stream:
    """What comes in, nothing of which is waited for without need.

    Args:
        receive: gives it.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._data = b""
        self._at = 0

    def line(self) -> bytes:
        """Return the next line without its end; of one that is far too long, a part."""
        while (end := self._data.find(b"\n", self._at)) < 0 and len(self._data) - self._at < _PIECE:
            self._more()
        end = len(self._data) if end < 0 else end
        line = self._data[self._at : end]
        self._at = end + 1
        return line.rstrip(b"\r")

    def find(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Return the next place that looks like this, and pass over it and what is before it."""
        self.unread(b"")  # so that it may begin right here
        while not (found := pattern.search(self._data)):
            self._at = max(0, len(self._data) - _LONGEST)
            self._more()
        self._at = found.end()
        return found

    def some(self, most: int = _PIECE) -> bytes:
        """Return what has come in, at least one byte."""
        if self._at >= len(self._data):
            return self._receive(most, False)
        data = self._data[self._at : self._at + most]
        self._at += len(data)
        return data

    def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        parts = [self._data[self._at : self._at + count]]
        missing = count - len(parts[0])
        self._at += len(parts[0])
        while missing:
            parts.append(self._receive(missing, True))
            missing -= len(parts[-1])
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Put bytes back in front of what has come in."""
        self._data, self._at = data + self._data[self._at :], 0

    def _more(self) -> None:
        """Wait for more than has come in."""
        self._data, self._at = self._data[self._at :] + self._receive(_HEAD, False), 0

    def headers(self) -> Mapping[str, str]:
        """Return the header lines up to an empty line; names in lower case.

        Raises:
            Refusal: they are none.
        """
        found: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            line = self.line().decode("latin-1")
            if not line:
                return MappingProxyType(found)
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon:
                raise Refusal(400, "malformed header line")
            found[name] = f"{found[name]}, {value.strip()}" if name in found else value.strip()
        raise Refusal(400, "too many headers")


class Chunks:
    """The contents of a body with chunked transfer encoding.

    Args:
        stream: the body.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = 0
        self._is_first = True

    def receive(self, most: int, whole: bool) -> bytes:
        """Return what `Receive` says, of one chunk."""
        if not self._left:
            self._begin()
        count = min(most, self._left)
        data = self._stream.exactly(count) if whole else self._stream.some(count)
        self._left -= len(data)
        return data

    def _begin(self) -> None:
        if not self._is_first:
            self._stream.line()  # ends the chunk before
        self._is_first = False
        size = self._stream.line().partition(b";")[0].strip()
        try:
            self._left = int(size, 16)
        except ValueError:
            raise Refusal(400, "malformed chunk") from None
        if self._left <= 0:
            raise EOFError

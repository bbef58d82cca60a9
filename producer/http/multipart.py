"""The pictures in a body of type multipart/x-mixed-replace, as cameras send it rather than as RFC 2046 has it."""

import re
from collections.abc import Iterator

from ...common import jpeg
from ...common.wire import LARGEST_MESSAGE
from ..picture import Jpeg
from .stream import Stream

_HEAD = rb"^(?:--|%s)[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n"
"""A boundary, header lines if there are any, and an empty line."""
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r?$")
_IS_OTHER = re.compile(rb"(?im)^content-type:[ \t]*(?!image/)\w")
_START_OF_IMAGE = b"\xff\xd8"


class Multipart:
    """The JPEGs in the parts of a body. Whatever else there is, between parts and in them, is passed over.

    A picture is complete with the last byte that its part's Content-Length tells. Where that is missing or wrong, it is
    complete with its end marker, which no scan contains. Nothing waits for the next part to begin.

    Args:
        stream: the body.
        boundary: as the body's Content-Type tells it, which is not always what stands between the parts.
    """

    def __init__(self, stream: Stream, boundary: str) -> None:
        self._stream = stream
        self._head = re.compile(_HEAD % (re.escape(boundary.encode("latin-1")) or b"--"), re.MULTILINE)
        self._trusts_length = True

    def pictures(self) -> Iterator[Jpeg]:
        """Yield pictures, whole ones only.

        Raises:
            EOFError: the body came to its end.
        """
        while True:
            head = self._stream.find(self._head)[0]
            length = _LENGTH.search(head)
            try:
                if length and self._trusts_length and 0 < int(length[1]) <= LARGEST_MESSAGE:
                    data = self._stream.exactly(int(length[1]))
                else:
                    data = self._up_to_end_marker()
                yield Jpeg.parse(data)
            except ValueError:
                self._trusts_length = self._trusts_length and _IS_OTHER.search(head) is not None

    def _up_to_end_marker(self) -> bytes:
        """Return a JPEG that begins here.

        Raises:
            ValueError: none does, or it is too large.
        """
        data, at, ended = bytearray(), 0, False
        try:
            while not ended:
                data += self._stream.some()
                if not data.startswith(_START_OF_IMAGE[: len(data)]) or len(data) > LARGEST_MESSAGE:
                    raise ValueError("no JPEG")
                at, ended = jpeg.find_end(data, at)
        finally:
            self._stream.unread(bytes(data[at:]))
        return bytes(data[:at])

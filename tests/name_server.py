"""A name server that knows addresses of the fourth version of IP, the same for every name: those in a file.

The file is read for every question, so that a test can change it: `python name_server.py HOST FILE`.
"""

import socket
import struct
import sys
from pathlib import Path

_HEADER = struct.Struct("!6H")  # number, flags, counts of questions, answers, authorities, additional records
_ANSWER = struct.Struct("!HHHIH4s")  # pointer to the name, type, class, seconds to keep it, length, address
_RESPONSE = 0x8580  # of an authority, without recursion
_A = 1


def answer(query: bytes, addresses: list[str]) -> bytes:
    """Return the response to a query, as in RFC 1035, section 4."""
    number = _HEADER.unpack_from(query)[0]
    end = query.index(b"\0", _HEADER.size) + 5  # the name, its end, type and class
    asked = int.from_bytes(query[end - 4 : end - 2])
    records = [
        _ANSWER.pack(0xC000 | _HEADER.size, _A, 1, 0, 4, socket.inet_aton(address))
        for address in (addresses if asked == _A else [])
    ]
    return _HEADER.pack(number, _RESPONSE, 1, len(records), 0, 0) + query[_HEADER.size : end] + b"".join(records)


def main(host: str, path: str) -> None:
    """Answer until the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((host, 53))
        print("answering", flush=True)
        while True:
            query, asker = server.recvfrom(512)
            server.sendto(answer(query, Path(path).read_text().split()), asker)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The head of a JPEG that RTP leaves out (RFC 2435, appendices A and B): standard tables, and where all is written."""

import struct
from functools import lru_cache

_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d51575f626768673e4d71"
    "797064785c656763"
)
_CHROMA = bytes.fromhex("1112121815182f1a1a2f634238426363" + 48 * "63")
"""Quantization tables for quality 50, in zigzag order (ITU-T T.81, K.1 and K.2)."""

_HUFFMAN = (
    "0000010501010101010100000000000000000102030405060708090a0b",
    "0100030101010101010101010000000000000102030405060708090a0b",
    (
        "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a16"
        "1718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a83848586878889"
        "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9ea"
        "f1f2f3f4f5f6f7f8f9fa"
    ),
    (
        "1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434"
        "e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a828384858687"
        "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9"
        "eaf2f3f4f5f6f7f8f9fa"
    ),
)
"""Huffman tables, each with its class and number in front (ITU-T T.81, K.3 to K.6)."""

TABLE = 64
"""Bytes of a quantization table."""
_SAMPLING = {0: 0x21, 1: 0x22}  # of luma, by type: 4:2:2, 4:2:0


@lru_cache(maxsize=4)
def quantization(quality: int) -> bytes:
    """Return the tables for luma and chroma that a Q from 1 to 99 stands for (RFC 2435, 4.2)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(max((value * scale + 50) // 100, 1), 255) for value in _LUMA + _CHROMA)


@lru_cache(maxsize=4)
def head(kind: int, width: int, height: int, interval: int, tables: bytes) -> bytes:
    """Return a JPEG up to its scan.

    Args:
        kind: 0 for 4:2:2, 1 for 4:2:0.
        width, height: pixels.
        interval: of restart markers, in MCUs; 0 if there are none.
        tables: one quantization table, or two for luma and chroma, in zigzag order.
    """
    count = len(tables) // TABLE
    chroma = count - 1
    parts = [b"\xff\xd8", _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]
    parts += [_segment(0xDB, bytes((n,)) + tables[n * TABLE : (n + 1) * TABLE]) for n in range(count)]
    components = bytes((3, 1, _SAMPLING[kind], 0, 2, 0x11, chroma, 3, 0x11, chroma))
    parts.append(_segment(0xC0, struct.pack("!BHH", 8, height, width) + components))
    parts += [_segment(0xC4, bytes.fromhex(table)) for table in _HUFFMAN]
    if interval:
        parts.append(_segment(0xDD, struct.pack("!H", interval)))
    parts.append(_segment(0xDA, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0))))
    return b"".join(parts)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0xFF, marker, len(body) + 2) + body

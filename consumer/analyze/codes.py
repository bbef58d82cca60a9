"""QR codes and bar codes (EAN, UPC, Code 128 as far as OpenCV reads them)."""

from contextlib import suppress
from typing import Any

import cv2

from ...common.frame import Frame

_UNREADABLE = (UnicodeDecodeError, cv2.error)
"""What OpenCV raises about some pictures, such as that of a QR code whose text is no UTF-8: it holds for one frame."""


class Codes:
    """Reads codes; one instance per camera."""

    def __init__(self) -> None:
        self._qr = cv2.QRCodeDetector()
        self._bars = cv2.barcode.BarcodeDetector()

    def __call__(self, frame: Frame) -> list[dict[str, Any]] | None:
        """Return `[{"kind": "qr" or e.g. "EAN_13", "text": ..., "corners": [[x, y] * 4]}, ...]`; None without codes."""
        image = frame.image
        found = []
        with suppress(*_UNREADABLE):
            read, texts, corners, _ = self._qr.detectAndDecodeMulti(image)
            if read:
                found += [_code("qr", text, points) for text, points in zip(texts, corners, strict=True) if text]
        with suppress(*_UNREADABLE):
            read, texts, kinds, corners = self._bars.detectAndDecodeWithType(image)
            if read:
                found += [
                    _code(kind, text, points) for text, kind, points in zip(texts, kinds, corners, strict=True) if text
                ]
        return found or None


def _code(kind: str, text: str, corners: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in corners]}

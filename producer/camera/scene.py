"""The picture that the camera sees: a calm dark scene with a clock, drawn straight into YUV 4:2:0.

Colours are written as (luma 0 to 1, Cb and Cr -0.5 to 0.5, BT.601), and become bytes only at the end: limited range
for H.264 and H.265, full range for JPEG.
"""

import math
import time
import zlib
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from . import font, stamp
from .settings import Settings

Colour = tuple[float, float, float]
Plane = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_INK = 0.93  # luma of text
_FAINT = 0.50
_TRACK: Colour = (0.22, 0.01, -0.01)
_BARS = (0xC9CDD2, 0xD9C56C, 0x6CC3CC, 0x78BE83, 0xB583C6, 0xCE6F6C, 0x6C84CE)  # quiet relatives of SMPTE bars
_BALL_ROW = 0.70  # of the height
_PERIOD = 8.0  # seconds for the ball to come back


class Scene:
    """A camera's view; each name has an accent colour of its own.

    Args:
        name: the camera's name, shown in capitals.
        settings: the size, and the codec that decides the range of levels.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._width, self._height = settings.size
        self._full_range = settings.codec == "mjpeg"
        self._format = "yuvj420p" if self._full_range else "yuv420p"
        self._accent = _accent(name)
        self._digits = self._size(0.155)
        self._small = self._size(0.032)
        self._background = self._paint(name, str(settings).replace("x", "*"))
        self._glyphs = {
            (char, size): self._luma(font.glyph(char, size) * _INK)
            for size in (self._digits, self._small)
            for char in "0123456789:.#"
        }

    def picture(self, number: int, elapsed: float, time_ns: int) -> av.VideoFrame:
        """Draw the scene at a moment.

        Args:
            number: the frame's number, shown.
            elapsed: not used; a film is looked up by it.
            time_ns: wall-clock time in ns, shown as a clock in local time and as a machine-readable stamp.
        """
        frame = av.VideoFrame(self._width, self._height, self._format)
        planes = [_plane(plane) for plane in frame.planes]
        for plane, background in zip(planes, self._background, strict=True):
            plane[:] = background
        seconds, rest = divmod(time_ns, 1_000_000_000)
        self._draw_ball(planes, time_ns / 1e9)
        clock = time.strftime("%H:%M:%S", time.localtime(seconds)) + f".{rest // 1_000_000:03d}"
        left = (self._width - font.width(clock, self._digits)) // 2
        self._write(planes[0], clock, left, self._row(0.375), self._digits)
        count = f"#{number:06d}"
        right = round(self._width * 0.95) - font.width(count, self._small)
        self._write(planes[0], count, right, self._row(0.087), self._small)
        stamp.draw(planes[0], time_ns)
        return frame

    def close(self) -> None:
        """Do nothing: a scene holds nothing to free."""

    def _write(self, luma: Plane, text: str, x: int, y: int, size: int) -> None:
        for char in text:
            glyph = self._glyphs[char, size]
            rows, columns = glyph.shape
            area = luma[y : y + rows, x : x + columns]
            np.maximum(area, glyph, out=area)
            x += columns

    def _draw_ball(self, planes: list[Plane], seconds: float) -> None:
        """Draw the ball, with a place finer than a pixel, so that it glides."""
        radius = 0.030 * self._height
        turn = 2 * math.pi * (seconds % _PERIOD) / _PERIOD
        x = self._width * (0.5 + 0.42 * math.sin(turn))
        y = self._height * _BALL_ROW
        for plane, value, zoom in zip(planes, self._accent, (1, 2, 2), strict=True):
            top, left = int((y - radius) / zoom) - 1, int((x - radius) / zoom) - 1
            side = int(2 * radius / zoom) + 4
            area = plane[top : top + side, left : left + side]
            rows, columns = np.ogrid[: area.shape[0], : area.shape[1]]
            distance = np.hypot(columns + (left + 0.5 - x / zoom), rows + (top + 0.5 - y / zoom))
            cover = np.clip(radius / zoom + 0.5 - distance, 0, 1)
            level = float(self._luma(value) if zoom == 1 else self._chroma(value))
            area[:] = area + (level - area) * cover

    def _paint(self, name: str, facts: str) -> tuple[Plane, Plane, Plane]:
        """Paint all that does not move."""
        y, x = np.mgrid[0 : self._height, 0 : self._width].astype(np.float32)
        y, x = y / self._height, x / self._width
        glow = np.exp(-(((x - 0.5) / 0.42) ** 2) - ((y - 0.45) / 0.38) ** 2)
        luma = 0.055 + 0.045 * (1 - y) + 0.075 * glow
        weight = 0.16 * (0.35 + 0.65 * glow[::2, ::2])
        canvas = (luma, weight * self._accent[1], weight * self._accent[2])
        margin = 0.05
        self._bar(canvas, margin, 0.08, margin + 0.006, 0.08 + 0.088, self._accent)
        text = round((margin + 0.0125) * self._width)
        self._text(luma, name, text, self._row(0.08), self._size(0.05), _INK)
        self._text(luma, facts, text, self._row(0.148), self._size(0.022), _FAINT)
        self._bar(canvas, 0.08, _BALL_ROW - 0.0015, 0.92, _BALL_ROW + 0.0015, _TRACK)
        left, right, gap = stamp.LEFT + stamp.WIDTH + 0.02, 1 - margin, 0.004
        step = (right - left + gap) / len(_BARS)
        for index, rgb in enumerate(_BARS):
            start = left + index * step
            end = start + step - gap
            self._bar(canvas, start, stamp.TOP, end, stamp.TOP + stamp.HEIGHT, _ycbcr(rgb))
        return self._luma(_dithered(luma)), self._chroma(canvas[1]), self._chroma(canvas[2])

    def _bar(
        self,
        canvas: tuple[Floats, Floats, Floats],
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
    ) -> None:
        """Fill a rectangle, given in fractions of the picture."""
        for plane, value in zip(canvas, colour, strict=True):
            rows, columns = plane.shape
            first, second = round(top * rows), round(left * columns)
            plane[
                first : max(first + 1, round(bottom * rows)),
                second : max(second + 1, round(right * columns)),
            ] = value

    def _text(self, luma: Floats, text: str, x: int, y: int, size: int, ink: float) -> None:
        """Write a line of text, cut where the frame number may be."""
        mask = font.render(text, size)[:, : round(0.6 * self._width)]
        area = luma[y : y + mask.shape[0], x : x + mask.shape[1]]
        area += (ink - area) * mask

    def _size(self, fraction: float) -> int:
        return max(7, round(fraction * min(self._height, self._width * 9 / 16)))

    def _row(self, fraction: float) -> int:
        return round(fraction * self._height)

    def _luma(self, value: Floats | float) -> Plane:
        low, span = (0, 255) if self._full_range else (16, 219)
        return np.asarray(np.clip(np.multiply(value, span) + low + 0.5, 0, 255), np.uint8)

    def _chroma(self, value: Floats | float) -> Plane:
        span = 255 if self._full_range else 224
        return np.asarray(np.clip(np.multiply(value, span) + 128.5, 0, 255), np.uint8)


def _plane(plane: Any) -> Plane:
    """Return the pixels of a PyAV plane as a writable array, uint8 (height, width), without the padding of its rows."""
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def _accent(name: str) -> Colour:
    """Return a colour of even brightness and strength, whose hue the name decides."""
    angle = 2 * math.pi * zlib.crc32(name.encode()) / 2**32
    return 0.62, 0.20 * math.cos(angle), 0.20 * math.sin(angle)


def _ycbcr(rgb: int) -> Colour:
    red, green, blue = ((rgb >> shift & 0xFF) / 255 for shift in (16, 8, 0))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma, (blue - luma) / 1.772, (red - luma) / 1.402


def _dithered(luma: Floats) -> Floats:
    """Add half a level of noise, always the same, so that the dark gradient shows no bands."""
    noise = np.random.default_rng(0).random(luma.shape, np.float32)
    return np.asarray(luma + (noise - 0.5) / 255, np.float32)

"""What is drawn on a camera's picture: its caption, and why it is not live. Pure functions from picture to picture."""

import textwrap
from dataclasses import dataclass

import cv2
import numpy as np

from ..common.frame import Image
from ..common.state import State
from . import table

Colour = tuple[int, int, int]

BACKGROUND: Colour = (22, 20, 18)
_WHITE: Colour = (255, 255, 255)
_PALE: Colour = (215, 215, 215)
_FAINT: Colour = (160, 160, 160)
_GREEN: Colour = (100, 205, 70)
_AMBER: Colour = (40, 175, 250)
_RED: Colour = (80, 80, 240)
_COLOURS = {State.LIVE: _GREEN, State.STALLED: _AMBER, State.CONNECTING: _AMBER}

_CAPITAL = 22.0
"""Pixels that a capital letter of OpenCV's fonts is high at scale 1."""
_WEIGHT = 16.0
"""A stroke is one pixel wide per so many pixels of letter height, at least one."""
_STRIP = 0.34
_DIMMED = 0.30
"""What is left of the brightness behind a caption, and of a picture that is not live."""
_MOST_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a viewer must know of a camera.

    Attributes:
        name: as the viewer calls it.
        state: of the camera.
        reason: why it is not live; may be empty.
        since: seconds for which it has been in this state.
        fps: frames per second that come in.
        age: of the picture, s; None if there never was one.
    """

    name: str
    state: State
    reason: str = ""
    since: float = 0.0
    fps: float = 0.0
    age: float | None = None


def compose(picture: Image | None, size: tuple[int, int], caption: Caption) -> Image:
    """Return a picture fitted into `size` (width, height), with its caption, and a notice if it is not live.

    Args:
        picture: BGR uint8 (height, width, 3), which is left as it is; None for a dark panel.
        size: of the result, in pixels.
        caption: what to write.
    """
    canvas = panel(size) if picture is None else fit(picture, size)
    if caption.state is not State.LIVE:
        canvas = canvas if picture is None else dim(canvas)
        _write_notice(canvas, caption)
    _write_caption(canvas, caption)
    return canvas


def panel(size: tuple[int, int]) -> Image:
    """Return a dark picture of (width, height)."""
    return np.full((size[1], size[0], 3), BACKGROUND, np.uint8)


def fit(picture: Image, size: tuple[int, int]) -> Image:
    """Return a picture as large as (width, height) allows without distortion, centred on a dark ground."""
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    width, height = (
        max(1, min(limit, round(side * scale))) for limit, side in zip(size, picture.shape[1::-1], strict=True)
    )
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if abs(size[0] - width) <= 1 and abs(size[1] - height) <= 1:
        return np.array(cv2.resize(picture, size, interpolation=method), np.uint8)
    canvas = panel(size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    canvas[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=method)
    return canvas


def dim(picture: Image) -> Image:
    """Return a picture darkened and without colour, so that nobody takes it for a live one."""
    gray = cv2.convertScaleAbs(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), alpha=_DIMMED)
    return np.array(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def _unit(canvas: Image) -> float:
    """Return the length that letters are measured by: the height of a 16:9 picture that fits."""
    return float(min(canvas.shape[0], canvas.shape[1] * 9 / 16))


def _write_caption(canvas: Image, caption: Caption) -> None:
    """Write a translucent strip along the bottom: state as a dot, name; on the right fps and age."""
    height, width = canvas.shape[:2]
    letter = max(8.0, 0.021 * _unit(canvas))
    margin = round(1.2 * letter)
    top = max(0, height - round(2.6 * letter))
    strip = canvas[top:]
    strip[:] = cv2.convertScaleAbs(strip, alpha=_STRIP)
    middle = (top + height) // 2
    baseline = middle + round(letter / 2)

    radius = 0.38 * letter
    _dot(canvas, (margin + radius, middle), radius, _COLOURS.get(caption.state, _RED))
    right = width - margin
    for text, widest in _figures(caption):
        start = right - _text_width(widest, letter)
        if start < 0.4 * width:
            break  # rather the name than every figure
        _write(canvas, text, (right - _text_width(text, letter), baseline), letter, _PALE)
        right = start - margin
    left = margin + round(2.4 * letter * 0.8)
    _write(canvas, _shorten(caption.name, letter, right - left), (left, baseline), letter, _WHITE, bold=True)


def _figures(caption: Caption) -> list[tuple[str, str]]:
    """Return (text, widest text at that place) from right to left: a place that keeps its width does not flicker."""
    age = table.age(caption.age)
    if caption.state is not State.LIVE:
        return [(f"{age} old", f"{age} old")] if age else []
    return [(age, "000 ms"), (f"{caption.fps:.1f} fps", "00.0 fps")]


def _write_notice(canvas: Image, caption: Caption) -> None:
    """Write the state in large letters in the middle, below it the reason, and for how long."""
    unit, width = _unit(canvas), canvas.shape[1]
    large, small = max(14.0, 0.070 * unit), max(8.0, 0.024 * unit)
    title, duration = str(caption.state).upper(), f"for {table.age(max(1.0, caption.since))}"
    reason = _wrap(caption.reason, small, round(0.8 * width))
    # Each line with its letters' height, colour, weight and the space below it.
    lines = [(title, large, _COLOURS.get(caption.state, _RED), True, 2.2 * small)]
    lines += [(line, small, _WHITE, False, 1.1 * small) for line in reason]
    lines += [(duration, small, _FAINT, False, 0.0)]
    baseline = 0.46 * canvas.shape[0] - sum(letter + space for _, letter, _, _, space in lines) / 2
    for text, letter, colour, bold, space in lines:
        baseline += letter
        left = (width - _text_width(text, letter, bold=bold)) // 2
        _write(canvas, text, (left, round(baseline)), letter, colour, bold=bold)
        baseline += space


def _wrap(text: str, letter: float, width: int) -> list[str]:
    """Break a text into lines of at most `width` pixels, few enough to be read at a glance."""
    if not text:
        return []
    characters = max(4, int(0.92 * width * len(text) / max(1, _text_width(text, letter))))
    return textwrap.wrap(text, characters, max_lines=_MOST_LINES, placeholder=" ...")


def _shorten(text: str, letter: float, width: int) -> str:
    """Return as much of a name as fits."""
    if _text_width(text, letter, bold=True) <= width:
        return text
    while text and _text_width(text + "...", letter, bold=True) > width:
        text = text[:-1]
    return text + "..." if text else ""


def _dot(canvas: Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    shift = 4  # circles to a sixteenth of a pixel, or small ones are lopsided
    at = (round(centre[0] * 2**shift), round(centre[1] * 2**shift))
    cv2.circle(canvas, at, round(radius * 2**shift), colour, cv2.FILLED, cv2.LINE_AA, shift)


def _write(canvas: Image, text: str, at: tuple[int, int], letter: float, colour: Colour, *, bold: bool = False) -> None:
    """Write in capitals `letter` pixels high, `at` the left end of the baseline."""
    cv2.putText(canvas, text, at, _font(bold), letter / _CAPITAL, colour, _stroke(letter), cv2.LINE_AA)


def _text_width(text: str, letter: float, *, bold: bool = False) -> int:
    return int(cv2.getTextSize(text, _font(bold), letter / _CAPITAL, _stroke(letter))[0][0])


def _font(bold: bool) -> int:
    return cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX


def _stroke(letter: float) -> int:
    return max(1, round(letter / _WEIGHT))

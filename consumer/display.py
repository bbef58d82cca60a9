"""Windows that show cameras, and on each picture how old it is.

PyAV must stay out of this process: beside its libraries the windows of OpenCV can hang (PyAV#978, opencv#21952).
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

import cv2

from ..common.address import CameraAddress
from ..common.errors import NoFrame, WireError
from ..common.frame import Frame, Image
from ..common.signals import Stop
from ..common.state import State
from . import grid as layout
from .overlay import Caption, compose, panel
from .subscriber import Subscriber

log = logging.getLogger("framefan")

_PASS_MS = 10
_REDRAW = 0.1
"""Seconds after which a caption is written anew though no frame came, so that the age is seen to grow."""
_PATIENCE = 2.0
"""Seconds without a new picture, at the least, until the last one is shown as old; slow cameras get three intervals."""
_WIDEST, _HIGHEST = 1280, 720
_QUIT = {ord("q"), ord("Q"), 27}


class Tile:
    """The newest picture of one camera, and what is to be said of it.

    Args:
        subscriber: to the camera.
        name: as it is shown.
    """

    def __init__(self, subscriber: Subscriber, name: str) -> None:
        self.subscriber = subscriber
        self.name = name
        self.frame: Frame | None = None
        self._picture: Image | None = None
        self._interval = 0.0
        self._drawn = float("-inf")

    def due(self, width: int) -> bool:
        """Take the newest frame if there is one, to be shown `width` pixels wide; return whether to draw anew."""
        try:
            frame = self.subscriber.read(0)
            picture = frame.decode(reduce=next((by for by in (8, 4, 2) if frame.width >= by * width), 1))
        except NoFrame:
            return time.monotonic() - self._drawn >= _REDRAW
        except WireError as error:
            log.warning("%s", error)
            return False
        if self.frame is not None:
            self._interval = self.frame.age - frame.age
        self.frame, self._picture = frame, picture
        return True

    def draw(self, size: tuple[int, int]) -> Image:
        """Return the picture at (width, height) with its caption."""
        self._drawn = time.monotonic()
        return compose(self._picture, size, self._caption())

    def _caption(self) -> Caption:
        told = self.subscriber.state
        age = self.frame.age if self.frame else None
        state, reason, since = told.state, told.reason, told.since
        if state is State.LIVE and age is None:
            state, reason = State.CONNECTING, "waiting for the first picture"
        elif state is State.LIVE and age is not None and age > max(_PATIENCE, 3 * self._interval):
            state, reason, since = State.STALLED, "no new picture comes", age
        fps = self.subscriber.statistics().fps
        return Caption(name=self.name, state=state, reason=reason, since=since, fps=fps, age=age)


class Window:
    """One window with one camera or several.

    Args:
        title: unique.
        tiles: what it shows.
    """

    def __init__(self, title: str, tiles: Sequence[Tile]) -> None:
        self._title = title
        self._tiles = tiles
        self._sized = len(tiles) > 1  # that of a single camera waits for the shape of the picture
        self._size = layout.window_size(len(tiles), _WIDEST)
        self._canvas = panel(self._size)
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, *self._size)
        cv2.imshow(title, self._canvas)

    @property
    def open(self) -> bool:
        """False once its user has closed it."""
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) > 0
        except cv2.error:
            return False

    def update(self) -> None:
        """Draw what is new, and what has aged."""
        cells = layout.cells(len(self._tiles), *self._size)
        due = [(tile, cell) for tile, cell in zip(self._tiles, cells, strict=True) if tile.due(cell.width)]
        if not due:
            return
        if self._resized():
            due = list(zip(self._tiles, layout.cells(len(self._tiles), *self._size), strict=True))
        for tile, cell in due:
            drawn = tile.draw((cell.width, cell.height))
            self._canvas[cell.y : cell.y + cell.height, cell.x : cell.x + cell.width] = drawn
        cv2.imshow(self._title, self._canvas)

    def close(self) -> None:
        """End its subscriptions."""
        for tile in self._tiles:
            tile.subscriber.close()

    def _resized(self) -> bool:
        """Follow the size that the user gave the window, and at first that of the picture."""
        frame = self._tiles[0].frame
        if not self._sized and frame is not None:
            self._sized = True
            scale = min(1.0, _WIDEST / frame.width, _HIGHEST / frame.height)
            size = (round(frame.width * scale), round(frame.height * scale))
            cv2.resizeWindow(self._title, *size)
        else:
            _, _, width, height = cv2.getWindowImageRect(self._title)
            size = width, height
        if min(size) < 1 or size == self._size:
            return False
        self._size = size
        self._canvas = panel(size)
        return True


def run(addresses: Sequence[CameraAddress], stop: Stop, *, grid: bool) -> None:
    """Show cameras until q or Esc is pressed, every window is closed, or the end is asked for.

    Args:
        addresses: of the cameras.
        stop: the wish to end.
        grid: all in one window instead of one each.
    """
    if not addresses:  # the end was asked for before any was known
        return
    with ExitStack() as stack:
        names = _names(addresses)
        tiles = [
            Tile(stack.enter_context(Subscriber(address)), name) for address, name in zip(addresses, names, strict=True)
        ]
        apart = [Window(f"{tile.name} - framefan", [tile]) for tile in tiles] if not grid else []
        windows = apart or [Window("framefan", tiles)]
        stack.callback(cv2.destroyAllWindows)
        while windows and not stop.requested:
            for window in windows:
                window.update()
            if cv2.waitKey(_PASS_MS) in _QUIT:
                break
            for window in windows:
                if not window.open:
                    window.close()
            windows = [window for window in windows if window.open]


def _names(addresses: Sequence[CameraAddress]) -> list[str]:
    """Return each camera's name, with its producer where two share one."""
    count = Counter(address.topic for address in addresses)
    return [address.topic if count[address.topic] == 1 else str(address) for address in addresses]

"""Windows that show cameras, on a screen of their own."""

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from framefan.common.address import CameraAddress
from framefan.common.command import main
from framefan.common.errors import ExitCode
from framefan.common.signals import Stop
from framefan.common.state import State
from framefan.consumer import display, screen
from framefan.consumer.display import Tile
from framefan.consumer.overlay import Caption
from framefan.consumer.subscriber import Subscriber
from framefan.producer import Publisher
from tests.pictures import Image, flat
from tests.programs import FRAMEFAN, Program, Start, eventually, framefan, unavailable

ANYWHERE = "tcp://127.0.0.1:0"
NOWHERE = "tcp://127.0.0.1:9/door"
needs_windows = pytest.mark.skipif(not screen.has_windows(), reason="this OpenCV is headless")
COLOUR = (40, 120, 200)
OTHER = (200, 120, 40)


class Screen:
    """An X server that nobody sees."""

    def __init__(self, name: str) -> None:
        self.name = name

    def picture(self) -> Image:
        """Return what is on it: BGR uint8 (height, width, 3)."""
        shot = subprocess.run(
            ["import", "-display", self.name, "-window", "root", "png:-"], capture_output=True, check=True, timeout=20
        )
        return np.array(cv2.imdecode(np.frombuffer(shot.stdout, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    def window(self, title: str) -> int | None:
        """Return the window of that title, if there is one."""
        found = self._xdotool("search", "--onlyvisible", "--name", f"^{title}$").stdout.split()
        return int(found[0]) if found else None

    def press(self, title: str, key: str) -> None:
        """Press a key in a window."""
        self._xdotool("key", "--window", str(self.window(title)), key)

    def close(self, title: str) -> None:
        """Ask a window to close, as a click on its cross does."""
        window = eventually(lambda: self.window(title), f"window {title}", within=15)
        close_window(self.name, window)

    def expose(self) -> None:
        """Unmap and map every window, which makes them paint."""
        for window in self._xdotool("search", "--onlyvisible", "--name", "framefan").stdout.split():
            self._xdotool("windowunmap", "--sync", window, "windowmap", "--sync", window)

    def _xdotool(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["xdotool", *words], env=os.environ | {"DISPLAY": self.name}, capture_output=True, text=True, timeout=20
        )


class ClientMessage(ctypes.Structure):
    """`XClientMessageEvent` of Xlib, padded to the size of an `XEvent`."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 12),
    )


def close_window(display_name: str, window: int) -> None:
    """Send `WM_DELETE_WINDOW`, which is what a window manager does for a click on the cross."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(xlib.XOpenDisplay(display_name.encode()))
    event = ClientMessage(type=33, window=window, format=32)
    event.message_type = xlib.XInternAtom(connection, b"WM_PROTOCOLS", 0)
    event.data[0] = xlib.XInternAtom(connection, b"WM_DELETE_WINDOW", 0)
    xlib.XSendEvent(connection, ctypes.c_ulong(window), 0, 0, ctypes.byref(event))
    xlib.XCloseDisplay(connection)


@pytest.fixture(scope="module")
def monitor() -> Iterator[Screen]:
    """A screen at a free number."""
    if not screen.has_windows():
        unavailable("this OpenCV is headless")
    for program in ("Xvfb", "xdotool", "import"):
        if not shutil.which(program):
            unavailable(f"{program} is not installed: apt-get install xvfb xdotool imagemagick")
    # By default a server starts anew when its last client leaves, and refuses the next one meanwhile.
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-noreset"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield Screen(":" + server.stdout.readline().strip())
        finally:
            server.terminate()


@pytest.fixture
def cameras() -> Iterator[Publisher]:
    """A producer of the live cameras `door` and `yard`."""
    with Publisher(ANYWHERE) as publisher:
        over = threading.Event()

        def publish() -> None:
            while not over.wait(0.05):
                publisher.publish("door", flat(1920, 1080, COLOUR))
                publisher.publish("yard", flat(640, 360, OTHER))

        publish_thread = threading.Thread(target=publish)
        publish_thread.start()
        try:
            yield publisher
        finally:
            over.set()
            publish_thread.join()


def show(start: Start, monitor: Screen, *words: str) -> Program:
    """Start `framefan display` on a screen."""
    return start("env", f"DISPLAY={monitor.name}", FRAMEFAN, "display", *words)


def shows(monitor: Screen, x: int, y: int, right: Callable[[np.ndarray], bool]) -> None:
    """Wait until the pixel at x, y is right."""

    def probe() -> bool:
        return right(monitor.picture()[y, x].astype(int))

    try:
        eventually(probe, f"the pixel at {x}, {y}", within=8)
    except AssertionError:
        # Where there is no window manager, and much load, Qt may miss that its window was exposed: any program of
        # OpenCV's stays black then, in one start of ten.
        monitor.expose()
        eventually(probe, f"the pixel at {x}, {y}", within=15)


def is_colour(colour: tuple[int, ...]) -> Callable[[np.ndarray], bool]:
    """Return a test for a colour as JPEG keeps it."""
    return lambda pixel: bool(np.abs(pixel - colour).max() < 8)


def is_dim(pixel: np.ndarray) -> bool:
    """Tell whether a pixel has neither colour nor much light, but is not black."""
    return bool(np.ptp(pixel) == 0 and 20 < pixel.max() < 80)


@pytest.mark.parametrize("key", ["q", "Escape"])
def test_window_shows_the_camera_until_a_key_is_pressed(
    start: Start, monitor: Screen, cameras: Publisher, key: str
) -> None:
    """The window is named after the camera and as large as 1280x720 allows; q and Esc end it with exit code 0."""
    program = show(start, monitor, cameras.endpoint + "/door")
    shows(monitor, 1270, 10, is_colour(COLOUR))
    shows(monitor, 1290, 10, is_colour((0, 0, 0)))
    monitor.press("door - framefan", key)
    assert program.wait() == ExitCode.OK
    assert program.output == ""


def test_grid_shows_all_cameras_in_one_window(start: Start, monitor: Screen, cameras: Publisher) -> None:
    """With --grid and no camera named, all cameras of the producer stand side by side."""
    eventually(lambda: framefan("probe", cameras.endpoint).returncode == 0, "both cameras live", within=15)
    program = show(start, monitor, "--grid", cameras.endpoint)
    shows(monitor, 100, 10, is_colour(COLOUR))
    shows(monitor, 1200, 10, is_colour(OTHER))
    monitor.press("framefan", "q")
    assert program.wait() == ExitCode.OK


def test_lost_camera_is_dimmed_and_comes_back_live(start: Start, monitor: Screen) -> None:
    """A picture stops looking live when the camera does, and does so again with the next frame."""
    with Publisher(ANYWHERE) as publisher:
        show(start, monitor, publisher.endpoint + "/door")

        def is_published(pixel: np.ndarray) -> bool:
            publisher.publish("door", flat(1280, 720, COLOUR))
            return is_colour(COLOUR)(pixel)

        shows(monitor, 10, 10, is_published)
        shows(monitor, 10, 10, is_dim)
        shows(monitor, 10, 10, is_published)
    shows(monitor, 10, 10, is_dim)


def test_closing_a_window_quits_its_camera(start: Start, monitor: Screen, cameras: Publisher) -> None:
    """A window that is closed stays closed while others go on; closing the last one ends the command."""
    program = show(start, monitor, cameras.endpoint + "/door", cameras.endpoint + "/yard")
    shows(monitor, 10, 10, is_colour(OTHER))  # the last one to open is on top
    monitor.close("yard - framefan")
    eventually(lambda: monitor.window("yard - framefan") is None, "the window closes", within=5)
    assert monitor.window("door - framefan")
    monitor.close("door - framefan")
    assert program.wait() == ExitCode.OK


@needs_windows
def test_no_screen_is_one_sentence() -> None:
    """Without a screen the command says so, and what to do, instead of dying of Qt's abort."""
    ended = framefan("display", NOWHERE, DISPLAY="", WAYLAND_DISPLAY="")
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr == (
        "framefan display: there is no screen here: run framefan display on a desktop, or use framefan sample\n"
    )


@pytest.mark.parametrize("name", [":4321", "localhost:59.0", ":4321.0"])
def test_screen_that_does_not_answer_is_none(name: str) -> None:
    """A DISPLAY left over from another session is recognized, and named."""
    assert f"DISPLAY={name}" in screen.missing({"DISPLAY": name})


def test_screen_is_found(monitor: Screen) -> None:
    """A screen that answers is one."""
    assert screen.missing({"DISPLAY": monitor.name}) == ""


def test_opencv_without_windows_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The headless OpenCV is named, and how to replace it."""
    monkeypatch.setattr(cv2, "currentUIFramework", str)
    assert main(["display", NOWHERE]) == ExitCode.PACKAGE
    assert capsys.readouterr().err == (
        "framefan display: windows need opencv-python, and this OpenCV is headless: "
        "pip uninstall opencv-python opencv-python-headless, then pip install 'framefan[consumer]'\n"
    )


def test_cameras_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two producers may have a camera of the same name; their windows have different titles."""
    titles: list[str] = []

    class Closed:
        open = False

        def __init__(self, title: str, _tiles: object) -> None:
            titles.append(title)

        def update(self) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(screen, "missing", lambda: "")
    monkeypatch.setattr(display, "Window", Closed)
    for function in ("waitKey", "destroyAllWindows"):
        monkeypatch.setattr(cv2, function, lambda *_: -1)
    addresses = [CameraAddress.parse(f"tcp://127.0.0.1:{port}") for port in ("9/door", "19/door", "9/yard")]
    with Stop() as stop:
        display.run(addresses, stop, grid=False)
    assert titles == [
        "tcp://127.0.0.1:9/door - framefan",
        "tcp://127.0.0.1:19/door - framefan",
        "yard - framefan",
    ]


def test_picture_that_stays_is_not_called_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer calls a camera stalled after two seconds, long before its producer does."""
    monkeypatch.setattr(display, "_PATIENCE", 0.3)
    told: list[Caption] = []
    monkeypatch.setattr(display, "compose", lambda _picture, _size, caption: told.append(caption))

    def state(tile: Tile) -> State:
        tile.draw((64, 48))
        return told[-1].state

    with Publisher(ANYWHERE) as publisher, Subscriber(publisher.endpoint + "/door") as subscriber:
        tile = Tile(subscriber, "door")
        assert state(tile) is not State.LIVE

        def live() -> bool:
            publisher.publish("door", flat())
            return tile.due(64) and state(tile) is State.LIVE

        eventually(live, "live", within=5)
        eventually(lambda: state(tile) is State.STALLED, "stalled", within=5)
        assert subscriber.state.state is State.LIVE
        assert told[-1].reason == "no new picture comes"

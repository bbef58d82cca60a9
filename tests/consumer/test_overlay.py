"""What is drawn on pictures."""

import dataclasses

import numpy as np
import pytest

from framefan.common.state import State
from framefan.consumer import grid, overlay
from framefan.consumer.overlay import Caption, compose
from tests.pictures import Image, flat

SIZES = [(320, 180), (640, 480), (1280, 720), (3840, 2160)]
LIVE = Caption(name="door", state=State.LIVE, fps=25.0, age=0.031)
DOWN = Caption(name="door", state=State.OFFLINE, reason="the camera refuses connections", since=12.3, age=14.0)


def strip(picture: Image) -> Image:
    """Return the part that the caption covers, about a twentieth at the bottom."""
    return picture[-picture.shape[0] // 24 :]


@pytest.mark.parametrize("size", SIZES)
def test_live_picture_stays_as_it_is_above_its_caption(size: tuple[int, int]) -> None:
    """Only the strip at the bottom covers a live picture."""
    drawn = compose(flat(*size), size, LIVE)
    assert drawn.shape == (size[1], size[0], 3)
    assert (drawn[: size[1] * 7 // 8] == flat(1, 1)).all()


@pytest.mark.parametrize("brightness", [0, 128, 255])
def test_caption_is_readable_on_any_picture(brightness: int) -> None:
    """White letters stand on a ground that is much darker, even on a white picture."""
    drawn = strip(compose(flat(1280, 720, (brightness, brightness, brightness)), (1280, 720), LIVE))
    assert drawn.max() > 240
    assert np.median(drawn) < 100


def test_caption_grows_with_the_picture() -> None:
    """The same caption takes about the same part of a picture of any size."""
    parts = [float((strip(compose(flat(*size, (0, 0, 0)), size, LIVE)) > 128).mean()) for size in SIZES[2:]]
    assert parts[1] == pytest.approx(parts[0], rel=0.5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", [state for state in State if state is not State.LIVE])
def test_picture_that_is_not_live_does_not_look_live(size: tuple[int, int], state: State) -> None:
    """The picture below loses its colour and most of its light, and something is written across its middle."""
    drawn = compose(flat(*size), size, dataclasses.replace(DOWN, state=state))
    corner = drawn[: size[1] // 8]
    assert np.ptp(corner, axis=2).max() == 0
    assert corner.max() < 100
    assert drawn[size[1] // 4 : size[1] * 3 // 4].max() > 200


@pytest.mark.parametrize(("state", "strongest"), [(State.LIVE, 1), (State.STALLED, 2), (State.OFFLINE, 2)])
def test_dot_tells_the_state(state: State, strongest: int) -> None:
    """The dot is green while live; amber and red have red as their strongest colour."""
    drawn = strip(compose(None, (1280, 720), dataclasses.replace(LIVE, state=state)))[:, :40].astype(int)
    dot = drawn[np.unravel_index(np.ptp(drawn, axis=2).argmax(), drawn.shape[:2])]
    assert dot.argmax() == strongest


def test_camera_without_a_picture_gets_a_panel() -> None:
    """Where there never was a picture, a dark panel carries the notice."""
    drawn = compose(None, (640, 360), dataclasses.replace(DOWN, age=None))
    assert tuple(drawn[0, 0]) == overlay.BACKGROUND
    assert drawn.max() > 200


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (320, 180), (360, 1280)])
def test_long_words_never_leave_the_picture(size: tuple[int, int]) -> None:
    """Names, reasons and pictures of any size are cut or wrapped to what there is."""
    caption = Caption(name="a" * 64, state=State.REFUSED, reason="tcp://" + "b" * 300 + " refuses", since=1e6, age=1e5)
    assert compose(flat(), size, caption).shape == (size[1], size[0], 3)


def test_long_name_leaves_the_figures_alone() -> None:
    """A name of the greatest length is cut where the figures begin."""
    short, long = (strip(compose(None, (640, 360), dataclasses.replace(LIVE, name=name))) for name in ("a", "w" * 64))
    assert (short[:, -85:] == long[:, -85:]).all()


def test_picture_keeps_its_shape_and_is_not_written_to() -> None:
    """A portrait picture stands between dark margins, and the caller's array is left as it is."""
    picture = flat(480, 640)
    drawn = compose(picture, (640, 360), LIVE)
    assert tuple(drawn[10, 10]) == overlay.BACKGROUND
    assert tuple(drawn[100, 320]) == tuple(flat(1, 1)[0, 0])
    assert (picture == flat(480, 640)).all()


@pytest.mark.parametrize("count", range(1, 18))
def test_cells_cover_the_window_without_overlap(count: int) -> None:
    """Every camera has a cell inside the window, and no pixel belongs to two."""
    width, height = grid.window_size(count, 1280)
    used = np.zeros((height, width), int)
    cells = grid.cells(count, width, height)
    for cell in cells:
        used[cell.y : cell.y + cell.height, cell.x : cell.x + cell.width] += 1
    assert len(cells) == count
    assert used.max() == 1
    assert used.sum() == sum(cell.width * cell.height for cell in cells)

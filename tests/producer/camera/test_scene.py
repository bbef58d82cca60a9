import numpy as np
import pytest

from framefan.producer.camera import font
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.settings import Settings


def ball(name: str) -> tuple[int, int, int]:
    """Return the colour at the ball's place, at a moment when it is in the middle."""
    image = Scene(name, Settings(size=(640, 360))).picture(0, 0.0, 0).to_ndarray(format="bgr24")
    return tuple(image[round(0.7 * 360), 320])


@pytest.mark.parametrize("size", [(64, 64), (320, 184), (176, 640), (1920, 1080)])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_scene_is_drawn_at_any_size(codec: str, size: tuple[int, int]) -> None:
    """A scene has the size and the pixel format that its codec needs."""
    if codec == "mjpeg" and size[1] % 8:
        pytest.skip("no such size over RTP")
    frame = Scene("a very long name of a camera", Settings(codec=codec, size=size)).picture(10**7, 0.0, 10**18)
    assert (frame.width, frame.height) == size
    assert frame.format.name == ("yuvj420p" if codec == "mjpeg" else "yuv420p")


def test_cameras_differ_in_colour() -> None:
    """Each name has an accent colour of its own, always the same."""
    assert ball("door") == ball("door")
    assert len({ball(name) for name in ("door", "yard", "hall", "roof")}) == 4


def test_range_of_levels_follows_the_codec() -> None:
    """The same scene is as bright in full range as it is in limited range."""
    means = [
        Scene("door", Settings(codec=codec, size=(640, 360))).picture(0, 0.0, 0).to_ndarray(format="rgb24").mean()
        for codec in ("h264", "mjpeg")
    ]
    assert means[0] == pytest.approx(means[1], abs=1.5)


def test_digits_are_of_one_width() -> None:
    """A running clock does not move."""
    assert len({font.width(digit, 40) for digit in "0123456789"}) == 1


def test_text_is_as_wide_as_announced() -> None:
    """The width of a text is known before it is rendered; unknown signs become a box, accents are left out."""
    for text in ("Küche 7", "门"):
        mask = font.render(text, 24)
        assert mask.shape == (24, font.width(text, 24))
        assert mask.max() == pytest.approx(1.0)
    assert not font.render("", 24).any()
    assert np.array_equal(font.render("ü", 24), font.render("U", 24))

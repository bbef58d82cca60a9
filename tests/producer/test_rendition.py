"""Renditions: sizes, qualities, gray, and what passes through."""

import av
import cv2
import numpy as np
import pytest
import simplejpeg
from av.video.reformatter import ColorRange, Colorspace

from framefan.common import jpeg
from framefan.common.errors import AddressError
from framefan.producer.array_encoder import encode_array
from framefan.producer.encoder import shrink
from framefan.producer.picture import Jpeg
from framefan.producer.rendition import Rendition, render
from tests import pictures
from tests.producer.test_colours import BARS, RAMP

ORIGINAL = Rendition()


def decoded(data: bytes, flag: int = cv2.IMREAD_COLOR) -> pictures.Image:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flag), np.uint8)


def video(image: pictures.Image, format: str = "yuv420p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=format)


def smooth(width: int, height: int) -> pictures.Image:
    """Return a picture without edges, in which a shift or a wrong line would be seen."""
    across, down = np.linspace(20, 230, width)[None, :], np.linspace(230, 20, height)[:, None]
    planes = [across + 0 * down, down + 0 * across, (across + down) / 2]
    return np.stack(planes, axis=2).astype(np.uint8)


def shrunk(image: pictures.Image, width: int, height: int) -> pictures.Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def assert_alike(found: pictures.Image, expected: pictures.Image) -> None:
    """Hold that two pictures are the same but for the error of a JPEG, as in `test_colours.py`."""
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected)
    assert difference.mean() < 2.0
    assert np.percentile(difference, 99) <= 8


def test_parse() -> None:
    """Every wish is read; the empty text is the original."""
    assert Rendition.parse("") == ORIGINAL
    assert Rendition.parse("fps=5&gray=1&height=480&quality=60&width=640") == Rendition(640, 480, 5, 60, True)


@pytest.mark.parametrize("text", ["size=3", "width=0", "width=x", "fps=5;gray=1", "quality=101", "gray=2", "?fps=5"])
def test_refuses(text: str) -> None:
    """Nonsense from a foreign program is refused."""
    with pytest.raises(AddressError):
        Rendition.parse(text)


@pytest.mark.parametrize(
    ("rendition", "original", "size"),
    [
        (ORIGINAL, (1920, 1080), (1920, 1080)),
        (Rendition(width=640), (1920, 1080), (640, 360)),
        (Rendition(height=480), (1920, 1080), (853, 480)),
        (Rendition(width=640, height=480), (1920, 1080), (640, 480)),
        (Rendition(width=1921), (1920, 1080), (1920, 1080)),
        (Rendition(height=2160), (1920, 1080), (1920, 1080)),
        (Rendition(width=3840, height=2160), (1920, 1080), (1920, 1080)),
        (Rendition(width=3840, height=200), (1920, 1080), (1920, 200)),
        (Rendition(width=320), (639, 481), (320, 241)),
        (Rendition(width=1), (1920, 1080), (1, 1)),
        (Rendition(height=1), (4000, 1000), (4, 1)),
        (Rendition(width=64, fps=5), (64, 48), (64, 48)),
    ],
)
def test_sizes(rendition: Rendition, original: tuple[int, int], size: tuple[int, int]) -> None:
    """One side keeps the aspect ratio, both are taken at their word, and nothing grows."""
    assert rendition.size(*original) == size


@pytest.mark.parametrize("original", [(640, 480), (639, 481), (641, 359)])
@pytest.mark.parametrize("rendition", [Rendition(width=w, height=h) for w, h in [(320, None), (213, 159), (197, 141)]])
@pytest.mark.parametrize("format", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "jpeg"])
def test_scaled_pictures(original: tuple[int, int], rendition: Rendition, format: str) -> None:
    """From every format, and from a JPEG, a scaled picture looks like OpenCV's, odd sizes too."""
    image = smooth(*original)
    picture = Jpeg.parse(pictures.jpeg(image)) if format == "jpeg" else video(image, format)
    data, width, height, quality = render(picture, rendition, 90)
    assert (width, height) == jpeg.size(data) == rendition.size(*original)
    assert quality == 90
    assert_alike(decoded(data), shrunk(image, width, height))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (3, 2), (15, 17)])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p", "yuv444p", "jpeg"])
def test_tiny_pictures(size: tuple[int, int], gray: bool, format: str) -> None:
    """However little is asked for, it is a JPEG of that size."""
    image = pictures.flat(160, 120)
    picture = Jpeg.parse(pictures.jpeg(image)) if format == "jpeg" else video(image, format)
    rendered = render(picture, Rendition(*size, gray=gray), 80)
    assert jpeg.size(rendered.jpeg) == size
    if not gray:
        assert_alike(decoded(rendered.jpeg), pictures.flat(*size))


@pytest.mark.parametrize("image", [BARS, RAMP], ids=["bars", "ramp"])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709], ids=["BT.601", "BT.709"])
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p", "yuv444p"])
def test_colours(image: pictures.Image, full: bool, matrix: Colorspace, format: str) -> None:
    """In each range and matrix a scaled picture has the colours of the original."""
    colour_range = ColorRange.JPEG if full else ColorRange.MPEG
    source = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame = source.reformat(format=format, dst_color_range=colour_range, dst_colorspace=matrix)
    assert frame.color_range == colour_range
    found = decoded(render(frame, Rendition(width=200), 90).jpeg)
    inside = np.arange(200) % 25 // 5 % 4 != 0  # away from the bars' edges, where halved colour is blurred
    assert_alike(found[:, inside], shrunk(image, 200, 80)[:, inside])


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709], ids=["BT.601", "BT.709"])
@pytest.mark.parametrize("width", [None, 160])
def test_gray(full: bool, matrix: Colorspace, width: int | None) -> None:
    """Gray is luma in full range, in a JPEG of one component."""
    colour_range = ColorRange.JPEG if full else ColorRange.MPEG
    frame = av.VideoFrame.from_ndarray(RAMP, format="bgr24").reformat(
        format="yuv420p", dst_color_range=colour_range, dst_colorspace=matrix
    )
    data, *size, _ = render(frame, Rendition(width=width, gray=True), 90)
    assert simplejpeg.decode_jpeg_header(data)[2] == "Gray"
    assert_alike(decoded(data, cv2.IMREAD_GRAYSCALE), shrunk(RAMP[..., 0], *size))


@pytest.mark.parametrize("width", [None, 40])
def test_gray_of_a_jpeg(width: int | None) -> None:
    """The same from a JPEG."""
    image = smooth(160, 120)
    data, *size, quality = render(Jpeg.parse(pictures.jpeg(image)), Rendition(width=width, gray=True), 90)
    assert quality == 90
    assert simplejpeg.decode_jpeg_header(data)[2] == "Gray"
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    assert_alike(decoded(data, cv2.IMREAD_GRAYSCALE), shrunk(gray, *size))


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("compressed", [False, True], ids=["frame", "jpeg"])
def test_gray_sources(gray: bool, compressed: bool) -> None:
    """A camera without colour stays as it is."""
    image = smooth(160, 120)[..., 0].copy()
    frame = av.VideoFrame.from_ndarray(image, format="gray")
    picture = Jpeg.parse(encode_array(image, 90))
    rendered = render(picture if compressed else frame, Rendition(width=80, gray=gray), 90)
    assert_alike(decoded(rendered.jpeg), shrunk(image, 80, 60)[..., None].repeat(3, axis=2))


@pytest.mark.parametrize("text", ["", "fps=5", "width=160", "width=4000", "height=120&width=160"])
def test_jpeg_passes_through(text: str) -> None:
    """Where there is nothing to change, the very bytes of the camera go on; their quality is not ours."""
    data = pictures.jpeg(smooth(160, 120))
    assert render(Jpeg.parse(data), Rendition.parse(text), 80) == (data, 160, 120, 0)


def test_quality() -> None:
    """A rendition's own quality comes before the camera's, from planes and from a JPEG."""
    image = pictures.noisy(160, 120)
    for picture in (video(image), Jpeg.parse(pictures.jpeg(image))):
        low, high = (render(picture, Rendition(quality=quality), 80) for quality in (20, 95))
        assert (low.quality, high.quality) == (20, 95)
        assert 2 * len(low.jpeg) < len(high.jpeg)
    assert render(video(image), ORIGINAL, 20) == render(video(image), Rendition(quality=20), 80)


def test_damaged_jpeg() -> None:
    """Stray bytes do no harm; what cannot be decoded is refused."""
    data = pictures.jpeg(pictures.noisy(160, 120))
    stray = data[:-2] + b"\0\0\0" + data[-2:]
    assert jpeg.size(render(Jpeg.parse(stray), Rendition(width=80), 80).jpeg) == (80, 60)
    headless = data[:180].replace(b"\xff\xdb", b"\xff\xfe", 1) + data[-2:]
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of libjpeg
        render(Jpeg(headless, 160, 120), Rendition(width=80), 80)


def test_shrinks_without_aliasing() -> None:
    """Detail finer than a pixel becomes its mean, also where only one side shrinks."""
    stripes = np.tile(np.array([0, 255], np.uint8), (480, 320))
    assert np.ptp(shrink(stripes, (160, 120))) <= 1
    assert np.ptp(shrink(stripes, (160, 480))) <= 1
    assert shrink(stripes, (640, 480)) is stripes

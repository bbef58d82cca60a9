import time

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from framefan.producer.camera import stamp
from framefan.producer.camera.encoder import Encoder
from framefan.producer.camera.scene import Scene
from framefan.producer.camera.settings import Settings

Image = npt.NDArray[np.uint8]
MOMENT = 1_790_000_000_123_450_000
SIZES = [(320, 184), (640, 360), (640, 480), (1280, 720), (1920, 1080)]


def picture(size: tuple[int, int], codec: str = "h264", moment: int = MOMENT) -> av.VideoFrame:
    return Scene("door", Settings(codec=codec, size=size)).picture(7, 0.0, moment)


def pixels(frame: av.VideoFrame, form: str = "bgr24") -> Image:
    return np.asarray(frame.to_ndarray(format=form), np.uint8)


def half(image: Image) -> Image:
    height, width = image.shape[:2]
    return np.asarray(cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_stamp_is_read_back(size: tuple[int, int]) -> None:
    """A stamp is read from gray and from colour pictures of any size."""
    frame = picture(size)
    assert stamp.read(pixels(frame, "gray")) == MOMENT
    assert stamp.read(pixels(frame)) == MOMENT


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_stamp_survives_encoding_and_half_size(codec: str, size: tuple[int, int]) -> None:
    """A stamp is read from every decoded picture, and from one scaled to half its size."""
    if codec == "mjpeg" and size[1] % 8:
        pytest.skip("no such size over RTP")
    settings = Settings(codec=codec, size=size)
    encoder = Encoder(settings)
    scene = Scene("door", settings)
    decoder = av.CodecContext.create({"h265": "hevc"}.get(codec, codec), "r")
    assert isinstance(decoder, av.VideoCodecContext)
    images = []
    for number in range(4):
        drawn = scene.picture(number, 0.0, MOMENT + number * 40_000_000)
        unit = encoder.encode(drawn, number * 3600, keyframe=False)
        images += [pixels(frame) for frame in decoder.decode(av.Packet(unit.data))]
    images += [pixels(frame) for frame in decoder.decode(None)]
    encoder.close()
    assert [stamp.read(image) for image in images] == [MOMENT + n * 40_000_000 for n in range(4)]
    assert [stamp.read(half(image)) for image in images] == [MOMENT + n * 40_000_000 for n in range(4)]


@pytest.mark.parametrize("quality", [30, 80])
def test_stamp_survives_a_second_jpeg(quality: int) -> None:
    """A stamp is read after the picture went through JPEG once more, even a poor one."""
    image = pixels(picture((1280, 720)))
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert stamp.read(half(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8))) == MOMENT


def test_stamp_rounds_down_to_ten_microseconds() -> None:
    """A stamp is never later than the moment it stands for."""
    luma = np.zeros((180, 320), np.uint8)
    now = time.time_ns()
    stamp.draw(luma, now)
    assert stamp.read(luma) == now // 10_000 * 10_000


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_plain_picture_has_no_stamp(level: int) -> None:
    """A picture of one level holds no stamp."""
    assert stamp.read(np.full((180, 320), level, np.uint8)) is None


def test_damaged_stamp_is_not_believed() -> None:
    """A stamp with one wrong cell is None, not another time."""
    luma = np.zeros((180, 320), np.uint8)
    stamp.draw(luma, MOMENT)
    x, y = round((stamp.LEFT + stamp.WIDTH * 20.5 / 32) * 320), round((stamp.TOP + stamp.HEIGHT * 0.25) * 180)
    luma[y - 2 : y + 3, x - 3 : x + 4] = 255 - luma[y, x]
    assert stamp.read(luma) is None

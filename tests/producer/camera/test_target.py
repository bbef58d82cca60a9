import pytest

from framefan.producer.camera.faults import Faults
from framefan.producer.camera.settings import Settings
from framefan.producer.camera.target import Target, to_path, track_url


def test_url_names_a_camera() -> None:
    """Any path is a camera of that name, with the server's settings."""
    target = Target.parse("rtsp://h:1/front%20door/", Settings())
    assert target == Target("front door", Settings(), Faults())


def test_query_overrides_settings_and_asks_for_faults() -> None:
    """Every key of the query finds its field."""
    url = (
        "rtsp://h/x?codec=h265&size=640x360&fps=12.5&gop=50"
        "&fault=freeze&after=3&for=1.5&drop=0.02&resize=320x180&jump=-2&midgop=1&novideo=0"
    )
    target = Target.parse(url, Settings())
    assert target.settings == Settings(codec="h265", size=(640, 360), fps=12.5, gop=50)
    assert target.faults == Faults(
        fault="freeze", after=3, lasting=1.5, drop=0.02, resize=(320, 180), jump=-2, midgop=True
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("colour=red", "unknown query key 'colour'"),
        ("codec=av1", "codec: 'av1' is not one of h264, h265, mjpeg"),
        ("size=641x360", "size: '641x360' is not a size such as 1280x720, even numbers from 64 to 4096"),
        ("fps=0", "fps: '0' is not a frame rate from 0.1 to 120"),
        ("drop=2", "drop: '2' is not a number from 0 to 1"),
        ("after", "malformed query"),
        ("codec=mjpeg&size=640x364", "mjpeg over RTP needs sides in multiples of 8 up to 2040, not 640x364"),
        ("codec=mjpeg&midgop=1", "midgop: every frame of this camera is a keyframe"),
        (
            "codec=mjpeg&size=640x360&resize=320x180",
            "mjpeg over RTP needs sides in multiples of 8 up to 2040, not 320x180",
        ),
    ],
)
def test_query_that_means_nothing_is_refused(query: str, message: str) -> None:
    """What a camera does not understand is refused with a text that names it."""
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(") + "$"):
        Target.parse(f"rtsp://h/x?{query}", Settings())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://h/x", "not an rtsp:// URL"),
        ("x", "not an rtsp:// URL"),
        ("rtsp://h/%0A", "the camera's name does not print"),
        ("rtsp://[/x", "Invalid IPv6 URL"),
    ],
)
def test_url_that_is_none_of_ours_is_refused(url: str, message: str) -> None:
    """Other schemes, broken hosts and names that do not print are refused."""
    with pytest.raises(ValueError, match=message):
        Target.parse(url, Settings())


def test_track_url_is_absolute_and_means_the_same_camera() -> None:
    """The control URL keeps the query behind the track, and names the same target."""
    url = "rtsp://h:8554/door?fps=5"
    assert track_url(url) == "rtsp://h:8554/door/trackID=0?fps=5"
    assert Target.parse(track_url(url), Settings()) == Target.parse(url, Settings())


def test_path_is_written() -> None:
    """Python's values become a query, and `for_` the key `for`."""
    assert to_path("front door", {}) == "/front%20door"
    assert to_path("d", {"for_": 2, "midgop": True}) == "/d?for=2&midgop=1"

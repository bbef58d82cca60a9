"""Names of files."""

from datetime import UTC, datetime

import pytest

from framefan.common.errors import OptionError
from framefan.consumer.names import OF_CAMERAS, OF_FILMS, Template

TIME = datetime(2026, 11, 22, 10, 38, 55, 123456, UTC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{camera}/{time:%Y-%m-%d}/{time:%H%M%S.%f}.jpg", "door/2026-11-22/103855.123456.jpg"),
        ("{seq:06}.jpg", "000007.jpg"),
        ("newest.jpg", "newest.jpg"),
    ],
)
def test_fill(text: str, name: str) -> None:
    """Fields are formatted as Python does."""
    template = Template.parse(text, OF_CAMERAS)
    assert template.fill({"camera": "door", "seq": 7, "time": TIME}) == name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}.jpg", "has the field {}; there are camera, seq, time"),
        ("{time.year}.jpg", "has the field time.year; there are"),
        ("{camera", "is no template: "),
        ("{seq:%Y}.jpg", "is no template: "),
        ("{camera}", "is not that of a .jpg file below the directory"),
        ("/{seq}.jpg", "is not that of a .jpg file below the directory"),
        ("a/../../{seq}.jpg", "is not that of a .jpg file below the directory"),
        ("", "is not that of a .jpg file below the directory"),
    ],
)
def test_refused(text: str, complaint: str) -> None:
    """Fields that there are not, and what leads out of the directory, are refused in one sentence."""
    with pytest.raises(OptionError) as caught:
        Template.parse(text, OF_CAMERAS)
    assert complaint in str(caught.value)


def test_films_have_fields_of_their_own() -> None:
    """A film knows no time of capture."""
    assert Template.parse("{film}/{number:09}-{seconds:.2f}.jpg", OF_FILMS)
    with pytest.raises(OptionError, match="there are film, number, seconds"):
        Template.parse("{time:%H}.jpg", OF_FILMS)

"""What may be shown of a URL."""

import pytest

from framefan.common.redact import without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://10.0.0.7:554/streams/main", "rtsp://10.0.0.7:554/streams/main"),
        ("rtsp://admin:geheim@cam/live", "rtsp://cam/live"),
        ("rtsp://admin:ge/heim@cam/live", "rtsp://cam/live"),
        ("rtsp://admin:ge@heim@cam/live", "rtsp://cam/live"),
        ("rtsp:/admin:geheim@cam/live", "rtsp:/cam/live"),
        ("rtsp://cam/live?user=admin&password=geheim", "rtsp://cam/live"),
        ("rtsp://cam/user=admin&password=geheim&channel=1", "rtsp://cam/..."),
        ("unrecognized arguments: rtsp://a:geheim@c/d and more", "unrecognized arguments: rtsp://c/d and more"),
        ("'rtsp://a:geheim@c/d' and 'http://e:geheim@f/g'", "'rtsp://c/d' and 'http://f/g'"),
        ("/home/me/film.mp4", "/home/me/film.mp4"),
        ("admin:geheim@cam/live", "admin:cam/live"),
        ("test:320x240@5", "test:320x240@5"),
        ("test:geheim@cam/live", "test:cam/live"),
        ("test://test:geheim@cam/live", "test://cam/live"),
    ],
)
def test_shown(text: str, shown: str) -> None:
    """Users and passwords are left out wherever cameras take them; the rest stays readable."""
    assert without_password(text) == shown

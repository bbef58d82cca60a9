"""The pace of films, as their packets come out of the demuxer."""

import time
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from framefan.producer.demuxer import Demuxer
from framefan.producer.source import Source
from tests import pictures


def film(path: Path, codec: str, count: int = 12) -> Path:
    """Write a film of 10 pictures a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(count):
            image = pictures.flat(160, 96, (number * 10, number * 10, number * 10))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def gaps(path: Path) -> list[float]:
    """Return the seconds between the packets of a film, and at last to its end."""
    demuxer = Demuxer(Source.parse(str(path)), transport="tcp", loop=False)
    moments = [time.monotonic() for packet, _ in demuxer.packets() if not isinstance(packet, bytes) and packet.size]
    moments.append(time.monotonic())
    demuxer.close()
    return [after - before for before, after in pairwise(moments)]


@pytest.mark.parametrize(("name", "codec"), [("film.mp4", "libx264"), ("film.h264", "libx264"), ("film.avi", "mpeg4")])
def test_a_film_takes_its_time(tmp_path: Path, name: str, codec: str) -> None:
    """Whether or not its packets tell when they are due, and up to its last picture."""
    assert sum(gaps(film(tmp_path / name, codec))) > 1.1


@pytest.mark.parametrize(("name", "codec"), [("film.mp4", "libx264"), ("film.h264", "libx264")])
def test_a_film_begins_anew(tmp_path: Path, name: str, codec: str) -> None:
    """Also one that cannot be sought in."""
    demuxer = Demuxer(Source.parse(str(film(tmp_path / name, codec, 3))), transport="tcp", loop=True)
    sizes = [packet.size for packet, _ in islice(demuxer.packets(), 12) if not isinstance(packet, bytes)]
    demuxer.close()
    assert sizes[:4] == sizes[4:8] == sizes[8:]
    assert sizes[3] == 0


def test_time_that_begins_anew(tmp_path: Path) -> None:
    """Films in a row in one file are played one after the other, and not the rest at once."""
    part = film(tmp_path / "part.ts", "libx264").read_bytes()
    (tmp_path / "film.ts").write_bytes(3 * part)
    found = gaps(tmp_path / "film.ts")
    assert len(found) == 36
    assert sum(found) > 3.0
    assert max(found) < 1.0

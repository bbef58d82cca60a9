"""Pictures of films: those of OpenCV when it reads every frame, and no more decoded than need be."""

import logging
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from framefan.common.errors import SourceError
from framefan.common.signals import Stop
from framefan.consumer.film.film import Film
from framefan.consumer.film.pick import Pick
from framefan.consumer.film.sparse import SparseFilm
from framefan.consumer.interval import Interval

from . import films
from .films import KINDS, Kind

DECODED_WHOLE = {"h264-b-frames.avi", "packed.avi"}
"""Films whose packets do not tell which pictures come out of them."""


def check(path: Path, every: tuple[int, ...] = (1, 2, 5, 12, 17, 25, 50)) -> None:
    """Compare every N-th picture of a film, for several N, with OpenCV's when it reads every frame."""
    theirs = films.read_with_opencv(path)
    assert len(theirs) > films.FRAMES // 2
    for frames in every:
        with Film(path) as film:
            ours = list(film.pictures(Pick(Interval(frames=frames))))
        assert [picture.position.number for picture in ours] == list(range(0, len(theirs), frames))
        for picture in ours:
            assert np.array_equal(picture.image, theirs[picture.position.number]), (frames, picture.position.number)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_like_opencv(tmp_path: Path, kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    """Every picture, and every N-th, has the number and the pixels that OpenCV's has when it reads every frame."""
    with caplog.at_level(logging.WARNING):
        check(films.make(tmp_path, kind))
    assert bool(caplog.records) == (kind.name in DECODED_WHOLE), caplog.text


def test_packed_b_frames(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An AVI with two pictures in a packet is read by OpenCV, and the log says so."""
    films.make_packed(tmp_path / "packed.avi")
    check(tmp_path / "packed.avi")
    assert "packed.avi has to be decoded: picture 1 is missing" in caplog.text


def test_edit_list(tmp_path: Path) -> None:
    """What an MP4's edit list cuts off, from a place between two keyframes, has no number."""
    source = films.make(tmp_path, Kind("source.mp4"))
    cut = tmp_path / "cut.mp4"
    with av.open(str(source)) as container, av.open(str(cut), "w", options={"avoid_negative_ts": "disabled"}) as copy:
        stream = container.streams.video[0]
        out = copy.add_stream_from_template(stream)
        start = 7 * 512  # of 12800 per second
        for packet in container.demux(stream):
            if packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - start, packet.dts - start, out
                copy.mux(packet)
    with av.open(str(cut)) as container:
        assert sum(packet.is_discard for packet in container.demux(video=0)) > 0
    check(cut)


def test_no_more_is_decoded_than_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a picture in the middle, what is decoded begins with the keyframe before it and ends with the picture."""
    path = films.make(tmp_path, Kind("film.mkv", b_frames=0, options={"sc_threshold": "0"}))
    with Film(path) as film:
        decoded: list[range] = []
        original = SparseFilm._decoded

        def spy(self: SparseFilm, start: int, end: int) -> object:
            decoded.append(range(start, end + 1))
            return original(self, start, end)

        monkeypatch.setattr(SparseFilm, "_decoded", spy)
        numbers = [picture.position.number for picture in film.pictures(Pick(Interval(frames=20)))]
    assert numbers == [0, 20, 40]
    assert decoded == [range(1), range(12, 21), range(36, 41)]


def test_what_opencv_cannot_decode(tmp_path: Path) -> None:
    """A film that OpenCV has no decoder for is read all the same."""
    path = films.make(tmp_path, Kind("film.mkv", codec="libsvtav1", b_frames=0))
    if films.read_with_opencv(path):
        pytest.skip("this OpenCV decodes AV1")
    with Film(path) as film:
        assert [picture.position.number for picture in film.pictures(Pick(Interval(frames=25)))] == [0, 25, 50]


def test_interlaced(tmp_path: Path) -> None:
    """Interlaced pictures are converted, which OpenCV 5.0 does not do."""
    options = {"x264-params": "tff=1:interlaced=1"}
    with Film(films.make(tmp_path, Kind("film.ts", options=options))) as film:
        (first, *_) = film.pictures(Pick(Interval(frames=25)))
    assert np.abs(first.image.astype(int) - films.picture(0)).mean() < 30


def test_variable_rate_by_time(tmp_path: Path) -> None:
    """Of a film whose rate varies, `--every 200ms` is the first picture of each slot of 200 ms."""
    path = films.make(tmp_path, Kind("film.mkv", variable=True))
    with av.open(str(path)) as container:
        times = sorted(packet.pts / 1000 for packet in container.demux(video=0) if packet.pts is not None)
    with Film(path) as film:
        ours = [picture.position for picture in film.pictures(Pick(Interval(seconds=0.2)))]
    slots = [int((time - times[0]) / 0.2 + 1e-6) for time in times]
    assert [position.number for position in ours] == [slots.index(slot) for slot in dict.fromkeys(slots)]


def test_keyframes_of_a_film_decoded_whole(tmp_path: Path) -> None:
    """Where OpenCV reads every frame, keyframes are the pictures that are some, not those that come out beside them."""
    options = {"x264-params": "keyint=12:min-keyint=12:scenecut=0"}
    film = films.make(tmp_path, Kind("film.avi", b_frames=3, options=options))
    films.make_packed(tmp_path / "packed.avi")
    for path, expected in ((film, [0, 12, 24, 36, 48]), (tmp_path / "packed.avi", [0, 12, 24, 36, 48, 59])):
        with Film(path) as whole:
            assert [picture.position.number for picture in whole.pictures(Pick(Interval()))] == expected


def test_the_end_is_looked_at_between_wanted_pictures(tmp_path: Path) -> None:
    """Where OpenCV reads every frame, the wish to end is not put off to the next wanted picture."""
    path = films.make(tmp_path, Kind("h264-b-frames.avi"))
    with Stop() as stop, Film(path) as film:
        pictures = film.pictures(Pick(Interval(frames=50)), stop=stop)
        assert next(pictures).position.number == 0
        stop.request()
        assert next(pictures, None) is None


def test_a_name_with_colons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands before a colon in a file's name is no protocol, however the film is read."""
    monkeypatch.chdir(tmp_path)
    for kind in ("film.mkv", "h264-b-frames.avi"):
        path = Path(f"2026-11-28T10:00:00{films.make(tmp_path, Kind(kind)).suffix}")
        (tmp_path / kind).rename(path)
        with Film(path) as film:
            assert len(list(film.pictures(Pick(Interval(frames=50))))) == 2


@pytest.mark.parametrize("name", ["nix.mp4", "empty.mp4", "text.mp4"])
def test_no_film(tmp_path: Path, name: str) -> None:
    """What is no film is told in one sentence that names it."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(SourceError, match=f"cannot read .*{name} as a film: ") as caught:
        Film(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_sound_only(tmp_path: Path) -> None:
    """A file without pictures is told to be one."""
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        assert not isinstance(stream, VideoStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(SourceError, match="there is no video in it"):
        Film(path)

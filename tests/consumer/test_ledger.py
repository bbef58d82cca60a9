"""What was written, and how much of it is kept."""

import json
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from framefan.consumer.directory import Directory
from framefan.consumer.ledger import NAME, Keep, Ledger
from framefan.consumer.outputs import Output, output


@pytest.fixture(params=["directory", "memory", "file"])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Output:
    """Places of each kind."""
    return output(
        {
            "directory": str(tmp_path),
            "memory": f"memory://framefan{tmp_path}",
            "file": f"file://{tmp_path}",
        }[request.param]
    )


def write(out: Output, ledger: Ledger, number: int, *, size: int = 10, age: float = 0.0) -> str:
    name = f"door/{number}.jpg"
    out.write(name, bytes(size))
    ledger.wrote(name, size, datetime.now(UTC) - timedelta(seconds=age), camera="door", seq=number)
    return name


def left(out: Output) -> list[int]:
    return [number for number in range(20) if out.exists(f"door/{number}.jpg")]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (Keep(), [0, 1, 2, 3, 4, 5]),
        (Keep(count=2), [4, 5]),
        (Keep(size=35), [3, 4, 5]),
        (Keep(age=250), [3, 4, 5]),
        (Keep(age=250, count=1), [5]),
    ],
)
def test_limits(out: Output, keep: Keep, expected: list[int]) -> None:
    """The newest are kept, as far as every limit allows."""
    ledger = Ledger(out, keep)
    for number in range(6):
        write(out, ledger, number, age=100 * (5 - number))
    assert left(out) == expected


def test_earlier_runs_count(out: Output) -> None:
    """What an earlier run wrote is deleted as well, a line that was cut off being none."""
    first = Ledger(out, Keep())
    for number in range(4):
        write(out, first, number)
    out.append(NAME, b'{"file": "door/3')
    out.append(NAME, b"\n")
    write(out, Ledger(out, Keep(count=2)), 4)
    assert left(out) == [3, 4]


def test_others_files_stay(out: Output) -> None:
    """A file that is not in the ledger, or that is another by now, is not deleted."""
    ledger = Ledger(out, Keep(count=1))
    write(out, ledger, 0)
    out.write("door/0.jpg", b"somebody else's")
    out.write("door/10.jpg", bytes(10))
    write(out, ledger, 1)
    write(out, ledger, 2)
    assert left(out) == [0, 2, 10]


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Nothing outside of the directory is deleted, however the ledger or links name it, and no link either."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for path in (inside, outside):
        path.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (outside / name).write_bytes(bytes(10))
    (inside / "link").symlink_to(outside)
    (inside / "c.jpg").symlink_to(outside / "c.jpg")
    names = ("link/a.jpg", "../outside/b.jpg", str(outside / "b.jpg"), "c.jpg")
    lines = [json.dumps({"file": name, "size": 10, "captured": datetime.now(UTC).isoformat()}) for name in names]
    (inside / NAME).write_text("\n".join(lines) + "\n")
    out = Directory(inside)
    write(out, Ledger(out, Keep(count=1)), 0)
    assert sorted(path.name for path in outside.iterdir()) == ["a.jpg", "b.jpg", "c.jpg"]
    assert (inside / "c.jpg").is_symlink()


def test_the_ledger_does_not_grow(tmp_path: Path) -> None:
    """Lines of files that are gone are forgotten in time, those of files that are there never."""
    out = Directory(tmp_path)
    ledger = Ledger(out, Keep(count=2))
    for number in range(1200):
        write(out, ledger, number % 20)
    entries = [json.loads(line) for line in out.read(NAME).splitlines()]
    assert len(entries) < 1100
    assert {entry["file"] for entry in entries[-4:] if "file" in entry} >= {"door/18.jpg", "door/19.jpg"}


def test_what_was_missed_stays_with_the_files_around_it(tmp_path: Path) -> None:
    """A ledger that is written anew still tells what was missed since the oldest file that is there, and no more."""
    out = Directory(tmp_path)
    ledger, missed = Ledger(out, Keep(count=2)), []
    for number in range(1200):
        write(out, ledger, number)
        ledger.missed(camera="door", missed=number)
        missed = [entry for entry in map(json.loads, out.read(NAME).splitlines()) if "missed" in entry]
        assert [entry["missed"] for entry in missed[-2:]] == list(range(max(0, number - 1), number + 1))
    assert len(missed) < 1200


def test_what_cannot_be_noted_as_a_whole_is_not_there(tmp_path: Path) -> None:
    """A line that a full disk cuts off is taken back."""
    out = Directory(tmp_path)
    out.append(NAME, b"a line\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match=r"space|large"):
            out.append(NAME, b"a longer line\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert out.read(NAME) == b"a line\n"

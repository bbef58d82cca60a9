"""`framefan analyze --group NAME --share camera`, in real processes; test_groups.py has groups that change."""

import json
import logging
from collections import defaultdict

import pytest

from framefan.common.address import CameraAddress
from framefan.common.errors import ExitCode
from framefan.consumer.sharing.membership import Static
from framefan.consumer.sharing.share import Share
from tests.programs import FRAMEFAN, Program, Start, eventually, framefan

CAMERAS = ("door", "gate", "hall", "yard")


def served(program: Program) -> dict[str, set[int]]:
    """Return the numbers of the frames of each camera that an analyzer has told of."""
    found = defaultdict(set)
    for line in program.output.splitlines():
        if line.startswith("{"):
            record = json.loads(line)
            found[record["camera"]].add(record["seq"])
    return found


def has_frames(program: Program) -> bool:
    """Return whether an analyzer has told of several frames of two cameras."""
    return sum(len(numbers) > 3 for numbers in served(program).values()) == 2


def test_each_camera_is_served_once(start: Start) -> None:
    """Of two members each serves half of a producer's cameras, and says which."""
    words = [word for name in CAMERAS for word in ("test:320x240@5", "--name", name)]
    producer = start(FRAMEFAN, "produce", *words, "--bind", "tcp://127.0.0.1:0")
    address = producer.wait_for(r"tcp://[\d.]+:\d+")[0]
    for _ in CAMERAS:  # members that come earlier share those that are there, and then anew
        producer.wait_for(r"\w+ live")
    sharing = ("--with", "builtins:repr", "--group", "motion", "--share", "camera")
    members = [
        start(FRAMEFAN, "analyze", address, *sharing, "--members", f"static:{number}/2", "--wait", "20s")
        for number in (1, 2)
    ]
    said = [member.wait_for(r"serving (\w+), (\w+) \(2 of 4 cameras, member \d of 2\)").groups() for member in members]
    eventually(lambda: all(map(has_frames, members)), "frames of every camera", within=20)
    assert [sorted(served(member)) for member in members] == [sorted(names) for names in said]
    assert sorted(camera for member in members for camera in served(member)) == sorted(CAMERAS)


def test_changes_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """What a member serves is told when it changes, and not again."""
    address = CameraAddress.parse("tcp://host:5550")
    cameras = frozenset(CameraAddress(address.endpoint, name) for name in ("door", "yard"))
    found = [cameras]
    with caplog.at_level(logging.INFO), Static("1/1") as alone:
        share = Share("motion", alone, lambda: found[0])
        assert share.cameras() == share.cameras() == cameras
        found[0] = frozenset(list(cameras)[:1])
        assert share.cameras() == found[0]
    (left,) = found[0]
    assert caplog.messages == [
        "members of motion: 1",
        "serving door, yard (2 of 2 cameras, member 1 of 1)",
        f"serving {left.camera} (1 of 1 cameras, member 1 of 1)",
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--share", "camera"], "--share camera is for groups: name one with --group"),
        (["--group", "g", "--share", "camera"], "--share camera has to know who shares: add --members static:2/4 or"),
        (["--group", "g", "--members", "static:1/2"], "--members is for groups that share by camera"),
        (["--group", "g", "--share", "camera", "--members", "five"], "'five' does not say who the members are"),
        (["--group", "g", "--share", "half"], "'half' is not one of frame, camera"),
    ],
)
def test_refuses_combinations_without_a_sense(words: list[str], complaint: str) -> None:
    """One sentence says what is missing or too much."""
    ended = framefan("analyze", "tcp://127.0.0.1:9", *words)
    assert ended.returncode == ExitCode.USAGE
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1

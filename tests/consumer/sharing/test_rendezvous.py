"""Who serves which camera."""

import random
from collections import Counter

import pytest

from framefan.consumer.sharing.rendezvous import assign

SIZES = [(16, 4), (16, 3), (5, 4), (3, 4), (100, 7), (1, 1), (0, 3)]


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


@pytest.mark.parametrize(("cameras", "members"), SIZES)
def test_quota(cameras: int, members: int) -> None:
    """Every camera has a member, and no member has two more than another, in any group."""
    for group in names("group", 20):
        found = assign(names("camera", cameras), names("member", members), group)
        assert sorted(found) == sorted(names("camera", cameras))
        counts = Counter(dict.fromkeys(names("member", members), 0)) + Counter(found.values())
        held = [counts[member] for member in names("member", members)]
        assert max(held) - min(held) <= 1


def test_order_is_irrelevant() -> None:
    """All who see the same cameras and members agree, in whatever order they see them and however often."""
    cameras, members = names("camera", 16), names("member", 4)
    wanted = assign(cameras, members, "motion")
    for seed in range(10):
        random.Random(seed).shuffle(cameras)
        random.Random(seed).shuffle(members)
        assert assign(cameras * 2, members * 2, "motion") == wanted


def test_golden_values() -> None:
    """What was computed once is computed for ever, since members of two versions share a group during an update."""
    found = assign(["door", "yard", "gate", "hall", "roof"], ["10.0.0.1", "10.0.0.2"], "motion")
    assert found == {"door": "10.0.0.2", "yard": "10.0.0.2", "gate": "10.0.0.1", "hall": "10.0.0.2", "roof": "10.0.0.1"}


def test_groups_lie_differently() -> None:
    """The name of the group decides as well, so that one host does not get the same cameras in each."""
    cameras, members = names("camera", 16), names("member", 4)
    assert assign(cameras, members, "motion") != assign(cameras, members, "codes")


def test_nobody_is_there() -> None:
    """Without members nothing is served."""
    assert assign(["door"], [], "motion") == {}


@pytest.mark.parametrize(("change", "most"), [("leave", 1.5), ("join", 1.5), ("camera", 1.5)])
def test_few_cameras_move(change: str, most: float) -> None:
    """Of 16 cameras and 4 members, few others move on average when a member leaves or joins, or a camera appears."""
    cameras, members, moved = names("camera", 16), names("member", 4), 0
    groups = names("group", 100)
    for group in groups:
        before = assign(cameras, members, group)
        after = assign(
            [*cameras, "new"] if change == "camera" else cameras,
            {"leave": members[1:], "join": [*members, "new"], "camera": members}[change],
            group,
        )
        gone_or_new = ("member0", "new")
        moved += sum(
            before[camera] != after[camera] and before[camera] not in gone_or_new and after[camera] not in gone_or_new
            for camera in cameras
        )
    assert moved / len(groups) <= most

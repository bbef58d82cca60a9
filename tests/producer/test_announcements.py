"""What is said in a pass."""

from framefan.common.internal_errors import Containment
from framefan.producer.announcements import Announcements


def test_each_once_and_ours_first() -> None:
    """However often a state is asked for, it is said once; what is not here waits for its turn."""
    said: list[str] = []
    announcements = Announcements(said.append, Containment())
    for _ in range(3):
        announcements.add([f"n{number}" for number in range(500)], ours=False)
        announcements.add(["door", "yard"], ours=True)
    announcements.make()
    assert said[:2] == ["door", "yard"]
    assert len(said) == 202
    for _ in range(3):
        announcements.make()
    assert len(said) == len(set(said)) == 502


def test_state_that_fails_holds_up_no_other() -> None:
    """An error in one state, in every pass, costs the others nothing."""
    said: list[str] = []

    def say(topic: str) -> None:
        if topic == "bad":
            raise KeyError(topic)
        said.append(topic)

    announcements = Announcements(say, Containment())
    for _ in range(2):
        announcements.add(["door", "bad", "yard"], ours=True)
        announcements.make()
    assert said == ["door", "yard"] * 2

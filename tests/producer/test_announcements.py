"""What is said in a pass."""

from framefan.producer.announcements import Announcements


def test_each_once_and_ours_first() -> None:
    """However often a state is asked for, it is said once; what is not here waits for its turn."""
    said: list[str] = []
    announcements = Announcements(said.append)
    for _ in range(3):
        announcements.add([f"n{number}" for number in range(500)], ours=False)
        announcements.add(["door", "yard"], ours=True)
    announcements.make()
    assert said[:2] == ["door", "yard"]
    assert len(said) == 202
    for _ in range(3):
        announcements.make()
    assert len(said) == len(set(said)) == 502

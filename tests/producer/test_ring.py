"""Pictures in shared memory: never torn, and nobody's death or standstill keeps anybody waiting."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from framefan.common.memory import Layout, Place
from framefan.consumer.memory import SharedMemory
from framefan.producer.ring import Ring
from tests import pictures
from tests.programs import Program, Start, eventually

SHAPE = (480, 640, 3)
READER = """
import sys
from framefan.common.memory import Layout, Place
from framefan.consumer.memory import SharedMemory

memory, whole, late = SharedMemory(), 0, 0
for line in sys.stdin:
    seq, pid, descriptor, name = line.split()
    image = memory.copy(Place(int(pid), int(descriptor), name, "bgr"), int(seq), (480, 640, 3))
    late += image is None
    if image is not None:
        assert (image == int(seq) % 251).all(), f"picture {seq} holds {set(image.flat)}"
        whole += 1
print(whole, late)
"""
HOLDER = """
import fcntl, os, signal, sys

file = os.open(f"/proc/{sys.argv[1]}/fd/{sys.argv[2]}", os.O_RDONLY)
fcntl.flock(file, fcntl.LOCK_SH)
print("holds", flush=True)
signal.pause()
"""
DYING = """
import signal
import numpy as np
from framefan.producer.ring import Ring

with Ring().writing(1, [np.ones((480, 640, 3), np.uint8)], "bgr") as place:
    print("writes", place.pid, place.descriptor, place.name, flush=True)
    signal.pause()
"""
STARVED = """
import os, resource
import numpy as np
from framefan.producer.ring import Ring

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
ring, files = Ring(), len(os.listdir("/proc/self/fd"))
try:
    with ring.writing(1, [np.zeros((480, 640, 3), np.uint8)], "bgr"):
        pass
except OSError as error:
    print(error, len(os.listdir("/proc/self/fd")) - files)
"""


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A ring without pictures."""
    made = Ring()
    yield made
    made.close()


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    """A reader's side."""
    made = SharedMemory()
    yield made
    made.close()


def image(seq: int) -> pictures.Image:
    """Return a picture that tells its number everywhere."""
    return np.full(SHAPE, seq % 251, np.uint8)


def write(ring: Ring, seq: int, picture: pictures.Image) -> Place:
    """Write a picture in colour or gray, and return where it is."""
    with ring.writing(seq, [picture], Layout.BGR if picture.ndim == 3 else Layout.GRAY) as place:
        return place


def files_of(pid: int) -> set[str]:
    """Return the names of the memory files that a process has open."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("/memfd:framefan-"):
            found.add(target)
    return found


def holder(start: Start, place: Place) -> Program:
    """Start a program that is about to read a picture, and stays so."""
    program = start(sys.executable, "-c", HOLDER, str(place.pid), str(place.descriptor))
    program.wait_for("holds")
    return program


@pytest.mark.parametrize("shape", [(48, 64, 3), (48, 64), (1, 1, 3), (1080, 1920, 3)])
def test_round_trip(ring: Ring, memory: SharedMemory, shape: tuple[int, ...]) -> None:
    """What is written is read, of any size, in colour and gray, and is the reader's own."""
    written = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    place = write(ring, 7, written)
    read = memory.copy(place, 7, shape)
    again = memory.copy(place, 7, shape)
    assert read is not None
    assert again is not None
    assert (read == written).all()
    read[:] = 0
    assert (again == written).all()


def test_sizes_change(ring: Ring, memory: SharedMemory) -> None:
    """Pictures of other sizes, smaller and larger, take the places of others."""
    for seq in range(1, 30):
        picture = pictures.noisy(16 * (seq % 7 + 1), 16, seq)
        read = memory.copy(write(ring, seq, picture), seq, picture.shape)
        assert read is not None
        assert (read == picture).all()


def test_parts_of_arrays(ring: Ring, memory: SharedMemory) -> None:
    """An array that is not in one piece is written as it looks."""
    picture = pictures.noisy(64, 48)[::2, 10:50]
    read = memory.copy(write(ring, 1, picture), 1, picture.shape)
    assert read is not None
    assert (read == picture).all()


def test_overwritten(ring: Ring, memory: SharedMemory) -> None:
    """Who comes too late gets nothing, rather than another picture."""
    place = write(ring, 1, image(1))
    for seq in range(2, 10):
        write(ring, seq, image(seq))
    assert memory.copy(place, 1, SHAPE) is None


def test_a_picture_that_is_announced_is_waited_for(ring: Ring, memory: SharedMemory) -> None:
    """Who is told of a picture that is still being written waits a moment for it, but not for one that never comes."""
    with ring.writing(1, [image(1)], Layout.BGR) as place:
        started = time.monotonic()
        assert memory.copy(place, 2, SHAPE) is None
        assert memory.copy(place, 1, SHAPE) is None
        assert 0.02 < time.monotonic() - started < 1
        found: list[pictures.Image | None] = []
        reader = threading.Thread(target=lambda: found.append(memory.copy(place, 1, SHAPE)))
        reader.start()
    reader.join()
    assert found[0] is not None
    assert (found[0] == 1).all()


def test_a_writer_that_dies_over_a_picture(memory: SharedMemory, start: Start) -> None:
    """Its lock goes with it, and what it had begun is no picture."""
    program = start(sys.executable, "-c", DYING)
    told = program.wait_for(r"writes (\d+) (\d+) (\S+)")
    place = Place(int(told[1]), int(told[2]), told[3], Layout.BGR)
    memory.hold(place)
    program.kill()
    program.wait()
    assert memory.copy(place, 1, SHAPE) is None


def test_a_picture_that_fails(ring: Ring, memory: SharedMemory) -> None:
    """A picture whose announcement fails is not there, and the next one is."""
    with pytest.raises(KeyError), ring.writing(1, [image(1)], Layout.BGR) as place:
        raise KeyError
    with pytest.raises(OSError, match="No such file"):
        memory.copy(place, 1, SHAPE)
    assert memory.copy(write(ring, 2, image(2)), 2, SHAPE) is not None


def test_the_newest_stay(ring: Ring, memory: SharedMemory) -> None:
    """A picture can still be read when two more have been written."""
    places = {seq: write(ring, seq, image(seq)) for seq in range(1, 40)}
    assert all(memory.copy(places[seq], seq, SHAPE) is not None for seq in (37, 38, 39))


def test_a_picture_that_is_read_stays(ring: Ring, memory: SharedMemory, start: Start) -> None:
    """While somebody reads a picture it is not overwritten, and afterwards, killed or not, it is."""
    place = write(ring, 1, image(1))
    reader = holder(start, place)
    for seq in range(2, 30):
        assert memory.copy(write(ring, seq, image(seq)), seq, SHAPE) is not None
    assert memory.copy(place, 1, SHAPE) is not None
    reader.kill()
    for seq in range(30, 40):
        write(ring, seq, image(seq))
    assert memory.copy(place, 1, SHAPE) is None


def test_stopped_readers(ring: Ring, memory: SharedMemory, start: Start) -> None:
    """However many readers stop while they read, pictures go on, in no more memory than those readers hold."""
    own = len(files_of(os.getpid()))
    stopped = []
    for seq in range(1, 8):
        stopped.append(holder(start, write(ring, seq, image(seq))))
        stopped[-1].send_signal(signal.SIGSTOP)
    for seq in range(8, 60):
        assert memory.copy(write(ring, seq, image(seq)), seq, SHAPE) is not None
    memory.close()
    assert len(files_of(os.getpid())) - own == 4
    for program in stopped:
        program.kill()


def test_never_torn(ring: Ring) -> None:
    """Readers see whole pictures only, and those that they were told of, while others are killed in the middle."""
    with ExitStack() as opened:
        readers = [opened.enter_context(_reader()) for _ in range(3)]
        victim = opened.enter_context(_reader())
        until, seq = time.monotonic() + 3, 0
        while time.monotonic() < until:
            seq += 1
            place = write(ring, seq, image(seq))
            for reader in (*readers, victim):
                assert reader.stdin is not None
                reader.stdin.write(f"{seq} {place.pid} {place.descriptor} {place.name}\n")
                reader.stdin.flush()
            if seq % 50 == 0:
                victim.kill()
                victim = opened.enter_context(_reader())
        counts = [tuple(map(int, reader.communicate(timeout=30)[0].split())) for reader in readers]
        victim.kill()
    assert [whole + late for whole, late in counts] == [seq] * len(readers)
    assert sum(whole for whole, _ in counts) > 20  # one alone may be behind all the time on a busy machine


def test_gone(memory: SharedMemory) -> None:
    """A ring that is closed cannot be reached, nor one whose number another file has now."""
    first, second = Ring(), Ring()
    place = write(first, 1, image(1))
    first.close()
    with pytest.raises(OSError, match="No such file"):
        memory.copy(place, 1, SHAPE)
    other = write(second, 1, image(1))
    assert other.descriptor == place.descriptor
    with pytest.raises(FileNotFoundError, match="is gone"):
        memory.copy(place, 1, SHAPE)
    second.close()
    with pytest.raises(OSError, match="No such file"):
        memory.copy(Place(2**22 + 1, 3, "framefan-0", Layout.BGR), 1, SHAPE)


def test_nothing_is_left(start: Start) -> None:
    """A process that is killed leaves no memory behind, once its readers have let go of it."""
    program = start(
        sys.executable, "-c",
        "import signal, numpy as np; from framefan.producer.ring import Ring\n"
        "ring = Ring()\n"
        "with ring.writing(1, [np.zeros((480, 640, 3), np.uint8)], 'bgr') as place: pass\n"
        "print(*place, flush=True); signal.pause()",
    )  # fmt: skip
    pid, descriptor, name = program.wait_for(r"(\d+) (\d+) (\S+) bgr").groups()
    memory = SharedMemory()
    assert memory.copy(Place(int(pid), int(descriptor), name, Layout.BGR), 1, SHAPE) is not None
    program.kill()
    assert [name in file for file in files_of(os.getpid())] == [True]
    memory.close()
    assert eventually(lambda: not files_of(os.getpid()), "it is gone", within=5)


def test_no_memory() -> None:
    """Where there is no memory, writing says so and leaves nothing open."""
    told = subprocess.run([sys.executable, "-c", STARVED], capture_output=True, text=True, timeout=20, check=True)
    assert told.stdout.strip() == "[Errno 27] File too large 0"


def _reader() -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

"""Faults that meet: captures, readers, producer, relay and camera die, stop and come back at random."""

import signal
import sys
import time

import pytest

from framefan.consumer import NoFrame, Subscriber
from tests.chaos import SECONDS, Event, Player, Stage, children_of, descriptors_of, processes_in, stage
from tests.programs import FRAMEFAN, eventually, free_port

CAMERAS = ("door", "yard", "gate")
KEPT = 4 * len(CAMERAS)
"""Connections that captures keep to their hub of renditions that nobody watches any more, until they make others."""
LEFT = 30.0
"""Seconds within which what readers had open is closed: their demand lingers for 10 s at each producer."""
SETTLED = 10.0
"""Seconds after the last fault within which all cameras have frames."""
READERS = {
    "stream": ('mode="stream"', ""),
    "pull": ('mode="pull"', ""),
    "rendition": ("", "?width=64&fps=5"),
    "member": ('group="chaos"', ""),
    "pixels": ("", "?gray=1"),
}
READER = """
import random, sys
from framefan.consumer import NoFrame, Subscriber
cameras = sys.argv[1:]
while True:
    with Subscriber(random.choice(cameras) + {query!r}, timeout=0.5, {mode}) as frames:
        for _ in range(random.randrange(1, 60)):
            try:
                frames.read().image
            except NoFrame:
                pass
"""


class Chaos:
    """A camera, a producer whose configuration changes, a relay, and readers of all kinds at both."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._rtsp, here, there = free_port(), free_port(3), free_port(3)
        self.endpoints = [f"tcp://127.0.0.1:{port}" for port in (here, there)]
        self._configuration = stage.folder / "framefan.toml"
        self.configure(quality=80)
        produce = (FRAMEFAN, "produce", "--bind")
        self.camera = stage.enter("camera", FRAMEFAN, "camera", "--port", str(self._rtsp), "--size", "160x96")
        self.producer = stage.enter("producer", *produce, self.endpoints[0], "--config", str(self._configuration))
        self.relay = stage.enter("relay", *produce, self.endpoints[1], self.endpoints[0])
        self.readers: list[Player] = []

    @property
    def addresses(self) -> list[str]:
        """All cameras, at the producer and at the relay."""
        return [f"{endpoint}/{name}" for endpoint in self.endpoints for name in CAMERAS]

    def let_readers_in(self) -> None:
        """Start readers of all kinds."""
        self.readers = [
            self.stage.enter(name, sys.executable, "-c", READER.format(mode=mode, query=query), *self.addresses)
            for name, (mode, query) in READERS.items()
        ]

    def configure(self, quality: int, *, all_cameras: bool = True) -> None:
        """Write the configuration, whole or not at all."""
        sources = {
            "door": f"rtsp://127.0.0.1:{self._rtsp}/door?codec=h264&fps=10&gop=10",
            "yard": f"rtsp://127.0.0.1:{self._rtsp}/yard?codec=mjpeg&fps=10",
            "gate": "test:160x96@10",
        }
        tables = [
            f'[cameras.{name}]\nsource = "{source}"\nquality = {quality}\n'
            for name, source in sources.items()
            if all_cameras or name != "gate"
        ]
        draft = self._configuration.with_suffix(".draft")
        draft.write_text("\n".join(tables))
        draft.rename(self._configuration)

    def captures(self) -> list[int]:
        """Return the ids of the producer's captures."""
        return children_of(self.producer.process.pid)

    def kill_capture(self) -> None:
        """A capture dies."""
        if (capture := self.stage.one_of(self.captures())) is not None:
            self.stage.kill(capture)

    def stop_capture(self) -> None:
        """A capture hangs."""
        if (capture := self.stage.one_of(self.captures())) is not None:
            self.stage.stop(capture)

    def replace_reader(self) -> None:
        """A reader is killed, and another one comes."""
        reader = self.stage.chance.choice(self.readers)
        reader.kill()
        reader.revive()

    def stop_reader(self) -> None:
        """A reader hangs."""
        self.stage.stop(self.stage.chance.choice(self.readers).process.pid)

    def kill_a_producer(self) -> None:
        """The producer or the relay is killed, and started again."""
        killed = self.stage.chance.choice([self.producer, self.relay])
        killed.kill()
        killed.revive()

    def stop_a_producer(self) -> None:
        """The producer or the relay hangs."""
        self.stage.stop(self.stage.chance.choice([self.producer, self.relay]).process.pid)

    def restart_camera(self) -> None:
        """The camera is switched off and on."""
        self.camera.kill()
        self.camera.revive()

    def hang_up(self) -> None:
        """The configuration is read again, once the producer listens to the signal."""
        if "publishing" in self.producer.text_of_this_life:
            self.producer.send(signal.SIGHUP)

    def reconfigure(self) -> None:
        """The configuration changes."""
        self.configure(self.stage.chance.choice([40, 60, 80]), all_cameras=self.stage.chance.random() < 0.7)
        self.hang_up()

    def events(self) -> list[tuple[int, Event]]:
        """Return what may happen, with how often it does."""
        return [
            (10, self.kill_capture),
            (3, self.stop_capture),
            (8, self.replace_reader),
            (3, self.stop_reader),
            (2, self.kill_a_producer),
            (2, self.stop_a_producer),
            (1, self.restart_camera),
            (1, self.hang_up),
            (3, self.reconfigure),
        ]


def wait_for_all(chaos: Chaos, quality: int) -> list[str]:
    """Wait until all cameras give frames of a quality at producer and relay; return those that do not."""
    subscribers = {address: Subscriber(address, timeout=0.2) for address in chaos.addresses}
    until, missing = time.monotonic() + SETTLED, dict.fromkeys(subscribers, "nothing yet")
    while missing and time.monotonic() < until:
        for address in list(missing):
            try:
                frame = subscribers[address].read()
            except NoFrame as error:
                missing[address] = str(error)
                continue
            if frame.quality in (0, quality) and frame.age < 2:  # 0: the camera chose it
                del missing[address]
    for subscriber in subscribers.values():
        subscriber.close()
    return list(missing.values())


@pytest.mark.timeout(SECONDS + 120)
def test_everything_comes_back() -> None:
    """After a minute of chaos both producers live, every camera has frames, and nothing is left behind."""
    with stage("9") as made:
        chaos = Chaos(made)
        assert not wait_for_all(chaos, 80)
        producers = (chaos.producer, chaos.relay)
        at_first = [descriptors_of(player.process.pid) for player in producers]
        chaos.let_readers_in()
        made.play(SECONDS, chaos.events())
        eventually(lambda: "publishing" in chaos.producer.text_of_this_life, "the producer listens", within=10)
        chaos.configure(quality=50)  # every camera changes, so each is tried at once
        chaos.hang_up()
        assert not wait_for_all(chaos, 50)
        for reader in chaos.readers:
            reader.kill()
        eventually(lambda: len(chaos.captures()) == len(CAMERAS), "a capture for each camera", within=10)
        for player, before, kept in zip(producers, at_first, (KEPT, 0), strict=True):
            player.check()
            pid = player.process.pid
            deadline = time.monotonic() + LEFT
            while descriptors_of(pid).total() > before.total() + kept:
                assert time.monotonic() < deadline, (
                    f"{before} at first, {descriptors_of(pid)} in the end: {player.text[-1000:]}"
                )
                time.sleep(0.2)
            assert player.end() == -signal.SIGTERM
        chaos.camera.end()
        assert not made.tracebacks()
        eventually(lambda: not processes_in(made.temporary), "no process is left", within=10)
        assert not list(made.temporary.iterdir())

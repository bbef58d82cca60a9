"""A camera that gets another address under the same name, as by a new lease: in a namespace with its own names."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import FRAMEFAN, Start, unavailable


@pytest.fixture
def hosts() -> Iterator[tuple[str, Path]]:
    """A namespace, by its name, and the file that its host names come from."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        unavailable("network namespaces need root and iproute2")
    name = f"framefan-names-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        pytest.skip("network namespaces are not permitted here")
    directory = Path("/etc/netns") / name  # ip(8): its files take the place of those in /etc
    directory.mkdir(parents=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name, directory / "hosts"
    finally:
        shutil.rmtree(directory)
        subprocess.run(["ip", "netns", "del", name], check=True)


def test_name_is_resolved_anew(start: Start, hosts: tuple[str, Path]) -> None:
    """When a camera comes back at another address, it is found by its name."""
    namespace, names = hosts
    within = ("ip", "netns", "exec", namespace, FRAMEFAN)
    names.write_text("127.0.0.11 camera.example\n")
    camera = start(*within, "camera", "--host", "127.0.0.11", "--size", "320x176")
    camera.wait_for("camera at")
    producer = start(*within, "produce", "rtsp://camera.example:8554/door", "--name", "door")
    producer.wait_for("door live")
    camera.kill()
    producer.wait_for("door offline")
    names.write_text("127.0.0.12 camera.example\n")
    start(*within, "camera", "--host", "127.0.0.12", "--size", "320x176").wait_for("camera at")
    producer.wait_for("door live", within=20)

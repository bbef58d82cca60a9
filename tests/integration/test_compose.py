"""The image and the services of docker-compose.yml, built and run for real where there is a Docker engine."""

import json
import os
import shutil
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framefan.common import sockets
from framefan.common.address import Endpoint
from framefan.common.errors import ExitCode
from framefan.consumer import Subscriber
from tests.programs import eventually

ROOT = Path(__file__).parents[2]
COPIES = 4
SERVICES = {"analyze", "camera", "producer", "sampler"}

pytestmark = pytest.mark.timeout(600)  # the first build downloads some 250 MB


class Compose:
    """The services, under a project name and at ports of their own."""

    def __init__(self) -> None:
        self.endpoint, listeners = sockets.listen(Endpoint("127.0.0.1", 0))
        for listener in listeners:
            listener.close()
        self.environ = os.environ | {
            "COMPOSE_PROJECT_NAME": f"framefan-test-{os.getpid()}",
            "FRAMEFAN_PUBLISH": f"127.0.0.1:{self.endpoint.port}-{self.endpoint.port + 2}",
        }

    def __call__(self, *words: str) -> str:
        """Run `docker compose` with these words; return its output."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `docker compose` with these words, whatever comes of it."""
        return subprocess.run(["docker", "compose", *words], cwd=ROOT, env=self.environ, capture_output=True, text=True)

    def analyzed(
        self, since: dict[str, list[tuple[str, int]]] | None = None, at_least: int = 0
    ) -> dict[str, list[tuple[str, int]]]:
        """Return which frames each running copy has analyzed, as (camera, seq) by container.

        Args:
            since: what an earlier call returned, which is left out.
            at_least: return nothing before so many are left, some of each copy.
        """
        containers = [found for found in self.containers() if found["Service"] == "analyze"]
        copies = [found["ID"] for found in containers if found["State"] == "running"]
        found = {copy: _results(copy)[len((since or {}).get(copy, [])) :] for copy in copies}
        enough = all(found.values()) and sum(map(len, found.values())) >= at_least
        return found if enough or not at_least else {}

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine knows of every container."""
        return [json.loads(line) for line in self("ps", "--all", "--format", "json").splitlines()]


def _results(container: str) -> list[tuple[str, int]]:
    lines = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True).stdout
    records = [json.loads(line) for line in lines.splitlines()]
    return [(record["camera"], record["seq"]) for record in records]


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """Build the image; take everything down at the end. Without an engine skip, under CI as well."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine answers")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose")
    compose = Compose()
    try:
        compose("build")
        yield compose
    finally:
        compose("down", "--volumes")


@pytest.fixture
def services(compose: Compose) -> Compose:
    """Start what does not run of all services, four copies of one among them, until all are healthy."""
    compose("up", "--wait", "--scale", f"analyze={COPIES}")
    return compose


def test_only_this_machine_is_let_in(compose: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless asked for, no port is published but on the loopback interface, and only the producer's."""
    monkeypatch.delitem(compose.environ, "FRAMEFAN_PUBLISH")
    configured = json.loads(compose("config", "--format", "json"))["services"]
    assert configured.keys() == SERVICES
    published = {name: {port["host_ip"] for port in found.get("ports", [])} for name, found in configured.items()}
    assert published == {name: {"127.0.0.1"} if name == "producer" else set() for name in SERVICES}


def test_all_services_are_healthy_and_frames_are_fresh(services: Compose) -> None:
    """Every container is healthy, a service can have copies, and this machine gets fresh frames of both cameras."""
    containers = services.containers()
    assert {found["Health"] for found in containers} == {"healthy"}
    assert sorted(found["Service"] for found in containers) == sorted([*SERVICES, *["analyze"] * (COPIES - 1)])
    for camera in ("door", "yard"):
        with Subscriber(f"{services.endpoint}/{camera}") as subscriber:
            assert statistics.median(subscriber.read().age for _ in range(20)) < 1.0


def test_copies_share_the_work_and_survive_each_other(services: Compose) -> None:
    """Each frame goes to one copy, and every copy gets some; one that is killed is neither waited for nor missed."""
    before = services.analyzed()
    analyzed = eventually(lambda: services.analyzed(since=before, at_least=200), "frames of every copy", within=60)
    assert len(analyzed) == COPIES
    assert_each_once(analyzed)
    killed = next(iter(analyzed))
    subprocess.run(["docker", "kill", killed], check=True, capture_output=True)
    before = services.analyzed()
    analyzed = eventually(lambda: services.analyzed(since=before, at_least=200), "frames of the others", within=60)
    assert len(analyzed) == COPIES - 1
    assert_each_once(analyzed)


def assert_each_once(analyzed: dict[str, list[tuple[str, int]]]) -> None:
    """Fail if two copies had the same frame, or one had a camera's frames for itself."""
    frames = Counter(frame for found in analyzed.values() for frame in found)
    assert {camera for camera, _ in frames} == {"door", "yard"}
    assert max(frames.values()) == 1


def test_the_health_check_notices_a_lost_camera(services: Compose) -> None:
    """The producer's own health check fails, and says why, once frames are older than ten seconds."""
    producer = next(found["ID"] for found in services.containers() if found["Service"] == "producer")
    check = subprocess.check_output(["docker", "inspect", "-f", "{{json .Config.Healthcheck.Test}}", producer])
    kind, *words = json.loads(check)
    assert kind == "CMD"
    assert services.run("exec", "-T", "producer", *words).returncode == ExitCode.OK
    services("kill", "camera")

    def complaint() -> str | None:
        done = services.run("exec", "-T", "producer", *words)
        return done.stdout if done.returncode == ExitCode.CAMERA else None

    assert " is offline for " in eventually(complaint, "an unhealthy producer", within=30.0)


def test_everything_ends_within_ten_seconds(services: Compose) -> None:
    """All containers end by the signal that asked them to, none by force."""
    started = time.monotonic()
    services("stop")
    assert time.monotonic() - started < 10.0
    assert {found["ExitCode"] for found in services.containers()} == {128 + 15}

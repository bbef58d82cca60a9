"""What the documents say is what happens."""

import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from framefan.common.errors import ExitCode
from framefan.producer import Publisher
from framefan.producer.cameras import CameraSettings
from framefan.producer.configuration import load
from tests import pictures

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="a test of the source, and this is one of the wheel")


def blocks(language: str) -> list[str]:
    """Return the code blocks of the README in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(5))
def test_python_of_the_readme_runs(number: int) -> None:
    """Each Python block runs as it is, against a producer at its address; an endless loop is ended after a while."""
    block = blocks("python")[number]
    with Publisher("tcp://127.0.0.1:0") as publisher:
        over = threading.Event()

        def run() -> None:
            while not over.wait(0.02):
                publisher.publish("door", pictures.flat())

        thread = threading.Thread(target=run)
        thread.start()
        script = block.replace("tcp://localhost:5550", publisher.endpoint).replace("tcp://*:5550", "tcp://127.0.0.1:0")
        program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            _, complaint = program.communicate(timeout=4)
        except subprocess.TimeoutExpired:
            program.kill()
            _, complaint = program.communicate()
        over.set()
        thread.join()
    assert not complaint
    assert program.returncode in (0, -9)


def test_there_is_no_more_python() -> None:
    """No block of Python goes untested."""
    assert len(blocks("python")) == 5


def test_configuration_of_the_readme_is_valid(tmp_path: Path) -> None:
    """The configuration file that is shown can be read."""
    path = tmp_path / "framefan.toml"
    path.write_text(blocks("toml")[0])
    defaults = CameraSettings(
        quality=80, transport="tcp", loop=False, renditions=4, disconnect_idle=False, hwaccel="none"
    )
    assert [camera.name for camera in load(path, defaults, {"DOOR_PASSWORD": "x"}).cameras] == ["door", "yard"]


def test_exit_codes_are_documented() -> None:
    """The README's table of exit codes is the enumeration."""
    table = {int(code) for code in re.findall(r"^\| (\d) \|", README.read_text(), re.MULTILINE)}
    assert table == {code.value for code in ExitCode}


def test_every_dependency_is_justified() -> None:
    """ARCHITECTURE.md has a line for every dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras, groups = project["project"]["optional-dependencies"].values(), project["dependency-groups"].values()
    wanted = [item for group in (project["project"]["dependencies"], *extras, *groups) for item in group]
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for requirement in (item for item in wanted if isinstance(item, str)):
        name = re.split(r"[\[<>=]", requirement)[0]
        assert name == "framefan" or f"| {name}" in text or f", {name}" in text, f"{name} is not justified"

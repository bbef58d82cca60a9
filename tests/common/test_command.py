"""The command itself."""

import subprocess
import sys
from typing import Any

import pytest

from framefan.common.errors import ExitCode
from tests.programs import FRAMEFAN, framefan

COMMANDS = ("analyze", "camera", "demo", "display", "list", "probe", "produce", "sample")


def test_help_lists_every_command() -> None:
    """--help shows all commands and the exit codes."""
    shown = framefan("--help")
    assert shown.returncode == ExitCode.OK
    for command in COMMANDS:
        assert f"\n    {command} " in shown.stdout
    assert "Exit codes: 0 ok, 1 failure, 2 usage, 3 bind, 4 camera, 5 output" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    """Each command explains its options and their environment variables."""
    shown = framefan(command, "--help")
    assert shown.returncode == ExitCode.OK
    assert "FRAMEFAN_" in shown.stdout


def test_version_shows_the_libraries_underneath() -> None:
    """--version names framefan, Python and the libraries."""
    shown = framefan("--version").stdout
    assert shown.startswith("framefan ")
    for library in ("pyzmq", "numpy", "av", "opencv"):
        assert f"\n  {library}" in shown


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nonsense"], "framefan: argument COMMAND: invalid choice: 'nonsense'"),
        (["sample"], "framefan sample: the following arguments are required: ADDRESS"),
        (["sample", "http://x/door"], "framefan sample: argument ADDRESS: 'http://x/...' is not a framefan address"),
        (
            ["sample", "tcp://x/door", "--every", "0"],
            "framefan sample: argument --every: '0' is not an interval of 1 ms or more, such as 10s",
        ),
        (["produce", "test:", "--name", "a/b"], "framefan produce: camera name 'a/b' is not possible"),
        (["produce", "--quality=70", "test:", "--name", "a/b"], "framefan produce: camera name 'a/b' is not possible"),
        (["produce", "--name", "a", "test:"], "framefan produce: --name must follow the source that it names"),
        (["produce", "test:", "test:", "--name"], "framefan produce: --name must follow the source that it names"),
    ],
)
def test_bad_usage_is_one_sentence(words: list[str], complaint: str) -> None:
    """Bad usage is told in one line that names the thing, with exit status 2."""
    ended = framefan(*words)
    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr.startswith(complaint)
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "rtsp://admin:my secret@cam/live"],
        ["list", "rtsp://admin:my secret@cam/live"],
        ["list", "tcp://host", "rtsp://admin:my secret@cam/live"],
        ["rtsp://admin:my secret@cam/live"],
    ],
)
def test_no_password_is_shown(words: list[str]) -> None:
    """A URL that is not wanted is told without its password, spaces and all."""
    ended = framefan(*words)
    assert ended.returncode == ExitCode.USAGE
    assert "rtsp://cam/..." in ended.stderr
    assert not any(part in ended.stderr for part in ("admin", "my", "secret"))


def test_bad_environment_names_the_variable() -> None:
    """A bad value in the environment is told like any other."""
    ended = framefan("produce", "test:", FRAMEFAN_QUALITY="high")
    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr == (
        "framefan produce: environment variable FRAMEFAN_QUALITY: 'high' is not a whole number from 1 to 100\n"
    )


@pytest.mark.parametrize(("variable", "scheme"), [("BIND", "tcp"), ("QUALITY", "rtsp"), ("CONFIG", "rtsp")])
def test_no_password_of_the_environment_is_shown(variable: str, scheme: str) -> None:
    """A URL in the wrong variable is told without its password, too."""
    wrong: dict[str, Any] = {f"FRAMEFAN_{variable}": f"{scheme}://admin:my s@cret@cam/live"}
    ended = framefan("produce", "test:", **wrong)
    assert ended.returncode == ExitCode.USAGE
    assert f"{scheme}:" in ended.stderr
    assert not any(part in ended.stderr for part in ("admin", "my", "cret"))


def test_broken_pipe_is_no_error() -> None:
    """A reader of the output who leaves early, as head does, causes no complaint."""
    script = f"unset PYTHONUNBUFFERED; {FRAMEFAN} --help | true"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20)
    assert ended.stderr == ""


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "--help"])
def test_full_disk(words: str, buffered: str) -> None:
    """Output that cannot be written is told in one sentence, with an exit status of its own."""
    script = f"export PYTHONUNBUFFERED={buffered}; {FRAMEFAN} {words} > /dev/full"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20)
    assert ended.returncode == ExitCode.OUTPUT
    assert ended.stderr == f"framefan {words}: cannot write to standard output: No space left on device\n"


def test_help_of_a_consumer_imports_no_codec() -> None:
    """A consumer's command starts without the producer's libraries, and without OpenCV until it needs it."""
    script = (
        "import sys; from framefan.common.command import main\n"
        "try: main(['sample', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('av', 'cv2', 'simplejpeg', 'framefan.producer') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert ended.stdout.endswith("[]\n")

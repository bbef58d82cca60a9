"""The command itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from framefan.common.errors import ExitCode
from tests.programs import FRAMEFAN, framefan

COMMANDS = ("album", "analyze", "camera", "demo", "display", "list", "probe", "produce", "sample")


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
        (["sample", "http://x/door"], "framefan sample: argument ADDRESS: 'http://x/door' is not a framefan address"),
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
    assert "rtsp://cam/live" in ended.stderr
    assert not any(part in ended.stderr for part in ("admin", "my", "secret"))


def test_bad_environment_names_the_variable() -> None:
    """A bad value in the environment is told like any other."""
    ended = framefan("produce", "test:", FRAMEFAN_QUALITY="high")
    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr == (
        "framefan produce: environment variable FRAMEFAN_QUALITY: 'high' is not a whole number from 1 to 100\n"
    )


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


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_imports_no_package(words: list[str]) -> None:
    """Help needs none of the packages that a command's work needs, not even those that every installation has."""
    script = (
        "import sys; from framefan.common.command import main\n"
        f"try: main({words})\nexcept SystemExit: pass\n"
        f"print(*{{'av', 'cv2', 'fsspec', 'msgpack', 'numpy', 'rich', 'simplejpeg', 'zmq'}} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout.endswith("\n\n")
    assert ended.stderr == ""


def test_no_words_are_a_wish_for_help() -> None:
    """Whoever types the bare name gets the help, which is no mistake."""
    shown = framefan()
    assert (shown.returncode, shown.stdout, shown.stderr) == (ExitCode.OK, framefan("--help").stdout, "")


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A directory with another package, all of whose commands are broken."""
    (tmp_path / "ends.py").write_text("raise SystemExit('100% broken')")
    (tmp_path / "wants.py").write_text("import absent")
    information = tmp_path / "other-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[framefan.commands]\nends=ends:x\nwants=wants:x\nnone=os:sep\n[framefan.memberships]\nends=ends:x\n"
    )
    return str(tmp_path)


def test_broken_commands_of_others_break_no_other(broken: str) -> None:
    """A command that cannot be imported is listed with the reason, beside those that work."""
    shown = framefan("--help", PYTHONPATH=broken)
    assert shown.returncode == ExitCode.OK
    text = " ".join(shown.stdout.split())
    assert "ends ends of the package other cannot be loaded: SystemExit: 100% broken" in text
    assert "sample keep some frames" in text


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        ("wants", ExitCode.PACKAGE, "wants of the package other cannot be loaded: No module named 'absent'"),
        ("ends", ExitCode.FAILURE, "ends of the package other cannot be loaded: SystemExit: 100% broken"),
        ("none", ExitCode.FAILURE, "os:sep is no Command"),
        (
            "analyze tcp://127.0.0.1:9 --group g --share camera --members ends:x",
            ExitCode.FAILURE,
            "ends of the package other cannot be loaded: SystemExit: 100% broken",
        ),
    ],
)
def test_broken_command_is_one_sentence(broken: str, words: str, code: ExitCode, complaint: str) -> None:
    """Asking for a command that another package broke gives one sentence, no traceback."""
    ended = framefan(*words.split(), PYTHONPATH=broken)
    assert (ended.returncode, ended.stderr) == (code, f"framefan {words.split()[0]}: {complaint}\n")

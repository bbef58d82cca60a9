"""What is reported of a child process that ended."""

import re
import subprocess
import sys

import pytest

from framefan.common.exit_reason import ErrorTail, exit_reason, last_line


@pytest.mark.parametrize(
    ("code", "errors", "reason"),
    [
        (1, "Traceback ...\nKeyError: 'door'\n\n", "KeyError: 'door'"),
        (
            1,
            "ModuleNotFoundError: No module named 'rich'",
            "ModuleNotFoundError: No module named 'rich': pip install 'framefan[demo]'",
        ),
        (1, "", "exit status 1, and nothing to show on its standard error"),
        (-9, "", "SIGKILL (killed by hand, or by the kernel because memory ran out)"),
        (-6, "free(): invalid pointer\n", "SIGABRT: free(): invalid pointer"),
        (-40, "", "signal 40"),
        (2, "12:30:00 framefan produce: no\n", "framefan produce: no"),
        (1, "cannot open rtsp://admin:s3cret@door/live\n", "cannot open rtsp://..."),
    ],
)
def test_reason(code: int, errors: str, reason: str) -> None:
    """The last line says why, without a password; a signal has its name, and one without a name its number."""
    assert exit_reason(code, errors).removesuffix(" (without a screen: 'framefan[demo-headless]')") == reason


@pytest.mark.parametrize(
    "line", ["it is s3cret word", "it is s3cret%20word", "at /T0ken", "open rtsp://a:s3cret word@d"]
)
def test_secrets_of_the_source_are_left_out(line: str) -> None:
    """What a library writes about its source is not shown if it repeats the password or the path."""
    reason = exit_reason(1, line, source="rtsp://admin:s3cret%20word@door/T0ken")
    assert not re.search("s3cret|word|T0ken", reason)


def test_endless_line_is_cut() -> None:
    """A reason goes into a state, so it is no longer than a long sentence."""
    assert len(last_line("x" * 100_000)) == 500


def test_tail_never_waits_and_keeps_the_end() -> None:
    """A child that writes more than a pipe holds is not held up, and the end of what it wrote is kept."""
    program = "import sys; [print('line', number, file=sys.stderr) for number in range(20_000)]"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        tail = ErrorTail(child.stderr)
        while child.poll() is None:
            tail.read()
        tail.close()
        tail.close()
        assert last_line(tail.text) == "line 19999"
        assert len(tail.text) < 10_000

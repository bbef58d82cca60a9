"""Errors are ours and the builtin ones."""

import pickle

import pytest

from framefan.common import errors


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (errors.AddressError, ValueError),
        (errors.OptionError, ValueError),
        (errors.WireError, ValueError),
        (errors.NoFrame, TimeoutError),
        (errors.BindError, OSError),
        (errors.SourceError, OSError),
        (errors.OutputError, OSError),
        (errors.AnalyzerError, RuntimeError),
        (errors.MissingPackage, ImportError),
    ],
)
def test_both_kinds(ours: type[Exception], builtin: type[Exception]) -> None:
    """A caller may catch ours or the builtin error."""
    assert issubclass(ours, errors.FramefanError)
    assert issubclass(ours, builtin)


def test_no_frame_tells_everything() -> None:
    """The text is one sentence with camera, time, state and reason, also on the other side of a pickle."""
    error = errors.NoFrame("tcp://host:5550/door", "offline", "it is unplugged", 3.0)
    text = "no frame of tcp://host:5550/door within 3 s, it is offline: it is unplugged"
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == text


def test_missing_package_names_the_extra() -> None:
    """A package of an extra is told with what to install; another one is not ours to explain."""
    told = errors.MissingPackage.of(ModuleNotFoundError("no", name="cv2"))
    assert "pip install 'framefan[consumer]'" in str(told)
    assert errors.MissingPackage.of(ModuleNotFoundError("no", name="torch")) is None

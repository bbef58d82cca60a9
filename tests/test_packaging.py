"""The shape of the project: what is packaged, and which way the arrows point."""

import ast
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSES = ("common", "producer", "consumer")
SOURCE = [path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))]

needs_source = pytest.mark.skipif(not SOURCE, reason="a test of the source, and this is one of the wheel")


def imports(path: Path) -> list[tuple[str, ...]]:
    """Return the modules that a file imports, relative ones resolved, as tuples of words."""
    package = path.relative_to(ROOT).parts[:-1]
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            found += [base + module + (alias.name,) for alias in node.names]
    return found


@needs_source
@pytest.mark.parametrize("path", SOURCE, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows(path: Path) -> None:
    """Imports point from producer and consumer to common, and nowhere else; between the three they are relative."""
    house = path.relative_to(ROOT).parts[0]
    for module in imports(path):
        assert module[0] != "framefan", f"{path} imports {'.'.join(module)}: make it relative"
        if module[0] in HOUSES:
            assert module[0] in (house, "common"), f"{path} imports {'.'.join(module)}"


@needs_source
def test_every_package_is_listed() -> None:
    """Every directory with Python in it is packaged."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {".".join(("framefan", *path.parent.relative_to(ROOT).parts)) for path in SOURCE}
    assert sorted(listed) == sorted(there)


@needs_source
def test_hub_and_consumer_never_touch_the_producers_libraries() -> None:
    """Only captures, and consumers of films, import PyAV; the hub that starts them stays small."""
    capture_only = {
        "capture",
        "decoder",
        "demuxer",
        "film",
        "diagnosis",
        "encoder",
        "backlog",
        "pattern",
        "array_encoder",
        "rendition",
        "outlet",
    }
    for path in SOURCE:
        if path.parent.name in ("camera", "film") or path.stem in capture_only:
            continue
        for module in imports(path):
            assert module[0] not in ("av", "simplejpeg"), f"{path} imports {module[0]}"


@pytest.mark.skipif(bool(SOURCE), reason="a test of the wheel, and this is one of the source")
def test_nothing_lands_beside_framefan() -> None:
    """The distribution installs the package framefan, and no `common` or `tests` into anybody's way."""
    files = metadata.files("framefan") or []
    assert {path.parts[0] for path in files if path.suffix == ".py"} == {"framefan"}


def test_every_command_is_an_entry_point() -> None:
    """The commands are found by the group that others may add to."""
    names = {point.name for point in metadata.entry_points(group="framefan.commands")}
    assert {"produce", "display", "sample", "album", "analyze", "list", "probe", "camera", "demo"} <= names


def test_every_probe_loads() -> None:
    """Probes of sources are found by URL scheme, in the group that others may add to."""
    probes = {point.name: point for point in metadata.entry_points(group="framefan.probes")}
    assert probes.keys() >= {"rtsp", "rtsps", "http", "https", "file"}
    assert all(callable(point.load()) for point in probes.values())

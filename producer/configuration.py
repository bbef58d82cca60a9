"""The file that names cameras, e.g. `framefan.toml`; README.md has an example.

Every complaint names the file, the key, what is wrong and what is allowed.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..common.address import Endpoint, camera_name
from ..common.errors import FramefanError, OptionError
from ..common.options import read_table
from ..common.url import Url, shown
from .cameras import Camera, CameraSettings
from .source import Kind, Source

_SETTINGS = tuple(field.name for field in fields(CameraSettings))
_CAMERA_KEYS = ("source", "user", "password", "password_file", *_SETTINGS)
_KEYS = ("bind", "relay", "cameras", *_SETTINGS)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file says.

    Attributes:
        bind: where to publish; None if it does not say.
        cameras: what to capture and to relay.
        secrets: the environment variables that URLs, users and passwords were taken from.
    """

    bind: Endpoint | None
    cameras: tuple[Camera, ...]
    secrets: frozenset[str] = frozenset()


def load(path: Path, defaults: CameraSettings, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read a configuration file.

    Args:
        path: of the TOML file.
        defaults: settings of cameras for which the file says nothing.
        environ: where `${NAME}` is looked up.

    Raises:
        OptionError: it cannot be read, or says what is not allowed.
    """
    name = shown(str(path))
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise OptionError(f"{name}: {error.strerror}: name a file that can be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{name} is not TOML: {error}") from None
    try:
        found = _configuration(_expanded(table, environ), path.parent, defaults)
    except FramefanError as error:
        raise OptionError(f"{name}: {error}") from None
    return replace(found, secrets=_secrets(table))


def _configuration(table: dict[str, Any], directory: Path, defaults: CameraSettings) -> Configuration:
    _check_keys(table, _KEYS, "")
    shared = read_table(CameraSettings, {key: table[key] for key in _SETTINGS if key in table}, defaults)
    cameras = table.get("cameras", {})
    if not isinstance(cameras, dict) or not all(isinstance(camera, dict) for camera in cameras.values()):
        raise OptionError("cameras: write a table for each camera, such as [cameras.door]")
    return Configuration(
        bind=Endpoint.parse(_text(table, "bind")) if "bind" in table else None,
        cameras=(
            *(_camera(name, camera, directory, shared) for name, camera in cameras.items()),
            *_producers(table.get("relay", []), shared),
        ),
    )


def _producers(addresses: Any, shared: CameraSettings) -> list[Camera]:
    """Return the producers of which all cameras are to be relayed."""
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise OptionError('relay is not a list of producers: relay = ["tcp://edge:5550"]')
    found = []
    for address in addresses:
        source = Source.parse(address)
        if not source.whole:
            raise OptionError(f"relay: {source} is no producer: write [cameras.NAME] source = ... for a single camera")
        found.append(Camera(name=source.name, source=source, settings=shared))
    return found


def _camera(name: str, table: dict[str, Any], directory: Path, shared: CameraSettings) -> Camera:
    try:
        camera_name(name)
        _check_keys(table, _CAMERA_KEYS, "")
        if "source" not in table:
            raise OptionError('source is missing: write source = "rtsp://..."')
        source = _source(table, directory)
        _check_relayed(source, table)
        settings = read_table(CameraSettings, {key: table[key] for key in _SETTINGS if key in table}, shared)
    except FramefanError as error:
        raise OptionError(f"cameras.{shown(name)}: {error}") from None
    return Camera(name=name, source=source, settings=settings)


def _check_relayed(source: Source, table: dict[str, Any]) -> None:
    if source.whole:
        raise OptionError(f'{source} names no camera: write {source}/door, or relay = ["{source}"] for all of them')
    if source.kind is Kind.PRODUCER and (settings := [key for key in _SETTINGS if key in table]):
        raise OptionError(f"{settings[0]} means nothing here: {source} is relayed as it is; set it at that producer")


def _source(table: dict[str, Any], directory: Path) -> Source:
    """Return the source, with user and password where they have keys of their own and are meant to the letter."""
    source = Source.parse(_text(table, "source"))
    user, password = _text(table, "user"), _text(table, "password")
    if "password_file" in table:
        if "password" in table:
            raise OptionError("password and password_file are both given: keep one")
        path = directory / _text(table, "password_file")
        try:
            password = path.read_text().strip()
        except OSError as error:
            raise OptionError(f"password_file: {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise OptionError(f"password_file: {path} is not a text in UTF-8") from None
    if not user and not password:
        return source
    url = source.where
    if not isinstance(url, Url) or url.user or url.password:
        raise OptionError("user and password go with a source that is a URL without them")
    return replace(source, where=replace(url, user=user, password=password))


def _secrets(table: dict[str, Any]) -> frozenset[str]:
    """Return the variables that stand in users, passwords and URLs of a file that has been checked."""
    cameras = table.get("cameras", {}).values()
    texts = [camera["source"] for camera in cameras if "://" in camera["source"]]
    texts += [camera.get(key, "") for camera in cameras for key in ("user", "password")]
    return frozenset(name for text in texts for name in _VARIABLE.findall(text))


def _check_keys(table: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise OptionError(f"{where}{key} is unknown; allowed are {', '.join(allowed)}")


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise OptionError(f"{key} is not a text in quotes but of type {type(value).__name__}")
    return value


def _expanded(value: Any, environ: Mapping[str, str], key: str = "") -> Any:
    """Replace `${NAME}` in every text by the environment variable of that name."""
    if isinstance(value, dict):
        return {name: _expanded(item, environ, f"{key}.{name}".lstrip(".")) for name, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, environ, key) for item in value]
    if not isinstance(value, str):
        return value
    for name in _VARIABLE.findall(value):
        if name not in environ:
            raise OptionError(f"{key}: environment variable {name} is not set")
    return _VARIABLE.sub(lambda match: environ[match[1]], value)

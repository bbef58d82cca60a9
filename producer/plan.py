"""Which cameras are wanted: those of the command line and those of the configuration file, as it changes."""

import logging
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from ..common.address import Endpoint
from ..common.errors import AddressError, FramefanError, OptionError
from . import configuration
from .cameras import Camera, CameraSettings, check_relayed, named

log = logging.getLogger("framefan")

_SETTLED = 1.0
"""Seconds for which a file must have stayed as it is before it is read again."""


class Plan:
    """The cameras of a producer.

    Args:
        sources: (source, name or None) pairs of the command line.
        config: the configuration file, if there is one.
        defaults: settings for which neither says anything.

    Attributes:
        cameras: all of them, as they are now.
        bind: where the configuration file wants them published; None if it does not say.

    Raises:
        OptionError: there is no camera, or the file says what is not allowed.
        SourceError: a source can never be opened.
        AddressError: a name is not possible, or given twice.
    """

    def __init__(
        self, sources: Sequence[tuple[str, str | None]], config: Path | None, defaults: CameraSettings
    ) -> None:
        if not sources and config is None:
            raise OptionError("nothing to grab: name a SOURCE such as rtsp://camera/stream, or a --config")
        self._given = [Camera(name=name, source=source, settings=defaults) for name, source in named(sources)]
        self._config = config
        self._defaults = defaults
        self._environ = dict(os.environ)
        self._hung_up = False
        self._seen = self._latest = self._version()
        self._latest_at = 0.0
        self.bind, self.cameras = self._load()
        if config is not None:
            signal.signal(signal.SIGHUP, lambda *_: setattr(self, "_hung_up", True))

    def changed(self) -> list[Camera] | None:
        """Return the cameras anew if the file has changed or SIGHUP came; None if not, or if the file is wrong."""
        version, now = self._version(), time.monotonic()
        if version != self._latest:
            self._latest, self._latest_at = version, now
        # An editor may write in pieces: what has just changed is left to settle.
        settled = version is not None and now - self._latest_at > _SETTLED
        if not self._hung_up and (version == self._seen or not settled):
            return None
        self._seen, self._hung_up = version, False
        try:
            bind, self.cameras = self._load()
        except FramefanError as error:
            log.error("%s; the cameras stay as they are", error)
            return None
        log.info("%s read again", self._config)
        if bind != self.bind:
            log.warning("%s: bind takes effect when the producer is started again", self._config)
        return self.cameras

    def _load(self) -> tuple[Endpoint | None, list[Camera]]:
        if self._config is None:
            check_relayed(self._given)
            return None, self._given
        found = configuration.load(self._config, self._defaults, self._environ)
        for name in found.secrets:
            os.environ.pop(name, None)  # captures are not to inherit them
        twice = {camera.name for camera in self._given} & {camera.name for camera in found.cameras}
        if twice:
            raise AddressError(f"{self._config}: camera name {min(twice)!r} is given on the command line as well")
        cameras = [*self._given, *found.cameras]
        check_relayed(cameras)
        return found.bind, cameras

    def _version(self) -> tuple[int, ...] | None:
        """Return what tells one state of the file from another; None while it is away, as in the middle of a save."""
        try:
            facts = self._config.stat() if self._config else None
        except OSError:
            return None
        return (facts.st_mtime_ns, facts.st_size, facts.st_ino) if facts else None

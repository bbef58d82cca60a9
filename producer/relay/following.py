"""Which cameras of another producer are relayed: those that are named, or as they come and go there."""

import logging
from collections.abc import Callable, Mapping

from ...common.address import Endpoint, camera_name
from ...common.errors import AddressError
from ...common.schema import MOST_CAMERAS
from ...common.state import SILENCE, CameraState, State
from ..hub import Hub
from .camera import RelayedCamera, looped
from .inputs import Inputs
from .upstream import Upstream

log = logging.getLogger("framefan")

_MOST_COMPLAINTS = 50
"""Cameras of one producer of which is logged why they are not relayed."""


class Following:
    """Relays cameras of one other producer.

    Attributes:
        cameras: those that are relayed now, by their names there.

    Args:
        hub: where to publish.
        endpoint: the other producer's.
        inputs: the sockets of the loop.
        may_have: returns why a camera cannot have its own name here, or nothing.
    """

    def __init__(
        self, hub: Hub, endpoint: Endpoint, inputs: Inputs, may_have: Callable[["Following", str], str]
    ) -> None:
        self.cameras: dict[str, RelayedCamera] = {}
        self._hub = hub
        self._may_have = may_have
        self._names: Mapping[str, str] = {}
        self._complaints: dict[str, str] = {}
        self._upstream = Upstream(hub.context, endpoint, inputs, self._tell)

    @property
    def endpoint(self) -> Endpoint:
        """Where the other producer publishes."""
        return self._upstream.endpoint

    def has(self, name: str) -> bool:
        """Return whether one of its cameras has that name here."""
        return any(camera.name == name for camera in self.cameras.values())

    def follows(self, camera: str) -> bool:
        """Return whether a camera is relayed because all of this producer are."""
        return camera in self.cameras and camera not in self._names

    def change(self, names: Mapping[str, str]) -> None:
        """Relay these cameras from now on: names here by names there, the empty one standing for all others there."""
        self._names = names
        self._complaints.clear()
        for there, camera in list(self.cameras.items()):
            if camera.name != (names.get(there) or ("" in names and there)):
                self.drop(there)
            elif there in names:
                self._upstream.follow(there)

    def add_named(self) -> None:
        """Begin with the cameras that are named."""
        for there, name in self._names.items():
            if there and there not in self.cameras:
                self._add(there, name).be(State.CONNECTING, f"connecting to {self.endpoint}")

    def drop(self, camera: str) -> None:
        """Relay a camera no longer; its name is that there."""
        self.cameras.pop(camera).close()

    def want(self, wanted: Mapping[str, tuple[str, ...]]) -> None:
        """Have frames sent here: of which renditions, by the names of cameras here."""
        for camera in self.cameras.values():
            camera.want(wanted.get(camera.name, ()))

    def look_after(self) -> None:
        """Tell what is not told any more."""
        upstream = self._upstream
        upstream.look_after()
        for there, camera in list(self.cameras.items()):
            camera.look_after()
            if upstream.silent:
                camera.be(State.OFFLINE, f"producer {self.endpoint} is silent: {upstream.reason}")
            elif max(camera.told, upstream.since) < upstream.heard - SILENCE:
                if there in self._names:
                    camera.be(State.OFFLINE, f"producer {self.endpoint} has no camera {there}")
                else:
                    self.drop(there)

    def reconnect(self, reason: str) -> None:
        """Connect to the producer again, for a reason that its cameras have until it publishes their states."""
        for camera in self.cameras.values():
            camera.want(())
            camera.be(State.OFFLINE, reason)
        self._upstream.reconnect()

    def close(self) -> None:
        """Relay nothing any more."""
        for there in list(self.cameras):
            self.drop(there)
        self._upstream.close()

    def _add(self, there: str, name: str) -> RelayedCamera:
        if there in self._names:  # the others are heard of as long as they are there
            self._upstream.follow(there)
        self.cameras[there] = RelayedCamera(self._hub, self._upstream, there, name)
        return self.cameras[there]

    def _tell(self, told: CameraState) -> None:
        there, _, rendition = told.camera.partition("?")
        camera = self.cameras.get(there)
        if rendition:
            if camera is not None:
                camera.tell_rendition(rendition, told)
        elif told.state is not State.UNKNOWN:
            if there not in self._names and not self._may_follow(told):
                return
            camera = camera or self.cameras.get(there) or self._add(there, there)
            camera.tell(told)

    def _may_follow(self, told: CameraState) -> bool:
        """Return whether a camera that is not named is to be relayed; complain once if it cannot."""
        if "" not in self._names:
            return False
        complaint = ""
        try:
            camera_name(told.camera)
        except AddressError as error:
            complaint = str(error)
        if self._hub.id in told.via.split():
            complaint = looped(self._hub, self._upstream, told)
        elif not complaint and told.camera not in self.cameras:
            complaint = self._may_have(self, told.camera)
            if not complaint and len(self.cameras) >= MOST_CAMERAS:
                complaint = f"{self.endpoint}/{told.camera} is not relayed: {MOST_CAMERAS} of a producer are the most"
        if not complaint:
            return True
        if told.camera in self.cameras:  # it has become a loop since
            self.drop(told.camera)
        known = told.camera in self._complaints or len(self._complaints) < _MOST_COMPLAINTS
        if known and self._complaints.get(told.camera) != complaint:
            self._complaints[told.camera] = complaint
            log.warning("%s", complaint)
        return False

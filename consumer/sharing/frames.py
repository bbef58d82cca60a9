"""Groups whose producers give each frame to one member."""

from collections.abc import Sequence

from ...common.address import CameraAddress
from ..subscriber import Subscriber


class SharedFrames:
    """Tells whom to ask for frames: each producer once, for all cameras that are wanted of it.

    Args:
        group: its name.
        addresses: of cameras or of producers.
        redo: see :class:`Subscriber`.
    """

    def __init__(self, group: str, addresses: Sequence[CameraAddress], redo: float | None) -> None:
        self._group = group
        self._redo = redo
        self._wanted: dict[CameraAddress, list[CameraAddress]] = {}
        for address in dict.fromkeys(addresses):
            self._wanted.setdefault(CameraAddress(address.endpoint, ""), []).append(address)

    def producers(self) -> frozenset[CameraAddress]:
        """Return the addresses of the producers."""
        return frozenset(self._wanted)

    def subscribe(self, producer: CameraAddress) -> Subscriber:
        """Become a member at a producer."""
        cameras = self._wanted[producer]
        everything = any(not camera.camera for camera in cameras)
        return Subscriber(producer if everything else cameras, group=self._group, redo=self._redo)

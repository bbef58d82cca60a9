"""Republishes cameras of other producers: untouched, the newest frame only, and only while somebody wants it."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager

import zmq

from ...common.address import Endpoint
from ...common.internal_errors import Containment
from ..cameras import Camera
from ..hub import Hub
from .following import Following
from .inputs import Inputs


class Relay:
    """All other producers whose cameras are relayed. It lives in the hub's loop, and looks at no pixels.

    Args:
        hub: where to publish.
        poller: of the loop, which wakes it up.
        containment: of the loop; an error that nobody foresaw costs one other producer its connection.
    """

    def __init__(self, hub: Hub, poller: zmq.Poller, containment: Containment) -> None:
        self._hub = hub
        self._inputs = Inputs(poller, containment)
        self._containment = containment
        self._producers: dict[Endpoint, Following] = {}
        self._wanted: dict[Endpoint, dict[str, str]] = {}
        self._taken: Collection[str] = ()

    def change(self, cameras: Sequence[Camera], others: Collection[str]) -> None:
        """Relay these from now on, and no others; those that are the same as before are not disturbed.

        New ones that are named begin with :meth:`add_named`.

        Args:
            cameras: each a camera of another producer, or all of one.
            others: names of the cameras that are captured here.
        """
        wanted: dict[Endpoint, dict[str, str]] = {}
        for camera in cameras:
            address = camera.source.address
            wanted.setdefault(address.endpoint, {})[address.camera] = camera.name
        self._taken = {*others, *(camera.name for camera in cameras)}
        for endpoint in self._producers.keys() - wanted:
            self._producers.pop(endpoint).close()
        self._wanted = wanted
        self._begin_missing()
        for endpoint, producer in self._producers.items():
            producer.change(wanted[endpoint])
        for producer in self._producers.values():
            for name in [name for name in producer.cameras if name in self._taken and producer.follows(name)]:
                producer.drop(name)

    def _begin_missing(self) -> None:
        """Connect to producers that are wanted; one that fails, for want of files or sockets, is tried again."""
        producers = dict[Endpoint, Following]()
        for endpoint in self._wanted:  # in this order: of two cameras of one name that of the first is relayed
            with self._containment.contain(str(endpoint)):
                producers[endpoint] = self._producers.get(endpoint) or Following(
                    self._hub, endpoint, self._inputs, self._may_have
                )
        self._producers = producers

    def add_named(self) -> None:
        """Begin with cameras that are named, once nothing else here has their names."""
        for producer in self._producers.values():
            producer.add_named()

    def want(self, wanted: Mapping[str, tuple[str, ...]]) -> None:
        """Have frames sent here: of which renditions, by camera."""
        for producer in self._producers.values():
            with self._connection_of(producer):
                producer.want(wanted)

    def serve(self, ready: Collection[object]) -> None:
        """Take in what has come to those sockets that are ready; to be called in each pass of the loop."""
        self._inputs.serve(ready)

    def look_after_all(self) -> None:
        """Tell what is silent, and forget what has gone."""
        if len(self._producers) < len(self._wanted):
            known = set(self._producers)
            self._begin_missing()
            for endpoint in self._producers.keys() - known:
                self._producers[endpoint].change(self._wanted[endpoint])
                self._producers[endpoint].add_named()
        for producer in self._producers.values():
            with self._connection_of(producer):
                producer.look_after()

    @property
    def empty(self) -> bool:
        """True if nothing is to be relayed."""
        return not self._wanted

    def close(self) -> None:
        """Disconnect from all producers."""
        for producer in self._producers.values():
            producer.close()
        self._producers.clear()

    def _connection_of(self, producer: Following) -> AbstractContextManager[None]:
        """Let an error that nobody foresaw cost a producer its present connection."""
        return self._containment.contain(str(producer.endpoint), producer.reconnect)

    def _may_have(self, producer: Following, camera: str) -> str:
        """Return why a camera cannot have its own name here, or nothing. Of several producers the first named wins."""
        remedy = f"to relay it as well, name it: {producer.endpoint}/{camera} --name another"
        if camera in self._taken:
            return f"{producer.endpoint}/{camera} is not relayed, since there is a {camera} here: {remedy}"
        for other in self._producers.values():
            if other is producer:
                break
            if other.has(camera):
                complaint = f"{producer.endpoint}/{camera} is not relayed, since {other.endpoint} has one: {remedy}"
                other.cameras[camera].note = complaint
                return complaint
        for other in self._producers.values():
            if other is not producer and other.has(camera):
                other.drop(camera)
        return ""

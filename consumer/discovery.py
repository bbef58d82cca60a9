"""Which cameras a producer has, and how they are."""

import time
from collections.abc import Iterable
from contextlib import closing, suppress

import zmq

from ..common import requests, sockets, state
from ..common.address import CameraAddress, Endpoint, camera_name, raw_topic
from ..common.errors import AddressError, NoFrame, WireError
from ..common.schema import MOST_CAMERAS
from ..common.signals import Stop
from ..common.state import CameraState, State
from .all_states import AllStates
from .states import SILENT

_QUIET_MS = 200
"""All states come at once after subscribing; this much silence means that there are no more."""
_ANSWER_MS = 1000
"""Within which a producer that is there tells its clock."""
_EXPLANATION = 4.0
"""Seconds for which the reason is still waited for: a search takes 3, but a silent name server more."""
_NO_CAMERAS = "this producer has no cameras yet"


def states(endpoint: Endpoint, timeout: float, stop: Stop | None = None) -> list[CameraState]:
    """Return the states of all cameras of a producer by name, each followed by those of its renditions.

    Pixels in memory are told of with the JPEG of the same picture, if there is one. To ask for states is not to watch:
    no camera is woken up by it. If the end is asked for, nothing is returned.

    Raises:
        NoFrame: the producer told nothing within `timeout` seconds; the state is `unknown` if it has no cameras.
    """
    found: dict[str, CameraState] = {}
    deadline = time.monotonic() + timeout
    with closing(AllStates(endpoint)) as inlet:
        while (left := deadline - time.monotonic()) > 0:
            if stop is not None and stop.requested:
                return []
            message = inlet.receive(min(_QUIET_MS, int(left * 1000)))
            if message is not None:
                with suppress(WireError):  # not of a producer: what is there instead is told below
                    told = state.unpack(message)
                    if told.camera in found or len(found) < MOST_CAMERAS:
                        found[told.camera] = told
            elif found:
                break
    if not found:
        route = inlet.route
        if _is_there(route.endpoint):
            raise NoFrame(str(endpoint), State.UNKNOWN, _NO_CAMERAS, None)
        explained = time.monotonic() + _EXPLANATION
        while not route.wait(_QUIET_MS / 1000) and time.monotonic() < explained:
            if stop is not None and stop.requested:
                return []
        raise NoFrame(str(endpoint), State.UNREACHABLE, route.reason or SILENT, timeout)
    told_with = {raw_topic(topic) for topic in found if topic != raw_topic(topic)}
    order = sorted(found.keys() - told_with, key=lambda topic: topic.partition("?"))
    return [found[topic] for topic in order if found[topic].state is not State.UNKNOWN]


def _is_there(endpoint: Endpoint | None) -> bool:
    """Return whether a producer answers, though it has nothing to tell of."""
    with closing(sockets.requests_client(sockets.consumers_context(), endpoint)) as client, suppress(WireError):
        if client.poll(_ANSWER_MS, zmq.POLLOUT):
            client.send(requests.pack(requests.Clock(sent=time.monotonic_ns())))
            if client.poll(_ANSWER_MS):
                requests.clock_times(requests.parse_answer(client.recv()))
                return True
    return False


def cameras(endpoint: Endpoint, timeout: float, stop: Stop | None = None) -> list[CameraState]:
    """Return the states of all cameras of a producer by name, without renditions.

    Raises:
        NoFrame: the producer told nothing within `timeout` seconds.
    """
    return [state for state in states(endpoint, timeout, stop) if _is_camera(state.camera)]


def _is_camera(topic: str) -> bool:
    """Return whether a topic is a camera, and no rendition of one, nor what no camera can be called."""
    try:
        return bool(camera_name(topic))
    except AddressError:
        return False


def expand(addresses: Iterable[CameraAddress], timeout: float, stop: Stop) -> list[CameraAddress]:
    """Replace each address that names no camera by those of all cameras there, each camera once.

    Raises:
        NoFrame: a producer whose cameras are asked for told nothing within `timeout` seconds.
    """
    found: dict[CameraAddress, None] = {}
    for address in addresses:
        if address.camera:
            found[address] = None
        else:
            there = cameras(address.endpoint, timeout, stop)
            if not there and not stop.requested:
                raise NoFrame(str(address), State.UNKNOWN, _NO_CAMERAS, None)
            found |= {CameraAddress(address.endpoint, camera.camera): None for camera in there}
    return list(found)

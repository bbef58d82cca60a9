"""What display, sample and analyze have in common: follow cameras until the end is asked for."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from ..common.address import CameraAddress
from ..common.errors import NoFrame
from ..common.frame import Frame
from ..common.signals import Stop
from ..common.state import State
from .subscriber import Subscriber

log = logging.getLogger("framefan")

_SLICE = 0.25
"""Seconds between looks at the wish to stop while no frame comes."""


def frames(subscriber: Subscriber, stop: Stop, *, wait: float) -> Iterator[Frame]:
    """Yield the newest frames of a camera until the end is asked for or a file ends; log its changes of state.

    Args:
        subscriber: to the camera.
        stop: the wish to end.
        wait: seconds within which the first frame must come; from then on outages are waited out.

    Raises:
        NoFrame: the first frame did not come in time.
    """
    waited = 0.0
    first = True
    told = State.LIVE
    while not stop.requested:
        try:
            frame = subscriber.read(_SLICE)
        except NoFrame as missing:
            if missing.state == State.ENDED:
                return
            waited += _SLICE
            if first and waited >= wait:
                raise NoFrame(missing.camera, missing.state, missing.reason, wait) from None
        else:
            first = False
            yield frame
        state = subscriber.state
        if state.state is not told and state.state is not State.CONNECTING:
            told = state.state
            log.log(logging.INFO if told is State.LIVE else logging.WARNING, "%s", state)


def each(addresses: Sequence[CameraAddress], work: Callable[[Subscriber], None], stop: Stop) -> None:
    """Do the work for every camera, each in a thread of its own.

    The first error ends all and is raised; but a camera that gives no frame is only told, unless all of them do.
    """
    errors: list[Exception] = []
    silent: list[NoFrame] = []

    def run(subscriber: Subscriber) -> None:
        try:
            work(subscriber)
        except NoFrame as missing:
            silent.append(missing)
            if len(addresses) > 1:
                log.warning("%s; the other cameras go on", missing)
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)
            stop.request()

    with ExitStack() as stack:
        subscribers = [stack.enter_context(Subscriber(address)) for address in addresses]
        threads = [threading.Thread(target=run, args=(subscriber,)) for subscriber in subscribers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors or len(silent) == len(addresses) > 0:
        raise (errors or silent)[0]

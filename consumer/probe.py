"""Looks into a producer and its cameras, step by step: reachable, understood, connected, fresh, and what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from ..common import resolution, sockets, wire
from ..common.address import CameraAddress, Endpoint
from ..common.errors import NoFrame, WireError
from ..common.probe import Mark, Step, resolve, several
from ..common.route import Route
from ..common.signals import Stop
from ..common.state import CameraState, State
from . import port
from .discovery import cameras
from .measurement import Measurement, measure
from .table import age

_PORTS = (("frames", "PUB"), ("states", "XPUB"), ("requests", "ROUTER"))
_LATE = 0.5
"""Seconds of median age above which the way is too slow."""
_LOSSY = 0.1
"""Share of lost frames above which the way is too narrow."""
_FOREIGN = "a framefan producer listens elsewhere: check the port, 5550 unless it was told otherwise"


def probe(
    address: CameraAddress, *, seconds: float, max_age: float, wait: float, stop: Stop, quick: bool = False
) -> Iterator[Step]:
    """Look into a camera, or all cameras of a producer.

    Args:
        address: of the camera, or of the producer.
        seconds: to measure frames for.
        max_age: seconds since the last frame of a camera that is healthy.
        wait: seconds that each answer may take.
        stop: the wish to end.
        quick: believe the states that the producer tells; nothing is watched, hence no camera is woken up.
    """
    if not quick:
        for step in _reach(address.endpoint, wait):
            yield step
            if step.failed:
                return
    wanted, problem = _find(address, wait, stop)
    if problem is not None:
        yield problem
    live = []
    for state in wanted:
        yield (step := _camera(state, max_age, quick))
        if not step.failed:
            live.append(CameraAddress(address.endpoint, state.camera, address.rendition))
    if live and not quick:
        measured = measure(live, seconds=seconds, max_age=max_age, wait=wait, stop=stop)
        yield from () if stop.requested else _measured(measured, seconds, wait)


def _reach(endpoint: Endpoint, wait: float) -> Iterator[Step]:
    yield resolve(endpoint.host)
    route = Route.to(endpoint)
    if route.endpoint is None:
        route.wait(wait)
    host = route.endpoint.host if route.endpoint else endpoint.host  # where a subscriber would connect
    for offset in range(len(_PORTS)):
        yield (step := _port(endpoint, host, offset, wait))
        host = step.facts.get("address", host)  # the ports of one producer are at one address


def _port(endpoint: Endpoint, host: str, offset: int, wait: float) -> Step:
    purpose, kind = _PORTS[offset]
    number = endpoint.port + offset
    name, facts = f"port {number}", {"port": number, "purpose": purpose}
    try:
        listener = port.look(host, number, wait)
    except OSError as error:
        return _closed(endpoint, offset, error, wait, resolution.tried(host, error), facts)
    facts |= {"listener": listener.description, "connect": listener.took, "address": listener.address}
    if listener.kind == kind:
        at = f" at {listener.address}" if offset == 0 and listener.address != endpoint.host else ""
        return Step(name, f"{purpose}: connected within {listener.took * 1000:.2g} ms{at}", facts=facts)
    kinds = [known for _, known in _PORTS]
    advice = _FOREIGN
    if listener.kind in kinds:
        advice = f"is it tcp://{endpoint.host}:{number - kinds.index(listener.kind)}?"
    return Step(name, f"{purpose}: {listener.description} is there", Mark.FAIL, advice, facts)


def _closed(endpoint: Endpoint, offset: int, error: OSError, wait: float, tried: str, facts: Mapping[str, Any]) -> Step:
    """Explain why a port lets nobody in."""
    name, purpose = f"port {endpoint.port + offset}", _PORTS[offset][0]
    if isinstance(error, ConnectionRefusedError):
        advice = "start a producer there, or check the port" if offset == 0 else _FOREIGN
        return Step(name, f"{purpose}: connection refused{tried}", Mark.FAIL, advice, facts)
    if isinstance(error, TimeoutError):
        advice = f"check the network, and let ports {endpoint.port} to {endpoint.port + 2} through the firewall"
        return Step(name, f"{purpose}: no answer within {wait:g} s{tried}", Mark.FAIL, advice, facts)
    advice = "check the address and the network"
    return Step(name, f"{purpose}: {error.strerror or error}{tried}", Mark.FAIL, advice, facts)


def _find(address: CameraAddress, wait: float, stop: Stop) -> tuple[list[CameraState], Step | None]:
    """Return the states of the wanted cameras, or why there are none."""
    try:
        known = cameras(address.endpoint, wait, stop)
    except NoFrame as error:
        if error.state != State.UNKNOWN:
            return [], Step("states", f"none heard within {wait:g} s", Mark.FAIL, error.reason)
        known = []
    wanted = [state for state in known if address.camera in ("", state.camera)]
    if wanted or stop.requested:
        return wanted, None
    text = f"no camera {address.camera!r} there" if address.camera else "this producer has no cameras yet"
    advice = f"ask for one of {', '.join(state.camera for state in known)}" if known else "give it some"
    return [], Step("camera", text, Mark.FAIL, advice)


def _camera(state: CameraState, max_age: float, quick: bool) -> Step:
    last = "no frame yet" if state.age is None else f"last frame {age(state.age)} ago"
    stale = state.age is None or state.age > max_age
    if state.state is State.LIVE:
        mark = Mark.FAIL if stale else Mark.WARN if state.reason else Mark.OK
        watched = "idle, since nobody watches" if state.idle else several(state.watchers, "watcher")
        text = f"live: {state.codec} {state.width}x{state.height}, {state.fps:.1f} fps, {last}, {watched}"
    elif state.state is State.IDLE:  # it is connected as soon as somebody watches, as the next steps do
        mark, stale, text = Mark.OK, False, f"idle: not connected, since nobody watches, {last}"
    else:
        # For a health check a camera that is just connected anew is as healthy as its last frame is fresh.
        mark = Mark.WARN if quick and not stale else Mark.FAIL
        text = f"{state.state} for {age(state.since)}, {last}"
    reason = state.reason or (f"nothing has come for longer than {max_age:g} s" if stale else "")
    advice = f"{state.camera}: {reason}" if reason else ""
    return Step("camera", f"{state.camera} is {text}", mark, advice, asdict(state))


def _measured(measured: Sequence[Measurement], seconds: float, wait: float) -> Iterator[Step]:
    some = next((found for found in measured if found.frames), None)
    if some is not None:
        yield Step("version", f"wire format {wire.VERSION}", facts={"version": wire.VERSION})
    for found in measured:
        label = f"{found.address.topic}: " if len(measured) > 1 else ""
        if found.frames:
            yield _frames(found, label, seconds)
            yield _age(found, label)
        else:
            yield _nothing(found, label, wait)
    if some is not None:
        yield _clock(some)


def _nothing(found: Measurement, label: str, wait: float) -> Step:
    """Explain why no frame came of a camera that should give some."""
    facts = {"camera": found.address.topic, "frames": 0}
    if found.statistics.rejected:
        complaint, _, advice = _complaint(found.address).partition(": ")
        return Step("version", f"{label}{complaint}", Mark.FAIL, advice or _FOREIGN, facts)
    state = found.state
    text = f"{label}none within {wait:g} s"
    if state.state is State.LIVE and state.fps * wait < 1:
        return Step("frames", text, Mark.WARN, f"this camera is slow: --wait longer than {wait:g} s", facts)
    advice = state.reason or "states come and frames do not: look at the producer's log"
    return Step("frames", text, Mark.FAIL, advice, facts)


def _complaint(address: CameraAddress) -> str:
    """Return what is wrong with the messages that a camera's frames come in; a subscriber only counts them."""
    endpoint = Route.to(address.endpoint).endpoint
    with closing(sockets.frames_subscriber(sockets.consumers_context(), endpoint, address.topic)) as frames:
        if frames.poll(1000):
            try:
                wire.unpack(frames.recv())
            except WireError as error:
                return str(error)
    return "messages that are no frames"


def _frames(found: Measurement, label: str, seconds: float) -> Step:
    replaced = found.statistics.replaced
    text = f"{label}{several(found.frames, 'frame')} in {seconds:g} s, {found.fps:.1f} of {found.state.fps:.1f} fps, "
    text += f"{found.lost or 'none'} lost, {found.bytes_per_second * 8e-6:.1f} Mbit/s"
    facts = {
        "camera": found.address.topic,
        "frames": found.frames,
        "seconds": seconds,
        "fps": found.fps,
        "camera_fps": found.state.fps,
        "lost": found.lost,
        "replaced": replaced,
        "bytes_per_second": found.bytes_per_second,
    }
    if found.lost > _LOSSY * (found.frames + found.lost):
        advice = "network or reader are too slow for this: use a lower --quality, or fewer pixels"
        return Step("frames", text, Mark.WARN, advice, facts)
    return Step("frames", text, facts=facts)


def _age(found: Measurement, label: str) -> Step:
    median, p95 = found.age_median or 0.0, found.age_p95 or 0.0
    text = f"{label}p50 {age(median)}, p95 {age(p95)}"
    facts = {"camera": found.address.topic, "median": median, "p95": p95}
    if median > _LATE and found.frames > 1:  # one alone may be the last one, sent again
        return Step(
            "age", text, Mark.WARN, "frames are long under way: is the network, or the producer, too slow?", facts
        )
    return Step("age", text, facts=facts)


def _clock(found: Measurement) -> Step:
    uncertainty, ahead = found.statistics.age_uncertainty, found.clock_ahead or 0.0
    facts = {"ahead": ahead, "uncertainty": uncertainty}
    if uncertainty == 0.0:
        return Step("clock", "the same host, ages are exact", facts=facts | {"ahead": 0.0})
    text = f"theirs is {abs(ahead):.3f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    if uncertainty is None:
        advice = f"the clock at port {found.address.endpoint.port + 2} does not answer: ages may be wrong"
        return Step("clock", text + ", or ages are wrong", Mark.WARN, advice, facts)
    return Step("clock", f"{text}, ages are right within {uncertainty * 1000:.2g} ms all the same", facts=facts)

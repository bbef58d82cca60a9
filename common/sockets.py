"""The six kinds of ZeroMQ socket, three per end, and why each has the options it has.

Measured with libzmq 4.3.5; ARCHITECTURE.md has the figures.
"""

import errno
import socket
from contextlib import ExitStack

import zmq

from . import resolution
from .address import Endpoint
from .errors import AddressError, BindError
from .schema import LARGEST_STATE, LARGEST_SUBSCRIPTION, MOST_SUBSCRIPTIONS
from .wire import LARGEST_MESSAGE, topic_bytes

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

MOST_SOCKETS = 24_576
"""In a context; ZeroMQ's default is 1023. A subscriber has nine, a relay three for each topic that is watched."""
HEARTBEAT_MS = 2000
HEARTBEAT_TIMEOUT_MS = 10_000
"""Longer than the slowest frame takes: with less, a slow link would be cut in the middle of every frame."""
_NOT_SENT = 16 * 1024
"""Bytes that the kernel may hold unsent; the rest waits where CONFLATE can still replace it."""
_LARGEST_FRAME = 2 * LARGEST_MESSAGE
_LARGEST_STATE = 2 * LARGEST_STATE
_LARGEST_REQUEST = 1024 * 1024
_LARGEST_COMMAND = LARGEST_SUBSCRIPTION + 10
"""Bytes beyond which ZeroMQ ends a connection. Of all but subscriptions, which come as commands, it is more than is
accepted, so that a message over the limit costs that message only."""
_FEW = 4
"""Messages that wait for whoever does not read, or for us: an asker has one request outstanding."""
_SOME = 64
_MANY = 512
_NOT_READ = 64 * 1024
"""Bytes that the kernel keeps of what a consumer sends, which is little."""
_ATTEMPTS = 50
_BACKLOG = 256
_ALL = "*"
_PURPOSES = ("frames", "states", "requests")
_ELSEWHERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Errors of an address of another machine, or of a family that this machine does not have."""

assert zmq.zmq_version_info() >= (4, 3, 3), "CONFLATE on PUB serves one subscriber only before 4.3.3"


class Listeners(tuple[socket.socket, ...]):
    """The listening sockets of one port: one for each address of a host name."""

    __slots__ = ()

    @property
    def port(self) -> int:
        """The port that they listen at."""
        return int(self[0].getsockname()[1])

    def close(self) -> None:
        """Close them all."""
        for listener in self:
            listener.close()


def consumers_context() -> Context:
    """Return the context that all consumers of this process share, with room for more of them than by default."""
    context: Context = zmq.Context.instance()
    context.set(zmq.MAX_SOCKETS, MOST_SOCKETS)  # of no effect, and no harm, where a socket of somebody else was first
    return context


def listen(endpoint: Endpoint) -> tuple[Endpoint, list[Listeners]]:
    """Open the listening sockets of a producer: frames, states, requests, each on all addresses of a host name.

    They are made here rather than by ZeroMQ because accepted connections inherit `TCP_NOTSENT_LOWAT` from them.

    Returns:
        the endpoint with its real port, and the sockets of the three ports.

    Raises:
        BindError: a port is in use, or the address is not of this machine.
    """
    for _ in range(_ATTEMPTS):
        wanted, found = endpoint, list[Listeners]()
        with ExitStack() as opened:
            try:
                hosts = [_ALL] if endpoint.host == _ALL else resolution.addresses(endpoint.host)
                for _ in _PURPOSES:
                    found.append(_listeners(hosts, wanted.port, opened))
                    wanted = Endpoint(endpoint.host, found[-1].port + 1)
            except (OSError, OverflowError) as error:
                if not endpoint.port and (isinstance(error, OverflowError) or error.errno == errno.EADDRINUSE):
                    continue  # a free port with a neighbour that is taken: try another
                raise BindError(f"cannot bind {wanted} for {_PURPOSES[len(found)]}: {_reason(error)}") from None
            opened.pop_all()
            return Endpoint(endpoint.host, found[0].port), found
    raise BindError(f"cannot bind {endpoint}: no three free ports in a row found")


def frames_publisher(context: Context, listeners: Listeners) -> Socket:
    """Make the socket that frames leave by: per connection the newest one waits, all others are replaced."""
    publisher = context.socket(zmq.PUB)
    publisher.conflate = True
    publisher.rcvhwm = _FEW
    return _adopt(publisher, listeners, _LARGEST_COMMAND)


def states_publisher(context: Context, listeners: Listeners) -> Socket:
    """Make the socket that states leave by, which hears of every single subscription and its end."""
    publisher = context.socket(zmq.XPUB)
    publisher.setsockopt(zmq.XPUB_VERBOSER, 1)
    publisher.rcvhwm = _FEW
    publisher.sndhwm = MOST_SUBSCRIPTIONS  # all states go out at once
    return _adopt(publisher, listeners, _LARGEST_COMMAND)


def requests_server(context: Context, listeners: Listeners) -> Socket:
    """Make the socket that requests are answered on."""
    server = context.socket(zmq.ROUTER)
    server.sndhwm = server.rcvhwm = _FEW
    return _adopt(server, listeners, _LARGEST_REQUEST)


def frames_subscriber(context: Context, endpoint: Endpoint | None, topic: str) -> Socket:
    """Make the socket that one camera's newest frame is received from; without an endpoint it is not connected.

    One SUBSCRIBE per socket, before connect, never changed: a conflating SUB conflates its subscriptions as well.
    """
    subscriber = context.socket(zmq.SUB)
    subscriber.conflate = True
    subscriber.subscribe(topic_bytes(topic))
    return _connect(subscriber, endpoint.frames if endpoint else None, _LARGEST_FRAME)


def states_subscriber(
    context: Context, endpoint: Endpoint | None, topic: str, *others: str, watch: bool = True
) -> Socket:
    """Make the socket that states are received from: of some cameras, or with an empty topic of all.

    Unless `watch` is false, the producer takes it that somebody watches those cameras.
    """
    subscriber = context.socket(zmq.SUB)
    subscriber.rcvhwm = _SOME if topic else _MANY
    subscriber.sndhwm = MOST_SUBSCRIPTIONS  # with less, some of many subscriptions are dropped on connecting
    for wanted in (topic, *others):
        subscriber.subscribe(states_prefix(wanted, watch=watch))
    return _connect(subscriber, endpoint.states if endpoint else None, _LARGEST_STATE)


def states_prefix(topic: str, *, watch: bool) -> bytes:
    """Return what to subscribe to for a camera's states; without watching one also gets those of `door2`."""
    return topic_bytes(topic) if topic and watch else topic.encode()


def requests_client(context: Context, endpoint: Endpoint | None) -> Socket:
    """Make the socket that requests are sent by. While it is not connected, sending raises `zmq.Again`."""
    client = context.socket(zmq.DEALER)
    client.immediate = True  # a request that waits for a connection would come when nobody waits for its answer
    client.rcvhwm = _FEW
    return _connect(client, endpoint.requests if endpoint else None, _LARGEST_FRAME)


def _adopt(public: Socket, listeners: Listeners, largest: int) -> Socket:
    _configure(public, largest)
    for listener in listeners:
        host, port = listener.getsockname()[:2]
        public.setsockopt(zmq.USE_FD, listener.detach())
        public.bind(f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}")
    return public


def _connect(private: Socket, url: str | None, largest: int) -> Socket:
    _configure(private, largest)
    private.setsockopt(zmq.RECONNECT_IVL, 100)
    private.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
    try:
        if url:
            private.connect(url)
    except zmq.ZMQError as error:
        private.close()
        raise AddressError(f"cannot connect to {url}: {error.strerror}; name a host such as 127.0.0.1") from None
    return private


def _configure(any_socket: Socket, largest: int) -> None:
    any_socket.linger = 0
    any_socket.ipv6 = True
    any_socket.setsockopt(zmq.MAXMSGSIZE, largest)
    any_socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    any_socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)


def _listeners(hosts: list[str], port: int, opened: ExitStack) -> Listeners:
    """Open a port on those of the addresses that are of this machine, or at `*` on all that it has."""
    found: list[socket.socket] = []
    for host in hosts:
        try:
            listener = opened.enter_context(_listener(host, port))
        except OSError as error:
            if error.errno not in _ELSEWHERE or (host == hosts[-1] and not found):
                raise
        else:
            found.append(listener)
            port = listener.getsockname()[1]
    return Listeners(found)


def _listener(host: str, port: int) -> socket.socket:
    if host == _ALL and socket.has_dualstack_ipv6():
        listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
    else:
        family, where = (socket.AF_INET, ("", port)) if host == _ALL else resolution.socket_address(host, port)
        listener = socket.create_server(where, family=family, backlog=_BACKLOG)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NOT_READ)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOT_SENT)
    return listener


def _reason(error: OSError | OverflowError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return {
        errno.EADDRINUSE: "address in use: stop the other program or choose another port",
        errno.EADDRNOTAVAIL: "not an address of this machine: use 127.0.0.1, one of its own, or *",
        errno.EACCES: "not permitted: choose a port above 1023",
    }.get(number or 0, getattr(error, "strerror", None) or str(error))

"""Why a source failed, in words a person can act on and without a password.

FFmpeg's libraries put the whole URL into every text, so none of theirs is passed on. Their exceptions are
classified by phase: a silent peer raises `InvalidDataError` while opening and `ExitError` while reading.
"""

import logging
import re
import socket
from collections import deque

import av.error
import av.logging

from ..common import resolution
from ..common.errors import SourceError
from .rtsp.messages import Refusal
from .rtsp.sdp import NoVideo, Unsupported
from .source import Kind, Source

_STATUS = re.compile(r"(?:method \w+ failed: |HTTP error )(\d{3})")
_MISSED = re.compile(r"RTP: missed \d+ packets")
_ADVICE = {
    401: "user name or password refused (401): put the right ones into the source's URL",
    403: "access forbidden (403): allow this user to view the stream in the camera's settings",
    404: "no such stream (404): check the path of the URL",
    453: "too many viewers (453): the camera allows no more connections, close another one",
    455: "no video stream is offered (455): check the path of the URL",
    503: "camera is busy (503): it restarts or has no session left",
}
_RETRY_AFTER = {453: 30.0, 503: 5.0}
"""Seconds for which to leave a camera alone: without a free session half of what it keeps a dead one (RFC 2326), busy
as long as it may take to end or start a stream."""


class LibraryLog(logging.Handler):
    """Keeps the last errors that FFmpeg's libraries log, for a status code in them, and shows them to nobody.

    Attributes:
        losses: how often RTP packets were missing, which FFmpeg's RTSP demuxer reports in no other way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.losses = 0
        self._lines: deque[str] = deque(maxlen=50)
        logger = logging.getLogger("libav")
        logger.handlers = [self]
        logger.propagate = False
        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error, and count a loss."""
        if record.levelno >= logging.ERROR:
            self._lines.append(record.getMessage())
        elif _MISSED.match(record.getMessage()):
            self.losses += 1

    @property
    def status(self) -> int | None:
        """The last RTSP or HTTP status that was not a success."""
        found = [int(match[1]) for line in self._lines if (match := _STATUS.search(line))]
        return found[-1] if found else None


def check_host(source: Source) -> list[str]:
    """Resolve a source's host name, which FFmpeg would report as an input/output error, and wait for without end.

    Returns:
        the addresses, which FFmpeg tries as we do (RFC 8305); none for a source that is not on the network.

    Raises:
        SourceError: it has no address, or no name server answers.
    """
    if source.kind not in (Kind.RTSP, Kind.HTTP):
        return []
    try:
        return resolution.addresses(source.host)
    except OSError as error:
        raise _unknown_host(source, error) from None


def _unknown_host(source: Source, error: BaseException) -> SourceError:
    return SourceError(resolution.unknown(source.host, error, "the source's URL"))


def opening(source: Source, error: BaseException, elapsed: float, limit: float, status: int | None) -> SourceError:
    """Explain why a source cannot be opened.

    Args:
        source: what was to be opened.
        error: what FFmpeg's libraries or our own client raised.
        elapsed: seconds that the attempt took, of at most `limit`.
        status: what the server answered, as far as known.
    """
    place = source.place
    if status is None:
        status = _http_status(error)
    if status is not None:
        advice = _ADVICE.get(status, f"answered {status}")
        refused = status in (401, 403, 404)
        return SourceError(f"{place}: {advice}", refused=refused, retry_after=_RETRY_AFTER.get(status, 0.0))
    if isinstance(error, socket.gaierror | UnicodeError):
        return _unknown_host(source, error)
    tried = resolution.tried(source.host, error)
    if isinstance(error, ConnectionRefusedError):
        return SourceError(f"{place} refuses connections{tried}: is it on, and is the port right?")
    if elapsed >= limit * 0.9:
        return SourceError(f"{place} did not answer within {limit:g} s{tried}")
    if isinstance(error, TimeoutError):
        return SourceError(f"{place} did not answer within {max(1, round(elapsed))} s{tried}")
    return _not_opened(source, error)


def _not_opened(source: Source, error: BaseException) -> SourceError:
    """Explain what the network and the status do not."""
    place = source.place
    if isinstance(error, NoVideo):
        return SourceError(f"{place}: no video stream is offered: check the path of the URL")
    if isinstance(error, PermissionError):
        if source.kind in (Kind.RTSP, Kind.HTTP):
            tried = resolution.tried(source.host, error)
            return SourceError(
                f"this machine does not permit connections to {place}{tried}: check its firewall and routes"
            )
        reason = f"{place} may not be read: change its permissions or join the group that may"
        return SourceError(reason, final=source.kind is Kind.FILE)
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{place} does not exist", final=source.kind is Kind.FILE)
    if isinstance(error, ValueError | Refusal):
        if source.kind is Kind.FILE:
            return not_a_video(source)
        return SourceError(f"{place} answers, but not as an {source.kind.value.upper()} server of video: check the URL")
    if isinstance(error, ConnectionError | EOFError):
        return SourceError(f"{place} closed the connection while it was opened")
    tried = resolution.tried(source.host, error)
    return SourceError(f"{place} cannot be opened ({type(error).__name__}){tried}: check that it is reachable")


def not_a_video(source: Source) -> SourceError:
    """Explain that a file is none that FFmpeg's libraries can play."""
    return SourceError(f"{source.place} is not a video file", final=True)


def reading(source: Source, error: BaseException | None, limit: float) -> SourceError:
    """Explain why a source that was open gives no more; without an error the other side ended it."""
    place = source.place
    if error is None:
        return SourceError(f"{place} ended the stream")
    if isinstance(error, av.error.ExitError | TimeoutError):
        return SourceError(f"{place} sent nothing for {limit:g} s")
    if isinstance(error, ConnectionError):
        return SourceError(f"{place} broke the connection")
    if isinstance(error, Refusal):
        return SourceError(f"{place} sent something that is no {source.kind.value.upper()}")
    if isinstance(error, Unsupported):
        return SourceError(f"{place} sends {error}: choose a smaller picture or H.264 in the camera's settings")
    return SourceError(f"{place} cannot be read any more ({type(error).__name__})")


def _http_status(error: BaseException) -> int | None:
    kinds: dict[type[BaseException], int] = {
        av.error.HTTPUnauthorizedError: 401,
        av.error.HTTPForbiddenError: 403,
        av.error.HTTPNotFoundError: 404,
    }
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), None)

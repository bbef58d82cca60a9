"""URLs as users write them, and the only form in which any of them is shown.

Cameras take passwords in every part of a URL, a path may be a secret itself, and people write `@ # / : % ?` in their
passwords as they are. So one function parses a URL, requests are made from its result, and so is every text.

The rule of texts: of a URL only scheme, host and port are shown, `rtsp://10.0.0.7:554/...`. The name of its camera says
which one it is. An address of framefan, `tcp://host:5550/door`, is shown with that name.
"""

import os
import re
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import quote, unquote, urljoin

from .errors import AddressError

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ALMOST = re.compile(r"(?i)(rtsps?|https?|tcp|rtmps?|s?ftp):|[a-z][a-z0-9+.-]*:/(?!/)")
"""Slashes may be forgotten. What is no scheme that we know may be a user."""
_PATTERN = re.compile(r"test:[0-9x]*@?[0-9]*")
"""`test:1280x720@25`, the one source with an @ in it that holds no password."""
_DOUBTFUL = re.compile(r"[@?&=]")

_PORT = r"(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|0*[0-9]{1,4})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[\w.-]+|\*)"
_PLACE = re.compile(rf"({_HOST})(?::({_PORT})?)?(?=[/?#]|\Z)")
_BEGINS_WITH_PORT = re.compile(rf"{_HOST}:{_PORT}(?=/|\?[\w.-]+=|\Z)")
_PORT_BEHIND_AT = re.compile(rf"(?s:.*?)@(?={_HOST}:{_PORT}(?:[/?#]|\Z))")
_CAMERA = re.compile(r"(?:/[\w.-]{0,64})?")
_QUERY = re.compile(r"\?[\w.-]+=")
_SENDABLE = "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"
"""What stays as it is in path and query: all but spaces, quotes, backslashes, controls and what is not ASCII."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, taken apart. Neither its text form nor its repr holds a secret.

    Attributes:
        scheme: in lower case.
        user, password: decoded; empty if there are none.
        host: in lower case, an IPv6 address without brackets.
        explicit_port: as it was written; None if it was not.
        target: path and query as they were written, and encoded where they could not be sent otherwise.
    """

    scheme: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    host: str
    explicit_port: int | None
    target: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `scheme://[user[:password]@]host[:port][path][?query]`, whether or not it is percent-encoded.

        The authority ends at the first `/`. Unless a valid port stands in front of it, and if an `@` follows, what is
        in between belongs to the password. The `@` of a query (`?name=...`) is none of these.

        Raises:
            AddressError: it has no scheme, no host, or no valid port.
        """
        if not (begin := _SCHEME.match(text)):
            raise AddressError(f"{shown(text)!r} is not a URL: write scheme://host/path")
        scheme, rest = begin[1].lower(), text[begin.end() :]
        host_begin = _credentials_end(rest)
        if not (place := _PLACE.match(rest, host_begin)):
            raise AddressError(f"'{scheme}://...' has no valid host and port: write {scheme}://host:port/path")
        user, _, password = rest[: max(0, host_begin - 1)].partition(":")
        return cls(
            scheme,
            unquote(user, errors="surrogateescape"),
            unquote(password, errors="surrogateescape"),
            place[1].strip("[]").replace("%25", "%") if place[1].startswith("[") else place[1].lower(),  # RFC 6874
            None if place[2] is None else int(place[2]),
            quote(rest[place.end() :], safe=_SENDABLE, errors="surrogateescape"),
        )

    @property
    def port(self) -> int:
        """Where to connect; 0 if the scheme has no usual port."""
        return _PORTS.get(self.scheme, 0) if self.explicit_port is None else self.explicit_port

    @property
    def place(self) -> str:
        """Host and port as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.explicit_port is None else f"{host}:{self.explicit_port}"

    @property
    def bare(self) -> str:
        """The URL without user and password, to ask a server for. It may hold a secret all the same."""
        return f"{self.scheme}://{self.place}{self.target}"

    @property
    def encoded(self) -> str:
        """The whole URL for a library, with user and password percent-encoded. It can be read in one way only."""
        url = replace(self, explicit_port=self.port or None) if "@" in self.target else self
        if not self.user and not self.password:
            return url.bare
        user, password = (quote(part, safe="", errors="surrogateescape") for part in (self.user, self.password))
        return f"{self.scheme}://{user}:{password}@{url.place}{self.target}"

    def joined(self, reference: str) -> Self:
        """Return what a reference, absolute or relative, means where it stands behind this URL (RFC 3986).

        User and password are those of the reference.

        Raises:
            AddressError: it has no host, or no valid port.
        """
        root = f"{self.scheme}://{self.place}"
        try:
            url = urljoin(self.bare, reference)
        except ValueError:
            raise AddressError(f"{self} refers to what is not a URL") from None
        if url.startswith((f"{root}/", f"{root}?")):
            target = quote(url.removeprefix(root), safe=_SENDABLE, errors="surrogateescape")
            return replace(self, user="", password="", target=target)
        return self.parse(url)

    def is_repeated_in(self, text: str) -> bool:
        """Return whether a text, such as one of the camera's, repeats the password or the path and query."""
        told = (text, unquote(text))
        secrets = {self.password, self.target, unquote(self.target)} - {"", "/"}
        return any(secret in one for secret in secrets for one in told)

    def __str__(self) -> str:
        path = unquote(self.target.partition("?")[0])
        if self.scheme != "tcp" or self.user or self.password or not _CAMERA.fullmatch(path):
            path = "/..." if self.target.strip("/") else self.target
        return f"{self.scheme}://{self.place}{path}"


def shown(text: str) -> str:
    """Return what a user named as it may be shown: a URL by the rule above, a path as it is.

    A URL with mistakes in it is shown by its scheme alone, and what is neither a URL nor looks like a path not at all.
    """
    if _PATTERN.fullmatch(text) or os.path.exists(text):  # noqa: PTH110 - which raises nothing for a name too long
        return text
    if (match := _SCHEME.match(text)) and match[1].lower() != "file":
        try:
            return str(Url.parse(text))
        except AddressError:
            return f"{match[0].lower()}..."
    if (match := _ALMOST.match(text)) and not text.startswith("file:/"):
        return f"{match[1].lower()}:..." if match[1] else "..."
    return "..." if _DOUBTFUL.search(text) else text


def without_secrets(message: str, *words: str) -> str:
    """Return a message in which each of some words that a user gave stands as it may be shown, quoted or not."""
    for word in sorted(filter(re.compile(r"\w").search, words), key=len, reverse=True):
        for form in (word, repr(word)[1:-1], ascii(word)[1:-1]):
            message = message.replace(form, shown(word))
    return message


def _credentials_end(rest: str) -> int:
    """Return where the host begins in what stands behind `scheme://`: behind an @, or at once."""
    if _BEGINS_WITH_PORT.match(rest):
        return 0
    start = re.match(r"[^/?#]*", rest)
    assert start is not None
    begun = bool(re.search("[:@]", start[0]))  # with a user or a password, for the host has no valid port
    query = _QUERY.search(rest)
    in_target = query is not None and (not begun or "/" in rest[: query.start()])
    limit = query.start() if query and in_target else len(rest)
    if found := _PORT_BEHIND_AT.match(rest, 0, len(rest) if begun else limit):
        return found.end()
    end = rest.rfind("@", 0, limit) + 1
    if "/" in rest[:end] and ":" not in rest[:end]:  # without a colon no password has begun: rtsp://cam/live@home
        end = rest.rfind("@", 0, rest.index("/")) + 1
    return end if _PLACE.match(rest, end) else rest.rfind("@") + 1

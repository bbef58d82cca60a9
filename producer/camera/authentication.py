"""Who may watch: the server's part of Basic and Digest authentication."""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..rtsp.authentication import basic, digest, parse_parameters
from ..rtsp.messages import Refusal, Request

SCHEMES = ("basic", "digest")

_REALM = "framefan camera"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may watch. The password does not show in a repr.

    Attributes:
        user: the user name.
        password: the password.
        scheme: basic or digest.
    """

    user: str
    password: str = field(repr=False)
    scheme: str = "digest"


class Guard:
    """Checks the requests of one connection.

    Args:
        credentials: who may watch; None for everybody.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._nonce = secrets.token_hex(16)
        self._count = 0

    @property
    def challenge(self) -> Mapping[str, str]:
        """Return the header that asks for credentials."""
        if self._credentials is not None and self._credentials.scheme == "basic":
            return {"WWW-Authenticate": f'Basic realm="{_REALM}"'}
        return {"WWW-Authenticate": f'Digest realm="{_REALM}", nonce="{self._nonce}", qop="auth"'}

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            Refusal: 401 with the challenge.
        """
        if self._credentials is None:
            return
        header = request.headers.get("authorization", "")
        scheme, _, rest = header.partition(" ")
        passes = self._basic if self._credentials.scheme == "basic" else self._digest
        if scheme.lower() != self._credentials.scheme or not passes(rest, request.method):
            raise Refusal(401, headers=self.challenge)

    def _basic(self, rest: str, _method: str) -> bool:
        assert self._credentials is not None
        return _equal(rest.strip(), basic(self._credentials.user, self._credentials.password))

    def _digest(self, rest: str, method: str) -> bool:
        assert self._credentials is not None
        given = parse_parameters(rest)
        # The URI is taken as the client states it: live555 (VLC) signs the base URL for a track's SETUP.
        expected = digest(
            self._credentials.user,
            self._credentials.password,
            realm=_REALM,
            nonce=self._nonce,
            method=method,
            uri=given.get("uri", ""),
            qop=given.get("qop"),
            count=given.get("nc", ""),
            client_nonce=given.get("cnonce", ""),
        )
        right = _equal(given.get("username", ""), self._credentials.user)
        right &= _equal(given.get("nonce", ""), self._nonce)
        right &= _equal(given.get("response", ""), expected)
        return right and self._is_new(given)

    def _is_new(self, given: Mapping[str, str]) -> bool:
        """Return False for a request heard before: with qop, a client counts its requests."""
        if "qop" not in given:
            return True
        count = given.get("nc", "")
        if not re.fullmatch(r"[0-9a-fA-F]{8}", count) or int(count, 16) <= self._count:
            return False
        self._count = int(count, 16)
        return True


def _equal(left: str, right: str) -> bool:
    """Compare in a time that does not tell where the difference is."""
    return hmac.compare_digest(left.encode(), right.encode())

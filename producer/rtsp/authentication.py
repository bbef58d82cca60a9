"""Basic (RFC 7617) and Digest (RFC 2617, and SHA-256 of RFC 7616) authentication, for client and server."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ALGORITHMS: Mapping[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')
_CHALLENGE = re.compile(r'(?:^|,)\s*(Basic|Digest)\s((?:[^",]|"[^"]*"|,(?!\s*(?:Basic|Digest)\s))*)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for.

    Attributes:
        scheme: `basic` or `digest`.
        parameters: by lower-case name.
    """

    scheme: str
    parameters: Mapping[str, str]

    @classmethod
    def parse(cls, header: str) -> "Challenge | None":
        """Parse a WWW-Authenticate header, or several joined; return the strongest that we can answer."""
        found = [cls(scheme.lower(), parse_parameters(rest)) for scheme, rest in _CHALLENGE.findall(header)]
        known = [one for one in found if one.scheme == "basic" or one.algorithm in ALGORITHMS]
        return max(known, key=lambda one: (one.scheme, one.algorithm), default=None)

    @property
    def algorithm(self) -> str:
        """The hash of a digest, MD5 unless told otherwise."""
        return self.parameters.get("algorithm", "MD5").upper()

    def answer(self, user: str, password: str, *, method: str, url: str, count: int, client_nonce: str) -> str:
        """Return the Authorization header of a request, the `count`-th that answers this challenge."""
        if self.scheme == "basic":
            return f"Basic {basic(user, password)}"
        given = self.parameters
        fields = {"username": user, "realm": given.get("realm", ""), "nonce": given.get("nonce", ""), "uri": url}
        counted: dict[str, str] = {}
        if "auth" in re.split(r"[,\s]+", given.get("qop", "")):
            counted = {"qop": "auth", "count": f"{count:08x}", "client_nonce": client_nonce}
            fields["cnonce"] = client_nonce
        fields["response"] = digest(
            user, password, realm=fields["realm"], nonce=fields["nonce"], method=method, uri=url,
            algorithm=self.algorithm, **counted,
        )  # fmt: skip
        fields |= {name: given[name] for name in ("opaque",) if name in given}
        fields["username"] = re.sub(r'(["\\])', r"\\\1", user)  # only in the header (RFC 2616, 2.2: quoted-string)
        text = ", ".join(f'{name}="{value}"' for name, value in fields.items())
        text += f", algorithm={given['algorithm']}" if "algorithm" in given else ""
        return f"Digest {text}" + (f", qop=auth, nc={count:08x}" if counted else "")


def basic(user: str, password: str) -> str:
    """Return user and password as Basic authentication has them. Bytes that are no UTF-8 stay what they are."""
    return base64.b64encode(f"{user}:{password}".encode(errors="surrogateescape")).decode()


def digest(
    user: str,
    password: str,
    *,
    realm: str,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None = None,
    count: str = "",
    client_nonce: str = "",
    algorithm: str = "MD5",
) -> str:
    """Return the digest that proves knowledge of the password (RFC 2617, 3.2.2), in hexadecimal."""
    hashed = ALGORITHMS[algorithm]
    secret = hashed(f"{user}:{realm}:{password}".encode(errors="surrogateescape"))
    request = hashed(f"{method}:{uri}".encode())
    middle = nonce if qop is None else f"{nonce}:{count}:{client_nonce}:{qop}"
    return hashed(f"{secret}:{middle}:{request}".encode())


def parse_parameters(text: str) -> dict[str, str]:
    """Parse `name="value", name=value` of an authentication header."""
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(text)}

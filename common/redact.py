"""URLs as they may be shown: cameras take passwords in every part of them."""

import re

_USER = re.compile(r"(?i)(\b(?!test:\d+x\d+@\d)[a-z][a-z0-9+.-]*:/*)\S*@")
"""Slashes may be forgotten; `test:1280x720@25` is a source of ours."""
_QUERY = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s?#]*)[?#]\S*")
_NAMED = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/]*)/\S*(?:pass|pwd|user)\S*")


def url_without_password(url: str) -> str:
    """Return one URL as it may be shown; what is none, such as a path, as it is.

    A password with a space in it does not end it, as it would in a text.
    """
    return without_password(re.sub(r"\s", "%20", url) if "://" in url else url)


def without_password(text: str) -> str:
    """Return a text whose URLs hold neither user nor password, no query, and no path that names one of them."""
    return _NAMED.sub(r"\1/...", _QUERY.sub(r"\1", _USER.sub(r"\1", text)))

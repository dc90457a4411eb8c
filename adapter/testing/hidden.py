"""Credentials in what was asked and answered, as ``***``: by their names, and wherever their values come again."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus

STARS: Final = "***"
Pairs = Sequence[tuple[str, str]]
_NAMED: Final = r"[\w.-]*(?:token|secret|passw|session|jwt|api[-_]?key)[\w.-]*"
_HEADER: Final = re.compile(rf"(?:(?:proxy-)?authorization|(?:set-)?cookie|{_NAMED})\Z", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(basic|bearer)\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_COOKIE: Final = re.compile(r"=\"?([^;,\s\"]+)")
SHORTEST: Final = 6
"""Characters of a value that is looked for elsewhere: shorter ones are found in too much that is none."""


class Names:
    """The names that one dialect's credentials go by."""

    def __init__(self, own: Iterable[str]) -> None:
        names = "|".join([_NAMED, *map(re.escape, own)])
        self.header = _HEADER
        # name=value, as in queries, forms and cookies; "name":"value"; <name>value</name>; a part of a multipart form.
        self._places = tuple(
            re.compile(pattern, re.IGNORECASE | re.DOTALL)
            for pattern in (
                rf"((?:\A|[?&;\s])(?:{names})(?:%5[BbDd]|[\[\]\w])*=)([^&;\s]+)",
                rf"(\"(?:{names})\"\s*:\s*\")((?:[^\"\\]|\\.)+)",
                rf"(<(?:{names})>)([^<]+)",
                rf"(name=\"(?:{names})\"(?:\r?\n[^\r\n]+)*\r?\n\r?\n)([^\r\n]+)",
                rf"((?:\A|\n)[ \t-]*(?:{names}):[ \t]+)([^\r\n]+)",
            )
        )

    def in_text(self, text: str) -> str:
        for place in self._places:
            text = place.sub(rf"\g<1>{STARS}", text)
        return text

    def found(self, text: str) -> set[str]:
        """The values that stand there."""
        return {unquote_plus(match[2]) for place in self._places for match in place.finditer(text)}

    def in_headers(self, headers: Pairs) -> list[tuple[str, str]]:
        return [
            (name, _starred(value)) if self.header.match(_dashed(name)) else (name, value) for name, value in headers
        ]

    def found_in_headers(self, headers: Pairs) -> set[str]:
        found: set[str] = set()
        for name, value in headers:
            if not self.header.match(_dashed(name)):
                continue
            scheme = _SCHEME.match(value)
            if "cookie" in name.lower():
                found.update(match[1] for match in _COOKIE.finditer(value.partition("; Path")[0]))
            elif scheme is None:
                found.add(value)
            else:
                found.update({scheme[2], *_user_and_password(scheme[2])})
        return found


@lru_cache(maxsize=64)
def names_of(own: tuple[str, ...]) -> Names:
    """The names for a dialect's own `secret_parameters`."""
    return Names(own)


def spellings(values: Iterable[str]) -> list[str]:
    """Each value as it may be written, longest first."""
    out: set[str] = set()
    for value in values:
        if len(value) >= SHORTEST:
            out.update({value, quote(value, safe=""), quote_plus(value), value.replace('"', '\\"')})
            out.add(value.replace("&", "&amp;").replace("<", "&lt;"))
    return sorted(out, key=len, reverse=True)


def without(text: str, values: Sequence[str]) -> str:
    for value in values:
        if value in text:
            text = text.replace(value, STARS)
    return text


def _starred(value: str) -> str:
    scheme = _SCHEME.match(value)
    return STARS if scheme is None else f"{scheme[1]} {STARS}"


def _user_and_password(encoded: str) -> set[str]:
    """The parts of HTTP Basic: some vendors' tokens are the name in it. Empty for what is no base64."""
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return set()
    return {user, password} if colon else set()


def _dashed(name: str) -> str:
    return name.replace("_", "-")

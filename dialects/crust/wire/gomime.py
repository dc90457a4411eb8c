"""Content types as Go's mime package reads them: what is malformed is told in its words.

Source: mime/mediatype.go of Go 1.19, ParseMediaType; the texts are in crust dossier, section 3.
"""

from __future__ import annotations

import re
from typing import Final

from dialects.crust.errors import Refused

_WORD = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]"
_SPECIAL = r"[()<>@,;:\\\"/\[\]?=]"
_TYPE = re.compile(rf"({_WORD}*)(?:(/)({_WORD}*))?(.*)\Z", re.DOTALL)
_PARAMETER = re.compile(rf"\s*;\s*({_WORD}+)\s*=\s*(?:({_WORD}+)|\"(?:[^\"\\\r\n]|\\{_SPECIAL}|\\(?!{_SPECIAL}))*\")")
NO_TYPE: Final = "mime: no media type"


def media_type(text: str) -> str:
    """The type, in lower case and without parameters. Raises Refused."""
    base, _, _ = text.partition(";")
    kind = base.strip().lower()
    match = _TYPE.match(kind)
    if match is None or not match[1]:
        raise Refused(NO_TYPE)
    if match[2] is None and match[4]:
        raise Refused("mime: expected slash after first token")
    if match[2] is not None and not match[3]:
        raise Refused("mime: expected token after slash")
    if match[4]:
        raise Refused("mime: unexpected content after media subtype")
    _check_parameters(text[len(base) :])
    return kind


def _check_parameters(text: str) -> None:
    seen = set()
    at = 0
    while text[at:].strip() not in ("", ";"):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise Refused("mime: invalid media parameter")
        name = match[1].lower()
        if name in seen:
            raise Refused("mime: duplicate parameter name")
        seen.add(name)
        at = match.end()

"""Answers taken apart: each value with its place, so that whatever is not as the vendor has it says where it stands.

Errors are heard from the status and the text of any of the three generations (opentaps dossier, section 6).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from adapter.client import UnexpectedAnswer
from adapter.formats import Malformed, json_body
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
)
from canonical.values import Instant, clean_text
from dialects.opentaps.errors import MAX_ECHO, NO_TOKEN
from dialects.opentaps.query import MAX_LONG
from dialects.opentaps.wire.ids import number_of
from dialects.opentaps.wire.parameters import plain
from dialects.opentaps.wire.times import parse_due

MAX_ANSWER: Final = 64 * 1024 * 1024
_UNKNOWN: Final = re.compile(r"I cannot find the ([a-z ]{1,40}) with id \[(.{0,1000})\]\.", re.DOTALL)
_TAKEN: Final = re.compile(r"A ([a-z ]{1,40}) with this name already exists\.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of the answer to `asked`. Every reader raises `UnexpectedAnswer` for what is none of its sort."""

    asked: str
    status: int
    place: str
    value: Any

    def fail(self, reason: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(self.asked, self.status, self.place, reason)

    def at(self, key: str | int, value: Any) -> Shown:
        return Shown(self.asked, self.status, f"{self.place}/{key}", value)

    def key(self, *names: str) -> Shown | None:
        """The first of these keys of an object that is there and not null."""
        found = self.object()
        for name in names:
            if found.get(name) is not None:
                return self.at(name, found[name])
        return None

    def needed(self, *names: str) -> Shown:
        found = self.key(*names)
        if found is None:
            raise self.at(names[0], None).fail("missing")
        return found

    def object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fail("no object")
        return self.value

    def items(self) -> Iterator[Shown]:
        if not isinstance(self.value, list):
            raise self.fail("no list")
        for number, item in enumerate(self.value):
            yield self.at(number, item)

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.fail("no text")
        return clean_text(self.value)

    def texts(self) -> dict[str, str]:
        """An object of texts; anything else in it as a form would hold it."""
        return {clean_text(name): plain(held) for name, held in self.object().items() if held is not None}

    def number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= MAX_LONG:
            raise self.fail("no number")
        return self.value

    def id(self) -> int:
        """The 96 bits of an id. A blank one is none: `UnexpectedAnswer`."""
        found = number_of(self.text())
        if found is None:
            raise self.fail("no id of 24 hex digits")
        return found

    def moment(self) -> Instant:
        try:
            return parse_due(plain(self.value) if isinstance(self.value, str | int) else "").at
        except ValueError:
            raise self.fail("no moment") from None


def bare(asked: str, response: WireResponse, good: Collection[int] = (200,)) -> Shown:
    """The whole of an answer."""
    check(asked, response, good)
    found = Shown(asked, response.status, "", None)
    if len(response.body) > MAX_ANSWER:
        raise found.fail("too large")
    try:
        return Shown(asked, response.status, "", json_body.parse(response.body))
    except Malformed:
        raise found.fail("no JSON") from None


def value(asked: str, response: WireResponse, good: Collection[int] = (200, 201)) -> Shown:
    """What an answer in the envelope has as its `resultValue`."""
    return bare(asked, response, good).needed("result").needed("resultValue")


# -- errors -----------------------------------------------------------------------------------------


def check(asked: str, response: WireResponse, good: Collection[int] = (200, 201)) -> None:
    """Raises the canonical error that an answer with any other status means, or `UnexpectedAnswer`."""
    if response.status in good:
        return
    match response.status:
        case 401:
            raise Unauthenticated("missing" if _message(response) == NO_TOKEN else "unknown")
        case 403:
            raise Denied(_message(response) or "forbidden")
        case 429 | 500 | 502 | 503 | 504:
            raise Unavailable(f"status {response.status}")
    error = _refusal(asked, response)
    if error is None:
        raise UnexpectedAnswer(asked, response.status, "", "no answer of this vendor")
    raise error


def _refusal(asked: str, response: WireResponse) -> CanonicalError | None:
    """What the vendor's own words say; None where there are none, as in the error pages of other servers."""
    message = _message(response)
    if not message:
        return None
    match response.status:
        case 404:
            unknown = _UNKNOWN.fullmatch(message)
            return NotFound(asked, 0) if unknown is None else NotFound(unknown[1], unknown[2])
        case 409:
            return Conflict(message)
        case 400 | 413:
            taken = _TAKEN.fullmatch(message)
            return Invalid(*_problems(response, message)) if taken is None else Duplicate(taken[1], "")
    return None


def _data(response: WireResponse) -> dict[str, Any]:
    try:
        found = json_body.parse(response.body[:MAX_ANSWER])
    except Malformed:
        return {}
    return found if isinstance(found, dict) else {}


def _message(response: WireResponse) -> str:
    data = _data(response)
    result = data.get("result")
    inner = result.get("errorMessage") if isinstance(result, dict) else None
    found = next((text for text in (data.get("error"), inner, data.get("message")) if isinstance(text, str)), "")
    return found[:MAX_ECHO]


def _problems(response: WireResponse, message: str) -> list[Problem]:
    errors = _data(response).get("errors")
    found = [
        Problem(str(item.get("field"))[:MAX_ECHO], str(item.get("message"))[:MAX_ECHO])
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict)
    ]
    return found or [Problem("request", message)]

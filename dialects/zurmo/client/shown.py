"""Answers taken apart: the envelope, its failures, each value with its place (zurmo dossier, sections 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from adapter.client import UnexpectedAnswer
from adapter.formats import Malformed, TooLarge, json_body
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
)
from canonical.values import clean_text
from dialects.zurmo import errors
from dialects.zurmo.client.ids import STEP
from dialects.zurmo.perform.sessions import BAD_LOGIN

MAX_ANSWER: Final = 64 * 1024 * 1024
MAX_ECHO: Final = 200
_NO_API_RIGHT: Final = "An error occured during login. Please try again."
_MAX_ENDED: Final = 1_000


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

    def object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fail("no object")
        return self.value

    def members(self) -> Iterator[Shown]:
        for name, held in self.object().items():
            yield self.at(name, held)

    def key(self, name: str) -> Shown | None:
        """The value under a key that is there and not null."""
        held = self.object().get(name)
        return None if held is None else self.at(name, held)

    def needed(self, name: str) -> Shown:
        found = self.key(name)
        if found is None:
            raise self.at(name, None).fail("missing")
        return found

    def items(self) -> Iterator[Shown]:
        if not isinstance(self.value, list):
            raise self.fail("no list")
        for number, item in enumerate(self.value):
            yield self.at(number, item)

    def text(self) -> str:
        if not isinstance(self.value, str | int | float) or isinstance(self.value, bool):
            raise self.fail("no text")
        return clean_text(str(self.value))

    def number(self) -> int:
        """A whole number, as such or as MySQL gives it: as text."""
        text = self.text()
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise self.fail("no number")
        return int(text)

    def id(self) -> int:
        found = self.number()
        if not 0 < found < STEP:
            raise self.fail("no id")
        return found


def is_ended(response: WireResponse) -> bool:
    """Whether the server takes the caller for a guest: the session went after its idle time, or with its token."""
    if response.status != 200 or len(response.body) > _MAX_ENDED:
        return False
    try:
        body = json_body.parse(response.body)
    except (Malformed, TooLarge):
        return False
    return isinstance(body, dict) and body.get("message") == errors.SIGN_IN


def data(asked: str, response: WireResponse, kind: str = "", id: int = 0) -> Shown:
    """What a successful answer has as its ``data``.

    Raises the canonical error that a failure means, `kind` and `id` being of the record asked for, or
    `UnexpectedAnswer`.
    """
    found = Shown(asked, response.status, "", None)
    if response.status in (429, 500, 502, 503, 504):
        raise Unavailable(f"status {response.status}")
    if response.status != 200:
        raise found.fail("no answer of this vendor")
    if len(response.body) > MAX_ANSWER:
        raise found.fail("too large")
    try:
        envelope = Shown(asked, response.status, "", json_body.parse(response.body))
    except (Malformed, TooLarge):
        raise found.fail("no JSON") from None
    status = envelope.needed("status")
    if status.value == "FAILURE":
        raise _failure(envelope, kind, id)
    if status.value != "SUCCESS":
        raise status.fail("neither SUCCESS nor FAILURE")
    return envelope.at("data", envelope.object().get("data"))


def _failure(envelope: Shown, kind: str, id: int) -> CanonicalError:
    """What the vendor's own words say."""
    told = envelope.key("message")
    message = "" if told is None else told.text()
    problems = envelope.key("errors")
    if problems is not None:
        return _refused(problems)
    match message.removeprefix(errors.RELATION_ISSUES):
        case errors.SIGN_IN:
            return Unauthenticated("missing")
        case _ if message == BAD_LOGIN:
            return Unauthenticated("unknown")
        case _ if message == _NO_API_RIGHT:
            return Denied(message)
        case errors.NO_RIGHT:
            return Denied(message)
        case errors.NO_PERMISSION:
            return Denied(message, "record")
        case errors.INVALID_ID:
            return NotFound(kind, id)
        case errors.BAD_RELATED_ID:
            return Invalid(Problem("links", "unknown_reference"))
        case errors.MAINTENANCE:
            return Unavailable(message)
        case "":
            return Invalid(Problem("reference", "unknown_reference"))
    return Invalid(Problem("request", "refused", {"message": message[:MAX_ECHO]}))


def _refused(problems: Shown) -> CanonicalError:
    """The attributes that were refused, with the vendor's texts."""
    found = list(_problems(problems, ""))
    for problem in found:
        if problem.field == "username" and str(problem.params.get("message")).endswith("is already in use."):
            return Duplicate("username", "")
    return Invalid(*found) if found else Invalid(Problem("request", "refused"))


def _problems(shown: Shown, above: str) -> Iterator[Problem]:
    for member in shown.members():
        name = f"{above}{member.place.rpartition('/')[2]}"[:MAX_ECHO]
        if isinstance(member.value, dict):
            yield from _problems(member, f"{name}.")
        elif isinstance(member.value, list):
            for item in member.items():
                yield Problem(name, "refused", {"message": item.text()[:MAX_ECHO]})
        else:
            raise member.fail("no list")

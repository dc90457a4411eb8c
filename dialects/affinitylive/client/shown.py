"""Answers taken apart: the envelope, its errors, and each value with its place (dossier, sections 4 and 6)."""

from __future__ import annotations

import re
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
    TooManyGuesses,
    Unauthenticated,
    Unavailable,
)
from dialects.affinitylive.wire import grammar, xml
from dialects.affinitylive.wire.parameters import whole

MAX_ANSWER: Final = 64 * 1024 * 1024
MAX_ECHO: Final = 200  # characters of a message that are repeated
LOCKED: Final = 300  # seconds that failed logins are held against a client
_FIELD: Final = re.compile(r"'([a-z_]{1,40})'")


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
        return Shown(self.asked, self.status, f"{self.place}/{str(key)[:80]}", value)

    def object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fail("no object")
        return self.value

    def key(self, name: str) -> Shown:
        """The value under a name, None where there is none."""
        return self.at(name, self.object().get(name))

    def items(self) -> Iterator[Shown]:
        """The entries of a list; nothing for none. XML knows no list of one: that is the entry itself."""
        if self.value is None:
            return
        if isinstance(self.value, dict):
            yield self
            return
        if not isinstance(self.value, list):
            raise self.fail("no list")
        yield from (self.at(number, value) for number, value in enumerate(self.value))

    def text(self) -> str | None:
        """A scalar as text, None for null."""
        if self.value is None:
            return None
        found = grammar.scalar(self.value)
        if found is None:
            raise self.fail("no scalar")
        return found

    def number(self) -> int | None:
        """A whole number from 0 on; None for null and for nothing."""
        text = self.text()
        if text is None or not text.strip():
            return None
        found = whole(text)
        if found is None:
            raise self.fail("no whole number")
        return found

    def reference(self) -> int | None:
        """The id that a reference holds, bare or expanded; None for one without target."""
        if isinstance(self.value, dict):
            return self.key("id").reference()
        return self.number() or None

    def id(self) -> int:
        """The id of an object."""
        there = self.key("id")
        found = there.number()
        if not found:
            raise there.fail("missing")
        return found


def response(asked: str, answer: WireResponse) -> Shown:
    """What stands in the envelope. Raises the canonical error that the answer means, or `UnexpectedAnswer`."""
    data = _read(asked, answer)
    if not isinstance(data.value, dict):
        raise data.fail("no object")
    meta = data.key("meta")
    status = meta.key("status").text() if isinstance(meta.value, dict) else None
    if status is None:
        raise meta.fail("no status")
    if status == "ok" and answer.status == 200:
        return data.key("response")
    error = _error(asked, answer, status, str(meta.value.get("message") or "")[:MAX_ECHO])
    if error is None:
        raise meta.at("status", status).fail("not one of that call")
    raise error


def plain(asked: str, answer: WireResponse) -> Shown:
    """An answer of the OAuth endpoints, which have no envelope. Raises as `response`."""
    data = _read(asked, answer)
    error = data.key("error").text()
    if answer.status == 200 and error is None:
        return data
    if error in ("invalid_client", "unauthorized_client", "invalid_grant"):
        raise Unauthenticated("unknown")
    if error in ("invalid_scope", "access_denied"):
        raise Denied(error)
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"status {answer.status}")
    raise data.fail("no token")


def _read(asked: str, answer: WireResponse) -> Shown:
    if answer.status == 429 or answer.status >= 500:
        # Proxies answer so too, in HTML.
        raise _busy(answer)
    if len(answer.body) > MAX_ANSWER:
        raise UnexpectedAnswer(asked, answer.status, "", "too large")
    try:
        is_xml = answer.body.lstrip()[:5] == b"<data"
        data = xml.read(answer.body) if is_xml else json_body.parse(answer.body)
    except (Malformed, TooLarge, ValueError) as error:
        raise UnexpectedAnswer(asked, answer.status, "", f"no answer ({type(error).__name__})") from None
    return Shown(asked, answer.status, "", data)


def _busy(answer: WireResponse) -> CanonicalError:
    if answer.status == 429 and b"too_many_failed_logins" in answer.body[: MAX_ECHO * 10]:
        return TooManyGuesses(whole(answer.header("Retry-After") or "") or LOCKED)
    return Unavailable(f"status {answer.status}")


def _error(asked: str, answer: WireResponse, status: str, message: str) -> CanonicalError | None:
    match status:
        case "invalid_client":
            return Unauthenticated("unknown")
        case "too_many_failed_logins":
            return TooManyGuesses(whole(answer.header("Retry-After") or "") or LOCKED)
        case "invalid_permission":
            return Denied(message)
        case "duplicate":
            named = _FIELD.search(message)
            return Duplicate(named[1] if named else "", "")
        case "invalid_request":
            # Of an unknown id the vendor says no more than of a value that it refuses.
            if asked.rpartition(" ")[2] in ("read", "delete"):
                return NotFound(asked, 0)
            return Invalid(Problem(asked, "refused"))
        case "too_many_requests" | "server_error":
            return Unavailable(status)
    return None


def ended(answer: WireResponse) -> bool:
    """A 401 in the vendor's words: the token has expired, was revoked, or is none (dossier, section 1)."""
    return answer.status == 401 and b"invalid_client" in answer.body[: MAX_ECHO * 10]

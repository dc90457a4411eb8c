"""What a Crust server's answer shows: the envelope, its errors, and values of the Go types that the server writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from adapter.client import UnexpectedAnswer
from adapter.formats import Malformed, TooLarge, json_body
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
    UnknownReference,
    Unsupported,
)
from canonical.values import SECOND, Instant, from_datetime
from dialects.crust.errors import NO_FIELDS, USER_NOT_FOUND
from dialects.crust.wire.envelope import ZERO_TIME
from dialects.crust.wire.gojson import (
    BOOL,
    INT,
    MAX_DEPTH,
    MAX_UINT64,
    RAW,
    STRING,
    UINT64,
    Basic,
    GoType,
    Slice,
    Struct,
    zero,
)

MAX_ANSWER: Final = 64 * 1024 * 1024
MAX_ERROR: Final = 4_096
"""Bytes of an answer that is looked at for the end of a session; errors are short."""
MAX_MESSAGE: Final = 500
_BAD_TOKEN: Final = ("failed to authorize request: ", "Malformed JWT claims", "http: named cookie")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_WORDS: Final = (
    (re.compile(r"exec query failed: Error 1366: Incorrect value for column '(\w+)'"), "refused"),
    (re.compile(r"Error 1406: Data too long for column '(\w+)'"), "too_long"),
    (re.compile(r"Error 1264: Out of range value for column '(\w+)'"), "out_of_range"),
)
_TAKEN: Final = re.compile(r"Error 1062: Duplicate entry .*for key '(\w+)'")
_NO_SUCH: Final = re.compile(r"Error 1452: .*\((\w+)\)")
_TYPES: Final[Mapping[GoType, type]] = {STRING: str, INT: int, BOOL: bool}
_ZEROES: Final = {kind: zero(kind) for kind in (STRING, INT, BOOL, UINT64, RAW)}


class Unknown:
    """The members of one object that no table names, by where they stand in it: ``mood``, ``user.mood``."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.values))


class Shown:
    """One value of an answer; `place` is its JSON pointer, `inner` where it stands in what is being read."""

    __slots__ = ("asked", "inner", "place", "status", "value")

    def __init__(self, asked: str, status: int, value: Any, place: str = "/response", inner: str = "") -> None:
        self.asked = asked
        self.status = status
        self.value = value
        self.place = place
        self.inner = inner

    def fail(self, reason: str, name: str = "") -> UnexpectedAnswer:
        return UnexpectedAnswer(self.asked, self.status, f"{self.place}/{name}" if name else self.place, reason)

    def read(self, kind: GoType, unknown: Unknown) -> Any:
        """The value as Go reads it into that type: null and what is missing are zero. Raises UnexpectedAnswer."""
        value = self.value
        if value is None and isinstance(kind, Basic):
            return _ZEROES[kind]
        if isinstance(kind, Struct):
            if value is not None and not isinstance(value, dict):
                raise self.fail("no object")
            return self._object(kind, value or {}, unknown)
        if isinstance(kind, Slice):
            return [row.read(kind.element, unknown) for row in self.rows(at_own_level=True)]
        if kind is UINT64:
            return self._id()
        if kind is RAW:
            return orjson.dumps(value).decode()
        expected = _TYPES[kind]
        if type(value) is not expected:
            raise self.fail(f"no {expected.__name__}")
        return value

    def _object(self, kind: Struct, value: Mapping[str, Any], unknown: Unknown) -> dict[str, Any]:
        out = {}
        known = 0
        for name, inner in kind.fields:
            known += name in value
            text = value.get(name)
            # Most members are texts, or not there.
            is_text = inner is STRING and type(text) is str
            out[name] = text if is_text else self._member(name, text).read(inner, unknown)
        if known < len(value):
            names = {name for name, _ in kind.fields}
            unknown.values.update({f"{self.inner}{name}": value[name] for name in value.keys() - names})
        return out

    def member(self, name: str) -> Shown:
        """A member of an object."""
        return self._member(name, self.value.get(name))

    def without(self, name: str) -> Shown:
        """The same without one member, where it is an object."""
        value = self.value
        if isinstance(value, dict):
            value = {key: inner for key, inner in value.items() if key != name}
        return Shown(self.asked, self.status, value, self.place, self.inner)

    def _member(self, name: str, value: Any) -> Shown:
        return Shown(self.asked, self.status, value, f"{self.place}/{name}", f"{self.inner}{name}.")

    def _id(self) -> int:
        text = self.value
        if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20):
            raise self.fail("no id")
        if int(text) > MAX_UINT64:
            raise self.fail("no id")
        return int(text)

    def rows(self, *, at_own_level: bool = False) -> list[Shown]:
        """The items of a list, none of null; each is one object to be read by itself unless `at_own_level`."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.fail("no list")
        inner = self.inner if at_own_level else ""
        return [
            Shown(self.asked, self.status, value, f"{self.place}/{number}", inner)
            for number, value in enumerate(self.value)
        ]


def when(row: Shown, name: str, text: str) -> Instant:
    """The moment that a member tells; zero for none and for Go's zero time."""
    if not text or text == ZERO_TIME:
        return 0
    found = _MOMENT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        zone = "+00:00" if found[3] == "Z" else found[3]
        at = from_datetime(datetime.fromisoformat(found[1] + zone))
    except (ValueError, OverflowError):
        raise row.fail("no time", name) from None
    return at // SECOND * SECOND + int(f"{(found[2] or '')[:6]:0<6}")


# -- the envelope -----------------------------------------------------------------------------------


def ended(response: WireResponse) -> bool:
    """Whether the token is no longer good; whatever else is wrong with an answer is told when it is heard."""
    if response.status != 200 or len(response.body) > MAX_ERROR or b'"error"' not in response.body:
        return False
    try:
        value = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return False
    message = _message(value.get("error")) if isinstance(value, dict) else ""
    return message == "Unauthorized" or message.startswith(_BAD_TOKEN)


def response_of(asked: str, answer: WireResponse) -> Shown:
    """What ``response`` holds. Raises the canonical error that a failure means, and UnexpectedAnswer."""
    value = _envelope(asked, answer)
    if "response" not in value:
        raise UnexpectedAnswer(asked, answer.status, "/response", "missing")
    return Shown(asked, answer.status, value["response"])


def done(asked: str, answer: WireResponse) -> None:
    """Hears the answer to a deletion or a reorder, which shows nothing. Raises as `response_of`."""
    if not _envelope(asked, answer).keys() & {"success", "response"}:
        raise UnexpectedAnswer(asked, answer.status, "/success", "missing")


def _envelope(asked: str, answer: WireResponse) -> dict[str, Any]:
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"status {answer.status}")
    if answer.status != 200:
        raise UnexpectedAnswer(asked, answer.status, "status", "not one of that server")
    if len(answer.body) > MAX_ANSWER:
        raise UnexpectedAnswer(asked, answer.status, "", "too large")
    try:
        value = json_body.parse(answer.body, MAX_DEPTH)
    except (Malformed, TooLarge) as error:
        raise UnexpectedAnswer(asked, answer.status, "", f"no JSON ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise UnexpectedAnswer(asked, answer.status, "", "no object")
    if value.get("error"):
        message = _message(value["error"])
        if not message:
            raise UnexpectedAnswer(asked, answer.status, "/error/message", "missing")
        raise error_of(asked, message)
    return value


def _message(error: Any) -> str:
    found = error.get("message") if isinstance(error, dict) else None
    return found if isinstance(found, str) else ""


def error_of(asked: str, message: str) -> CanonicalError:
    """What a message of the server means (crust dossier, section 6)."""
    if message == "Unauthorized":
        return Unauthenticated("missing")
    if message.startswith(_BAD_TOKEN):
        return Unauthenticated("expired" if message.endswith("token is expired") else "unknown")
    if message == "Password doesn't match" or (asked == "sign-in" and message == USER_NOT_FOUND):
        return Unauthenticated("unknown")
    if message == USER_NOT_FOUND:
        return NotFound("user", 0)
    if message == NO_FIELDS or message.endswith("NotFound"):
        return NotFound(asked.partition(" ")[0], 0)
    if message.startswith("Not allowed: "):
        return Denied(message.removeprefix("Not allowed: ")[:MAX_MESSAGE])
    if message == "Page for module already exists":
        return Duplicate("module_id", "")
    if message == "query too complex":
        return Unsupported(f"crust: {asked}")
    if message in ("driver: bad connection", "Internal Server Error"):
        return Unavailable(message)
    if "Error 1213: " in message:
        return Conflict("deadlock")
    if taken := _TAKEN.search(message):
        return Duplicate(taken[1], "")
    if missing := _NO_SUCH.search(message):
        return UnknownReference(missing[1], "", 0)
    for pattern, code in _WORDS:
        if found := pattern.search(message):
            return Invalid(Problem(found[1], code))
    return Invalid(Problem("?", "refused", {"message": message[:MAX_MESSAGE]}))

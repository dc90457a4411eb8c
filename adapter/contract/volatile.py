"""What may change from run to run, and how far: typed rules that keep equal values equal and different ones apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

KINDS = frozenset({"id", "time", "token", "session", "counter", "link", "length", "page", "xml"})

PLACEHOLDER = re.compile(r"\{\{(session|token|password|client_secret|basic|value):\w+\}\}")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)

ID = re.compile(r"(?:[1-9][0-9]{0,19}|[0-9a-f]{24})\Z")
_OPAQUE = re.compile(r"[0-9A-Za-z._~+/=-]{16,4096}\Z")
_IN_LINK = re.compile(
    r"(([0-9A-Za-z_]*)[^0-9A-Za-z_]?)(?<![0-9A-Za-z.:])([1-9][0-9]{0,19}|[0-9a-f]{24})(?![0-9A-Za-z:.])"
)
_COUNTER = re.compile(r"[0-9]{1,20}\Z")
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\Z", re.ASCII)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]00:?00|)\Z", re.ASCII)
_EPOCH = re.compile(r"[12][0-9]{9}(?:[0-9]{3})?\Z", re.ASCII)

TOLERANCE = 2.0
"""Seconds by which the order of two moments may be off: servers cut or round fractions, and requests are quick."""


@dataclass(frozen=True, slots=True)
class Volatile:
    """One place whose value changes: at `pointer` in the body, in `header`, or the body as a whole.

    `scope` names what an id counts (one counter per table): equal ids of different scopes have nothing in common.
    """

    kind: str
    pointer: str | None = None
    header: str | None = None
    scope: str = ""


class Bindings:
    """Which value of this run stands for which value of the recording, both ways, per kind and scope."""

    def __init__(self) -> None:
        self._forth: dict[tuple[str, str, str], str] = {}
        self._back: dict[tuple[str, str, str], str] = {}
        self._moments: list[tuple[float, float]] = []
        self._times: set[str] = set()

    def bind(self, kind: str, scope: str, expected: str, got: str) -> str | None:
        """Accepts `got` for the recorded `expected`, or says why not."""
        if kind == "time":
            return self._bind_time(expected, got)
        if kind == "link":
            return self._bind_link(expected, got)
        if not {"id": ID, "counter": _COUNTER}.get(kind, _OPAQUE).match(got):
            return f"not a value of kind {kind}"
        if kind == "counter":
            return None
        before = self._forth.setdefault((kind, scope, expected), got)
        if before != got:
            return f"was {before} before"
        # A signed token says the same when made twice in one second, so two of the recording may coincide.
        if not _JWT.match(got):
            other = self._back.setdefault((kind, scope, got), expected)
            if other != expected:
                return f"already stands for {other}"
        return None

    def _bind_link(self, expected: str, got: str) -> str | None:
        """A path or address whose ids move along; an id counts what the word before it names."""
        if _IN_LINK.sub(r"\1#", expected) != _IN_LINK.sub(r"\1#", got):
            return "differs"
        pairs = zip(_IN_LINK.finditer(expected), _IN_LINK.finditer(got), strict=True)
        for there, here in pairs:
            known = {value for (kind, _, text), value in self._forth.items() if kind == "id" and text == there[3]}
            problem = self.bind("id", f"{there[2]}.id", there[3], here[3])
            if problem is not None and here[3] not in known:
                return problem
        return None

    def is_time(self, text: str) -> bool:
        """Whether the recording held `text` as a volatile moment before."""
        return text in self._times

    def _bind_time(self, expected: str, got: str) -> str | None:
        """Moments keep their form and their order; equal ones may drift apart by the tolerance."""
        there, here = moment(expected), moment(got)
        if there is None:
            return None if expected == got else "differs"
        if here is None or form(expected) != form(got, fraction="." in expected):
            return "not a moment in the form recorded"
        for earlier_there, earlier_here in self._moments:
            if there <= earlier_there and here > earlier_here + TOLERANCE:
                return "later than a moment it came before"
            if there >= earlier_there and here < earlier_here - TOLERANCE:
                return "earlier than a moment it came after"
        self._moments.append((there, here))
        self._times.add(expected)
        return None


def moment(text: str) -> float | None:
    """Seconds since 1970 of a moment as recorded.

    That is ``2015-01-02 03:04:05``, RFC 3339 in UTC, an HTTP date, or a count of seconds or milliseconds.
    """
    try:
        if _EPOCH.match(text):
            return int(text) / (1 if len(text) == 10 else 1000)
        if HTTP_DATE.fullmatch(text):
            return parsedate_to_datetime(text).timestamp()
        match = _STAMP.match(text)
        if match is None:
            return None
        whole = datetime.fromisoformat(f"{match[1]}T{match[3]}").replace(tzinfo=UTC).timestamp()
        return whole + float(match[4] or 0)
    except (ValueError, OverflowError):
        return None


def form(text: str, fraction: bool = True) -> tuple[str, ...]:
    """What two moments written alike share; a fraction may be missing where one was, but not appear."""
    match = _STAMP.match(text)
    if _EPOCH.match(text):
        return ("epoch", str(len(text)))
    return ("http",) if match is None else (match[2], match[5], "" if fraction or not match[4] else "fraction")

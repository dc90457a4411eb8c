"""A response against the recorded one: status, headers by name and letter case, body byte for byte.

Volatile places are taken out of both and compared by their rules; everything else must be the same.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from adapter.contract.exchange import BadExchange, Exchange
from adapter.contract.spans import Spans, spans_of
from adapter.contract.volatile import HTTP_DATE, PLACEHOLDER, Bindings, Volatile
from adapter.formats import Malformed, TooLarge
from adapter.wire import WireResponse

TRANSPORT = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers that belong to whoever carries the answer. Content-Length must fit the body all the same."""

_MARK = re.compile(f"(?:{PLACEHOLDER.pattern})|(?:{HTTP_DATE.pattern})")
_DIVISION = re.compile(rb"<div[^<>]*>([^<>]+)</div>")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an answer is not the recorded one; `where` is ``status``, ``header NAME``, ``body at ...``."""

    case: str
    step: int
    where: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.case}: {self.where}: expected {self.expected!r}, got {self.got!r}"


Finding = tuple[str, str, str]


def compare(
    exchange: Exchange, got: WireResponse, bindings: Bindings, ignore_headers: frozenset[str] = TRANSPORT
) -> list[Difference]:
    """All differences between `got` and the answer of `exchange`; names in `ignore_headers` are lower-case.

    `bindings` is that of the whole run and learns from this answer. Raises BadExchange where the exchange calls
    a place volatile that its own answer lacks.
    """
    findings: list[Finding] = []
    if got.status != exchange.response.status:
        findings.append(("status", str(exchange.response.status), str(got.status)))
    findings += headers_of(exchange, got, bindings, ignore_headers)
    length = got.header("Content-Length")
    if length is not None and exchange.request.method != "HEAD" and length != str(len(got.body)):
        findings.append(("header Content-Length", str(len(got.body)), length))
    findings += _body(exchange, got.body, bindings)
    return [Difference(exchange.name, exchange.step, *finding) for finding in findings]


def headers_of(exchange: Exchange, got: WireResponse, bindings: Bindings, ignore: frozenset[str]) -> Iterator[Finding]:
    expected: dict[str, list[str]] = {}
    for name, value in exchange.response.headers:
        if name.lower() not in ignore:
            expected.setdefault(name, []).append(value)
    moving = {rule.header for rule in exchange.volatile if rule.header}
    kinds = {rule.header: rule.kind for rule in exchange.volatile if rule.header}
    for name, values in expected.items():
        found = [value for other, value in got.headers if other == name]
        if not found:
            alike = [other for other, _ in got.headers if other.lower() == name.lower()]
            yield f"header {name}", name if alike else ", ".join(values), "".join(alike[:1])
        elif len(found) != len(values):
            yield f"header {name}", " | ".join(values), " | ".join(found)
        else:
            for one, other in zip(values, found, strict=True):
                if kinds.get(name) in ("counter", "link"):
                    problem = bindings.bind(kinds[name], "", one, other)
                else:
                    problem = _value(one, other, bindings) if name in moving else None if one == other else "differs"
                if problem:
                    yield f"header {name} ({problem})", one, other


def _value(expected: str, got: str, bindings: Bindings) -> str | None:
    """A header whose placeholders and, next to one, dates move along."""
    marks = list(_MARK.finditer(expected))
    if all(mark[1] is None for mark in marks) and marks and marks[0][0] != expected:
        return None if expected == got else "differs"
    pattern, position = "", 0
    for mark in marks:
        pattern += re.escape(expected[position : mark.start()])
        pattern += r"([^;,\s]+)" if mark[1] else f"({HTTP_DATE.pattern})"
        position = mark.end()
    match = re.fullmatch(pattern + re.escape(expected[position:]), got)
    if match is None:
        return "differs"
    for number, mark in enumerate(marks, 1):
        problem = bindings.bind(mark[1], "", mark[0], match[number]) if mark[1] else None
        if problem:
            return problem
    return None


def _body(exchange: Exchange, got: bytes, bindings: Bindings) -> list[Finding]:
    expected = exchange.response.body
    whole = {rule.kind for rule in exchange.volatile if rule.pointer is None and rule.header is None}
    if "page" in whole:
        sentences = _sentence(expected), _sentence(got)
        return [("body, its sentence", *sentences)] if sentences[0] != sentences[1] else []
    rules = [rule for rule in exchange.volatile if rule.pointer is not None]
    if not rules and not whole:
        return [] if expected == got else [_first_difference(expected, got, 0, _spans_or_none(expected))]
    try:
        spans = spans_of(expected)
    except (Malformed, TooLarge) as error:
        raise BadExchange(f"{exchange.name}: its own body: {error}") from None
    if "xml" in whole:
        listed = {rule.pointer for rule in rules}
        rules += [
            Volatile("time", pointer)
            for pointer, (start, end) in spans.items()
            if pointer not in listed and bindings.is_time(expected[start:end].decode("utf-8", "replace"))
        ]
    found = _spans_or_none(got)
    if found is None:
        return [("body", _excerpt(expected, 0), _excerpt(got, 0))]
    return _by_rules(exchange.name, rules, expected, spans, got, found, bindings)


def _by_rules(
    name: str, rules: list[Volatile], expected: bytes, spans: Spans, got: bytes, found: Spans, bindings: Bindings
) -> list[Finding]:
    findings: list[Finding] = []
    cut_expected: list[tuple[int, int]] = []
    cut_got: list[tuple[int, int]] = []
    for rule in rules:
        pointer = rule.pointer or ""
        if pointer not in spans:
            raise BadExchange(f"{name}: nothing at {pointer[:80]}")
        there = expected[slice(*spans[pointer])]
        if pointer not in found:
            findings.append((f"body at {pointer}", there.decode("utf-8", "replace"), ""))
            continue
        here = got[slice(*found[pointer])]
        problem = _scalar(rule, there, here, bindings)
        if problem:
            where = f"body at {pointer} ({problem})"
            findings.append((where, there.decode("utf-8", "replace"), here[:200].decode("utf-8", "replace")))
        cut_expected.append(spans[pointer])
        cut_got.append(found[pointer])
    pieces = zip(_around(expected, cut_expected), _around(got, cut_got), strict=True)
    for (start, piece), (_, other) in pieces:
        if piece != other:
            return [*findings, _first_difference(piece, other, start, spans)]
    return findings


def _scalar(rule: Volatile, expected: bytes, got: bytes, bindings: Bindings) -> str | None:
    """Text and number are told apart: a quoted value must stay quoted."""
    there, here = _plain(expected), _plain(got)
    if there is None or here is None or expected[:1].isdigit() != got[:1].isdigit():
        return None if expected == got else "another type"
    return bindings.bind(rule.kind, rule.scope, there, here)


def _plain(raw: bytes) -> str | None:
    """The text of a JSON string or number or of an XML element; None for anything else."""
    if raw.startswith(b'"'):
        text: str = orjson.loads(raw)
        return text
    return raw.decode("utf-8", "replace") if raw[:1].isdigit() else None


def _around(body: bytes, cuts: list[tuple[int, int]]) -> list[tuple[int, bytes]]:
    """What is left of `body` around the cuts, each piece with its offset."""
    pieces, position = [], 0
    for start, end in sorted(cuts):
        pieces.append((position, body[position:start]))
        position = end
    return [*pieces, (position, body[position:])]


def _first_difference(expected: bytes, got: bytes, base: int, spans: Spans | None) -> Finding:
    offset = next((i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), 0)
    if expected[:offset] == got[:offset] and expected[offset : offset + 1] == got[offset : offset + 1]:
        offset = min(len(expected), len(got))
    inside = [
        (end - start, pointer) for pointer, (start, end) in (spans or {}).items() if start <= base + offset < end
    ]
    place = min(inside)[1] if inside else ""
    return f"body at {place or f'byte {base + offset}'}", _excerpt(expected, offset), _excerpt(got, offset)


def _excerpt(body: bytes, offset: int) -> str:
    return body[max(0, offset - 30) : offset + 60].decode("utf-8", "replace")


def _spans_or_none(body: bytes) -> Spans | None:
    try:
        return spans_of(body)
    except (Malformed, TooLarge):
        return None


def _sentence(page: bytes) -> str:
    """The sentence of an error page: its last division of nothing but text. A page without one is compared whole."""
    divisions = [text for text in _DIVISION.findall(page) if text.strip()]
    return html.unescape((divisions[-1] if divisions else page).decode("utf-8", "replace")).strip()

"""Carrying: a recorded request with the values of this run in the places of the recorded ones."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from adapter.contract.exchange import Carry, Exchange
from adapter.contract.http_text import parse_request
from adapter.contract.spans import spans_of
from adapter.contract.values import encoded, is_line_safe, spliced, values
from adapter.formats import Malformed, TooLarge
from adapter.wire import Headers, WireRequest, WireResponse

Mint = Callable[[Mapping[str, str], str], str]
"""Makes a token for a carry that says how (`made`, `key`, `exp` in words) and for which subject."""
Missing = tuple[str, str, str]

HELD = re.compile(r"\{\{([a-z_]+:\w+)\}\}")
_LAST_ID = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{0,19}|[0-9a-f]{24})(?![0-9A-Za-z])(?!.*[0-9A-Za-z])")
_BROAD = re.compile(r"(?:target|body|header .*)\Z")


def carried(
    exchange: Exchange,
    answers: Mapping[int, tuple[WireResponse, WireResponse]],
    mint: Mint | None = None,
    known: Mapping[str, str] | None = None,
) -> tuple[WireRequest, list[Missing]]:
    """The request of `exchange` with this run's values, and what could not be carried.

    `answers` are the recorded and this run's answer to each step; `known` holds what placeholders stand for.
    """
    missing: list[Missing] = []
    swaps: dict[str, dict[str, str]] = {}
    filled = dict(known or {})
    for carry in exchange.carries:
        recorded: str | None = None
        current: str | None = None
        if carry.step in answers:
            recorded, current = (source(answer, carry) for answer in answers[carry.step])
        if carry.made is not None:
            current = mint(carry.made, current) if mint and current else None
        literal = carry.placeholder or recorded
        if literal is None or current is None:
            missing.append((f"carry {carry.name}", recorded or "", ""))
            continue
        if carry.placeholder:
            filled[carry.name] = current
        for place in carry.places:
            swaps.setdefault(place, {})[literal] = current
    return _broadly(_precisely(exchange, swaps, filled), swaps), missing


def fill(text: str, known: Mapping[str, str]) -> str:
    """`text` with placeholders replaced by what is known to stand for them."""
    return HELD.sub(lambda match: known.get(match[1], match[0]), text)


def basic(of: str, known: Mapping[str, str]) -> str:
    """The Basic credentials that `of` describes: ``{{token:1}}:x``."""
    return base64.b64encode(fill(of, known).encode()).decode()


def source(answer: WireResponse, carry: Carry) -> str | None:
    """The value of an answer that a carry names, None where the answer has none."""
    if carry.cookie is not None:
        for name, value in answer.headers:
            key, _, rest = value.partition("=")
            if name.lower() == "set-cookie" and key == carry.cookie:
                return rest.partition(";")[0]
        return None
    if carry.header is not None:
        found = _LAST_ID.search(answer.header(carry.header) or "")
        return found[1] if found else None
    try:
        span = spans_of(answer.body).get(carry.pointer or "")
    except (Malformed, TooLarge):
        return None
    if span is None:
        return None
    raw = answer.body[slice(*span)]
    value = raw.decode("utf-8", "replace") if answer.body.startswith(b"<") else orjson.loads(raw)
    return str(value) if isinstance(value, str | int) else None


def _precisely(exchange: Exchange, swaps: Mapping[str, Mapping[str, str]], known: Mapping[str, str]) -> WireRequest:
    """Values named by their place, and placeholders wherever they are, each in the coding of its place."""
    raw = exchange.request_bytes
    if not known and all(_BROAD.match(place) for place in swaps):
        return exchange.request
    changes: dict[tuple[int, int], bytes] = {}
    for value in values(raw):
        text = fill(value.text, known)
        if not _BROAD.match(value.place) or value.place.startswith("body /"):
            text = _swap(text, swaps.get(value.place, {}))
        if text != value.text and (value.coding != "plain" or is_line_safe(text) or value.place.startswith("header ")):
            changes[value.start, value.end] = encoded(text, value.coding)
    return parse_request(spliced(raw, changes)) if changes else exchange.request


def _broadly(request: WireRequest, swaps: Mapping[str, Mapping[str, str]]) -> WireRequest:
    """Values that a carry names by target, body or header as a whole."""
    target = _swap(request.target, swaps.get("target", {}))
    path, _, query = target.partition("?")
    body = _swap(request.body.decode("iso-8859-1"), swaps.get("body", {})).encode("iso-8859-1", "replace")
    by_header = {Headers.key(place[7:]): swap for place, swap in swaps.items() if place.startswith("header ")}
    headers = []
    for name, value in request.headers:
        key = Headers.key(name)
        changed = str(len(body)) if key == "content-length" else _swap(value, by_header.get(key, {}))
        headers.append((name, changed))
    return replace(request, path=path, query=query, body=body, headers=Headers(headers))


def _swap(text: str, swap: Mapping[str, str]) -> str:
    """`text` with all recorded values replaced at once; a value inside a longer word or number is none."""
    if not swap:
        return text
    words = "|".join(re.escape(literal) for literal in sorted(swap, key=len, reverse=True))
    return re.sub(rf"(?<![0-9A-Za-z])(?:{words})(?![0-9A-Za-z])", lambda match: swap[match[0]], text)

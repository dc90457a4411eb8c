"""Runs a recorded session against an endpoint and tells where it answers differently."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import orjson

from adapter.contract.compare import TRANSPORT, Difference, compare
from adapter.contract.exchange import Carry, Exchange
from adapter.contract.spans import spans_of
from adapter.contract.volatile import Bindings
from adapter.formats import Malformed, TooLarge
from adapter.wire import Endpoint, Headers, WireRequest, WireResponse

Mint = Callable[[Mapping[str, str], str], str]
"""Makes a token for a carry that says how (`made`, `key`, `exp` in words) and for which subject."""


def replay(
    session: Iterable[Exchange],
    endpoint: Endpoint,
    *,
    base_url: str = "http://localhost",
    ignore_headers: frozenset[str] = TRANSPORT,
    mint: Mint | None = None,
) -> list[Difference]:
    """Sends every request of `session`, in the order of steps, and compares the answers.

    Ids and tokens that a request took over from earlier answers are taken from the answers of this run. What the
    endpoint raises is not caught. Carries that need a token signed by the server are made by `mint`.
    """
    bindings = Bindings()
    answers: dict[int, tuple[WireResponse, WireResponse]] = {}
    differences: list[Difference] = []
    for exchange in sorted(session, key=lambda exchange: exchange.step):
        request, missing = _carried(exchange, answers, mint)
        differences += missing
        got = endpoint.send(replace(request, base_url=base_url))
        answers[exchange.step] = (exchange.response, got)
        differences += compare(exchange, got, bindings, ignore_headers)
    return differences


def hs256(secret: bytes, now: Callable[[], float] = time.time) -> Mint:
    """A `Mint` for JSON Web Tokens under HMAC-SHA256 with the server's `secret`.

    ``key`` other than ``the server's`` means any other key; ``exp`` is ``an hour ago`` or ``an hour ahead``.
    """

    def mint(made: Mapping[str, str], subject: str) -> str:
        expiry = int(now()) + (-3600 if made["exp"].endswith("ago") else 3600)
        parts = [{"alg": "HS256", "typ": "JWT"}, {"exp": expiry, "sub": subject}]
        signed = b".".join(_base64url(orjson.dumps(part)) for part in parts)
        key = secret if made["key"] == "the server's" else b"any other key than " + secret
        return (signed + b"." + _base64url(hmac.digest(key, signed, hashlib.sha256))).decode()

    return mint


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _carried(
    exchange: Exchange, answers: Mapping[int, tuple[WireResponse, WireResponse]], mint: Mint | None
) -> tuple[WireRequest, list[Difference]]:
    """The request of `exchange` with this run's values, and what could not be carried."""
    missing: list[Difference] = []
    swaps: dict[str, dict[str, str]] = {}
    for carry in exchange.carries:
        recorded: str | None = None
        current: str | None = None
        if carry.step in answers:
            recorded, current = (_source(answer, carry) for answer in answers[carry.step])
        if carry.made is not None:
            current = mint(carry.made, current) if mint and current else None
        literal = carry.placeholder or recorded
        if literal is None or current is None:
            missing.append(Difference(exchange.name, exchange.step, f"carry {carry.name}", recorded or "", ""))
            continue
        for place in carry.places:
            swaps.setdefault(place, {})[literal] = current
    return _swapped(exchange.request, swaps), missing


def _source(answer: WireResponse, carry: Carry) -> str | None:
    if carry.cookie is not None:
        for name, value in answer.headers:
            key, _, rest = value.partition("=")
            if name.lower() == "set-cookie" and key == carry.cookie:
                return rest.partition(";")[0]
        return None
    try:
        span = spans_of(answer.body).get(carry.pointer or "")
    except (Malformed, TooLarge):
        return None
    if span is None:
        return None
    raw = answer.body[slice(*span)]
    value = raw.decode("utf-8", "replace") if answer.body.startswith(b"<") else orjson.loads(raw)
    return str(value) if isinstance(value, str | int) else None


def _swapped(request: WireRequest, swaps: Mapping[str, Mapping[str, str]]) -> WireRequest:
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

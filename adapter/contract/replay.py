"""Runs a recorded session against an endpoint and tells where it answers differently."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import orjson

from adapter.contract.carrying import Mint, carried
from adapter.contract.compare import TRANSPORT, Difference, compare
from adapter.contract.exchange import Exchange
from adapter.contract.volatile import Bindings
from adapter.wire import Endpoint, WireResponse


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
        request, missing = carried(exchange, answers, mint)
        differences += [Difference(exchange.name, exchange.step, *each) for each in missing]
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

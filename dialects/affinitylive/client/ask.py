"""Requests to an AffinityLive server, unsigned: where it is, and how its clients write (dossier, sections 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapter.client import Session
from adapter.formats import json_body
from adapter.wire import Headers, WireRequest
from dialects.affinitylive.wire.parameters import PREFIXES

API: Final = "/api/v0"
PAGE: Final = 100
"""Records asked for at a time; a server may give fewer (dossier, section 5)."""
SHOWN: Final[Mapping[str, str]] = {
    "activities": "_ALL,interacts",
    "companies": "_ALL,postal_address(_ALL)",
    "contacts": "_ALL,default_affiliation(_ALL,company(),postal_address(_ALL))",
    "affiliations": "_ALL",
    "staff": "_ALL",
    "tasks": "_ALL",
    "issues": "_ALL",
    "prospects": "_ALL",
}
"""``_fields`` of each resource: all that it tells, and what else a record is made of."""


def home(url: str) -> str:
    """``https://acme.api.accelo.com``, with or without the API's prefix below it."""
    found = url.rstrip("/")
    for prefix in PREFIXES:
        if found.endswith(prefix):
            return found.removesuffix(prefix)
    return found


def addressed(request: WireRequest, session: Session) -> WireRequest:
    host = session.base_url.partition("://")[2].partition("/")[0]
    return replace(request, base_url=session.base_url, host=host)


def sign(request: WireRequest, session: Session) -> WireRequest:
    headers = [*request.headers, ("Authorization", f"Bearer {session.state.get('token', '')}")]
    return addressed(replace(request, headers=Headers(headers)), session)


def reading(path: str, **parameters: str | int) -> WireRequest:
    """A GET below the API's prefix; names as they are."""
    return WireRequest("GET", f"{API}/{path}", urlencode(parameters, quote_via=quote), Headers(_ACCEPTED))


def one(resource: str, id: int) -> WireRequest:
    return reading(f"{resource}/{id}", _fields=SHOWN[resource])


def page(resource: str, filters: str, **more: str | int) -> WireRequest:
    """A page of a list with all that it tells."""
    return reading(resource, _fields=SHOWN[resource], _filters=filters, _limit=PAGE, **more)


def writing(method: str, path: str, given: Mapping[str, Any]) -> WireRequest:
    """A form; JSON where a value is an object, as only JSON holds the takers of an e-mail (dossier, section 3)."""
    if any(isinstance(value, dict) for value in given.values()):
        headers = Headers([*_ACCEPTED, ("Content-Type", "application/json; charset=utf-8")])
        return WireRequest(method, f"{API}/{path}", "", headers, json_body.render(dict(given)))
    headers = Headers([*_ACCEPTED, ("Content-Type", "application/x-www-form-urlencoded")])
    return WireRequest(method, f"{API}/{path}", "", headers, urlencode(given, quote_via=quote).encode())


def deleting(path: str) -> WireRequest:
    return WireRequest("DELETE", f"{API}/{path}", "", Headers(_ACCEPTED))


_ACCEPTED: Final = (("Accept", "application/json"),)

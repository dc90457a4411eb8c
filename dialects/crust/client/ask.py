"""Requests to a Crust server, unsigned, and what their parameters can say (crust dossier, sections 2, 3 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from adapter.client import Session
from adapter.formats import json_body
from adapter.wire import Headers, WireRequest
from canonical.errors import Unsupported
from canonical.model.module import ModuleSort
from canonical.query import Window
from dialects.crust.client.operations import OLDEST_FIRST
from dialects.crust.query.sorting import OWN, corrected_per_page

MODULES: Final = "/module/"
USERS: Final = "/users/"
PAGE: Final = 100
"""The most records that a list gives at once."""
MIN_PAGE: Final = 10
_ACCEPT: Final = ("Accept", "application/json")


def home(url: str) -> str:
    """``https://crm.example.com``, or the mount: the vendor's paths begin right below it."""
    return url.rstrip("/")


def addressed(request: WireRequest, session: Session) -> WireRequest:
    host = session.base_url.partition("://")[2].partition("/")[0]
    return replace(request, base_url=session.base_url, host=host)


def sign(request: WireRequest, session: Session) -> WireRequest:
    headers = [*request.headers, ("Authorization", f"Bearer {session.state.get('token', '')}")]
    return replace(addressed(request, session), headers=Headers(headers))


def reading(path: str, parameters: Mapping[str, Any] | None = None) -> WireRequest:
    return WireRequest("GET", path, urlencode(parameters or {}), Headers([_ACCEPT]))


def deleting(path: str) -> WireRequest:
    return WireRequest("DELETE", path, headers=Headers([_ACCEPT]))


def writing(path: str, body: Any, method: str = "POST") -> WireRequest:
    """JSON under exactly this type: with a charset the body would not be read (crust dossier, section 3)."""
    headers = Headers([_ACCEPT, ("Content-Type", "application/json")])
    return WireRequest(method, path, headers=headers, body=json_body.render_go(body))


def login(session: Session) -> WireRequest:
    given = session.credentials
    return addressed(writing("/auth/login", {"username": given.username, "password": given.password}), session)


# -- records of modules -----------------------------------------------------------------------------


def records(module_id: int, session: Session) -> str:
    """The path of a module's records: ``content``, or as the profile has it ``record``, its later name."""
    word = session.profile.get("records", "content")
    if word not in ("content", "record"):
        raise Unsupported(f"crust: records are not called {word!r}")
    return f"{MODULES}{module_id}/{word}"


def record_body(texts: Mapping[str, str]) -> dict[str, Any]:
    return {"fields": [{"name": name, "value": text} for name, text in texts.items()]}


def page_size(fields: int) -> int:
    """How many records of a module with so many fields make an answer that is not too large to be read at once."""
    return max(MIN_PAGE, min(PAGE, json_body.MAX_ITEMS * 9 // 10 // (3 * fields + 40)))


def listing(
    path: str, page: int, per_page: int, text: str = "", sort: Sequence[ModuleSort] = OLDEST_FIRST
) -> WireRequest:
    return reading(path, {"query": text, "page": page, "perPage": per_page, "sort": sort_words(sort)})


def sort_words(sort: Sequence[ModuleSort]) -> str:
    """An order as lists take it; empty is oldest first. Raises Unsupported."""
    if tuple(sort) == OLDEST_FIRST:
        return ""
    words = {own: name for name, own in OWN.items()}
    terms = []
    for term in sort:
        name = words.get(term.field, "id") if term.own else term.field
        if not name or " " in name or "," in name or (not term.own and name in OWN):
            raise Unsupported(f"crust: no order by {name!r}")
        terms.append(f"{name} DESC" if term.descending else name)
    return ",".join(terms)


def whole_page(window: Window) -> tuple[int, int] | None:
    """Number and size of the page that is exactly that window, if there is one."""
    offset, limit = window.offset, window.limit
    if limit is None or limit != corrected_per_page(limit) or offset % limit:
        return None
    return offset // limit, limit

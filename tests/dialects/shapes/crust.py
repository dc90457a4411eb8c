"""Crust: HTTP 200 for every application error, one of ``response``, ``success`` and ``error``; ids are text.

Sources: crust dossier, sections 1, 4 and 6.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from adapter.routes import Route
from adapter.wire import Headers, WireRequest, WireResponse
from tests.dialects.shapes import Fields, Shape, header
from tests.support.rivals import Stock
from tests.support.world import World

SAMPLES: dict[str, Fields] = {
    "module": {
        "name": "Lead",
        "fields": [{"name": "Name", "kind": "String", "title": "Name", "required": True, "options": {}}],
        "meta": {"a": 1},
    },
    "content": {"fields": [{"name": "Name", "value": "Zoë"}]},
    "page": {"selfID": "0", "moduleID": "0", "title": "Home", "description": "x", "visible": True, "blocks": []},
    "reorder": {"pageIDs": ["1", "2"]},
    "workflow": {"name": "Greet", "tasks": [], "onError": [], "timeout": 5},
    "job": {"workflowID": "1", "startAt": "2030-01-01T00:00:00Z", "parameters": ["a"], "status": "ok", "log": {}},
    "login": {"username": "rob", "password": "no-such-word"},
}


def sign_in(world: World, username: str) -> str:
    """The token that a login gives."""
    headers = Headers([("Content-Type", "application/json")])
    body = json.dumps({"username": username, "password": f"{username}-pw"}).encode()
    request = WireRequest("POST", "/auth/login", headers=headers, body=body)
    response = world.endpoint("crust").send(request)
    cookie = header(response, "Set-Cookie") or ""
    return cookie.partition(";")[0].removeprefix("jwt=")


def sign(request: WireRequest, credentials: str) -> None:
    request.headers.pairs.append(("Authorization", f"Bearer {credentials}"))


def prepare(request: WireRequest) -> None:
    """Nothing goes with every call."""


def check(request: WireRequest, response: WireResponse) -> None:
    vary = [value for name, value in response.headers if name == "Vary"]
    assert "Origin" in vary
    kind = header(response, "Content-Type")
    if response.status == 404:
        assert (kind, response.body) == ("text/plain; charset=utf-8", b"404 page not found\n")
        return
    if response.status == 405:
        assert response.body == b""
        return
    if response.status in (302, 303):
        assert header(response, "Location")
        return
    if request.path == "/oidc" and response.body and kind != "application/json":
        _check_door(response)
        return
    assert response.status == 200, response.status
    if not response.body:
        assert request.method == "OPTIONS" or "/auth/" in request.path
        return
    assert kind == "application/json"
    found = json.loads(response.body)
    assert isinstance(found, dict)
    assert list(found) in (["response"], ["success"], ["error"])
    if "error" in found:
        assert isinstance(found["error"]["message"], str)
        assert found["error"]["message"]
    if "success" in found:
        assert found == {"success": {"message": "OK"}}


def _check_door(response: WireResponse) -> None:
    """A page that runs nothing and that nobody may frame."""
    assert response.status in (200, 401, 503)
    assert header(response, "Content-Type") == "text/html; charset=utf-8"
    assert header(response, "X-Frame-Options") == "DENY"
    assert b"<script" not in response.body


def crash(request: WireRequest, response: WireResponse) -> bool:
    """The sign-in page is closed to an address that guessed too often, as the probes do."""
    return response.status == 503 and request.path.rstrip("/").endswith("/oidc")


def failed(response: WireResponse) -> bool:
    return response.status != 200 or response.body.startswith(b'{"error"')


def refused(route: Route, response: WireResponse) -> bool:
    return failed(response) or (response.body == b"" and route.template.startswith("/auth/"))


def own(route: Route, stock: Stock) -> Mapping[str, str]:
    parts = (part for part in route.template.split("/") if part.startswith("{"))
    return {part[1:-1].partition(":")[0]: str(stock["task"]) for part in parts}


def sample(route: Route, stock: Stock) -> Fields | None:
    if route.methods != ("POST",):
        return None
    words = [part for part in route.template.strip("/").split("/") if not part.startswith("{")]
    return SAMPLES.get(words[-1])


def encode(route: Route, fields: Fields, choice: int) -> tuple[str, bytes]:
    return "application/json", json.dumps(fields).encode()


SHAPE = Shape(
    base="",
    sign_in=sign_in,
    sign=sign,
    prepare=prepare,
    check=check,
    crash=crash,
    failed=failed,
    refused=refused,
    own=own,
    wrong=("nobody", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "x" * 5000, "ÿ"),
    queries=("page", "perPage", "query", "sort", "status", "name", "xAxis", "expr", "mode", "range", "recordType"),
    sample=sample,
    encode=encode,
)

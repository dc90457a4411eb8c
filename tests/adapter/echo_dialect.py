"""A made-up dialect that says back what reached it, for tests of the machinery alone."""

from __future__ import annotations

import json
from typing import Any

from adapter.dialect import Call, Dialect, Setting
from adapter.formats import Malformed, TooLarge
from adapter.routes import MethodNotAllowed, Route, RouteNotFound, RouteTable
from adapter.wire import WireResponse
from canonical.accounts import Principal
from canonical.errors import Conflict, Denied, NotFound, Unauthenticated, Unavailable
from canonical.model import Activity
from canonical.operations import Create


def tell(call: Call, **more: Any) -> WireResponse:
    request = call.request
    told = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "body": request.body.decode("latin-1"),
        "base_url": request.base_url,
        "params": call.params,
        "tenant": call.tenant.slug if call.tenant else None,
        "user": call.principal.username if call.principal else None,
        "settings": dict(call.settings),
        "now": call.now,
        **more,
    }
    return WireResponse(200, [("Content-Type", "application/json"), ("X-Odd-CASE", "1")], json.dumps(told).encode())


def authenticate(call: Call) -> Principal | None:
    token = call.request.headers.get("X-Token")
    if not token:
        return None
    found = call.accounts.by_token("api", token, call.now)
    if found is None:
        raise Unauthenticated("unknown")
    return found


def make(call: Call) -> WireResponse:
    """Writes a task, and then fails as the path asks for."""
    made = call.desk.create(Create(Activity, {"type": "task", "title": "made"}))
    fail(call)
    return tell(call, id=made.id)


def fail(call: Call) -> WireResponse:
    failures: dict[str, Exception] = {
        "missing": NotFound("task", 1),
        "denied": Denied("no"),
        "away": Unavailable("the disk is full"),
        "broken": ZeroDivisionError("customer 4711's data"),
        "malformed": Malformed("bad"),
    }
    how = call.params.get("how", "")
    if how in failures:
        raise failures[how]
    if how == "conflict" and call.memo.setdefault("tries", 0) < 2:
        call.memo["tries"] += 1
        raise Conflict("somebody else was first")
    return tell(call, tries=call.memo.get("tries"))


def lose(call: Call) -> WireResponse:
    for _ in range(2):
        call.losses.add("activity", "category", "not_shown")
    return tell(call)


def count(call: Call) -> WireResponse:
    return tell(call, count=call.desk.count(Activity))


def render_error(call: Call, error: Exception) -> WireResponse:
    if call.request.headers.get("X-Word") == "badly":
        raise KeyError("worse")
    status = {
        Unauthenticated: 401,
        Denied: 403,
        NotFound: 404,
        RouteNotFound: 404,
        MethodNotAllowed: 405,
        Malformed: 400,
        TooLarge: 413,
        Unavailable: 503,
    }.get(type(error), 500)
    return WireResponse(
        status, [("Content-Type", "text/plain")], type(error).__name__.encode() if status < 500 else b""
    )


def finish(call: Call, response: WireResponse) -> WireResponse:
    if call.request.headers.get("X-Finish") == "badly":
        raise ValueError("worse")
    response.headers.append(("X-Finished", "yes"))
    return response


def preflight(call: Call) -> WireResponse | None:
    return WireResponse(204, []) if call.request.method == "OPTIONS" else None


ROUTES = RouteTable(
    (
        Route("guest.read", ("GET",), "/open/{word}", tell, public=True),
        Route("thing.read", ("GET",), "/things/{id:int}", tell),
        Route("thing.count", ("GET",), "/count", count),
        Route("thing.lose", ("GET",), "/lose", lose),
        Route("thing.fail", ("GET",), "/fail/{how}", fail),
        Route("thing.make", ("POST",), "/make/{how}", make, writes=True),
        Route("thing.any", ("*",), "/any/{rest:rest}", tell),
    )
)
ECHO = Dialect(
    name="echo",
    title="Echo",
    routes=ROUTES,
    authenticate=authenticate,
    render_error=render_error,
    finish=finish,
    preflight=preflight,
    hosts=("crm.echo.test", "*.echo.test", "*.api.echo.test"),
    underscore_headers=("X_TOKEN",),
    settings=(Setting("colour", "red", "any colour"),),
    max_body=1000,
)

"""Around every answer: CORS, and whatever was raised in the vendor's words (crust dossier, sections 1 and 6)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge, json_body
from adapter.routes import MethodNotAllowed, RouteNotFound
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    TooManyCalls,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unsupported,
)
from dialects.crust.errors import NO_FIELDS, USER_NOT_FOUND, Refused
from dialects.crust.wire.envelope import JSON, VARY

_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_KNOWN_METHODS = _METHODS | {"HEAD", "CONNECT", "TRACE"}
"""Any other is refused before anything else is looked at."""
_HEADERS = frozenset(("accept", "authorization", "content-type", "x-csrf-token", "origin"))
_CANONICAL = {"x-csrf-token": "X-Csrf-Token"}


def preflight(call: Call) -> WireResponse | None:
    """The answer to OPTIONS, a browser's question whether it may ask or any other, whatever the path."""
    request = call.request
    if request.method not in _KNOWN_METHODS:
        raise MethodNotAllowed(())
    if request.method != "OPTIONS":
        return None
    method = request.headers.get("Access-Control-Request-Method") or ""
    call.memo["preflight"] = True
    vary = [VARY, ("Vary", "Access-Control-Request-Method"), ("Vary", "Access-Control-Request-Headers")]
    origin = request.headers.get("Origin")
    asked = [name.strip().lower() for name in (request.headers.get("Access-Control-Request-Headers") or "").split(",")]
    asked = [name for name in asked if name]
    if not origin or method.upper() not in _METHODS or not _HEADERS.issuperset(asked):
        return WireResponse(200, vary)
    headers = [("Access-Control-Allow-Credentials", "true")]
    if asked:
        shown = ", ".join(_CANONICAL.get(name) or name.title() for name in asked)
        headers.append(("Access-Control-Allow-Headers", shown))
    headers += [
        ("Access-Control-Allow-Methods", method.upper()),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Max-Age", "300"),
    ]
    return WireResponse(200, headers + vary)


def finish(call: Call, response: WireResponse) -> WireResponse:
    """Lets the asking origin read the answer. The sign-in page is nobody else's to read."""
    if call.route is not None and call.route.meta.get("door"):
        return response
    origin = call.request.headers.get("Origin")
    if origin and "preflight" not in call.memo and call.request.method in _METHODS:
        allowed = [("Access-Control-Allow-Credentials", "true"), ("Access-Control-Allow-Origin", origin)]
        response.headers[:0] = allowed
    return response


def render_error(call: Call, problem: Exception) -> WireResponse:
    """Words any error. A path nobody knows is Go's plain 404, a wrong method an empty 405."""
    match problem:
        case RouteNotFound():
            headers = [("Content-Type", "text/plain; charset=utf-8"), VARY, ("X-Content-Type-Options", "nosniff")]
            return WireResponse(404, headers, b"404 page not found\n")
        case MethodNotAllowed():
            return WireResponse(405, [VARY], b"")
        case Refused():
            return error(problem.message)
        case TooManyCalls():
            # The vendor limits nobody; whoever stands before him does.
            refusal = error("Too many requests")
            refusal.status = 429
            refusal.headers.append(("Retry-After", str(problem.seconds)))
            return refusal
        case TooLarge():
            return error("error parsing http request body: http: request body too large")
        case Malformed():
            return error(f"error parsing http request body: {problem.message}")
        case CanonicalError():
            return error(_words(problem))
    return WireResponse(500, [("Content-Type", "text/plain; charset=utf-8"), VARY], b"Internal Server Error\n")


def error(message: str) -> WireResponse:
    return WireResponse(200, [JSON, VARY], json_body.render_go({"error": {"message": message}}))


def _words(problem: CanonicalError) -> str:
    match problem:
        case Unauthenticated():
            return "Unauthorized"
        case NotFound(kind="user"):
            return USER_NOT_FOUND
        case NotFound():
            return NO_FIELDS
        case Denied(scope="record"):
            return NO_FIELDS
        case Denied():
            return f"Not allowed: {problem.reason}"
        case Invalid():
            first = problem.problems[0]
            return f"exec query failed: Error 1366: Incorrect value for column '{first.field}' at row 1 ({first.code})"
        case UnknownReference():
            return (
                "exec query failed: Error 1452: Cannot add or update a child row: a foreign key constraint fails "
                f"({problem.field})"
            )
        case Duplicate():
            return f"exec query failed: Error 1062: Duplicate entry for key '{problem.field}'"
        case Conflict():
            return "exec query failed: Error 1213: Deadlock found when trying to get lock; try restarting transaction"
        case Unsupported():
            return "query too complex"
        case Unavailable():
            return "driver: bad connection"
    return "Internal Server Error"

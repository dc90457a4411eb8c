"""Around every answer: CORS, and whatever was raised in the vendor's words (opentaps dossier, sections 4 and 6).

The body of an error satisfies every known client at once: Ruby and WordPress read `error` at the top, the HTML client
needs `result.errorMessage` to be a string, and ``{"note":""}`` is what the 2012 service gave for "nothing".
"""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge
from adapter.routes import MethodNotAllowed, RouteNotFound
from adapter.wire import WireResponse
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    NotFound,
    TooManyCalls,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unsupported,
)
from dialects.opentaps.errors import (
    BAD_TOKEN,
    NO_TOKEN,
    BadNumber,
    NameTaken,
    Refused,
    Rejected,
    Unknown,
    UnknownUserKey,
)
from dialects.opentaps.wire.envelope import ANY_ORIGIN, CONTENT_TYPE, reply

NO_RIGHT = "You do not have permission to do this."
_PREFLIGHT = (
    CONTENT_TYPE,
    ANY_ORIGIN,
    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type, Accept, X-Requested-With, X-HTTP-Method-Override"),
)


def preflight(call: Call) -> WireResponse | None:
    """To OPTIONS on any path: 200 and no body."""
    return WireResponse(200, list(_PREFLIGHT)) if call.request.method == "OPTIONS" else None


def render_error(call: Call, error: Exception) -> WireResponse:
    """Any error as an answer to the call. Never shows the text of one that was not expected."""
    match error:
        case Rejected():
            return rejection(error)
        case Unknown() | UnknownUserKey():
            return failure(404, error.message)
        case BadNumber() | Refused() | NameTaken():
            return failure(400, error.message)
        case TooManyCalls():
            # The vendor limits nobody; whoever stands before him does.
            response = failure(429, "Too Many Requests")
            response.headers.append(("Retry-After", str(error.seconds)))
            return response
        case MethodNotAllowed():
            response = failure(405, "Method Not Allowed")
            response.headers.append(("Allow", ", ".join(error.allowed)))
            return response
    status, message = _plain(error)
    return failure(status, message)


def failure(status: int, message: str) -> WireResponse:
    """The error body all clients can read."""
    inner = {"resultValue": {"note": ""}, "successMessage": "", "errorMessage": message}
    return reply(status, {"error": message, "result": inner})


def rejection(error: Rejected) -> WireResponse:
    """The 2012 validation error, with what later clients read at the top."""
    message, detail = error.message, error.detail
    result = {"errorMessage": message, "errorDetail": detail}
    return reply(400, {"error": message, "message": message, "errors": detail, "result": result})


def _plain(error: Exception) -> tuple[int, str]:
    match error:
        case Unauthenticated():
            return 401, NO_TOKEN if error.reason == "missing" else BAD_TOKEN
        case Denied():
            return (404, "Not Found") if error.scope == "record" else (403, NO_RIGHT)
        case RouteNotFound() | NotFound() | UnknownReference():
            return 404, "Not Found"
        case Malformed():
            return 400, "Unexpected Error Malformed request body"
        case TooLarge():
            return 413, "Unexpected Error The request is too large"
        case Conflict():
            return 409, "Unexpected Error Somebody else changed this at the same time"
        case Unavailable():
            return 503, "Unexpected Error The service is not available now"
        case Unsupported():
            return 400, "Unexpected Error The request asks for too much"
        case CanonicalError():
            return 400, "Unexpected Error The request cannot be carried out"
    return 500, "Unexpected Error"

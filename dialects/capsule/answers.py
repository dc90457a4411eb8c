"""Around every answer: the rate limit, and whatever was raised in the vendor's words (capsule dossier, 1 and 6).

The body of an error is ``<response><message>text</message></response>`` or ``{"message":"text"}``, negotiated like any
answer; only 401 (HTML) and 429 (``{"error":…}``) have bodies of their own.
"""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import Malformed, OutOfRange, TooDeep, TooLarge, json_body, xml_body
from adapter.routes import MethodNotAllowed, RouteNotFound
from adapter.wire import WireResponse
from canonical.errors import (
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
from dialects.capsule.errors import NOT_A_NUMBER, BadRequest, Missing, NotAcceptable, UnsupportedBody
from dialects.capsule.wire.negotiation import DECLARATION, error_format

# BodyLabs' client compares the whole answer for an unknown path or a non-numeric id with this text.
NO_RESOURCE = "Could not find resource"
UNAUTHORIZED = b"<html><head><title>401</title></head><body><h1>Unauthorized</h1></body></html>"
# LWP and Spring send credentials only after this very challenge (capsule dossier, section 1).
CHALLENGE = 'Basic realm="seamApp"'

# The words that the messages use for the core's kinds; a case is a "kase" wherever Capsule names it.
NOUNS = {"activity": "task", "case": "kase"}
# Wire names of core fields where the core is the one who refuses.
_FIELDS = {
    "title": "description",
    "body": "detail",
    "owner_id": "owner",
    "party_id": "partyId",
    "organisation_id": "organisationId",
    "due_at": "dueDate",
    "first_name": "firstName",
    "last_name": "lastName",
}


def finish(call: Call, response: WireResponse) -> WireResponse:
    """Adds the rate limit to successes and to 429, and the session cookie where the tenant wants it."""
    rate = call.memo.get("rate")
    if rate is not None and (response.status < 400 or response.status == 429):
        limit, remaining, ends = rate
        response.headers += [
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(ends)),
        ]
    if call.settings["session_cookie"] == "yes" and "JSESSIONID=" not in (call.request.headers.get("Cookie") or ""):
        response.headers.append(("Set-Cookie", f"JSESSIONID={call.accounts.fresh(32).upper()}; Path=/; Secure"))
    return response


def render_error(call: Call, error: Exception) -> WireResponse:
    """The answer for whatever a handler, the route table or the gateway raised."""
    if isinstance(error, Unauthenticated):
        return WireResponse(
            401, [("WWW-Authenticate", CHALLENGE), ("Content-Type", "text/html;charset=utf-8")], UNAUTHORIZED
        )
    if isinstance(error, TooManyCalls):
        # The only body with `error`; Hubot's script tests for it.
        body = json_body.render({"error": "rate limit reached"})
        return WireResponse(429, [("Content-Type", "application/json")], body)
    status, message = _wording(error)
    response = message_response(status, message, call.request.headers.get("Accept"))
    if isinstance(error, MethodNotAllowed):
        response.headers.append(("Allow", ", ".join(error.allowed)))
    return response


def message_response(status: int, message: str, accept: str | None) -> WireResponse:
    """An error body in the format that the client asked for, XML when it asked for neither."""
    answer = error_format(accept)
    if answer.json:
        body = json_body.render({"message": message})
    else:
        text = f"{DECLARATION}<response><message>{xml_body.escape_text(message)}</message></response>"
        body = text.encode()
    return WireResponse(status, [("Content-Type", answer.content_type)], body)


def _wording(error: Exception) -> tuple[int, str]:
    """Status and message; nothing of an unforeseen exception is shown."""
    match error:
        case BadRequest():
            return 400, error.message
        case Missing():
            return 404, f"{error.noun} not found"
        case NotFound():
            return 404, f"{NOUNS.get(error.kind, error.kind)} not found"
        case RouteNotFound():
            return 404, NO_RESOURCE
        case MethodNotAllowed():
            return 405, "method not allowed"
        case NotAcceptable():
            return 406, "not acceptable"
        case UnsupportedBody():
            return 415, "unsupported media type"
        case TooLarge():
            return 413, "request too large"
        case TooDeep():
            # Well-formed, and no document of this vendor.
            return 400, error.message
        case OutOfRange():
            return 400, NOT_A_NUMBER
        case Malformed():
            # Malformed XML is a server error to this vendor, as its own errors page says.
            return 500, error.message
        case Invalid():
            problem = error.problems[0]
            field = _FIELDS.get(problem.field, problem.field)
            return 400, f"{field} is {'required' if problem.code == 'required' else 'invalid'}"
        case UnknownReference():
            return 400, f"{_FIELDS.get(error.field, NOUNS.get(error.kind, error.kind))} is unknown"
        case Duplicate():
            return 400, f"{_FIELDS.get(error.field, error.field)} is already in use"
        case Denied():
            return 403, "forbidden"
        case Conflict():
            return 409, "conflict"
        case Unsupported():
            return 400, "not supported"
        case Unavailable():
            return 503, "service unavailable"
        case _:
            return 500, "internal server error"

"""Errors: what Capsule answers when something is wrong (capsule dossier, section 6).

The body is ``<response><message>text</message></response>`` or ``{"message":"text"}``, negotiated like any answer;
only 401 (HTML) and 429 (``{"error":…}``) have bodies of their own.
"""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import Malformed, OutOfRange, TooDeep, TooLarge, json_body, xml_body
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
from dialects.capsule.negotiation import DECLARATION, error_format

# BodyLabs' client compares the whole answer for an unknown path or a non-numeric id with this text.
NO_RESOURCE = "Could not find resource"
# The vendor's words, which name no field (capsule dossier, section 3).
NOT_A_NUMBER = "value not formatted as a number"
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


class Refusal(CanonicalError):
    """What this dialect refuses by itself, before or beside the core."""


class BadRequest(Refusal):
    """400: the values do not do. `message` names the element that is wrong, mostly; `element` always does."""

    def __init__(self, message: str, element: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.element = message.partition(" ")[0] if element is None else element


class Missing(Refusal):
    """404 with ``<noun> not found``."""

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self.noun = noun


class NotAcceptable(Refusal):
    """406: neither XML nor JSON will do."""


class UnsupportedBody(Refusal):
    """415: the body is neither XML nor JSON."""


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

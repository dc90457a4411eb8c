"""What goes wrong, in the vendor's words (zurmo dossier, section 6).

Failures keep HTTP 200 and the envelope; only a request that no API answer fits gets an HTML page.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge
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
from dialects.zurmo.codec.envelope import envelope
from dialects.zurmo.query.comparison import NotSearchable, UnknownAttribute

INVALID_ID: Final = "The ID specified was invalid."
NO_DATA: Final = "Please provide data."
NO_RIGHT: Final = "You do not have rights to perform this action."
NO_PERMISSION: Final = "You do not have permissions for this action."
SIGN_IN: Final = "Sign in required."
NOT_CREATED: Final = "Model was not created."
NOT_UPDATED: Final = "Model was not updated."
RELATION_ISSUES: Final = "Model was updated, but there were issues with relations. "
BAD_RELATED_ID: Final = "The related model ID specified was invalid."
BAD_ACTION: Final = "Unsupported action."
BAD_RELATION: Final = "You can add relations only for HAS_MANY and MANY_MANY relations."
READ_ONLY: Final = "It is not allowed to set read only attribute: {}."
BAD_SINCE: Final = 'sinceDateTime format is not correct. sinceDateTime should be in "YYYY-MM-DD HH:MM:SS" format'
NO_EMAILS: Final = "Emails parameters must exist, must be an array and must contain at least one email address."
NAME_TAKEN: Final = 'Username "{}" is already in use.'
MAINTENANCE: Final = "Application is in maintenance mode. Please try again later."
TOO_MANY: Final = "Too many requests. Please try again later."
"""The vendor limits nobody; whoever stands before him does."""
BAD_REQUEST_TYPE: Final = "Invalid API request type."


class Failure(CanonicalError):
    """An answer with status FAILURE. `errors` is the vendor's map of attribute to texts."""

    def __init__(self, message: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors


class NoSuchPage(CanonicalError):
    """There is no such action or module; `text` is the sentence on the vendor's 404 page."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class BadRequestType(CanonicalError):
    """No API answer fits the request: Accept names neither JSON nor XML, or the request type is not REST.

    `how` is ``page`` (themed), ``bare`` (2.x, before any session) or ``empty`` (SOAP).
    """

    def __init__(self, how: str = "page") -> None:
        super().__init__(how)
        self.how = how


def unknown_column(name: str, where: str) -> str:
    """What MySQL says of a column it does not know; `where` is ``order clause`` or ``where clause``."""
    return f"SQLSTATE[42S22]: Column not found: 1054 Unknown column '{name[:64]}' in '{where}'"


def syntax_error(near: str) -> str:
    """What MySQL says of text it cannot parse, `near` being the rest of it (recording 039)."""
    return (
        "SQLSTATE[42000]: Syntax error or access violation: 1064 You have an error in your SQL syntax; check the "
        f"manual that corresponds to your MariaDB server version for the right syntax to use near '{near[:80]}' "
        "at line 1"
    )


# The vendor's themed page without its scripts and styles (recordings 004 and 005): title and last text are the same.
_PAGE = (
    '<!DOCTYPE html><html class="zurmo" lang="en"><head><meta charset="utf-8"><title>ZurmoCRM - Oh no!</title></head>'
    '<body class="blue"><div id="ErrorView"><div id="ZurmoLogo" class="zurmo-logo"></div>\n'
    '<p>An error has occurred. Please click <a href="{home}">here</a> to continue to the home page. If the error '
    "persists please contact your administrator.</p><div>{text}</div><div id='zurmoSentryId'></div>\n"
    "</div></body></html>"
)


def error_page(call: Call, status: int, text: str) -> WireResponse:
    """The vendor's themed HTML page with one sentence."""
    call.memo["interface"] = True
    home = escape(f"{call.request.base_url}/app/index.php")
    return WireResponse(status, [], _PAGE.format(home=home, text=escape(text)).encode("utf-8", "replace"))


def _request_type_page(call: Call, error: BadRequestType) -> WireResponse:
    if error.how == "empty":
        return WireResponse(500, [])
    if error.how == "bare":
        # Recording 065: without a session cookie.
        call.memo["bare"] = True
        call.memo["interface"] = True
        return WireResponse(500, [], f"<h1>ApiException</h1>\n<p>{BAD_REQUEST_TYPE}</p>".encode())
    return error_page(call, 500, BAD_REQUEST_TYPE)


def _missing_route(call: Call) -> WireResponse:
    if call.principal is None:
        return envelope(call, message=SIGN_IN)
    return error_page(call, 404, f'Unable to resolve the request "{call.request.path[:200]}".')


def _not_saved(call: Call) -> str:
    return NOT_UPDATED if call.route is not None and call.route.meta.get("action") == "update" else NOT_CREATED


def _invalid(call: Call, error: Invalid) -> WireResponse:
    problems = {problem.field: [f"{problem.field} is invalid."] for problem in error.problems}
    return envelope(call, message=_not_saved(call), errors=problems)


def render_error(call: Call, error: Exception) -> WireResponse:
    """Any error as the vendor words it; what nobody expected is the vendor's empty 500."""
    match error:
        case Failure():
            return envelope(call, message=error.message, errors=error.errors)
        case TooManyCalls():
            response = envelope(call, message=TOO_MANY)
            response.status = 429
            response.headers.append(("Retry-After", str(error.seconds)))
            return response
        case UnknownAttribute():
            # The vendor dies with HTTP 500 (recording 036).
            return envelope(call, message=f"Undefined index: {error.name[:100]}")
        case NotSearchable():
            return envelope(call, message=f"Searching or sorting by {error.name[:100]} is not supported.")
        case NoSuchPage():
            return error_page(call, 404, error.text)
        case BadRequestType():
            return _request_type_page(call, error)
        case Unauthenticated():
            return envelope(call, message=SIGN_IN)
        case RouteNotFound() | MethodNotAllowed():
            return _missing_route(call)
        case NotFound():
            return envelope(call, message=INVALID_ID)
        case Denied():
            return envelope(call, message=NO_RIGHT if error.scope == "right" else NO_PERMISSION)
        case UnknownReference():
            return envelope(call, message="")
        case Invalid():
            return _invalid(call, error)
        case Duplicate():
            return envelope(call, message=_not_saved(call), errors={"username": [NAME_TAKEN.format(error.value)]})
        case TooLarge():
            return envelope(
                call, message=f"Max post size exceeded! Sent {error.size} bytes, but limit is {error.limit} bytes."
            )
        case Malformed():
            return envelope(call, message=NO_DATA)
        case Unavailable() | Conflict():
            return envelope(call, message=MAINTENANCE)
        case Unsupported():
            return envelope(call, message="The search is not supported.")
    return WireResponse(500, [])

"""Around every answer: its headers, and whatever was raised in the vendor's words (zurmo dossier, 4 and 6)."""

from __future__ import annotations

from html import escape
from typing import Final

from adapter.dialect import Call
from adapter.formats import Malformed, TooLarge
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
from dialects.zurmo.errors import (
    BAD_REQUEST_TYPE,
    INVALID_ID,
    MAINTENANCE,
    NAME_TAKEN,
    NO_DATA,
    NO_PERMISSION,
    NO_RIGHT,
    NOT_CREATED,
    NOT_UPDATED,
    SIGN_IN,
    TOO_MANY,
    BadRequestType,
    Failure,
    NoSuchPage,
    NotSearchable,
    UnknownAttribute,
)
from dialects.zurmo.wire.envelope import envelope, new_session_id

_POWERED: Final = ("X-Powered-By", "PHP/5.6.40")
_NO_CACHE: Final = (
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0"),
    ("Pragma", "no-cache"),
)
# Sent wherever the vendor's page size or theme was looked up: lists and error pages (recordings 004-006, 033-039).
_INTERFACE: Final = (
    ("Set-Cookie", "DefaultUserInterfaceType=Desktop; path=/"),
    ("Set-Cookie", "UserInterfaceType=Desktop; path=/"),
)
# The vendor names PHP's default for JSON and XML too; clients do not read it (zurmo dossier, section 4).
_TYPE: Final = ("Content-type", "text/html; charset=UTF-8")
# The vendor's themed page without its scripts and styles (recordings 004 and 005): title and last text are the same.
_PAGE = (
    '<!DOCTYPE html><html class="zurmo" lang="en"><head><meta charset="utf-8"><title>ZurmoCRM - Oh no!</title></head>'
    '<body class="blue"><div id="ErrorView"><div id="ZurmoLogo" class="zurmo-logo"></div>\n'
    '<p>An error has occurred. Please click <a href="{home}">here</a> to continue to the home page. If the error '
    "persists please contact your administrator.</p><div>{text}</div><div id='zurmoSentryId'></div>\n"
    "</div></body></html>"
)


def finish(call: Call, response: WireResponse) -> WireResponse:
    """The headers of every answer, in the vendor's order and letter case (recordings 001, 003, 006, 065)."""
    memo = call.memo
    headers = [_POWERED]
    if not memo.get("bare"):
        cookie = ("Set-Cookie", f"PHPSESSID={memo.get('session') or new_session_id(call)}; path=/")
        # A login makes a new session id after the session was started, so its cookie comes later.
        headers += (*_NO_CACHE, cookie) if memo.get("signed_in") else (cookie, *_NO_CACHE)
    if memo.get("interface"):
        headers += _INTERFACE
    headers.append(_TYPE)
    response.headers = [*headers, *response.headers]
    return response


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

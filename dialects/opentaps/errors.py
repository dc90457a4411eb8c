"""Errors in the vendor's words (opentaps dossier, section 6).

The body satisfies every known client at once: Ruby and WordPress read `error` at the top, the HTML client needs
`result.errorMessage` to be a string, and ``{"note":""}`` is what the 2012 service gave for "nothing".
"""

from __future__ import annotations

from typing import Any

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
    Problem,
    TooManyCalls,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unsupported,
)

CONTENT_TYPE = ("Content-Type", "application/json;charset=UTF-8")
ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")

NO_TOKEN = "authToken is required."  # noqa: S105
BAD_TOKEN = "authToken is not valid."  # noqa: S105
NO_RIGHT = "You do not have permission to do this."
EMPTY = "must not be empty"
MAX_ECHO = 1000
"""Characters of what was sent that an error repeats: it says it up to six times over."""


class Unknown(NotFound):
    """The id `text` of a `noun` (``note``, ``contact``, ``tag``, …) that a client named is not there."""

    def __init__(self, noun: str, text: str) -> None:
        super().__init__(noun, text)
        self.message = f"I cannot find the {noun} with id [{text[:MAX_ECHO]}]."


class UnknownUserKey(NotFound):
    """The 2012 service's answer to its user calls."""

    def __init__(self, key: str) -> None:
        super().__init__("user", key)
        # The two trailing blanks are the vendor's (its messages.properties).
        self.message = f"I couldn't find a user with key [{key[:MAX_ECHO]}].  "


class Rejected(Invalid):
    """A value that fails validation; worded as the 2012 service did.

    `action` completes "Cannot …"; `value` is what was given, None when nothing was.
    """

    def __init__(self, action: str, field: str, value: str | None, message: str = EMPTY) -> None:
        field, value = field[:MAX_ECHO], None if value is None else value[:MAX_ECHO]
        super().__init__(Problem(field, message))
        shown = "null" if value is None else value
        self.message = (
            f"Validation Error Cannot {action}.\n Also messages on the list:\n"
            f'\t{field} :  was given "{shown}", {message}'
        )
        self.detail = [{"field": field, "message": message, "value": value}]


class BadNumber(Invalid):
    """A number in the path that is none, or too large."""

    def __init__(self, text: str) -> None:
        super().__init__(Problem("number", "not_a_number"))
        self.message = f'Unexpected Error For input string: "{text[:MAX_ECHO]}"'


class Refused(Invalid):
    """Anything else that is the client's mistake, in `message`."""

    def __init__(self, message: str) -> None:
        super().__init__(Problem("request", "refused"))
        self.message = message


class NameTaken(Duplicate):
    """A `noun` of that name exists."""

    def __init__(self, noun: str, name: str) -> None:
        super().__init__(noun, name)
        self.message = f"A {noun} with this name already exists."


def reply(status: int, data: Any) -> WireResponse:
    """Compact pure-ASCII JSON: PY decodes bodies as ASCII (opentaps dossier, section 4)."""
    return WireResponse(status, [CONTENT_TYPE, ANY_ORIGIN], json_body.render_ascii(data))


def failure(status: int, message: str) -> WireResponse:
    """The error body all clients can read."""
    inner = {"resultValue": {"note": ""}, "successMessage": "", "errorMessage": message}
    return reply(status, {"error": message, "result": inner})


def rejection(error: Rejected) -> WireResponse:
    """The 2012 validation error, with what later clients read at the top."""
    message, detail = error.message, error.detail
    result = {"errorMessage": message, "errorDetail": detail}
    return reply(400, {"error": message, "message": message, "errors": detail, "result": result})


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

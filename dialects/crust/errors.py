"""What went wrong, in the vendor's words: HTTP 200 and ``{"error":{"message":...}}`` (crust dossier, section 6)."""

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

JSON = ("Content-Type", "application/json")
VARY = ("Vary", "Origin")

USER_NOT_FOUND = "crust.auth.repository.UserNotFound"
NO_FIELDS = "Module has no fields"
INVALID_DATE = "exec query failed: Error 1292: Incorrect datetime value: '0000-00-00' for column 'created_at' at row 1"


class Refused(CanonicalError):
    """The vendor's own message, sent as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def too_long(column: str) -> Refused:
    """What the vendor's database says of a text that does not fit `column`."""
    return Refused(f"exec query failed: Error 1406: Data too long for column '{column}' at row 1")


def bad_syntax(near: str) -> Refused:
    """What the vendor's database says of SQL that it does not understand from `near` on."""
    return Refused(
        "select query failed: Error 1064: You have an error in your SQL syntax; check the manual that corresponds to "
        f"your MariaDB server version for the right syntax to use near '{near}' at line 1"
    )


def not_in_range(column: str) -> Refused:
    """What the vendor's database says of a number that does not fit `column`."""
    return Refused(f"exec query failed: Error 1264: Out of range value for column '{column}' at row 1")


def error(message: str) -> WireResponse:
    return WireResponse(200, [JSON, VARY], json_body.render_go({"error": {"message": message}}))


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

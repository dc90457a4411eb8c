"""What goes wrong, in the vendor's words: status, message and HTTP code (affinitylive dossier, sections 1 and 6)."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.formats import Malformed, TooLarge
from adapter.routes import MethodNotAllowed, RouteNotFound
from canonical.errors import (
    CanonicalError,
    Conflict,
    Denied,
    Duplicate,
    Invalid,
    NotFound,
    TooManyCalls,
    TooManyGuesses,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unsupported,
)

INVALID_REQUEST = (
    "The request could not be interpreted. This can be caused by missing or invalid data. "
    "Please ensure that the resource you are requesting actually exists."
)
# [velordin] asks for a new token only on exactly this text (affinitylive dossier, section 1).
NO_TOKEN = "Could not authorize your access (B: No token found)"  # noqa: S105  a message, no secret
READ_ONLY = "This resource is read-only here."
FAILURE = "The server failed to answer the request."


class BadRequest(CanonicalError):
    """A parameter is missing or cannot be read."""


class ReadOnly(CanonicalError):
    """The resource is there to be read and takes nothing."""

    def __init__(self) -> None:
        super().__init__("read-only")


class NoDeployment(CanonicalError):
    """The host names a deployment that is not there."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class RateLimited(TooManyCalls):
    """The deployment's hourly limit is reached."""

    def __init__(self, deployment: str) -> None:
        super().__init__()
        self.deployment = deployment


class OAuthError(CanonicalError):
    """An error of the OAuth endpoints: `error` is the code of RFC 6749, `description` the vendor's sentence."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Wording:
    """HTTP code, ``meta.status`` and ``meta.message``."""

    code: int
    status: str
    message: str


OAUTH_CODES = {
    "invalid_client": 401,
    "unauthorized_client": 401,
    "too_many_failed_logins": 429,
    "server_error": 500,
    "temporarily_unavailable": 503,
}
"""HTTP codes of OAuth errors; all others are 400."""

_INVALID = Wording(400, "invalid_request", INVALID_REQUEST)
_TABLE: tuple[tuple[type[Exception], Wording], ...] = (
    (Unauthenticated, Wording(401, "invalid_client", NO_TOKEN)),
    (BadRequest, _INVALID),
    (NotFound, _INVALID),
    (Invalid, _INVALID),
    (UnknownReference, _INVALID),
    (Unsupported, _INVALID),
    (Malformed, _INVALID),
    (TooLarge, _INVALID),
    (RouteNotFound, _INVALID),
    (MethodNotAllowed, _INVALID),
    (Unavailable, Wording(500, "server_error", FAILURE)),
    (Conflict, Wording(500, "server_error", FAILURE)),
)


def word(error: Exception) -> Wording:
    """The wording of any exception; what nobody expected is the vendor's own 500 and says nothing of itself."""
    match error:
        case Denied():
            # A private record is not there for others (affinitylive dossier, section 7).
            if error.scope == "record":
                return _INVALID
            return Wording(403, "invalid_permission", "You do not have permission to perform this request.")
        case ReadOnly():
            return Wording(400, "invalid_request", READ_ONLY)
        case Duplicate():
            return Wording(400, "duplicate", f"The value of '{error.field}' is already taken.")
        case NoDeployment():
            return Wording(400, "invalid_request", f"Deployment '{error.label}' was not found.")
        case RateLimited():
            return Wording(429, "too_many_requests", f"Rate limit exceeded for {error.deployment}")
        case TooManyGuesses():
            return Wording(429, "too_many_failed_logins", "Too many failed attempts to authorize. Try again later.")
    for kind, wording in _TABLE:
        if isinstance(error, kind):
            return wording
    return Wording(500, "server_error", FAILURE)

"""What goes wrong, in the vendor's words (zurmo dossier, section 6).

Failures keep HTTP 200 and the envelope; only a request that no API answer fits gets an HTML page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from canonical.errors import CanonicalError

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


class UnknownAttribute(CanonicalError):
    """A search or sort names an unknown attribute, `name` as the client wrote it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotSearchable(CanonicalError):
    """The attribute is there, but this comparison of it cannot be asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


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

"""What went wrong, in the vendor's words: HTTP 200 and ``{"error":{"message":...}}`` (crust dossier, section 6)."""

from __future__ import annotations

from canonical.errors import CanonicalError

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

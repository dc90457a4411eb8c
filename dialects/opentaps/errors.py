"""What goes wrong, in the vendor's words (opentaps dossier, section 6)."""

from __future__ import annotations

from canonical.errors import Duplicate, Invalid, NotFound, Problem

NO_TOKEN = "authToken is required."  # noqa: S105
BAD_TOKEN = "authToken is not valid."  # noqa: S105
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

"""What can go wrong in the core, in the field's words. No HTTP numbers: each dialect picks its own.

CanonicalError
├── NotFound        no such record, or not the caller's to see
├── Invalid         values that cannot be stored; one Problem a field
├── UnknownReference  a field or link names a record that is not there
├── Denied          the caller has no right to do this
├── Conflict        another writer was first; the unit of work is run again
├── Duplicate       a unique value is taken
├── Unsupported     the query or operation is outside what the core can say
├── Unauthenticated credentials missing, unknown or expired
├── TooManyCalls    the caller's calls of this while are used up
└── Unavailable     the store cannot answer now (disk full, database away)
    ├── Busy        too much is asked at once
    │   └── TooManyGuesses  of passwords or secrets
    ├── Overdue     a statement took longer than statements may
    └── WrongSchema its schema is older or newer than this code
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


class CanonicalError(Exception):
    """The root of all that the core raises on purpose."""


class NotFound(CanonicalError):
    """There is no such record for this caller."""

    def __init__(self, kind: str, id: object) -> None:
        super().__init__(f"{kind} {id} not found")
        self.kind = kind
        self.id = id


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one field is refused: `code` is ``required``, ``too_long``, ``not_a_date``, ``not_a_number``, …"""

    field: str
    code: str
    params: dict[str, object] = dataclasses.field(default_factory=dict)


class Invalid(CanonicalError):
    """Values that cannot be stored. `problems` has at least one entry."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.code}" for problem in problems))
        self.problems = problems


class UnknownReference(CanonicalError):
    """`field` (or a link's role) names record `id` of `kind`, which is not there."""

    def __init__(self, field: str, kind: str, id: object) -> None:
        super().__init__(f"{field}: no {kind} {id}")
        self.field = field
        self.kind = kind
        self.id = id


class Denied(CanonicalError):
    """The caller may not do this.

    `scope` is ``record`` (this one is not his to see), ``text`` (it is, but neither to read nor so to change) or
    ``right`` (any such).
    """

    def __init__(self, reason: str, scope: str = "right") -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope


class Conflict(CanonicalError):
    """Another writer changed the record first."""


class Duplicate(CanonicalError):
    """The value of `field` must be unique and is taken."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"{field} is taken")
        self.field = field
        self.value = value


class Unsupported(CanonicalError):
    """The core cannot say this."""


class Unauthenticated(CanonicalError):
    """Credentials are missing (``missing``), unknown (``unknown``) or no longer good (``expired``)."""

    def __init__(self, reason: str = "missing") -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyCalls(CanonicalError):
    """The caller's calls of this while are used up; `seconds` to wait."""

    def __init__(self, seconds: int = 60) -> None:
        super().__init__("too many calls")
        self.seconds = seconds


class Unavailable(CanonicalError):
    """The store cannot answer now; nothing was written."""


class Busy(Unavailable):
    """Too much is asked at once; this was not looked at."""


class TooManyGuesses(Busy):
    """Too many wrong passwords or secrets came from this address, or for this account; `seconds` to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many wrong passwords or secrets")
        self.seconds = seconds


class Overdue(Unavailable):
    """A statement took longer than statements may; nothing was written."""

    def __init__(self) -> None:
        super().__init__("a statement took longer than CRMGLOT_STATEMENT_TIMEOUT allows")


class WrongSchema(Unavailable):
    """The database's schema is missing, too old or too new for this code."""

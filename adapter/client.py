"""The client side of a dialect: asking a vendor's own server, or any server that speaks as it does.

A dialect fills the slots of a `ClientSide` with functions that open no socket. What takes several requests (a person
and then its tags, a list page by page) is a conversation: a generator that yields requests and is sent their answers.
`adapter.driver` holds conversations with an endpoint for every dialect alike: it signs in, signs each request, renews
a session that ended, and gives what the conversation returns.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Unsupported
from canonical.model import KINDS as KINDS_BY_NAME
from canonical.model import Activity, Case, Opportunity, Party, Record, User
from canonical.operations import Create, Update
from canonical.values import Instant

KINDS = ("user", "organisation", "person", "opportunity", "case", "task", "note", "email", "meeting", "call")
"""The kinds of record as people name them, those that others refer to first."""
PARTS = ("tag", "custom_field")
"""What hangs on records and is counted like a kind."""


def kind_of(record: Record) -> str:
    """The name in `KINDS` of a record; activities and parties go by their type."""
    return _name(type(record), getattr(record, "type", ""))


def kind_name(kind: type[Record], values: Mapping[str, Any]) -> str:
    """The name in `KINDS` of a record that is to have these values."""
    return _name(kind, str(values.get("type", _PLAIN.get(kind, ""))))


_PLAIN = {Activity: "task", Party: "person"}
_RECORDS: Mapping[str, type[Record]] = {
    "user": User,
    "organisation": Party,
    "person": Party,
    "opportunity": Opportunity,
    "case": Case,
}


def _name(kind: type[Record], type_: str) -> str:
    """Activities of a type that is none of `KINDS` (a letter, a vendor's own word) count as notes."""
    if kind not in _PLAIN:
        return kind.KIND
    return type_ if kind is not Activity or type_ in KINDS else "note"


def record_of(kind: str) -> type[Record]:
    """The record that a name of `KINDS` means; any other word is a type of activity."""
    return _RECORDS.get(kind, Activity)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the vendor's clients are configured with; each vendor wants some of it. Never shown, never logged."""

    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    domain: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """One client's standing with one server.

    `base_url` is scheme, host and mount without a final slash: what stands before the vendor's own paths.
    `profile` holds the dialect's settings as that server behaves, by name, where they differ from the defaults.
    `state` is what signing in gave (tokens, ids of modules), the dialect's own and secret; empty before.
    `names` maps names of this side to the server's, as the operator decides it: ``{"module.task": "Tasks"}``.
    """

    base_url: str
    credentials: Credentials = Credentials()
    profile: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict, repr=False)


class UnexpectedAnswer(Exception):
    """An answer that is none of that vendor's: HTML, half a body, wrong types, a missing id.

    `operation` is what was asked, `status` the HTTP status, `place` where in the answer (a JSON pointer, a path of
    elements, ``header NAME``, or empty for the whole), `reason` what is wrong there. No text of it is repeated.
    """

    def __init__(self, operation: str, status: int, place: str, reason: str) -> None:
        super().__init__(f"{operation}: status {status}, {place or 'the answer'}: {reason}")
        self.operation = operation
        self.status = status
        self.place = place
        self.reason = reason


Conversation = Generator[WireRequest, WireResponse, Any]
"""Requests out, their answers in; returns the outcome. Requests are not signed yet: the driver signs them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a list as they stand on the server, and where to go on after them.

    `cursor` is the dialect's own, as JSON can hold it; with it a list that was broken off goes on without gaps.
    Records bear the ids of that server, and all that it tells of them: links, points, tags, custom values.
    """

    records: tuple[Record, ...]
    cursor: Any


Pull = Generator[WireRequest | Batch, WireResponse | None, None]
"""A list from end to end: yields requests (and is sent their answers) and, when it has them, batches of records."""


def answer_to(request: WireRequest) -> Generator[WireRequest | Batch, WireResponse | None, WireResponse]:
    """One request inside a `Pull`: ``answer = yield from answer_to(request)``."""
    answer = yield request
    if answer is None:
        raise RuntimeError("whoever pulls sent no answer")
    return answer


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of what can be asked: a verb of one kind, and what of the record travels with it.

    `verb` is ``read``, ``list``, ``create``, ``update``, ``delete``, ``complete``, ``reopen``, ``link``, ``unlink``,
    ``tag``, ``untag``, ``define`` (custom fields) or ``deletions``. `fields` are the canonical fields and parts
    (``links``, ``points``, ``tags``, ``custom``) that it says; any other is a Loss of that kind and field.
    `since` says that lists can be narrowed to what changed after a moment. `points` are the kinds of contact points
    that it says, all where none is named; of the `unlabelled` ones not what they are for.
    """

    kind: str
    verb: str
    fields: frozenset[str] = frozenset()
    since: bool = False
    points: frozenset[str] = frozenset()
    unlabelled: frozenset[str] = frozenset()

    def says_point(self, kind: str) -> bool:
        """Whether contact points of that kind travel along."""
        return "points" in self.fields and (not self.points or kind in self.points)


@dataclass(frozen=True, slots=True)
class ClientSide:
    """A dialect's slots for asking. None of them opens a socket or raises anything but what is named here."""

    needs: tuple[tuple[str, ...], ...]
    """The credentials that one must have, alternatives in order: ``(("token",), ("username", "password"))``."""
    home: Callable[[str], str]
    """The `base_url` for the address that the vendor's clients are configured with: its API root, or the mount."""
    sign_in: Callable[[Session], Conversation]
    """Returns the session with its `state`. Raises `Unauthenticated`, `Denied`, `UnexpectedAnswer`."""
    sign: Callable[[WireRequest, Session], WireRequest]
    """The request with the session's credentials, as that vendor's clients send them."""
    ended: Callable[[WireResponse], bool]
    """Whether the answer says that the session is no longer good, so that signing in anew may help."""
    perform: Callable[[Any, Session, LossReport], Conversation]
    """Asks for one of `canonical.operations` and returns its result, with the ids of that server.

    `Get`: the record with all that the vendor tells of it. `Find`: a `Page` (Unsupported for a query that the vendor
    cannot be asked). `Create`: the record with its id. `Update`, `Delete`, `AddLink`, `DropLink`, `AddTag`,
    `DropTag`, `FindCustomFields`, `SaveCustomField`, `FindTags`, `FindDeletions`: as on the desk. What cannot be said
    of a record is added to the losses and the rest is done. Raises `Unsupported` for what there is no call for, before
    anything is sent; what the vendor refuses as the canonical error that it means; `UnexpectedAnswer`.
    """
    pull: Callable[[str, Session, LossReport, Instant | None, Any], Pull]
    """All records of one kind of `KINDS` in a steady order, in batches: kind, session, losses, since, cursor."""
    capabilities: tuple[Capability, ...]
    foreign_id: Callable[[str, int], str] = lambda kind, id: str(id)
    """How clients of this vendor write the id of a record of that canonical kind."""
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind what a record must have to be made: canonical fields, or ``party`` where it must be about somebody."""
    vocabulary: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """By kind and field the only values that the vendor keeps apart; others come back as one of them.

    For ``points.email`` and the like, field ``label``, the labels that its contact points have; others have none."""
    precision: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By kind and field of an instant the seconds that it is cut to, where a whole second is not kept."""
    refers: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """By kind and field of a reference the only kinds that it may name, where the canonical field takes more."""


def note_losses(row: Capability, operation: Create[Any] | Update[Any], losses: LossReport) -> None:
    """Adds a Loss for each value and part of `operation` that the row does not say.

    Values that are None, that stand where nothing is said, or that the target makes itself are none.
    """
    kind = row.kind
    specs = KINDS_BY_NAME[operation.kind.KIND].by_name
    for name, value in operation.values.items():
        default = specs[name].default if name in specs else None
        if value not in (None, default) and name not in row.fields and name not in _MADE:
            losses.add(kind, name, "not_said")
    unsaid = sum(not row.says_point(point.kind) for point in operation.points)
    if unsaid:
        losses.add(kind, "points", "not_said", unsaid)
    for part in ("tags", "custom"):
        given = getattr(operation, part, ())
        if given and part not in row.fields:
            losses.add(kind, part, "not_said", len(given))
    for namespace, extras in operation.extras.items():
        losses.add(kind, f"extras.{namespace}", "not_said", len(extras))


_MADE = frozenset({"owner_chosen", "name"})


def require(rows: Iterable[Capability], dialect: str, kind: str, verb: str) -> Capability:
    """The row of that kind and verb. Raises `Unsupported` naming dialect, kind and verb."""
    for row in rows:
        if row.kind == kind and row.verb == verb:
            return row
    raise Unsupported(f"{dialect}: {kind} {verb}")


class Capable(Protocol):
    """Whatever has rows of capabilities."""

    @property
    def capabilities(self) -> tuple[Capability, ...]: ...


def can(side: Capable, kind: str, verb: str) -> Capability | None:
    """The row of that kind and verb, None when it cannot be asked."""
    return next((row for row in side.capabilities if (row.kind, row.verb) == (kind, verb)), None)

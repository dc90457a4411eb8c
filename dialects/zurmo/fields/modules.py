"""The vendor's modules: which path, class and canonical kind belong together, and their attributes by profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from adapter.fields.compile import object_writer
from canonical.model import Activity, Opportunity, Party, Record, User
from canonical.operations import Fields, Include
from canonical.query import TRUE, Compare, Node, Not, Op, all_of, eq
from dialects.zurmo.fields import account, contact, meeting, note, opportunity, task
from dialects.zurmo.fields import user as user_fields
from dialects.zurmo.fields.base import Draft, Field, View


@dataclass(frozen=True)
class Table:
    """The attributes of one module in one profile, in the order of the answer; `by_name` has the searched ones too."""

    fields: tuple[Field, ...]
    by_name: dict[str, Field]

    @cached_property
    def show(self) -> Callable[[Any, View], dict[str, Any]]:
        """From a record and a view to what json_encode gets."""
        return object_writer(self.fields)


def _table(fields: tuple[Field, ...], searched: tuple[Field, ...]) -> Table:
    return Table(fields, {row.name: row for row in (*fields, *searched)})


def _seed_order(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """2.x: no permissions, the owner after the audit fields, nothing of 3.x (seed 001, recordings 060, 064)."""
    left = [
        row for row in fields if not row.v3_only and row.name not in ("owner", "explicitReadWriteModelPermissions")
    ]
    owner = [row for row in fields if row.name == "owner"]
    at = next(at for at, row in enumerate(left) if row.name == "modifiedByUser") + 1
    return tuple(left[:at] + owner + left[at:])


@dataclass(frozen=True)
class Module:
    """One model class with its path below the script.

    `where` restricts lists, `belongs` says which records of the kind are of this class; `start` are the values of a
    new one. `settle` applies the vendor's rules to a draft. `relations` names what ``modelRelations`` may add to.
    """

    path: str
    model: str
    kind: type[Record]
    fields: tuple[Field, ...]
    where: Node
    belongs: Callable[[Any], bool]
    sort: str
    start: dict[str, Any] = field(default_factory=dict)
    include: Include = ()
    settle: Callable[[Draft], None] | None = None
    searched: tuple[Field, ...] = ()
    relations: tuple[str, ...] = ()
    synced: bool = True
    admins_only: bool = False
    mixed: tuple[str, ...] = ()
    """What ``anyMixedAttributes`` looks into."""
    states: tuple[Node, ...] = ()
    """One condition for each contact state of the module: clauses that numbers of a structure may name."""
    reads: Fields = None
    """The canonical fields that showing a record looks at; None for all."""

    @cached_property
    def _tables(self) -> dict[bool, Table]:
        # Permissions may be set in 2.x too, though it does not show them.
        unseen = tuple(row for row in self.fields if row.name == "explicitReadWriteModelPermissions")
        return {
            True: _table(self.fields, self.searched),
            False: _table(_seed_order(self.fields), (*self.searched, *unseen)),
        }

    def table(self, v3: bool) -> Table:
        return self._tables[v3]


def _of_type(*types: str) -> Callable[[Any], bool]:
    return lambda record: record.type in types


TASKS: Final = Module(
    "tasks/task",
    "Task",
    Activity,
    task.FIELDS,
    eq("type", "task"),
    _of_type("task"),
    "title",
    {"type": "task"},
    settle=task.settle,
    relations=("activityItems",),
    mixed=("name",),
    reads=task.READS,
)
MEETINGS: Final = Module(
    "meetings/meeting",
    "Meeting",
    Activity,
    meeting.FIELDS,
    eq("type", "meeting"),
    _of_type("meeting"),
    "title",
    {"type": "meeting"},
    include=("links",),
    settle=meeting.settle,
    searched=(meeting.ATTENDEES_SEARCH,),
    relations=("activityItems", "userAttendees"),
    mixed=("name", "location"),
)
NOTES: Final = Module(
    "notes/note",
    "Note",
    Activity,
    note.FIELDS,
    Not(Compare("type", Op.IN, ("task", "meeting"))),
    lambda record: record.type not in ("task", "meeting"),
    "start_at",
    {"type": "note"},
    relations=("activityItems",),
    synced=False,
    mixed=("description",),
)
_PERSON: Final = all_of(eq("type", "person"), Compare("user_id", Op.NULL))
CONTACTS: Final = Module(
    "contacts/contact",
    "Contact",
    Party,
    contact.FIELDS,
    all_of(_PERSON, eq("stage", "contact")),
    _of_type("person"),
    "last_name",
    {"type": "person"},
    include=("points",),
    searched=contact.ANY,
    relations=("opportunities",),
    states=tuple(map(contact.has_state, contact.CONTACTS)),
    mixed=("fullName", "anyEmail", "officePhone", "mobilePhone", "companyName"),
)
LEADS: Final = Module(
    "leads/contact",
    "Contact",
    Party,
    contact.FIELDS,
    all_of(_PERSON, eq("stage", "lead")),
    _of_type("person"),
    "last_name",
    {"type": "person"},
    include=("points",),
    searched=contact.ANY,
    relations=("opportunities",),
    states=tuple(map(contact.has_state, contact.LEADS)),
    mixed=CONTACTS.mixed,
)
ACCOUNTS: Final = Module(
    "accounts/account",
    "Account",
    Party,
    account.FIELDS,
    eq("type", "organisation"),
    _of_type("organisation"),
    "name",
    {"type": "organisation"},
    include=("points",),
    searched=account.SEARCHED,
    relations=("contacts", "accounts", "opportunities"),
    mixed=("name", "officePhone", "anyEmail"),
)
OPPORTUNITIES: Final = Module(
    "opportunities/opportunity",
    "Opportunity",
    Opportunity,
    opportunity.FIELDS,
    TRUE,
    lambda record: True,
    "title",
    settle=opportunity.settle,
    relations=("contacts",),
    synced=False,
    mixed=("name",),
)
USERS: Final = Module(
    "users/user",
    "User",
    User,
    user_fields.FIELDS,
    TRUE,
    lambda record: True,
    "last_name",
    searched=user_fields.SEARCHED,
    synced=False,
    admins_only=True,
    mixed=("username", "firstName", "lastName", "primaryEmail"),
)

MODULES: Final = (TASKS, MEETINGS, NOTES, CONTACTS, LEADS, ACCOUNTS, OPPORTUNITIES, USERS)
BY_MODEL: Final = {module.model: module for module in reversed(MODULES)}
"""By class name; Contact is the module of contacts."""
OTHER_MODELS: Final = ("Currency", "ContactState", "Group", "Role")
"""Classes that there are, but that only their own lists show."""

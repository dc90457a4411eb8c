"""Who sees a record and who reads its text. This is the one place that says it.

The desk asks here about records that it holds, and `canonical.store.sql.compile` makes its conditions of the same
tables, so that lists, searches, sorts, charts and scripts follow the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from canonical.model.spec import Extras, KindSpec, Record

ANYONE: Final = "anyone"
OWNER: Final = "owner"
CREATOR: Final = "creator"
LINKED: Final = "linked"
"""Linked to the record in whatever role, as a user or by contact card."""
ADMIN: Final = "admin"
PARTICIPANTS: Final = frozenset({OWNER, CREATOR, LINKED})

SEEN_BY: Final[Mapping[str, frozenset[str]]] = {
    "everyone": frozenset({ANYONE}),
    "group": frozenset({OWNER, ADMIN}),
    "owner": frozenset({OWNER, ADMIN}),
    "private": PARTICIPANTS,
    "confidential": frozenset({ANYONE}),
}
"""By visibility: who may find, read, count, change and delete a record at all.

Groups are names without members (a picklist), so a group's records are their owners' and the administrators'.
"""
READ_BY: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(SEEN_BY, frozenset({ANYONE})),
    "confidential": PARTICIPANTS,
}
"""By visibility: who of those that see a record reads its text, and may change what tells of it."""
VISIBILITIES: Final = tuple(SEEN_BY)
SEEN_BY_ALL: Final = frozenset(word for word, roles in SEEN_BY.items() if ANYONE in roles)
"""The visibilities of records that everyone of the tenant may find."""
READ_BY_ALL: Final = frozenset(word for word, roles in READ_BY.items() if ANYONE in roles)
"""The visibilities of records whose text everyone reads who sees them."""
UNTOLD: Final = frozenset(word for word, roles in SEEN_BY.items() if not roles & {ANYONE, ADMIN})
"""The visibilities of records of which nobody else learns that they are there."""

DECIDED_BY: Final[Mapping[str, tuple[str, str]]] = {"employment": ("party", "person_id")}
"""Kinds whose records are there for whoever takes part in another one, whose visibility and owner they have: its kind,
and the field that names it."""
TEXTS: Final = ("title", "body")
"""What a record says. For those who may not read it these are at their defaults: empty."""
PROTECTED: Final = frozenset(
    {*TEXTS, "owner_id", "owner_chosen", "creator_id", "requester_id", "visibility", "group_id"}
)
"""The fields that only those change who may read the text: what it says, and whoever comes to read it by them."""


Way = tuple[bool, bool, str]


@dataclass(slots=True)
class Viewer:
    """Who looks: one is made for every request, and never changed.

    `namespace` is the dialect's, the only one of whose extras anything is shown of a masked record. `text_extras` are
    the keys in it that repeat a record's text, `people_extras` those that name who takes part.
    """

    user_id: int
    card_id: int = 0
    admin: bool = False
    namespace: str = ""
    text_extras: frozenset[str] = frozenset()
    people_extras: frozenset[str] = frozenset()
    operator: bool = False
    """Sees, reads and changes everything: commands that export, migrate or set up."""

    @property
    def way(self) -> Way:
        """What the shape of a statement depends on: his standing, and which extras are texts to his dialect."""
        return self.admin, self.operator, self.namespace

    def is_text(self, field: str) -> bool:
        """Whether a field, or ``extras.<namespace>.<key>``, holds a record's text or repeats it, and may be masked."""
        if self.operator:
            return False
        if field in TEXTS:
            return True
        column, _, path = field.partition(".")
        namespace, _, key = path.partition(".")
        return column == "extras" and (namespace != self.namespace or key.partition(".")[0] in self.text_extras)

    def guards(self, namespace: str, key: str) -> bool:
        """Whether only those who read a confidential record's text may change that extra of it."""
        if self.operator:
            return False
        return namespace != self.namespace or key in self.text_extras or key in self.people_extras


def has_texts(spec: KindSpec) -> bool:
    """Whether records of the kind can be confidential: parties are known by their names."""
    return "visibility" in spec.by_name and all(name in spec.by_name for name in TEXTS)


def sees(viewer: Viewer, record: Record, linked: Callable[[], bool]) -> bool:
    """Whether the record is there for the viewer; `linked` finds out whether he is linked to it."""
    return _holds(SEEN_BY, viewer, record, linked)


def reads(viewer: Viewer, record: Record, linked: Callable[[], bool]) -> bool:
    """Whether the text of a record that he sees is the viewer's to read."""
    return _holds(READ_BY, viewer, record, linked)


def takes_part(viewer: Viewer, record: Record, linked: Callable[[], bool]) -> bool:
    """Whether he owns the record, made it or is linked to it."""
    return _has_role(PARTICIPANTS, viewer, record, linked)


def acts_as_owner(viewer: Viewer, record: Record) -> bool:
    """Whether he owns the record, or is the administrator of what an owner keeps to himself or to a group."""
    roles = SEEN_BY.get(getattr(record, "visibility", "everyone"), PARTICIPANTS)
    return viewer.operator or _has_role(roles & {OWNER, ADMIN} | {OWNER}, viewer, record, lambda: False)


def _holds(table: Mapping[str, frozenset[str]], viewer: Viewer, record: Record, linked: Callable[[], bool]) -> bool:
    roles = table.get(getattr(record, "visibility", "everyone"), PARTICIPANTS)
    return ANYONE in roles or viewer.operator or _has_role(roles, viewer, record, linked)


def _has_role(roles: Iterable[str], viewer: Viewer, record: Record, linked: Callable[[], bool]) -> bool:
    me = viewer.user_id
    return (
        (OWNER in roles and getattr(record, "owner_id", None) == me)
        or (CREATOR in roles and record.creator_id == me)
        or (ADMIN in roles and viewer.admin)
        or (LINKED in roles and linked())
    )


def mask(viewer: Viewer, spec: KindSpec, record: Any) -> None:
    """Leaves of a record what everybody may know of it, and marks it as masked."""
    for name in TEXTS:
        setattr(record, name, spec.by_name[name].default)
    kept: Extras = record.extras
    own = {key: value for key, value in kept.get(viewer.namespace, {}).items() if key not in viewer.text_extras}
    record.extras = {viewer.namespace: own} if own else {}
    record.masked = True

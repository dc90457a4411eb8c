"""What a Capsule server can be asked: kind by verb, with what travels along, made from the field tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapter.client import Capability
from dialects.capsule.fields import contacts, history, kase, opportunity, party, task, user
from dialects.capsule.fields.table import Field

# What rows without an attribute of their own say, by element (capsule dossier, sections 3, 4 and 8).
_SAID: Final = {
    "dueDate": ("due_at", "due_date_only"),
    "dueDateTime": ("due_at",),
    "status": ("state",),
    "note": ("title", "body"),
    "entryDate": ("start_at",),
    "contacts": ("points",),
    "organisationName": ("organisation_name", "company"),
    "milestone": ("stage",),
    "lastName": ("last_name", "name"),
    "firstName": ("first_name", "name"),
    "closeDate": ("closed_on",),
    "type": ("type",),
}
# Written by other words than they are read by.
_WRITTEN: Final = {"organisationId": ("organisation_id",), "partyId": ("party_id",), "closeDate": ("closed_on",)}


def _fields(rows: Iterable[Field], *more: str, written: bool) -> frozenset[str]:
    said = set(more)
    for row in rows:
        if row.name in _WRITTEN and written:
            said.update(_WRITTEN[row.name])
        elif row.name == "type" and written:
            continue
        elif not (written and row.read_only):
            said.update(_SAID.get(row.name, (row.attribute,) if row.attribute else ()))
    return frozenset(said)


def _rows(
    kind: str, rows: Iterable[Field], *, listed: bool, since: bool, made: bool, parts: tuple[str, ...] = ()
) -> list[Capability]:
    rows = tuple(rows)
    read, write = _fields(rows, *parts, written=False), _fields(rows, *parts, "type", written=True)
    found = [Capability(kind, "read", read)]
    if listed:
        found.append(Capability(kind, "list", read, since))
    if made:
        found += [Capability(kind, "create", write), Capability(kind, "update", write), Capability(kind, "delete")]
    return found


_TAGGED: Final = ("person", "organisation", "opportunity", "case")

CAPABILITIES: Final = (
    Capability(
        "user", "list", _fields(user.USER_FIELDS, "first_name", "last_name", "currency", "time_zone", written=False)
    ),
    *_rows("organisation", party.ORGANISATION_FIELDS, listed=True, since=True, made=True, parts=("tags", "custom")),
    *_rows("person", party.PERSON_FIELDS, listed=True, since=True, made=True, parts=("tags", "custom")),
    *_rows(
        "opportunity",
        opportunity.FIELDS,
        listed=True,
        since=True,
        made=True,
        parts=("tags", "custom", "links", "state"),
    ),
    *_rows("case", kase.FIELDS, listed=True, since=True, made=True, parts=("tags", "custom", "links")),
    *_rows("task", task.FIELDS, listed=True, since=False, made=True, parts=("links",)),
    Capability("task", "complete"),
    Capability("task", "reopen"),
    *_rows("note", history.FIELDS, listed=True, since=False, made=True, parts=("links",)),
    *_rows("email", history.FIELDS, listed=True, since=False, made=True, parts=("links",)),
    # What was made of these is a note from then on.
    *(
        row
        for kind in ("meeting", "call")
        for row in _rows(kind, history.FIELDS, listed=False, since=False, made=True, parts=("links",))
        if row.verb != "read"
    ),
    *(Capability(kind, verb) for kind in _TAGGED for verb in ("tag", "untag", "deletions")),
    *(Capability(kind, verb) for kind in ("opportunity", "case") for verb in ("link", "unlink")),
    Capability("custom_field", "list"),
)

# What Capsule refuses to make a record without (capsule dossier, sections 3, 4 and 8).
REQUIRES: Final = {
    "task": ("due_at",),
    **dict.fromkeys(("note", "email", "meeting", "call"), ("party",)),
    "opportunity": ("party_id", "stage"),
    "case": ("party_id",),
}
VOCABULARY: Final = {
    ("task", "state"): ("open", "completed"),
    ("case", "state"): ("open", "closed"),
    **{
        (f"points.{contact.name}", "label"): tuple(
            label for label, type_ in contact.types.items() if type_.lower() == label
        )
        for contact in contacts.CONTACTS
    },
}
PRECISION: Final = {("task", "due_at"): 60}

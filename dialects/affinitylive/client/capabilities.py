"""What an AffinityLive server can be asked: kind by verb, with what travels along, made from the field tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.client import Capability
from dialects.affinitylive.fields.people import POINT_OF
from dialects.affinitylive.fields.registry import RESOURCES

# What is read by readers of its own, and written by other words than it is read by (dossier, sections 4 and 8).
_READ: Final[Mapping[str, frozenset[str]]] = {
    "companies": frozenset({"active", "points", "tags", "custom", "type"}),
    "contacts": frozenset({"active", "stage", "points", "tags", "custom", "organisation_id", "organisation_name",
                           "name", "type"}),
    "prospects": frozenset({"state", "party_id", "owner_id", "tags", "custom"}),
    "issues": frozenset({"state", "party_id", "owner_id", "creator_id", "priority", "tags", "custom"}),
    "tasks": frozenset({"state", "type", "owner_id", "creator_id", "priority", "links", "tags", "custom"}),
    "activities": frozenset({"type", "owner_id", "priority", "parent_id", "thread_id", "links", "tags", "custom"}),
    "staff": frozenset({"active"}),
}  # fmt: skip
_CREATED: Final[Mapping[str, frozenset[str]]] = {
    "companies": frozenset({"type", "active", "points", "custom"}),
    "contacts": frozenset({"type", "active", "stage", "points", "custom", "organisation_id"}),
    "prospects": frozenset({"state", "party_id", "owner_id", "custom"}),
    "issues": frozenset({"state", "party_id", "owner_id", "priority", "custom"}),
    "tasks": frozenset({"type", "state", "owner_id", "priority", "due_date_only", "links", "custom"}),
    "activities": frozenset({"type", "owner_id", "priority", "parent_id", "thread_id", "due_date_only", "links",
                             "custom"}),
    "staff": frozenset(),
}  # fmt: skip
_NOT_UPDATED: Final[Mapping[str, frozenset[str]]] = {
    "tasks": frozenset({"links"}),
    "activities": frozenset({"owner_id", "parent_id", "thread_id", "links"}),
}
_EMAIL_UPDATED: Final = frozenset({"type", "billable_seconds", "nonbillable_seconds"})
"""What was sent stays as it was sent (dossier, section 7)."""
_POINTS: Final[Mapping[str, frozenset[str]]] = {
    "companies": frozenset({"email", "phone", "website"}),
    "contacts": frozenset({"email", "phone"}),
}
_ADDRESS: Final = frozenset({"address"})


def _read(resource: str) -> frozenset[str]:
    fields = (row.attribute or row.reference for row in RESOURCES[resource].fields if row.name not in POINT_OF
              or row.attribute is not None)  # fmt: skip
    return frozenset(field for field in fields if field) | _READ[resource]


def _written(resource: str, *, creating: bool) -> frozenset[str]:
    rows = (row for row in RESOURCES[resource].fields if row.params and (creating or row.on_update))
    found = frozenset(row.attribute for row in rows if row.attribute) | _CREATED[resource]
    return found if creating else found - _NOT_UPDATED.get(resource, frozenset())


def _rows(kind: str, resource: str, *, since: bool = True, deleted: bool = True) -> list[Capability]:
    points = _POINTS.get(resource, frozenset())
    shown = points | _ADDRESS if points else points
    updated = _EMAIL_UPDATED if kind == "email" else _written(resource, creating=False)
    return [
        Capability(kind, "read", _read(resource), points=shown),
        Capability(kind, "list", _read(resource), since, shown),
        Capability(kind, "create", _written(resource, creating=True), points=points),
        Capability(kind, "update", updated, points=points),
        *([Capability(kind, "delete")] if deleted else []),
    ]


CAPABILITIES: Final = (
    *_rows("user", "staff", since=False, deleted=False),
    *_rows("organisation", "companies"),
    *_rows("person", "contacts"),
    *_rows("opportunity", "prospects"),
    *_rows("case", "issues"),
    *_rows("task", "tasks"),
    *(row for kind in ("note", "email", "meeting", "call") for row in _rows(kind, "activities")),
    *(Capability(kind, verb) for kind in ("task", "opportunity", "case") for verb in ("complete", "reopen")),
    Capability("custom_field", "list"),
    Capability("tag", "list"),
)

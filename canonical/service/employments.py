"""What follows from employments: a person's first stands in his own fields, where every dialect sees it."""

from __future__ import annotations

from typing import Any

from canonical.model import Employment, Party, Record
from canonical.query import Window
from canonical.store.port import Unit

COPIED = (
    *("name", "first_name", "last_name", "last_contacted_at", "visibility", "group_id", "owner_id", "owner_chosen"),
)
"""What an employment has of its person."""
SHARED = ("organisation_id", "job_title")
"""What the person has of the employment that stands for all."""


def copied(unit: Unit, values: dict[str, Any]) -> dict[str, Any]:
    """What a new employment has of its person."""
    person = unit.load(Party, (values["person_id"],))[values["person_id"]]
    return {name: getattr(person, name) for name in COPIED}


def next_one(unit: Unit, person_id: int, but: int | None = None) -> dict[str, Any]:
    """What becomes of a person's own fields when the employment in them ends: the next one's, or nothing."""
    rows = [row for row in unit.select("employment", {"person_id": person_id}, ("id",)) if row["id"] != but]
    if not rows:
        return {"organisation_id": None, "employment_id": None}
    return {**{name: rows[0][name] for name in SHARED}, "employment_id": rows[0]["id"]}


def follow_person(unit: Unit, before: Party, changes: dict[str, Any]) -> None:
    """Adds to a person's changes what follows from them, and changes his employments with him."""
    if "organisation_id" in changes and changes["organisation_id"] is None:
        if before.employment_id is not None:
            end(unit, before.employment_id)
        changes.update(next_one(unit, before.id))
    elif before.employment_id is not None:
        shared = {name: changes[name] for name in SHARED if name in changes}
        if shared:
            unit.update("employment", {"id": before.employment_id}, shared)
    own = {name: changes[name] for name in COPIED if name in changes}
    if own:
        unit.update("employment", {"person_id": before.id}, own)


def follow_employment(unit: Unit, before: Employment, changes: dict[str, Any]) -> None:
    """Shows the change in the person's own fields, where the employment stands for all."""
    shared = {name: changes[name] for name in SHARED if name in changes}
    person = unit.load(Party, (before.person_id,))[before.person_id]
    if shared and person.employment_id == before.id:
        unit.update_record(Party, person.id, person.version, shared)


def end(unit: Unit, id: int) -> None:
    """Removes an employment and what hangs on it."""
    unit.delete("contact_point", {"party_id": id})
    for table in ("custom_value", "state_change", "tagging"):
        unit.delete(table, {"record_kind": Employment.KIND, "record_id": id})
    unit.delete("employment", {"id": id})


def leave(unit: Unit, record: Record) -> None:
    """Before a record is deleted: ends what cannot be without it, and puts another employment in its place."""
    if isinstance(record, Employment):
        person = unit.load(Party, (record.person_id,))[record.person_id]
        if person.employment_id == record.id:
            unit.update_record(Party, person.id, person.version, next_one(unit, person.id, record.id))
    elif isinstance(record, Party) and record.type == "person":
        for row in unit.select("employment", {"person_id": record.id}):
            end(unit, row["id"])
    elif isinstance(record, Party) and unit.select("employment", {}, window=Window(0, 1)):
        for row in unit.select("employment", {"organisation_id": record.id}):
            end(unit, row["id"])
        for row in unit.select("party", {"organisation_id": record.id}):
            if unit.count_rows("employment", {"person_id": row["id"]}):
                changes = next_one(unit, row["id"])
                unit.update_record(Party, row["id"], row["version"], changes)

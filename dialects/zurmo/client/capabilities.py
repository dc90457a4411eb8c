"""What a Zurmo server can be asked: kind by verb, with what travels along, made from the field tables."""

from __future__ import annotations

from typing import Final

from adapter.client import Capability
from dialects.zurmo.client.hear import point_rows
from dialects.zurmo.fields.common import IMPORTABLE
from dialects.zurmo.fields.modules import ACCOUNTS, CONTACTS, MEETINGS, NOTES, OPPORTUNITIES, TASKS, USERS, Module

MODULE_OF: Final = {
    "user": USERS,
    "organisation": ACCOUNTS,
    "person": CONTACTS,
    "opportunity": OPPORTUNITIES,
    "task": TASKS,
    "meeting": MEETINGS,
    "note": NOTES,
    "email": NOTES,
    "call": NOTES,
}
"""Where records of a kind are made."""
_AS_NOTES: Final = ("email", "call")
_LINKED: Final = (TASKS, MEETINGS, NOTES, OPPORTUNITIES)
_NEVER_THE_SAME: Final = frozenset({"stage_word"})
"""Heard, but a word of the vendor's own where nobody said any."""
_FOLLOWS: Final = frozenset({"probability"})
"""Sent, but in 3.x the stage says it."""
_PHONES: Final = frozenset({"phone"})


def _shown(module: Module, *, v3: bool) -> frozenset[str]:
    """The canonical fields that a record's attributes tell."""
    rows = module.table(v3).fields
    found = {column for row in rows for column in row.columns}
    found |= {f"{row.columns[0].removesuffix('_id')}_username" for row in rows if row.element == "User"}
    return frozenset(found - _NEVER_THE_SAME - {"id"}) | _parts(module, v3=v3)


def _given(module: Module, *, v3: bool) -> frozenset[str]:
    """Those that a client may send."""
    rows = [row for row in module.table(v3).by_name.values() if row.take is not None and not row.read_only]
    found = {column for row in rows for column in row.columns}
    return frozenset(found - _FOLLOWS) | _parts(module, v3=v3)


def _parts(module: Module, *, v3: bool) -> frozenset[str]:
    found = {"custom"} if module is not USERS else set()
    if module.start:
        found.add("type")
    if module is OPPORTUNITIES:
        found.add("state")
    if point_rows(module.table(v3)):
        found.add("points")
    return frozenset(found)


def _rows(kind: str, *, v3: bool) -> list[Capability]:
    module = MODULE_OF[kind]
    shown, given = _shown(module, v3=v3), _given(module, v3=v3)
    kinds = frozenset(row.new.kind for row in point_rows(module.table(v3)) if row.new is not None)
    links = frozenset({"links"} if module in _LINKED else ())
    # Of activities only a list tells what they are about: it is asked the other way round.
    read = shown | (links if module is OPPORTUNITIES else frozenset())
    audit = frozenset(IMPORTABLE.values())
    found = [
        Capability(kind, "read", read, points=kinds, unlabelled=kinds - _PHONES),
        Capability(kind, "list", shown | links, since=True, points=kinds, unlabelled=kinds - _PHONES),
        Capability(kind, "create", given | links | audit, points=kinds, unlabelled=kinds - _PHONES),
        Capability(kind, "update", given, points=kinds, unlabelled=kinds - _PHONES),
        Capability(kind, "delete"),
    ]
    if kind in _AS_NOTES:
        # What was made of these is a note from then on.
        found = [row for row in found if row.verb not in ("read", "list")]
    return [row for row in found if (row.kind, row.verb) != ("user", "delete")]


def capabilities(*, v3: bool) -> tuple[Capability, ...]:
    activities = ("task", "meeting", "note", *_AS_NOTES)
    return (
        *(row for kind in MODULE_OF for row in _rows(kind, v3=v3)),
        *(Capability(kind, verb) for kind in activities for verb in ("link", "unlink")),
        *(Capability(kind, "deletions") for kind in ("organisation", "person", "task", "meeting")),
        Capability("task", "complete"),
        Capability("task", "reopen"),
        Capability("custom_field", "list"),
    )


CAPABILITIES: Final = capabilities(v3=False)
"""What every version says."""
IN_3: Final = capabilities(v3=True)
"""What 3.x says."""

"""What a Crust server can be asked: kind by verb, with what travels along, made from the system modules' fields."""

from __future__ import annotations

from typing import Final

from adapter.client import Capability
from dialects.crust.client.views import system_of
from dialects.crust.fields.system.table import SystemModule

_POINTS: Final = ("email", "phone", "website")
"""Of addresses the label is the field's, whatever it was."""
_STAMPS: Final = ("created_at", "updated_at")
_USER: Final = ("username", "email", "first_name", "last_name")
_LINKED: Final = ("opportunity", "case", "task", "meeting", "note", "email", "call")


def _fields(system: SystemModule, *more: str) -> frozenset[str]:
    said = {name for row in system.fields for name in row.said()}
    return frozenset((said & system.kind.__dataclass_fields__.keys()) | {*system.fixed, "custom", *more})


def _rows(kind: str, *, heard: bool = True) -> list[Capability]:
    system = system_of(kind)
    points = frozenset(row.point for row in system.fields if row.point in _POINTS)
    written, read = _fields(system, "type"), _fields(system, *_STAMPS)
    found = [
        Capability(kind, "create", written, points=points),
        Capability(kind, "update", written, points=points),
        Capability(kind, "delete"),
    ]
    if heard:
        found += [Capability(kind, "read", read, points=points), Capability(kind, "list", read, True, points)]
    return found


CAPABILITIES: Final = (
    Capability("user", "list", frozenset((*_USER, *_STAMPS))),
    Capability("user", "read", frozenset((*_USER, *_STAMPS))),
    Capability("user", "create", frozenset(_USER)),
    Capability("user", "update", frozenset(_USER)),
    Capability("user", "delete"),
    *(
        row
        for kind in ("organisation", "person", "opportunity", "case", "task", "meeting", "note")
        for row in _rows(kind)
    ),
    # What was made of these is a note from then on, where they have no modules of their own.
    *(row for kind in ("email", "call") for row in _rows(kind, heard=False)),
    Capability("task", "complete"),
    Capability("task", "reopen"),
    *(Capability(kind, verb) for kind in _LINKED for verb in ("link", "unlink")),
    Capability("custom_field", "list"),
    Capability("custom_field", "define"),
)

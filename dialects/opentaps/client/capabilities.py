"""What an opentaps server can be asked: kind by verb, with what travels along, made from the field tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapter.client import Capability
from dialects.opentaps.fields import activity, contact
from dialects.opentaps.fields.table import Field, given_by, shown_by

ACTIVITIES: Final = ("task", "note", "email", "meeting", "call")
_POINTS: Final = frozenset(kind for kind, _ in contact.POINTS)
_RIGHTS: Final = frozenset({"is_admin", "view_only"})
_LOGIN: Final = frozenset({"username", "first_name", "last_name", "email", "person_id"})


def _rows(kind: str, rows: Sequence[Field], points: frozenset[str] = frozenset()) -> list[Capability]:
    shown, given = shown_by(rows) | {"type"}, given_by(rows) | {"type"}
    return [
        Capability(kind, "read", shown, points=points),
        Capability(kind, "list", shown, points=points),
        Capability(kind, "create", given, points=points),
        Capability(kind, "update", given - {"links", "tags"}, points=points),
        Capability(kind, "delete"),
    ]


CAPABILITIES: Final = (
    Capability("user", "read", _LOGIN),
    Capability("user", "list", _LOGIN),
    Capability("user", "create", _LOGIN | _RIGHTS),
    Capability("user", "update", _RIGHTS),
    Capability("user", "delete"),
    *_rows("organisation", contact.ORGANISATION_FIELDS, _POINTS),
    *_rows("person", contact.PERSON_FIELDS, _POINTS),
    *(row for kind in ACTIVITIES for row in _rows(kind, (*activity.FIELDS, *activity.PARTS))),
    *(Capability(kind, verb) for kind in ACTIVITIES for verb in ("link", "unlink", "tag")),
    Capability("task", "complete"),
    Capability("task", "reopen"),
    Capability("tag", "list"),
)

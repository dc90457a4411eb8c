"""The element `kase`: a case (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canonical.model import Case
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.table import (
    DAY,
    ID,
    TIME,
    Field,
    read_record,
    read_simple,
    read_text,
    unchanged,
    write_simple,
)
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree

STATES = {"OPEN": "open", "CLOSED": "closed"}


def _status(case: Case, context: object = None) -> str:
    return "CLOSED" if case.state == "closed" else "OPEN"


def _close_date(case: Case, context: object) -> str | None:
    return texts.show_day(case.closed_on) if case.closed_on is not None and case.state == "closed" else None


FIELDS = (
    Field("id", "id", ID, read_only=True),
    Field("status", show=_status, safe=True),
    Field("name", "title", required=True),
    Field("description", "body"),
    Field("partyId", "party_id", ID, read_only=True),
    Field("closeDate", "closed_on", DAY, read_only=True, show=_close_date, safe=True),
    Field("owner", "owner_username", kept=True),
    Field("createdOn", "created_at", TIME, read_only=True),
    Field("updatedOn", "updated_at", TIME, read_only=True),
)


def read_status(text: str) -> str:
    """The canonical state for OPEN or CLOSED in any letter case. Raises `BadRequest`."""
    try:
        return STATES[text.strip().upper()]
    except KeyError:
        raise BadRequest("status is invalid") from None


def read_kase(body: Tree, current: Case | None = None, *, new: bool) -> dict[str, Any]:
    """Canonical values of a `new` case, or of what changes; the owner as ``owner_username``.

    Raises `BadRequest` naming the element that is wrong. `closeDate` counts only while the case is closed.
    """
    values = read_simple(FIELDS, body, current, new=new)
    status = body.text("status")
    if status is not None and (current is None or not unchanged(status.upper(), _status(current))):
        if status.strip():
            values["state"] = read_status(status)
        elif not new:
            raise BadRequest("status is required")
    closed = body.filled("closeDate")
    if closed is not None and values.get("state", current.state if current else "open") == "closed":
        values["closed_on"] = read_text("closeDate", DAY, closed)
    return values


def parse_kase(tree: Tree) -> Case:
    """The case that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    case = Case(**read_record(FIELDS, tree))
    case.state = read_status(tree.filled("status") or "OPEN")
    return case


def write_kase(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Elements for canonical values, to create or to update a case on a server."""
    pairs = write_simple(FIELDS, values)
    if "state" in values:
        pairs.append(("status", "CLOSED" if values["state"] == "closed" else "OPEN"))
    if values.get("closed_on") and values.get("state", "closed") == "closed":
        pairs.append(("closeDate", texts.show_day(values["closed_on"])))
    order = {field.name: index for index, field in enumerate(FIELDS)}
    return sorted(pairs, key=lambda pair: order[pair[0]])

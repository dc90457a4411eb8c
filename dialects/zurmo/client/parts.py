"""What hangs on records, as the attributes and relations that say it: contact points, custom values, links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapter.losses import LossReport
from canonical.model import ContactPoint, CustomValue
from canonical.operations import NewLink
from dialects.zurmo.client.ask import as_sent
from dialects.zurmo.client.hear import point_rows
from dialects.zurmo.client.ids import model_of, number_of
from dialects.zurmo.client.server import Data, Server
from dialects.zurmo.fields.base import View
from dialects.zurmo.fields.custom import SEPARATOR, SUFFIX, is_custom
from dialects.zurmo.fields.meeting import ATTENDEE
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.fields.owned.objects import is_email
from dialects.zurmo.fields.plain import as_url
from dialects.zurmo.perform.relations import TAKES

# -- contact points ---------------------------------------------------------------------------------


def points(module: Module, kind: str, before: Any, after: Any, server: Server, losses: LossReport) -> Data:
    """The attributes whose contact points differ between two records; `before` None for a new one.

    A point for which no attribute is left, that the vendor would refuse, or whose label another takes the place of, is
    a loss.
    """
    view = View(server.profile, losses=losses)
    out: Data = {}
    placed = set()
    for row in point_rows(module.table(server.v3)):
        was = None if before is None or row.choose is None else row.choose(before.points)
        now = None if row.choose is None else row.choose(after.points)
        if now is not None:
            placed.add(id(now))
            if now == was:
                continue
            if not _valid(now):
                losses.add(kind, "points", "not_valid")
            else:
                out[row.name] = as_sent(row.show(after, view))
                if row.new is not None and now.label != row.new.label:
                    losses.add(kind, "points", "another_label")
        elif was is not None:
            shown = row.show(before, View(server.profile))
            out[row.name] = dict.fromkeys(as_sent(shown), "") if isinstance(shown, dict) else ""
    unplaced = sum(id(point) not in placed for point in after.points)
    if unplaced:
        losses.add(kind, "points", "no_place", unplaced)
    return out


def _valid(point: ContactPoint) -> bool:
    if point.kind == "email":
        return is_email(point.value)
    return point.kind != "website" or as_url(point.value) is not None


# -- custom attributes and relations ----------------------------------------------------------------


def custom(kind: str, values: Iterable[CustomValue], types: Mapping[str, str] | None, losses: LossReport) -> Data:
    """Custom values as attributes; `types` are those of the server, None where it does not tell."""
    out: Data = {}
    for item in values:
        name = f"{item.name}{SUFFIX}"
        if item.group or not is_custom(name):
            losses.add(kind, "custom", "no_such_name")
            continue
        match (types or {}).get(name):
            case "MultiSelectDropDown" | "TagCloud":
                out[name] = {"values": item.value.split(SEPARATOR)}
            case "DropDown" | "RadioDropDown":
                out[name] = {"value": item.value}
            case _:
                out[name] = item.value
    return out


def relations(module: Module, kind: str, links: Iterable[NewLink], action: str, losses: LossReport) -> Data:
    """``modelRelations`` that make or drop these links; those that the module has no relation for are losses."""
    found: dict[str, list[dict[str, str]]] = {}
    for link in links:
        name = relation_of(module, link)
        if name is None:
            losses.add(kind, "links", f"no_{link.target.kind}")
            continue
        if link.role not in ("", ATTENDEE if name == "userAttendees" else ""):
            losses.add(kind, "links", "role_not_said")
        entry = {
            "action": action,
            "modelId": str(number_of(link.target.id)),
            "modelClassName": str(model_of(link.target)),
        }
        if entry not in found.setdefault(name, []):
            found[name].append(entry)
    return {"modelRelations": found} if found else {}


def relation_of(module: Module, link: NewLink) -> str | None:
    """The relation that a link of a record of the module is in."""
    model = model_of(link.target)
    names = [name for name in ("activityItems", "userAttendees", "contacts") if name in module.relations]
    return next((name for name in names if model in TAKES[name]), None) if model is not None else None

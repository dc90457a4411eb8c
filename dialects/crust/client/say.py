"""From canonical records to the texts of a module's fields, over the table that shows them, and what is lost by it.

What is lost is found by hearing what would be said: whatever does not come back is a loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.losses import LossReport
from canonical.model import ContactPoint, Link, Party, Record
from canonical.operations import Create, NewLink, Update
from canonical.values import SECOND, Ref
from dialects.crust.client import hear
from dialects.crust.client.views import Modules, View
from dialects.crust.fields.system.kept import FOLDED, UNKNOWN, fixed_texts
from dialects.crust.fields.system.modules import custom_name
from dialects.crust.fields.system.related import party_of, targets_of
from dialects.crust.fields.system.table import Targets
from dialects.crust.settings import NAME

_MADE: Final = frozenset({"type", "owner_chosen"})
"""Values of which the target makes its own."""
_OURS: Final = frozenset({UNKNOWN, FOLDED, "number"})
"""Extras that are said by the way."""


def texts(view: View, record: Any, modules: Modules) -> dict[str, str]:
    """What a record says in every field that the module has, by the names there."""
    targets: Targets = {}
    if "links" in view.system.include:
        ids = party_ids({"party_id": getattr(record, "party_id", None)}, record.links)
        targets = targets_of(record, {id: party_of(id, sort) for id in ids if (sort := modules.sorts.get(id))})
    fixed = fixed_texts(view.system, record, targets)
    if not record.id and "number" not in (record.extras.get(NAME) or {}):
        fixed.pop("CaseNumber", None)
    said = {view.wire[name]: text for name, text in fixed.items() if name in view.wire}
    for value in record.custom:
        if custom_name(value) in view.customs:
            said[custom_name(value)] = value.value
    unknown = (record.extras.get(NAME) or {}).get(UNKNOWN)
    if isinstance(unknown, dict):
        said = {**{str(name): str(text) for name, text in unknown.items()}, **said}
    return said


def party_ids(values: Mapping[str, Any], links: Sequence[NewLink | Link]) -> set[int]:
    """The parties of which one must know what they are, to say them."""
    found = {link.target.id for link in links if link.target.kind == Party.KIND}
    return found | ({values["party_id"]} if values.get("party_id") else set())


# -- records to be ----------------------------------------------------------------------------------


def created(view: View, operation: Create[Any], modules: Modules) -> Any:
    """The record that an operation is to make."""
    record: Any = operation.kind()
    return _with(record, {**operation.values, **view.fixed}, operation, modules)


def changed(record: Any, operation: Update[Any], modules: Modules) -> Any:
    """The record as an operation is to leave it. Points are told by their ids, custom values by their names."""
    after = replace(record, extras={name: dict(kept) for name, kept in record.extras.items()})
    if isinstance(after, Party):
        gone = {*operation.drop_points, *(point.id for point in operation.points if point.id)}
        after.points = [point for point in record.points if point.id not in gone]
    named = {(value.group, value.name) for value in operation.custom} | {*operation.drop_custom}
    after.custom = [value for value in record.custom if (value.group, value.name) not in named]
    return _with(after, operation.values, operation, modules)


def _with(record: Any, values: Mapping[str, Any], operation: Create[Any] | Update[Any], modules: Modules) -> Any:
    for name, value in values.items():
        if name in type(record).__dataclass_fields__:
            setattr(record, name, value)
    if isinstance(record, Party):
        record.points = sorted((*record.points, *operation.points), key=lambda point: point.id or _LAST)
    record.custom = [*record.custom, *operation.custom]
    for name, value in (operation.extras.get(NAME) or {}).items():
        kept = record.extras.setdefault(NAME, {})
        kept[name] = value
        if value is None:
            del kept[name]
    return with_links(record, getattr(operation, "links", ()), modules)


_LAST: Final = 1_000


def with_links(record: Any, links: Sequence[NewLink], modules: Modules) -> Any:
    """The record with these links more."""
    if links and hasattr(record, "links"):
        here = Ref(record.KIND, record.id)
        more = [
            hear.linked(here, link, len(record.links) + number, modules.sorts) for number, link in enumerate(links)
        ]
        record.links = [*record.links, *more]
    return record


# -- losses -----------------------------------------------------------------------------------------


def note_losses(
    view: View,
    kind: str,
    operation: Create[Any] | Update[Any],
    said: Mapping[str, str],
    id: int,
    modules: Modules,
    losses: LossReport,
) -> None:
    """Adds what of an operation does not come back from what is said of it."""
    heard = hear.from_texts(view, id, {name: text for name, text in said.items() if text}, modules, LossReport())
    for name, value in operation.values.items():
        if value is None or name in _MADE or (name == "name" and heard.type == "person"):
            continue
        if not _is_same(name, value, getattr(heard, name, None), modules):
            losses.add(kind, name, "not_said")
    note_links(kind, getattr(operation, "links", ()), heard, losses)
    for point in operation.points:
        reason = _lost_of(point, getattr(heard, "points", ()))
        if reason:
            losses.add(kind, "points", reason)
    there = {(value.group, value.name, value.value) for value in heard.custom}
    unsaid = sum((value.group, value.name, value.value) not in there for value in operation.custom if value.value)
    if unsaid:
        losses.add(kind, "custom", "not_said", unsaid)
    tags = getattr(operation, "tags", ())
    if tags:
        losses.add(kind, "tags", "not_said", len(tags))
    for namespace, extras in operation.extras.items():
        left = extras.keys() if namespace != NAME else _unsaid(extras, view)
        if left:
            losses.add(kind, f"extras.{namespace}", "not_said", len(left))


def _is_same(name: str, value: Any, heard: Any, modules: Modules) -> bool:
    if name.endswith("_at") and isinstance(value, int) and isinstance(heard, int):
        return value // SECOND == heard // SECOND
    # Whoever makes a record owns it where the module has no field for that.
    return bool(value == heard) or (value in ("", False) and not heard) or (name == "owner_id" and value == modules.me)


def _unsaid(extras: Mapping[str, Any], view: View) -> set[str]:
    """Our own extras that no field there says."""
    return {name for name in extras if name not in _OURS and name.removesuffix("_of") not in view.wire}


def note_links(kind: str, links: Sequence[NewLink], heard: Record, losses: LossReport) -> None:
    """Fields say what a record is about, one of each sort, in no role."""
    there = {link.target for link in getattr(heard, "links", ())}
    if getattr(heard, "party_id", None):
        there.add(Ref(Party.KIND, heard.party_id))  # type: ignore[attr-defined]
    for link in links:
        if link.target not in there:
            losses.add(kind, "links", "not_said")
        elif link.role:
            losses.add(kind, "links", "role_not_said")


def _lost_of(point: ContactPoint, heard: Sequence[ContactPoint]) -> str:
    """Why a contact point, or what it is for, does not come back; empty for one that does."""
    reason = "not_said"
    for other in heard:
        if _content(other) == _content(point):
            if other.label == point.label and not (point.service or point.extras):
                return ""
            reason = "label_not_said"
    return reason


def _content(point: ContactPoint) -> tuple[str | None, ...]:
    parts = (point.street, point.street2, point.city, point.region, point.postcode, point.country)
    return (point.kind, point.value, *(part or None for part in parts))


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The texts to send for a record to change from one to the other; what is emptied is sent empty."""
    names = [*after, *(name for name in before if name not in after)]
    return {name: after.get(name, "") for name in names if after.get(name, "") != before.get(name, "")}

"""Small objects that others refer to: classes, priorities, statuses, types, tags, rates, addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adapter.dialect import Choices
from canonical.model import PicklistItem
from canonical.operations import Include
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.table import NAMESPACE, Field, Resource, Sight, derived, own

CLASS_LIST = "activity_class"
DEFAULT_CLASS = 1
CLASSES = tuple(
    PicklistItem(CLASS_LIST, title, origin=NAMESPACE, data={"id": id})
    for id, title in enumerate(("Client Work", "Sales", "Internal"), 1)
)
"""The classes every new tenant has (dossier, section 4)."""

LISTS = (Choices("class", CLASS_LIST, "of activities"),)

PRIORITIES: dict[int, dict[str, str]] = {
    level: {"id": str(level), "title": title, "level": str(level)}
    for level, title in enumerate(("Extreme", "High", "Medium", "Low", "None"), 1)
}
TYPE = {"id": "1", "title": "General", "standing": "active", "parent": "0"}
"""The one type that issues, prospects and tasks have here."""


def class_id(record: Any) -> int:
    """The class of an activity: the one that was chosen, else the first."""
    return kept_id(record, "class") or DEFAULT_CLASS


def kept_id(record: Any, key: str) -> int | None:
    """An id that is kept in the extras; None for none and for 0."""
    value = own(record, key)
    return int(value) or None if isinstance(value, str) and value.isascii() and value.isdigit() else None


def class_of(item: PicklistItem) -> dict[str, str]:
    """A class as an object; its id is 1, 2, 3 for the defaults and the list item's own for others."""
    return {
        "id": str(item.data.get("id") or item.id),
        "title": item.value,
        "parent": str(item.data.get("parent") or 0),
        "status": str(item.data.get("status") or "active"),
    }


def classes(sight: Sight) -> dict[int, dict[str, str]]:
    """The tenant's classes by id, in their order."""
    found = [class_of(item) for item in sight.picklist(CLASS_LIST)]
    return {int(one["id"]): one for one in found if one["id"].isdigit()}


def _key(name: str, *, default: bool = False, in_all: bool = True) -> Field:
    return derived(name, lambda one, sight: one.get(name), default=default, in_all=in_all)


Loader = Callable[[Sight], dict[int, Any]]


def _table(name: str, type_: str, keys: tuple[str, ...], defaults: int, all_of: Loader, **more: Any) -> Resource:
    """A resource of plain dicts; the first `defaults` keys always show."""

    def load(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
        known = all_of(sight)
        return {id: known[id] for id in ids if id in known}

    fields = tuple(_key(key, default=at < defaults) for at, key in enumerate(keys))
    return Resource(name, type_, fields, load, **more)


def _statuses(resource: str) -> Loader:
    rows = {int(row["id"]): row for row in STANDINGS[resource].statuses()}
    return lambda sight: rows


def _addresses(sight: Sight) -> dict[int, Any]:
    found: dict[int, Any] = sight.memo.get("addresses", {})
    return found


_STATUS_KEYS = ("id", "title", "standing", "color", "start", "ordering")
TABLES: dict[str, Loader] = {
    "classes": classes,
    "priorities": lambda sight: dict(PRIORITIES),
    **{f"{name} statuses": _statuses(name) for name in STANDINGS},
    "types": lambda sight: {1: TYPE},
}
"""Lists that have routes of their own, by the resource that shows them."""

# Class and priority have no `_ALL` (dossier, section 5).
RESOURCES: tuple[Resource, ...] = (
    _table("classes", "class", ("id", "title", "parent", "status"), 2, classes, all_fields=False),
    _table("priorities", "priority", ("id", "title", "level"), 2, TABLES["priorities"], all_fields=False),
    *(_table(f"{name} statuses", "status", _STATUS_KEYS, 2, TABLES[f"{name} statuses"]) for name in STANDINGS),
    _table("types", "type", ("id", "title", "standing", "parent"), 2, TABLES["types"]),
    _table("rates", "rate", ("id", "title"), 2, lambda sight: {}),
    _table(
        "addresses",
        "address",
        ("id", "full", "street1", "street2", "city", "state", "zipcode", "country"),
        2,
        _addresses,
    ),
    _table("tags", "tag", ("id", "name"), 2, lambda sight: {}),
)

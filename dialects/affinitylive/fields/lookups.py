"""Small objects that others refer to: classes, priorities, statuses, types, resolutions, probabilities, addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from adapter.dialect import Choices
from canonical.model import PicklistItem
from canonical.operations import Include
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.table import NAMESPACE, Field, Resource, Sight, derived, linked, own

DEFAULT: Final = 1
"""The type, the class of what says nothing of it."""
Loader = Callable[[Sight], dict[int, Any]]


@dataclass(frozen=True, slots=True)
class Offered:
    """A list of the tenant's choices: a picklist. `start` is what every new tenant has, `keys` what an item shows.

    A key that an item has nothing for has the value that stands there; the first `defaults` keys always show.
    """

    picklist: str
    of: str
    start: tuple[dict[str, str], ...]
    keys: dict[str, str]
    defaults: int = 2
    all_fields: bool = True

    def items(self) -> list[PicklistItem]:
        return [PicklistItem(self.picklist, row["title"], origin=NAMESPACE, data=row) for row in self.start]

    def load(self, sight: Sight) -> dict[int, dict[str, str]]:
        """By id, in their order; what every new tenant has where nobody made any."""
        found = [self._shown(at, item) for at, item in enumerate(sight.picklist(self.picklist) or self.items(), 1)]
        return {int(one["id"]): one for one in found if one["id"].isdigit()}

    def _shown(self, at: int, item: PicklistItem) -> dict[str, str]:
        """The id is the one that the data name, 1, 2, 3 for the first ones, else the item's own."""
        kept = item.data
        own_keys = {"id": str(kept.get("id") or item.id), "title": item.value, "ordering": str(at)}
        return {key: own_keys.get(key) or str(kept.get(key) or unset) for key, unset in self.keys.items()}


def _start(*titles: str, **more: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    return tuple(
        {"id": str(at), "title": title, **{key: values[at - 1] for key, values in more.items()}}
        for at, title in enumerate(titles, 1)
    )


_TYPE: Final = {"id": "0", "title": "", "parent": "0", "standing": "active", "ordering": "0"}
_CLASS: Final = {"id": "0", "title": "", "description": "", "parent": "0", "standing": "active"}
CHOICES: Final[dict[str, Offered]] = {
    "classes": Offered(
        "activity_class",
        "activities",
        _start("Client Work", "Sales", "Internal"),
        {"id": "0", "title": "", "parent": "0", "status": "active"},
        all_fields=False,
    ),
    "tasks types": Offered(
        "task_type",
        "tasks",
        _start("General"),
        {k: _TYPE[k] for k in ("id", "title", "standing", "ordering")},
        all_fields=False,
    ),
    "issues types": Offered(
        "issue_type",
        "issues",
        _start("General", "Support"),
        {
            **{"id": "0", "title": "", "notes": "", "parent": "0", "standing": "active", "budget": "no"},
            **{"ordering": "0", "default_issue_class": "1", "default_issue_priority": "0"},
            **{"default_class_id": "1", "has_custom_id": "0"},
        },
    ),
    "prospects types": Offered("prospect_type", "prospects", _start("General", "Partner"), _TYPE),
    "issue classes": Offered("issue_class", "issues", _start("General"), _CLASS),
    "resolutions": Offered("issue_resolution", "issues", _start("Resolved"), {**_CLASS, "report": ""}),
    "probabilities": Offered(
        "prospect_probability",
        "prospects",
        _start("Low", "Medium", "High", value=("25", "50", "75")),
        {"id": "0", "title": "", "value": "0", "ordering": "0"},
        defaults=3,
    ),
}
"""The tenant's lists (dossier, sections 4 and 8)."""
LISTS: Final = tuple(
    Choices("class" if name == "classes" else offered.picklist, offered.picklist, f"of {offered.of}")
    for name, offered in CHOICES.items()
)
PICKLISTS: Final = tuple(item for choices in CHOICES.values() for item in choices.items())
TYPES: Final = {name: f"{name} types" for name in ("tasks", "issues", "prospects")}
ACTIVE_ONLY: Final = frozenset({"issues types", "prospects types"})
"""Lists that leave out what is not active, unless its standing is asked for (dossier, section 8.1)."""

_LEVELS: Final = range(1, 6)
PRIORITIES: Final[dict[int, dict[str, str]]] = {
    level: {"id": str(level), "title": title, "level": str(level)}
    for level, title in zip(_LEVELS, ("Extreme", "High", "Medium", "Low", "None"), strict=True)
}
_ICONS: Final = ("critical", "high", "normal", "low", "none")
TASK_PRIORITIES: Final = {
    level: {"id": str(level), "title": icon.capitalize(), "icon": f"{icon}_priority", "level": str(level)}
    for level, icon in zip(_LEVELS, _ICONS, strict=True)
}
_PRIORITY_COLORS: Final = ("red", "orange", "green", "blue", "grey")
ISSUE_PRIORITIES: Final = {
    level: {"id": str(level), "title": PRIORITIES[level]["title"], "color": color, "factor": str(6 - level)}
    for level, color in zip(_LEVELS, _PRIORITY_COLORS, strict=True)
}


def class_id(record: Any) -> int:
    """The class of an activity or issue: the one that was chosen, else the first."""
    return kept_id(record, "class") or DEFAULT


def kept_id(record: Any, key: str) -> int | None:
    """An id that is kept in the extras; None for none and for 0."""
    value = own(record, key)
    return int(value) or None if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _key(name: str, *, default: bool = False, in_all: bool = True) -> Field:
    return derived(name, lambda one, sight: one.get(name), default=default, in_all=in_all)


def _table(name: str, type_: str, keys: Iterable[str], defaults: int, all_of: Loader, **more: Any) -> Resource:
    """A resource of plain dicts; the first `defaults` keys always show."""

    def load(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
        known = all_of(sight)
        return {id: known[id] for id in ids if id in known}

    fields = tuple(_key(key, default=at < defaults) for at, key in enumerate(keys))
    return Resource(name, type_, fields, load, **more)


def _statuses(resource: str) -> Loader:
    rows = {int(row["id"]): row for row in STANDINGS[resource].statuses()}
    return lambda sight: rows


def _fixed(rows: dict[int, dict[str, str]]) -> Loader:
    return lambda sight: rows


def _addresses(sight: Sight) -> dict[int, Any]:
    found: dict[int, Any] = sight.memo.get("addresses", {})
    return found


def _none(sight: Sight) -> dict[int, Any]:
    return {}


_STATUS_KEYS = ("id", "title", "standing", "color", "start", "ordering")
STATUS_KEYS: Final = {
    name: tuple(key for key in _STATUS_KEYS if key != "start" or name != "tasks") for name in STANDINGS
}
"""A task's status has no start (dossier, section 8.1)."""
TABLES: dict[str, Loader] = {
    **{name: choices.load for name, choices in CHOICES.items()},
    "priorities": _fixed(PRIORITIES),
    "task priorities": _fixed(TASK_PRIORITIES),
    "issue priorities": _fixed(ISSUE_PRIORITIES),
    **{f"{name} statuses": _statuses(name) for name in STANDINGS},
}
"""Lists that have routes of their own, by the resource that shows them."""
KEYS: Final[dict[str, tuple[str, ...]]] = {
    **{name: tuple(choices.keys) for name, choices in CHOICES.items()},
    "priorities": ("id", "title", "level"),
    "task priorities": ("id", "title", "icon", "level"),
    "issue priorities": ("id", "title", "color", "factor"),
    **{f"{name} statuses": keys for name, keys in STATUS_KEYS.items()},
}
"""What the items of each list have."""
ADDRESS_KEYS: Final = (
    *("id", "full", "title", "street1", "street2", "city", "state", "zipcode", "country"),
    *("postal", "physical"),
)
HISTORY_KEYS: Final = ("id", "to_id", "to_title", "against_type", "against_id", "modified_by", "date_modified")
"""What a change of status shows (dossier, section 8.1); the first three always."""
UNHELD: Final = ("rates", "jobs", "milestones", "contracts", "budgets", "schedules")
"""What may be referred to and is not held here: an id at most, and expanded null (dossier, section 8)."""


def _history(name: str) -> Resource:
    """The changes of status of a resource, as rows of `perform.histories`."""
    table = _table(f"{name} history", "history", HISTORY_KEYS, 3, _none)
    by_whom = linked("modified_by", "staff", lambda row, sight: ("staff", row["user"]) if row["user"] else None)
    return replace(table, fields=tuple(by_whom if row.name == "modified_by" else row for row in table.fields))


def _choice(name: str) -> Resource:
    choices = CHOICES[name]
    type_ = "class" if name.endswith("classes") else "type" if name.endswith("types") else name.removesuffix("s")
    return _table(name, type_, choices.keys, choices.defaults, choices.load, all_fields=choices.all_fields)


# Class and priority have no `_ALL` (dossier, section 5); nor has a task's status.
RESOURCES: tuple[Resource, ...] = (
    *map(_choice, CHOICES),
    _table("priorities", "priority", KEYS["priorities"], 2, TABLES["priorities"], all_fields=False),
    _table("task priorities", "priority", KEYS["task priorities"], 2, TABLES["task priorities"]),
    _table("issue priorities", "priority", KEYS["issue priorities"], 2, TABLES["issue priorities"]),
    *(
        _table(f"{name} statuses", "status", keys, 2, TABLES[f"{name} statuses"], all_fields=name != "tasks")
        for name, keys in STATUS_KEYS.items()
    ),
    *(_table(name, name.removesuffix("s"), ("id", "title"), 2, _none) for name in UNHELD),
    *(_history(name) for name in STANDINGS),
    _table("addresses", "address", ADDRESS_KEYS, 2, _addresses),
    _table("tags", "tag", ("id", "name"), 2, _none),
)

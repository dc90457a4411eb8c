"""The rows that resources are made of, and rendering by a plan made once for each ``_fields``."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapter.formats import TooLarge
from adapter.losses import LossReport
from canonical.model import PicklistItem, Record
from canonical.operations import Desk, Include
from canonical.query import TRUE, Node
from canonical.values import Instant
from dialects.affinitylive.fields.formats import TEXT, Format
from dialects.affinitylive.grammar import Item, Items

R = TypeVar("R", bound=Record)
NAMESPACE = "affinitylive"
MAX_PLAN = 3_000
PLANS_KEPT = 1_024
Target = tuple[str, int]
"""A linked object: its resource and its id there."""


class Sight:
    """What showing needs beside the record: the desk, who looks, when; and what was loaded for this answer.

    Without a desk (the pure directions) nothing can be loaded: linked objects are then unknown.
    """

    __slots__ = ("_kept", "_lists", "desk", "interact_types", "losses", "me", "memo", "now")

    def __init__(self, desk: Desk | None, me: int, now: Instant, losses: LossReport) -> None:
        self.desk = desk
        self.me = me
        self.now = now
        self.losses = losses
        self.memo: dict[str, Any] = {}
        self.interact_types: frozenset[str] | None = None
        self._kept: dict[tuple[type[Record], Include], dict[int, Any]] = {}
        self._lists: dict[str, list[PicklistItem]] = {}

    def many(self, kind: type[R], ids: Iterable[int], include: Include = ()) -> dict[int, R]:
        """The records of those ids that exist and may be seen, each loaded once an answer."""
        kept = self._kept.setdefault((kind, include), {})
        wanted = set(ids)
        missing = [id for id in wanted if id not in kept]
        if missing and self.desk is not None:
            found = self.desk.get_many(kind, missing, include)
            for id in missing:
                kept[id] = found.get(id)
        return {id: record for id in wanted if (record := kept.get(id)) is not None}

    def one(self, kind: type[R], id: int | None, include: Include = ()) -> R | None:
        return None if id is None else self.many(kind, (id,), include).get(id)

    def picklist(self, name: str) -> list[PicklistItem]:
        kept = self._lists.get(name)
        if kept is None:
            kept = self._lists[name] = [] if self.desk is None else self.desk.picklist(name)
        return kept


Show = Callable[[Any, Sight], Any]


def own(record: Any, key: str, default: Any = None) -> Any:
    """What this dialect keeps in the record's extras under `key`."""
    kept = record.extras.get(NAMESPACE)
    return default if kept is None else kept.get(key, default)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    `show` gives the bare value; `target` the linked object for ``name()``, in one of the resources `links`. Optional
    fields that ``_ALL`` leaves out have `in_all` false. `prepare` loads for a whole page what `show` needs.

    `attribute` or `extra` (a key of this dialect's extras) says where the value lives and `format` how it is written;
    `params` are the names under which it is taken, none for what is only shown. `on_update` false: only at creation.
    """

    name: str
    show: Show
    default: bool = False
    in_all: bool = True
    include: Include = ()
    prepare: Callable[[Sequence[Any], Sight], None] | None = None
    links: tuple[str, ...] = ()
    target: Callable[[Any, Sight], Target | None] | None = None
    attribute: str | None = None
    extra: str | None = None
    format: Format = TEXT
    params: tuple[str, ...] = ()
    on_update: bool = True


def column(
    name: str,
    attribute: str,
    format: Format = TEXT,
    *,
    default: bool = False,
    params: tuple[str, ...] | None = None,
    on_update: bool = True,
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
) -> Field:
    """A field that is one canonical field; taken under its own name unless `params` says otherwise."""
    shown = format.show

    def show(record: Any, sight: Sight) -> Any:
        return shown(getattr(record, attribute))

    taken = (name,) if params is None else params
    return Field(
        name, show, default, prepare=prepare, attribute=attribute, format=format, params=taken, on_update=on_update
    )


def kept(
    name: str,
    unset: Any = "",
    format: Format = TEXT,
    *,
    key: str | None = None,
    default: bool = False,
    params: tuple[str, ...] | None = None,
) -> Field:
    """A field without a canonical home: it lives as text in the extras and comes back as it came."""
    stored = key or name

    def show(record: Any, sight: Sight) -> Any:
        return own(record, stored, unset)

    return Field(name, show, default, extra=stored, format=format, params=(name,) if params is None else params)


def derived(
    name: str,
    show: Show,
    *,
    default: bool = False,
    in_all: bool = True,
    include: Include = (),
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
) -> Field:
    """A field that follows from others and is only shown."""
    return Field(name, show, default, in_all, include, prepare)


def linked(
    name: str,
    links: str | tuple[str, ...],
    target: Callable[[Any, Sight], Target | None],
    *,
    show: Show | None = None,
    default: bool = False,
    in_all: bool = True,
    include: Include = (),
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
) -> Field:
    """A field that is an id, or with brackets an object. An unset one is ``"0"`` bare and null expanded."""

    def bare(record: Any, sight: Sight) -> Any:
        found = target(record, sight)
        return "0" if found is None else str(found[1])

    names = (links,) if isinstance(links, str) else links
    return Field(name, show or bare, default, in_all, include, prepare, names, target)


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object of the API: `name` in paths (``activities``), `type` in references (``activity``).

    `load` gives its objects by id for linking; `where` says which records of `kind` it consists of.
    """

    name: str
    type: str
    fields: tuple[Field, ...]
    load: Callable[[Sight, Iterable[int], Include], dict[int, Any]]
    kind: builtins.type[Record] = Record
    where: Node = TRUE
    all_fields: bool = True
    by_name: dict[str, Field] = field(init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {row.name: row for row in self.fields})


@dataclass(frozen=True, slots=True)
class Plan:
    """What one ``_fields`` shows of a resource, worked out once."""

    resource: Resource
    scalars: tuple[tuple[str, Show], ...]
    objects: tuple[tuple[str, Callable[[Any, Sight], Target | None], dict[str, Plan]], ...]
    include: Include
    prepares: tuple[Callable[[Sequence[Any], Sight], None], ...]
    names: frozenset[str]


class Planner:
    """Makes plans over a registry of resources and keeps the latest."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = {resource.name: resource for resource in resources}
        self._kept: OrderedDict[tuple[str, Items, bool], Plan] = OrderedDict()

    def plan(self, resource: str, items: Items = (), *, hide_defaults: bool = False) -> Plan:
        """The plan for ``_fields``. Unknown names are ignored. Raises TooLarge for one that would show too much."""
        key = (resource, items, hide_defaults)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._plan(self.resources[resource], items, hide_defaults, [0])
            while len(self._kept) > PLANS_KEPT:
                self._kept.popitem(last=False)
        return found

    def _plan(self, resource: Resource, items: Items, hide: bool, budget: list[int]) -> Plan:
        asked: dict[str, Items | None] = {}
        if not hide:
            asked.update((row.name, None) for row in resource.fields if row.default)
        for item in items:
            if item.name == "_ALL":
                if resource.all_fields:
                    for row in resource.fields:
                        if row.in_all:
                            asked.setdefault(row.name, None)
            elif item.name in resource.by_name:
                before = asked.get(item.name)
                # The same field twice asks for both; the object wins over the bare id.
                asked[item.name] = before if item.items is None else (*(before or ()), *item.items)
        budget[0] += len(asked) + 1
        if budget[0] > MAX_PLAN:
            raise TooLarge(budget[0], MAX_PLAN)
        scalars: list[tuple[str, Show]] = []
        objects = []
        include: dict[str, None] = {}
        prepares = []
        for name, inner in asked.items():
            row = resource.by_name[name]
            if inner is not None and row.target is not None:
                plans = {link: self._plan(self.resources[link], inner, hide, budget) for link in row.links}
                objects.append((name, row.target, plans))
            else:
                scalars.append((name, row.show))
            include.update(dict.fromkeys(row.include))
            if row.prepare is not None and row.prepare not in prepares:
                prepares.append(row.prepare)
        return Plan(
            resource, tuple(scalars), tuple(objects), tuple(sorted(include)), tuple(prepares), frozenset(asked)
        )


def render(plan: Plan, records: Sequence[Any], sight: Sight) -> list[dict[str, Any]]:
    """The objects of a page. Linked ones are loaded a page at a time; without a desk their id alone is known."""
    for prepare in plan.prepares:
        prepare(records, sight)
    scalars = plan.scalars
    rows = [{name: show(record, sight) for name, show in scalars} for record in records]
    for name, target, plans in plan.objects:
        targets = [target(record, sight) for record in records]
        wanted: dict[str, set[int]] = {}
        for found in targets:
            if found is not None and found[0] in plans:
                wanted.setdefault(found[0], set()).add(found[1])
        made: dict[Target, dict[str, Any]] = {}
        for resource, ids in wanted.items():
            inner = plans[resource]
            loaded = inner.resource.load(sight, ids, inner.include)
            shown = render(inner, list(loaded.values()), sight)
            made.update(((resource, id), one) for id, one in zip(loaded, shown, strict=True))
        for row, found in zip(rows, targets, strict=True):
            row[name] = None if found is None else made.get(found)
            if found is not None and sight.desk is None and row[name] is None:
                row[name] = {"id": str(found[1])}
    return rows


def items_of(*names: str) -> Items:
    """Plain names as items."""
    return tuple(Item(name) for name in names)

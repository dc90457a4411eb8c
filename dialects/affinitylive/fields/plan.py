"""Showing records: by a plan that is made once for each ``_fields``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from adapter.formats import TooLarge
from canonical.operations import Include
from dialects.affinitylive.fields.rows import Rows, reads, writer
from dialects.affinitylive.fields.table import NEAR, Field, Near, Resource, Sight, Target
from dialects.affinitylive.wire.grammar import Items

MAX_PLAN = 3_000
PLANS_KEPT = 1_024
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class LinkPlan:
    """A linked object that is shown: by the plan of the resource in which it is found.

    Where that is one resource only, `plan` is its plan. `reference` is there where the record has the object's id,
    `near` where it may know all that is shown.
    """

    name: str
    target: Callable[[Any, Sight], Target | None]
    plans: dict[str, Plan]
    plan: Plan
    reference: Callable[[Any], int | None] | None
    near: Callable[[Any], Near | None] | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What one ``_fields`` shows of a resource, worked out once. `size` is the number of fields and objects."""

    resource: Resource
    rows: Rows
    links: tuple[LinkPlan, ...]
    include: Include
    prepares: tuple[Callable[[Sequence[Any], Sight], None], ...]
    names: frozenset[str]
    size: int


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
            found = self._kept[key] = Planning(self.resources, hide_defaults).plan(resource, items)
            while len(self._kept) > PLANS_KEPT:
                self._kept.popitem(last=False)
        return found


class Planning:
    """The making of one plan. What is shown alike of the same resource is planned once, but counted each time."""

    def __init__(self, resources: dict[str, Resource], hide_defaults: bool) -> None:
        self._resources = resources
        self._hide_defaults = hide_defaults
        self._shown = 0
        self._made: dict[tuple[str, Items], Plan] = {}

    def plan(self, name: str, items: Items) -> Plan:
        made = self._made.get((name, items))
        if made is not None:
            self._count(made.size)
            return made
        resource = self._resources[name]
        asked = self._asked(resource, items)
        self._count(len(asked) + 1)
        plain: list[Field] = []
        links: list[LinkPlan] = []
        for row in map(resource.by_name.__getitem__, asked):
            inner = asked[row.name]
            if inner is None or row.target is None:
                plain.append(row)
            else:
                links.append(self._link(row, row.target, inner))
        rows = [resource.by_name[name] for name in asked]
        made = self._made[name, items] = Plan(
            resource,
            writer(tuple(plain), tuple(link.name for link in links)),
            tuple(links),
            tuple(sorted({name for row in rows for name in row.include})),
            tuple(dict.fromkeys(row.prepare for row in rows if row.prepare is not None)),
            frozenset(asked),
            len(asked) + 1 + sum(plan.size for link in links for plan in link.plans.values()),
        )
        return made

    def _count(self, shown: int) -> None:
        self._shown += shown
        if self._shown > MAX_PLAN:
            raise TooLarge(self._shown, MAX_PLAN)

    def _asked(self, resource: Resource, items: Items) -> dict[str, Items | None]:
        """The fields to show, each with what is asked of its linked object, None for its bare value."""
        asked: dict[str, Items | None] = {}
        if not self._hide_defaults:
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
        return asked

    def _link(self, row: Field, target: Callable[[Any, Sight], Target | None], items: Items) -> LinkPlan:
        plans = {name: self.plan(name, items) for name in row.links}
        first = plans[row.links[0]]
        reference = None if row.reference is None else attrgetter(row.reference)
        return LinkPlan(row.name, target, plans, first, reference, row.near if _is_near(first) else None)


def _is_near(plan: Plan) -> bool:
    """Whether all that is shown is what a record knows of those that it links to."""
    read = reads([plan.resource.by_name[name] for name in plan.names])
    return not plan.links and read is not None and read <= NEAR


def render(plan: Plan, records: Sequence[Any], sight: Sight) -> list[Row]:
    """The objects of a page. Linked ones are loaded a page at a time; without a desk their id alone is known."""
    for prepare in plan.prepares:
        prepare(records, sight)
    rows = plan.rows(records, sight)
    if plan.links:
        _put_links(plan.links, records, rows, sight)
        if sight.desk is None:
            _put_ids(plan.links, records, rows, sight)
    return rows


def _put_ids(links: Sequence[LinkPlan], records: Sequence[Any], rows: Sequence[Row], sight: Sight) -> None:
    """Puts the ids of linked objects on their rows, where nothing could be loaded."""
    for link in links:
        for record, row in zip(records, rows, strict=True):
            found = link.target(record, sight)
            if found is not None and row[link.name] is None:
                row[link.name] = {"id": str(found[1])}


def _put_links(links: Sequence[LinkPlan], records: Sequence[Any], rows: Sequence[Row], sight: Sight) -> None:
    """Puts the linked objects on their rows: all that one plan shows are loaded together."""
    wanted: dict[Plan, set[int | None]] = {}
    references: list[tuple[LinkPlan, list[int | None]]] = []
    found: list[tuple[LinkPlan, Sequence[Row], list[Target | None]]] = []
    for link in links:
        if link.reference is not None:
            ids = list(map(link.reference, records))
            wanted.setdefault(link.plan, set()).update(ids)
            references.append((link, ids))
            continue
        linking, open_rows = (records, rows) if link.near is None else _put_near(link, link.near, records, rows, sight)
        if not linking:
            continue
        plans, target = link.plans, link.target
        targets = [target(record, sight) for record in linking]
        for one in targets:
            if one is not None and one[0] in plans:
                wanted.setdefault(plans[one[0]], set()).add(one[1])
        found.append((link, open_rows, targets))
    shown = {plan: _shown(plan, ids, sight) for plan, ids in wanted.items()}
    for link, ids in references:
        name, there = link.name, shown[link.plan]
        for row, id in zip(rows, ids, strict=True):
            row[name] = there.get(id)
    for link, open_rows, targets in found:
        name, plans = link.name, link.plans
        for row, one in zip(open_rows, targets, strict=True):
            if one is not None and one[0] in plans:
                row[name] = shown[plans[one[0]]].get(one[1])


def _put_near(
    link: LinkPlan, near: Callable[[Any], Near | None], records: Sequence[Any], rows: Sequence[Row], sight: Sight
) -> tuple[Sequence[Any], Sequence[Row]]:
    """Puts what the records themselves know of a linked object on their rows; gives the others and their rows."""
    name = link.name
    known = [near(record) for record in records]
    told = [one for one in known if one is not None]
    shown = link.plan.rows(told, sight)
    if len(told) == len(known):
        for row, one in zip(rows, shown, strict=True):
            row[name] = one
        return (), ()
    others = []
    rest = iter(shown)
    for record, row, found in zip(records, rows, known, strict=True):
        if found is None:
            others.append((record, row))
        else:
            row[name] = next(rest)
    return [record for record, _ in others], [row for _, row in others]


def _shown(plan: Plan, ids: set[int | None], sight: Sight) -> dict[int | None, Row]:
    """The objects of those ids that exist and may be seen."""
    loaded = plan.resource.load(sight, [id for id in ids if id is not None], plan.include)
    return dict(zip(loaded, render(plan, list(loaded.values()), sight), strict=True))

"""Interacts: the restructured list, and those of one activity ([seed] "Handling Interacts")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.values import SECOND
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.subjects import interact_links, interact_owner
from dialects.affinitylive.fields.table import Sight
from dialects.affinitylive.perform.shared import find_one, show, sight_of
from dialects.affinitylive.query.build import interact_types
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.grammar import Items

NOT_FOR_OWNERS = ("interacts", "_ALL")


def are_asked(items: Items) -> bool:
    return any(item.name == "interacts" for item in items)


def owners(call: Call, records: Sequence[Any], sight: Sight) -> dict[str, list[dict[str, Any]]]:
    """``staff`` and ``contacts``: each owner of a shown interact once, by id, with the names of ``_fields`` too."""
    items = tuple(item for item in parameters.of(call).fields if item.name not in NOT_FOR_OWNERS)
    wanted: dict[str, set[int]] = {"staff": set(), "contacts": set()}
    for record in records:
        for link in interact_links(record, sight):
            resource, id = interact_owner(link)
            wanted[resource].add(id)
    return {name: list(_people(call, name, ids, sight, items).values()) for name, ids in wanted.items()}


def _people(call: Call, name: str, ids: set[int], sight: Sight, items: Items) -> dict[int, dict[str, Any]]:
    found = RESOURCES[name].load(sight, ids, ())
    ordered = [found[id] for id in sorted(found)]
    return {record.id: shown for record, shown in zip(ordered, show(call, name, ordered, sight, items), strict=True)}


def of_activity(call: Call) -> WireResponse:
    """{staff[], contacts[]}, each with the ``interact`` that it has with the activity."""
    given = parameters.of(call)
    sight = sight_of(call)
    sight.interact_types = interact_types(given.filters)
    record = find_one(call, "activities", sight, include=("links",))
    links = interact_links(record, sight)
    out: dict[str, list[dict[str, Any]]] = {"staff": [], "contacts": []}
    items = tuple(item for item in given.fields if item.name not in NOT_FOR_OWNERS)
    for name, shown in out.items():
        mine = [link for link in links if interact_owner(link)[0] == name]
        people = _people(call, name, {link.target.id for link in mine}, sight, items)
        for link in mine:
            owner = people.get(link.target.id)
            if owner is not None:
                interact = {"id": str(link.id), "type": link.role, "date_actioned": str(link.at // SECOND)}
                shown.append({**owner, "interact": interact})
    return answer(call, out)


def count(call: Call) -> WireResponse:
    sight = sight_of(call)
    sight.interact_types = interact_types(parameters.of(call).filters)
    record = find_one(call, "activities", sight, include=("links",))
    return answer(call, {"count": str(len(interact_links(record, sight)))})

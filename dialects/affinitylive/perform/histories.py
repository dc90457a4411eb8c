"""Changes of status of tasks, issues and prospects, by whatever door (dossier, section 8.1)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.query import TRUE, Compare, Has, Node, Op, Query, Sort, Window, all_of, any_of, eq, one_of
from canonical.values import SECOND
from dialects.affinitylive.fields.lookups import HISTORY_KEYS
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.work import STEPS
from dialects.affinitylive.perform.shared import Handler, note_unknown, paged, plan_of, sight_of
from dialects.affinitylive.query import small
from dialects.affinitylive.query.build import build
from dialects.affinitylive.query.columns import Moments, integers
from dialects.affinitylive.query.filters import Filters
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.grammar import Items
from dialects.affinitylive.wire.parameters import record_id

MOST_RECORDS = 10_000
"""Histories are those of so many records, the first by id."""
_NUMBERS = frozenset({"id", "to_id", "against_id", "modified_by", "date_modified"})


def _against(items: Items) -> Node | None:
    """``against(issue(4))``; a type without ids means any of it."""
    nodes = []
    for item in items:
        ids = None if item.items is None else integers(tuple(inner.name for inner in item.items))
        of_type = eq("against_type", item.name)
        nodes.append(of_type if ids is None else all_of(of_type, one_of("against_id", ids)))
    return any_of(*nodes) if nodes else None


def _compared(op: Op) -> Any:
    return lambda second: Compare("date_modified", op, second)


_BASE = small.filters_of(HISTORY_KEYS, "to_title", _NUMBERS)
FILTERS = Filters(
    columns=_BASE.columns,
    moments={
        "date_modified": Moments(
            _compared(Op.LT), _compared(Op.GT), _compared(Op.EQ), Compare("date_modified", Op.NULL)
        )
    },
    orders={name: (Sort(name),) for name in ("id", "date_modified")},
    objects={"against": _against},
    search=_BASE.search,
)


def _all(call: Call, name: str) -> list[dict[str, Any]]:
    """One row a change, oldest first."""
    resource, standings = RESOURCES[name], STANDINGS[name]
    query = Query(all_of(resource.where, Has("steps", TRUE)), (Sort("id"),), Window(0, MOST_RECORDS))
    rows: list[dict[str, Any]] = []
    for record in call.desk.find(resource.kind, query, STEPS).items:
        for step in record.steps:  # type: ignore[attr-defined]
            reached = standings.reached(step.word)
            rows.append(
                {
                    "id": str(step.id),
                    "to_id": "0" if reached is None else str(standings.id_of(reached.word)),
                    "to_title": step.word if reached is None else reached.title,
                    "against_type": resource.type,
                    "against_id": str(record.id),
                    "user": step.user_id,
                    "modified_by": str(step.user_id or 0),
                    "date_modified": str(step.at // SECOND),
                }
            )
    rows.sort(key=lambda row: int(row["id"]))
    return rows


def _chosen(call: Call, name: str) -> list[dict[str, Any]]:
    note_unknown(call, f"{name} history", FILTERS)
    return small.chosen(_all(call, name), build(FILTERS, parameters.of(call), TRUE, 1))


def lister(name: str) -> Handler:
    return lambda call: answer(
        call, render(plan_of(call, f"{name} history"), paged(call, _chosen(call, name)), sight_of(call))
    )


def counter(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_chosen(call, name)))})


def reader(name: str) -> Handler:
    """One change, by its number. Raises NotFound."""

    def handle(call: Call) -> WireResponse:
        number = str(record_id(call.params["id"]))
        found = [row for row in _all(call, name) if row["id"] == number]
        if not found:
            raise NotFound(f"{name} history", number)
        return answer(call, render(plan_of(call, f"{name} history"), found, sight_of(call))[0])

    return handle

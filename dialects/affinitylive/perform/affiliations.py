"""Affiliations: a person's first is the person, with his id; further ones are employments with ids of their own.

A list is of both, in one order (dossier, section 8.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Employment, Party, Record
from canonical.operations import Create, Delete, Include, Update
from canonical.query import FALSE, TRUE, Query, Sort, Window
from canonical.values import fold
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.table import NAMESPACE, own
from dialects.affinitylive.perform.activities import may_delete
from dialects.affinitylive.perform.people import points_of, update
from dialects.affinitylive.perform.shared import (
    ORDERS,
    Handler,
    find_one,
    plan_of,
    query_of,
    read_simple,
    read_standing,
    reference,
    show_one,
    sight_of,
)
from dialects.affinitylive.query import small
from dialects.affinitylive.query.build import build
from dialects.affinitylive.query.tables import EMPLOYMENTS
from dialects.affinitylive.settings import page_cap
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer

EVERY = 2**62


def _further(call: Call, order: str) -> Query:
    """The request's query, of employments."""

    def work(given: parameters.Parameters) -> Query:
        return build(EMPLOYMENTS, given, TRUE, page_cap(call.settings), sort=ORDERS[order], fixed=bool(order))

    key = ("query", "employments", order, page_cap(call.settings))
    return parameters.of(call).once(key, work)


def find(call: Call, order: str, include: Include) -> Sequence[Record]:
    """The affiliations of a page."""
    query, more = query_of(call, "affiliations", order), _further(call, order)
    offset, limit = query.window.offset, query.window.limit or 0
    further: Sequence[Any] = ()
    if more.where != FALSE and call.desk.count(Employment):
        found = Query(more.where, more.sort, Window(0, offset + limit))
        further = call.desk.find(Employment, found, include).items
    # Of the persons before the page only so many can come to stand on it as there are others before them.
    start = max(0, offset - len(further))
    people: Sequence[Any] = ()
    if query.where != FALSE:
        window = Window(start, limit + offset - start)
        people = call.desk.find(Party, Query(query.where, query.sort, window), include).items
    if not further:
        return people
    return _in_order([*people, *further], query.sort)[offset - start : offset - start + limit]


def count(call: Call) -> int:
    where, more = query_of(call, "affiliations").where, _further(call, "").where
    found = 0 if where == FALSE else call.desk.count(Party, where)
    return found + (call.desk.count(Employment, more) if more != FALSE and call.desk.count(Employment) else 0)


def _in_order(records: list[Any], sort: Sequence[Sort]) -> list[Any]:
    """As the store orders either: by folded text, missing values first, ties by id."""
    records.sort(key=lambda record: record.id)
    for term in reversed(sort):
        records.sort(key=lambda record: _key(record, term), reverse=term.descending)
    return records


def _key(record: Any, term: Sort) -> tuple[int, Any]:
    if isinstance(term.field, str):
        value = _Seen(record).get(term.field)
    else:
        value = int(small.holds(term.field, _Seen(record)))  # type: ignore[arg-type]
    if value is None:
        return 0, 0
    return 1, fold(value) if isinstance(value, str) else int(value)


class _Seen(dict[str, Any]):
    """A record by the names that queries have for its fields."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def get(self, name: str, default: Any = None) -> Any:
        if name.startswith(f"extras.{NAMESPACE}."):
            return own(self._record, name.rpartition(".")[2], default)
        value = getattr(self._record, name, default)
        return int(value) if isinstance(value, bool) else value


def lister(order: str = "") -> Handler:
    def handle(call: Call) -> WireResponse:
        plan = plan_of(call, "affiliations")
        return answer(call, render(plan, find(call, order, plan.include), sight_of(call)))

    return handle


def counter(call: Call) -> WireResponse:
    return answer(call, {"count": str(count(call))})


def create(call: Call) -> WireResponse:
    """Always a new one: a person may be linked to a company more than once, and to several (dossier, section 8.2).

    Raises BadRequest, NotFound.
    """
    given = parameters.of(call)
    contact_id, company_id = reference(given, "contact_id"), reference(given, "company_id")
    if not contact_id or not company_id:
        raise BadRequest("contact_id" if not contact_id else "company_id")
    sight = sight_of(call)
    person = find_one(call, "contacts", sight, str(contact_id))
    company = find_one(call, "companies", sight, str(company_id))
    if person.organisation_id is None:
        return update(call, "affiliations", call.desk.get(Party, person.id, ("points",)))
    changes = read_simple(RESOURCES["affiliations"], given, None, sight)
    read_standing("affiliations", given, None, changes)
    points, _ = points_of("affiliations", given, None)
    values = {name: value for name, value in changes.values.items() if value is not None}
    made = call.desk.create(
        Create(
            Employment,
            {**values, "person_id": person.id, "organisation_id": company.id},
            points=tuple(points),
            extras={NAMESPACE: {name: value for name, value in changes.extras.items() if value is not None}},
        )
    )
    return show_one(call, "affiliations", made)


def delete(call: Call) -> WireResponse:
    """Ends it; the contact and the others stay, and the next one becomes the default in its place."""
    may_delete(call)
    record = find_one(call, "affiliations", sight_of(call))
    if isinstance(record, Employment):
        call.desk.delete(Delete(Employment, record.id))
    else:
        call.desk.update(Update(Party, record.id, {"organisation_id": None}))
    return answer(call, None)

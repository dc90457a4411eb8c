"""Lists, counts and single objects of every resource with a canonical kind; small lists of plain objects."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Party
from canonical.query import FALSE, Query, all_of, eq
from dialects.affinitylive import parameters
from dialects.affinitylive.codec.envelope import answer
from dialects.affinitylive.fields.lookups import TABLES
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.handlers.shared import Handler, find_one, plan_of, query_of, show, sight_of
from dialects.affinitylive.parameters import record_id
from dialects.affinitylive.query.build import window
from dialects.affinitylive.settings import page_cap


def lister(name: str, order: str = "") -> Handler:
    """The list of a resource; `order` is "", ``recent`` or ``newest``."""
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        plan = plan_of(call, name)
        query = query_of(call, name, order)
        found = () if query.where == FALSE else call.desk.find(kind, query, plan.include).items
        return answer(call, render(plan, found, sight_of(call)))

    return handle


def counter(name: str) -> Handler:
    """``{"count": "42"}`` under the same filters."""
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        interacts = any(item.name == "interacts" for item in parameters.of(call).fields)
        where = query_of(call, name, with_interacts=interacts).where
        return answer(call, {"count": str(call.desk.count(kind, where))})

    return handle


def reader(name: str) -> Handler:
    """One object; also what is not in lists, such as a user's contact card."""

    def handle(call: Call) -> WireResponse:
        sight = sight_of(call)
        plan = plan_of(call, name)
        record = find_one(call, name, sight, include=plan.include)
        return answer(call, render(plan, [record], sight)[0])

    return handle


# -- plain objects: classes, priorities, statuses, types ---------------------------------------------


def table_lister(name: str) -> Handler:
    def handle(call: Call) -> WireResponse:
        sight = sight_of(call)
        rows = list(TABLES[name](sight).values())
        page = window(parameters.of(call), page_cap(call.settings))
        shown = rows[page.offset : page.offset + (page.limit or len(rows))]
        return answer(call, _shown(call, name, shown))

    return handle


def table_counter(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(TABLES[name](sight_of(call))))})


def table_reader(name: str) -> Handler:
    def handle(call: Call) -> WireResponse:
        number = record_id(call.params["id"])
        found = TABLES[name](sight_of(call)).get(number)
        if found is None:
            raise NotFound(name, number)
        return answer(call, _shown(call, name, [found])[0])

    return handle


def _shown(call: Call, name: str, rows: list[Any]) -> list[dict[str, Any]]:
    return render(plan_of(call, name), rows, sight_of(call))


def status_reader(name: str) -> Handler:
    """The status of one object: ``/issues/5/status``."""
    standings = STANDINGS[name]

    def handle(call: Call) -> WireResponse:
        record = find_one(call, name, sight_of(call))
        row = standings.statuses()[standings.id_of(standings.show(record)) - 1]
        return answer(call, _shown(call, f"{name} statuses", [row])[0])

    return handle


def collections(name: str) -> Handler:
    """Collections of files: none are kept here."""

    def handle(call: Call) -> WireResponse:
        find_one(call, name, sight_of(call))
        return answer(call, {"collections": []})

    return handle


def tags(call: Call) -> WireResponse:
    """All tags of the tenant, by id."""
    found = call.desk.find_tags()
    page = window(parameters.of(call), page_cap(call.settings))
    rows = [{"id": str(tag.id), "name": tag.name} for tag in found]
    return answer(call, rows[page.offset : page.offset + (page.limit or len(rows))])


def tag_count(call: Call) -> WireResponse:
    return answer(call, {"count": str(len(call.desk.find_tags()))})


def company_contacts(call: Call) -> WireResponse:
    """The contacts of one company, with the filters of /contacts."""
    company = find_one(call, "companies", sight_of(call))
    query = query_of(call, "contacts")
    where = all_of(query.where, eq("organisation_id", company.id))
    found = call.desk.find(Party, Query(where, query.sort, query.window))
    return answer(call, show(call, "contacts", found.items, sight_of(call)))

"""Lists, counts and single objects of every resource with a canonical kind; small lists of plain objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Activity, Party, Tag, User, display_name
from canonical.query import FALSE, TRUE, Has, Node, Query, Sort, Window, all_of, any_of, eq, one_of
from canonical.values import fold_key
from dialects.affinitylive.errors import BadRequest, ReadOnly
from dialects.affinitylive.fields.lookups import ACTIVE_ONLY, ADDRESS_KEYS, TABLES
from dialects.affinitylive.fields.people import addresses as addresses_of
from dialects.affinitylive.fields.people import first_affiliation, person_of
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import RESOURCE_OF_TYPE, type_word
from dialects.affinitylive.perform.shared import (
    Handler,
    find_one,
    note_unknown,
    paged,
    plan_of,
    query_of,
    selected,
    show,
    sight_of,
)
from dialects.affinitylive.query import small
from dialects.affinitylive.query.build import order, searched
from dialects.affinitylive.query.build import where as small_where
from dialects.affinitylive.query.subjects import linked_against
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.grammar import Items
from dialects.affinitylive.wire.parameters import record_id, whole

ADDRESSES = small.filters_of(ADDRESS_KEYS, "full")
TAGS = small.filters_of(("id", "name"), "name")
MOST_TAGGED = 10_000
MOST_META = 1_000


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
    return lambda call: answer(call, _shown(call, name, paged(call, _chosen(call, name))))


def table_counter(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_chosen(call, name)))})


def _chosen(call: Call, name: str) -> list[dict[str, Any]]:
    rows = list(TABLES[name](sight_of(call)).values())
    if name in ACTIVE_ONLY and not any(item.name.startswith("standing") for item in parameters.of(call).filters):
        rows = [row for row in rows if row["standing"] == "active"]
    return selected(call, name, rows, small.filters(name))


def table_reader(name: str) -> Handler:
    def handle(call: Call) -> WireResponse:
        number = record_id(call.params["id"])
        found = TABLES[name](sight_of(call)).get(number)
        if found is None:
            raise NotFound(name, number)
        return answer(call, _shown(call, name, [found])[0])

    return handle


def _shown(call: Call, name: str, rows: Sequence[Any]) -> list[dict[str, Any]]:
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
    return answer(call, list(paged(call, _tags(call))))


def tag_count(call: Call) -> WireResponse:
    return answer(call, {"count": str(len(_tags(call)))})


def tag(call: Call) -> WireResponse:
    number = record_id(call.params["id"])
    found = call.desk.find_tags(ids=(number,))
    if not found:
        raise NotFound("tags", number)
    return answer(call, _tag(found[0]))


def create_tag(call: Call) -> WireResponse:
    """The tag of that name, made when there is none (dossier, section 8.3)."""
    name = (parameters.of(call).text("name") or "").strip()
    if not name:
        raise BadRequest("name")
    wanted = fold_key(name)
    there = [one for one in call.desk.find_tags(name) if fold_key(one.name) == wanted]
    return answer(call, _tag(there[0] if there else call.desk.save_tag(Tag(0, name))))


def _tag(tag: Tag) -> dict[str, str]:
    return {"id": str(tag.id), "name": tag.name}


def _tags(call: Call) -> list[dict[str, Any]]:
    def against(items: Items) -> Node | None:
        """The tags that are put on those things."""
        ids: set[int] = set()
        for item in items:
            word = type_word(item.name)
            resource = None if word is None else RESOURCE_OF_TYPE.get(word)
            if resource is None:
                continue
            things = [id for inner in item.items or () if (id := whole(inner.name)) is not None]
            tagged: Iterable[Any]
            if things or item.items:
                tagged = RESOURCES[resource].load(sight_of(call), things, ("tags",)).values()
            else:
                where = all_of(RESOURCES[resource].where, Has("tags", TRUE))
                query = Query(where, window=Window(0, MOST_TAGGED))
                tagged = call.desk.find(RESOURCES[resource].kind, query, ("tags",)).items
            ids.update(tag.id for thing in tagged for tag in getattr(thing, "tags", ()))
        return one_of("id", sorted(ids)) if items else None

    table = replace(TAGS, objects={"against": against})
    # What a filter means here depends on the desk, so nothing of it is kept.
    note_unknown(call, "tags", table)
    given = parameters.of(call)
    where = all_of(small_where(table, given.filters), *searched(table, given.text("_search") or ""))
    return small.chosen([_tag(tag) for tag in call.desk.find_tags()], Query(where, order(table, given.filters)))


# -- what belongs to a company or a person -------------------------------------------------------------


def company_contacts(call: Call) -> WireResponse:
    """The contacts of one company, with the filters of /contacts."""
    query = _at_company(call)
    found = call.desk.find(Party, query)
    return answer(call, show(call, "contacts", found.items, sight_of(call)))


def company_contact_count(call: Call) -> WireResponse:
    return answer(call, {"count": str(call.desk.count(Party, _at_company(call).where))})


def _at_company(call: Call) -> Query:
    company = find_one(call, "companies", sight_of(call))
    query = query_of(call, "contacts")
    there = eq("organisation_id", company.id)
    return Query(all_of(query.where, any_of(there, Has("employments", there))), query.sort, query.window)


def company_contact(call: Call) -> WireResponse:
    """The contact of the company's default affiliation; null where it has none."""
    sight = sight_of(call)
    company = find_one(call, "companies", sight)
    first = first_affiliation(company, sight)
    person = None if first is None else person_of(sight, first[1])
    found = [] if person is None else list(RESOURCES["contacts"].load(sight, (person,), ()).values())
    return answer(call, show(call, "contacts", found, sight)[0] if found else None)


def addresses(name: str) -> Handler:
    """The addresses of a company or contact."""

    def handle(call: Call) -> WireResponse:
        found = addresses_of(find_one(call, name, sight_of(call), include=("points",)))
        rows = paged(call, selected(call, "addresses", found, ADDRESSES))
        return answer(call, _shown(call, "addresses", rows))

    return handle


def issue_tasks(call: Call) -> WireResponse:
    """The tasks against one issue, with the filters of /tasks."""
    issue = find_one(call, "issues", sight_of(call))
    plan, query = plan_of(call, "tasks"), query_of(call, "tasks")
    where = all_of(query.where, linked_against(("issue",), [issue.id]))
    found = call.desk.find(Activity, Query(where, query.sort, query.window), plan.include).items
    return answer(call, render(plan, found, sight_of(call)))


def empty(name: str | None = None) -> Handler:
    """A list of which nothing is held, of one thing where `name` says of which resource."""

    def handle(call: Call) -> WireResponse:
        if name is not None:
            find_one(call, name, sight_of(call))
        return answer(call, [])

    return handle


def none(call: Call) -> WireResponse:
    return answer(call, {"count": "0"})


def unknown_id(call: Call) -> WireResponse:
    """One of a list of which nothing is held. Raises NotFound."""
    raise NotFound(call.request.path[:200], 0)


def read_only(call: Call) -> WireResponse:
    """What this server shows and does not take. Raises ReadOnly."""
    raise ReadOnly()


def task_meta(call: Call) -> WireResponse:
    """Who and what tasks are of: the lists that a client offers to choose from (dossier, section 8.4)."""
    sight = sight_of(call)
    page = Window(0, MOST_META)
    staff = [
        {"id": str(user.id), "name": display_name(user.first_name, user.last_name) or user.username,
         "email": user.email or ""}
        for user in call.desk.find(User, Query(eq("active", True), (Sort("id"),), page)).items
    ]  # fmt: skip
    kinds = [("company", "Company"), ("contact", "Contact"), ("issue", "Issue"), ("prospect", "Sale")]
    against = [{"id": word, "name": title} for word, title in kinds]
    statuses = [
        {key: row[key] for key in ("id", "title", "standing")} for row in TABLES["tasks statuses"](sight).values()
    ]
    return answer(call, {"managers": staff, "assignees": staff, "against": against, "status": statuses})

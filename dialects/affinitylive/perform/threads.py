"""Threads: an activity and all that answers it (dossier, sections 2, 4 and 5)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Activity
from canonical.query import Compare, Has, Node, Not, Op, Query, Sort, Window, all_of, any_of, contains, eq, one_of
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.activity import MEDIUM, NOT_TASKS, thread_of
from dialects.affinitylive.fields.subjects import INTERACT_TYPES
from dialects.affinitylive.perform import interacts
from dialects.affinitylive.perform.shared import find_one, show, sight_of
from dialects.affinitylive.query.build import where, window
from dialects.affinitylive.query.columns import integers
from dialects.affinitylive.query.tables import ACTIVITIES
from dialects.affinitylive.settings import page_cap
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.grammar import Item, Items

# Through the children of a thread at most so many activities lead back to their first one.
MAX_CHILDREN = 5_000
MAX_ACTIVITIES = 10_000
_ROOT = Compare("thread_id", Op.NULL)
_PASSED_ON = ("against_type", "against_id", "date_logged_before", "date_logged_after", "against", "min_id", "max_id")
_NEWEST = (Sort("created_at", True), Sort("id", True))


def _wanted(call: Call) -> Node:
    """What some activity of the thread must be."""
    given = parameters.of(call)
    filters = {item.name: item.items for item in given.filters if item.items is not None}
    if bool(filters.get("against_type")) != bool(filters.get("against_id")):
        raise BadRequest("against_type")  # both or neither (dossier, section 5)
    nodes = [where(ACTIVITIES, tuple(Item(name, filters[name]) for name in _PASSED_ON if name in filters))]
    involved = filters.get("staff_involved")
    if involved:
        ids = integers(tuple(item.name for item in involved))
        took = Has("links", all_of(eq("target_kind", "user"), one_of("target_id", ids)))
        nodes.append(any_of(one_of("owner_id", ids), took))
    scope = filters.get("scope")
    if scope:
        # What the thread is against says nothing of who took part.
        outside = Has("links", all_of(one_of("role", INTERACT_TYPES), eq("target_kind", "party")))
        words = {item.name for item in scope}
        if words == {"external"}:
            nodes.append(outside)
        elif words == {"internal"}:
            nodes.append(all_of(NOT_TASKS, Not(outside)))
    text = (given.text("q") or "").strip()
    if text:
        body = all_of(Compare("body", Op.NOT_NULL), contains("body", text))
        nodes.append(any_of(contains("title", text), body))
    return all_of(*nodes)


def _roots(call: Call) -> Node:
    """The first activities of the threads in which some activity is what is wanted."""
    wanted = _wanted(call)
    base = all_of(NOT_TASKS, _ROOT)
    if wanted == all_of():
        return base
    children = all_of(NOT_TASKS, Compare("thread_id", Op.NOT_NULL), wanted)
    found = call.desk.find(Activity, Query(children, _NEWEST, Window(0, MAX_CHILDREN))).items
    return all_of(base, any_of(wanted, one_of("id", sorted({thread_of(child) for child in found}))))


def lister(call: Call) -> WireResponse:
    """{"threads": […]}, newest first; with interacts {contacts, staff, threads} [pilot]."""
    page = window(parameters.of(call), page_cap(call.settings))
    found = call.desk.find(Activity, Query(_roots(call), _NEWEST, page)).items
    sight = sight_of(call)
    members: dict[int, list[Any]] = {root.id: [] for root in found}
    if members:
        ids = tuple(members)
        inside = all_of(NOT_TASKS, any_of(one_of("id", ids), one_of("thread_id", ids)))
        for record in call.desk.find(Activity, Query(inside, _NEWEST, Window(0, MAX_ACTIVITIES)), ("links",)).items:
            members[thread_of(record)].append(record)
    items = parameters.of(call).fields
    threads = [_thread(call, root, members[root.id] or [root], items, sight) for root in found]
    if not interacts.are_asked(items):
        return answer(call, {"threads": threads})
    everyone = [record for records in members.values() for record in records]
    people = interacts.owners(call, everyone, sight)
    return answer(call, {**people, "affiliations": people["contacts"], "threads": threads})


def count(call: Call) -> WireResponse:
    return answer(call, {"count": str(call.desk.count(Activity, _roots(call)))})


def read(call: Call) -> WireResponse:
    """{"thread": {…}} of the activity that began it, or of any in it."""
    sight = sight_of(call)
    asked = find_one(call, "activities", sight)
    root_id = thread_of(asked)
    inside = all_of(
        NOT_TASKS, any_of(eq("id", root_id), all_of(Compare("thread_id", Op.NOT_NULL), eq("thread_id", root_id)))
    )
    found = call.desk.find(Activity, Query(inside, _NEWEST, Window(0, MAX_ACTIVITIES)), ("links",)).items
    if not found:
        raise NotFound("threads", asked.id)
    thread = _thread(call, found[-1], found, parameters.of(call).fields, sight)
    thread["id"] = root_id
    return answer(call, {"thread": thread})


def _thread(call: Call, root: Any, records: Any, items: Items, sight: Any) -> dict[str, Any]:
    """``id`` is the one number among strings (dossier, section 4)."""
    latest = records[0]
    medium = MEDIUM.show(latest.type)
    return {
        "id": root.id,
        "event_text": f"replied by {medium}" if len(records) > 1 else f"logged by {medium}",
        "total_activities": str(len(records)),
        "activities": show(call, "activities", records, sight, items),
    }

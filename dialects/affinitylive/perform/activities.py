"""Activities: list with interacts, create, update, delete, reports, allocations (dossier, sections 2, 4 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Denied, NotFound
from canonical.model import Activity
from canonical.operations import Create, Delete, NewLink, Update
from canonical.query import FALSE, Compare, Op, Query, Sort, Window, all_of, any_of
from canonical.values import Ref
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.activity import ACTIVITIES, charged
from dialects.affinitylive.fields.activity import title as title_of
from dialects.affinitylive.fields.formats import read_flag
from dialects.affinitylive.fields.lookups import CHOICES, class_id
from dialects.affinitylive.fields.people import person_of
from dialects.affinitylive.fields.plan import render
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.subjects import BILLABLE, RECIPIENTS
from dialects.affinitylive.fields.subjects import against as against_of
from dialects.affinitylive.fields.table import NAMESPACE, Sight, own
from dialects.affinitylive.perform import against as subject
from dialects.affinitylive.perform import interacts
from dialects.affinitylive.perform.shared import (
    Changes,
    Handler,
    find_one,
    only_said,
    plan_of,
    query_of,
    read_custom,
    read_priority,
    read_simple,
    reference,
    show_one,
    sight_of,
)
from dialects.affinitylive.query.build import interact_types
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.parameters import Parameters

SYSTEM_USER = 1
KIND_OF_RECIPIENT = {"staff": "user", "affiliation": "party", "contact": "party"}
OWNER_ONLY = ("title", "body")
MAX_RECIPIENTS = 1_000
_BATCH = 1_000


def lister(order: str = "") -> Handler:
    """The list; with ``interacts`` in ``_fields`` it is {activities, staff, contacts}, newest id first [seed]."""

    def handle(call: Call) -> WireResponse:
        given = parameters.of(call)
        items = given.fields
        restructured = interacts.are_asked(items)
        plan = plan_of(call, "activities")
        query = query_of(call, "activities", order, with_interacts=restructured)
        if restructured and not query.sort:
            query = Query(query.where, (Sort("id", True),), query.window)
        found = () if query.where == FALSE else call.desk.find(Activity, query, plan.include).items
        sight = sight_of(call)
        if not restructured:
            return answer(call, render(plan, found, sight))
        sight.interact_types = interact_types(given.filters)
        return answer(call, {"activities": render(plan, found, sight), **interacts.owners(call, found, sight)})

    return handle


def read(call: Call) -> WireResponse:
    """One activity: the response stays one object, also with interacts [pilot]."""
    sight = sight_of(call)
    given = parameters.of(call)
    sight.interact_types = interact_types(given.filters)
    plan = plan_of(call, "activities")
    record = find_one(call, "activities", sight, include=plan.include)
    return answer(call, render(plan, [record], sight)[0])


# -- create ------------------------------------------------------------------------------------------


def create(call: Call) -> WireResponse:
    """Raises BadRequest, NotFound, Denied."""
    made = call.desk.create(operation(call, parameters.of(call), {}))
    return show_one(call, "activities", made)


def operation(call: Call, given: Parameters, defaults: Mapping[str, Any]) -> Create[Activity]:
    """The Create that parameters ask for; `defaults` stand in for values that they do not give."""
    sight = sight_of(call)
    changes = read_simple(ACTIVITIES, given, None, sight)
    values = {"type": "note", **defaults, **{name: v for name, v in changes.values.items() if v is not None}}
    if not str(values.get("title") or "").strip():
        raise BadRequest("subject")
    # Only the system user's activities are for all unless told otherwise (dossier, section 7).
    values.setdefault("visibility", "everyone" if sight.me == SYSTEM_USER else "private")
    changes.values = values
    _read_thread(call, given, changes)
    against = subject.read(call, given)
    owner = _read_owner(call, given, changes)
    _read_references(given, None, changes, sight)
    if given.text("send_invites") is not None and "invitation" not in changes.extras:
        changes.extras["invitation"] = "1" if _flag(given, "send_invites") else "0"
    links = [against.link] if against is not None and against.link is not None else []
    if against is not None:
        changes.extras.update(against.kept)
    author = Ref("user", values.get("owner_id", sight.me)) if owner is None else owner
    links.append(NewLink(author, "from" if values["type"] == "email" else "creator"))
    links.extend(_recipients(call, given))
    _settle_time(call, changes, None, "staff" if against is None else against.word, owner is None)
    only_said(call)
    return Create(
        Activity,
        values,
        links=tuple(links),
        custom=read_custom(call, "activity", given),
        extras={NAMESPACE: {key: value for key, value in changes.extras.items() if value is not None}},
    )


def _flag(given: Parameters, name: str) -> bool:
    try:
        return read_flag(given.text(name) or "")
    except ValueError:
        raise BadRequest(name) from None


def _read_thread(call: Call, given: Parameters, changes: Changes) -> None:
    """Parent and thread: a child belongs to its parent's thread."""
    parent = reference(given, "parent_id")
    if parent:
        found = call.desk.get(Activity, parent)
        changes.values["parent_id"] = found.id
        changes.values["thread_id"] = found.thread_id or found.id
    thread = reference(given, "thread_id")
    if thread:
        changes.values["thread_id"] = call.desk.get(Activity, thread).id


def _read_owner(call: Call, given: Parameters, changes: Changes) -> Ref | None:
    """The owner: staff by default. Gives the person when an affiliation owns it, who is kept in the extras."""
    word = (given.text("owner_type") or "staff").strip().lower() or "staff"
    id = reference(given, "owner_id")
    if word == "staff":
        if id:
            changes.values["owner_id"] = id
        return None
    if word != "affiliation" or not id:
        raise BadRequest("owner_type")
    person = person_of(sight_of(call), id)
    if person is None:
        raise NotFound("affiliations", id)
    changes.extras.update(owner_type=word, owner_id=str(id))
    return Ref("party", person)


def _read_references(given: Parameters, current: Any | None, changes: Changes, sight: Sight) -> None:
    """Class, priority, task, rate, under their plain name or with ``_id``."""
    read_priority(given, current, changes, "priority_id", "priority", "activity_priority_id")
    chosen = reference(given, "class_id", "class", "activity_class_id")
    if chosen and (current is None or chosen != class_id(current)):
        if chosen not in CHOICES["classes"].load(sight):
            raise BadRequest("class_id")
        changes.extras["class"] = str(chosen)
    if current is not None:
        return
    task = reference(given, "task_id", "task")
    if task:
        if task not in RESOURCES["tasks"].load(sight, (task,), ()):
            raise NotFound("tasks", task)
        changes.extras["task"] = str(task)
    rate = reference(given, "rate_id", "rate")
    if rate:
        changes.extras["rate"] = str(rate)


def _recipients(call: Call, given: Parameters) -> list[NewLink]:
    """``"to": {"staff": [10], "affiliation": [13], "emails": [...]}``, JSON only; a bare address makes no interact."""
    links: list[NewLink] = []
    for role in RECIPIENTS:
        value = given.values.get(role)
        if not isinstance(value, dict):
            continue
        for word, ids in value.items():
            kind = KIND_OF_RECIPIENT.get(word)
            if kind is None:
                if word == "emails" and ids:
                    call.losses.add("activity", f"{role}.emails", "no_interact")
                continue
            one = Parameters({str(at): id for at, id in enumerate(ids if isinstance(ids, list) else [ids])})
            for name in one.values:
                id = reference(one, name)
                if id and word == "affiliation":
                    id = person_of(sight_of(call), id) or id
                if id:
                    links.append(NewLink(Ref(kind, id), role))
            if len(links) > MAX_RECIPIENTS:
                raise BadRequest(role)
    return links


def _settle_time(call: Call, changes: Changes, current: Any | None, against: str, by_staff: bool) -> None:
    """Time counts only with a staff owner and visibility ``all``, billable time only against what can be billed.

    What does not count is dropped without a word, as the vendor does (dossier, section 7).
    """
    visibility = changes.values.get("visibility", getattr(current, "visibility", None))
    counts = by_staff and visibility == "everyone"
    for name, allowed in (("billable_seconds", against in BILLABLE), ("nonbillable_seconds", True)):
        if changes.values.get(name) and not (counts and allowed):
            del changes.values[name]
            call.losses.add("activity", name, "time_does_not_count")


# -- update, delete ----------------------------------------------------------------------------------


def update(call: Call) -> WireResponse:
    """Changes what is sent and free to change. Raises BadRequest, NotFound, Denied."""
    given = parameters.of(call)
    sight = sight_of(call)
    current = find_one(call, "activities", sight, include=("links",))
    changes = read_simple(ACTIVITIES, given, current, sight)
    if current.type == "email":
        # What was sent stays as it was sent: only class and time may change [docs].
        for name in [n for n in changes.values if n not in ("billable_seconds", "nonbillable_seconds")]:
            call.losses.add("activity", name, "email_is_fixed")
            changes.drop(name)
        changes.extras.clear()
    _check_rights(call, current, changes)
    if current.type == "email":
        kept = Changes()
        _read_references(given, current, kept, sight)
        changes.extras.update({key: value for key, value in kept.extras.items() if key == "class"})
    else:
        _read_references(given, current, changes, sight)
    if "title" in changes.values and not str(changes.values["title"] or "").strip():
        raise BadRequest("subject")
    by_staff = own(current, "owner_type") is None
    _settle_time(call, changes, current, against_of(current, sight)[0], by_staff)
    custom = read_custom(call, "activity", given)
    made = call.desk.update(Update(Activity, current.id, changes.values, changes.spaces(), custom))
    return show_one(call, "activities", made)


def _check_rights(call: Call, current: Any, changes: Changes) -> None:
    """Subject and body are the owner's to change, visibility the participants' (dossier, section 7)."""
    acts = call.desk.acts_as_owner(current)
    if not acts and any(name in changes.values for name in OWNER_ONLY):
        raise Denied("only the owner may change what an activity says")
    if not acts and "visibility" in changes.values and not call.desk.takes_part(current):
        raise Denied("only participants may change who sees an activity")


def delete(call: Call) -> WireResponse:
    """The activity and its children. Raises NotFound; BadRequest for a GET, unless the tenant's setting allows it."""
    may_delete(call)
    record = find_one(call, "activities", sight_of(call))
    call.desk.delete(Delete(Activity, record.id, cascade=True))
    return answer(call, None)


def may_delete(call: Call) -> None:
    """A link must not delete: GET with ``_method=delete`` is off unless the setting ``get_may_delete`` is on."""
    if call.request.method in ("GET", "HEAD") and call.settings.get("get_may_delete") != "yes":
        raise BadRequest("_method")


# -- reports, allocations ------------------------------------------------------------------------------


def report(call: Call) -> WireResponse:
    """A report on an activity: a child of it with medium ``report``."""
    given = parameters.of(call)
    id = reference(given, "activity_id")
    if not id:
        raise BadRequest("activity_id")
    if not (given.text("body") or "").strip():
        raise BadRequest("body")
    sight = sight_of(call)
    parent = find_one(call, "activities", sight, str(id), include=("links",))
    names = ("body", "billable", "nonbillable")
    taken: dict[str, Any] = {name: given.values[name] for name in names if name in given.values}
    word, against_id = against_of(parent, sight)
    if word != "staff":
        taken.update(against_type=word, against_id=against_id)
    taken["parent_id"] = str(parent.id)
    defaults = {"type": "report", "title": title_of(parent, sight), "visibility": parent.visibility}
    made = call.desk.create(operation(call, Parameters(taken), defaults))
    return show_one(call, "activities", made)


def allocations(call: Call) -> WireResponse:
    """{nonbillable, billable, charged} over the filtered set; without any time null, null and ``"0.00"`` [noojee]."""
    query = query_of(call, "activities")
    timed = any_of(Compare("billable_seconds", Op.GT, 0), Compare("nonbillable_seconds", Op.GT, 0))
    billable = nonbillable = 0
    money = 0.0
    last = 0
    found = False
    while True:
        where = all_of(query.where, timed, Compare("id", Op.GT, last))
        page = call.desk.find(Activity, Query(where, (Sort("id"),), Window(0, _BATCH))).items
        for record in page:
            found = True
            billable += record.billable_seconds
            nonbillable += record.nonbillable_seconds
            money += charged(record)
        if len(page) < _BATCH:
            break
        last = page[-1].id
    return answer(
        call,
        {
            "nonbillable": str(nonbillable) if found else None,
            "billable": str(billable) if found else None,
            "charged": f"{money:.2f}",
        },
    )

"""Tasks, issues and prospects: create, update, delete, progressions (dossier, section 8)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Record
from canonical.operations import Create, Delete, Update
from canonical.values import SECOND
from dialects.affinitylive import parameters
from dialects.affinitylive.codec.envelope import answer
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.lookups import kept_id
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS, Standing
from dialects.affinitylive.handlers import against as subject
from dialects.affinitylive.handlers.activities import may_delete
from dialects.affinitylive.handlers.shared import (
    Changes,
    Handler,
    find_one,
    only_said,
    read_custom,
    read_priority,
    read_simple,
    read_standing,
    reference,
    set_standing,
    show_one,
    sight_of,
    staff_reference,
)
from dialects.affinitylive.parameters import Parameters

OWNER_PARAMETERS = {
    "tasks": ("assignee_id", "assignee"),
    "issues": ("assignee_id", "assignee"),
    "prospects": ("manager_id", "manager", "staff_id", "staff"),
}
PRIORITY_PARAMETERS = ("priority_id", "priority", "task_priority", "task_priority_id", "issue_priority")
# When a task first came to a standing.
DATE_OF_STANDING = {
    "started": "date_commenced",
    "accepted": "date_accepted",
    "open": "date_opened",
    "resolved": "date_resolved",
}


def creator(name: str) -> Handler:
    """Raises BadRequest without a title, NotFound for what it is against, UnknownReference for its owner."""
    resource = RESOURCES[name]
    kind: type[Record] = resource.kind

    def handle(call: Call) -> WireResponse:
        given = parameters.of(call)
        changes = read_simple(resource, given, None, sight_of(call))
        if not (changes.values.get("title") or "").strip():
            raise BadRequest("title")
        against = subject.read(call, given)
        links: tuple[Any, ...] = ()
        if against is not None:
            changes.extras.update(against.kept)
            if name == "tasks":
                links = () if against.link is None else (against.link,)
            elif against.link is not None and against.link.target.kind == "party":
                changes.values["party_id"] = against.link.target.id
            elif against.link is not None:
                # Its one place for what it is about is a party; anything else is kept as it came.
                changes.extras.update(against_type=against.word, against_id=str(against.id))
        if name != "tasks":
            _party(call, given, None, changes)
        else:
            changes.values["type"] = "task"
        _common(name, given, None, changes)
        word = changes.extras.get("standing", STANDINGS[name].at_start)
        _reach(call, STANDINGS[name].by_word[word], None, changes)
        only_said(call)
        made = call.desk.create(
            Create(
                kind,
                {key: value for key, value in changes.values.items() if value is not None},
                links=links,
                custom=read_custom(call, kind.KIND, given),
                extras=Changes(extras={k: v for k, v in changes.extras.items() if v is not None}).spaces(),
            )
        )
        return show_one(call, name, made)

    return handle


def updater(name: str) -> Handler:
    """Changes what is sent."""
    resource = RESOURCES[name]
    kind: type[Record] = resource.kind

    def handle(call: Call) -> WireResponse:
        given = parameters.of(call)
        sight = sight_of(call)
        current = find_one(call, name, sight)
        changes = read_simple(resource, given, current, sight)
        if "title" in changes.values and not (changes.values["title"] or "").strip():
            raise BadRequest("title")
        if name != "tasks":
            _party(call, given, current, changes)
        before = changes.extras.get("standing")
        _common(name, given, current, changes)
        after = changes.extras.get("standing")
        if after is not None and after != before:
            _reach(call, STANDINGS[name].by_word[after], current, changes)
        made = call.desk.update(
            Update(kind, current.id, changes.values, changes.spaces(), read_custom(call, kind.KIND, given))
        )
        return show_one(call, name, made)

    return handle


def _party(call: Call, given: Parameters, current: Any | None, changes: Changes) -> None:
    """The party of an issue or prospect, as an affiliation, a contact or a company. Raises NotFound."""
    for parameter, resource in (
        ("affiliation_id", "affiliations"),
        ("contact_id", "contacts"),
        ("company_id", "companies"),
    ):
        id = reference(given, parameter)
        if not id or id == getattr(current, "party_id", None):
            continue
        if "party_id" in changes.values:
            return
        if id not in RESOURCES[resource].load(sight_of(call), (id,), ()):
            raise NotFound(resource, id)
        changes.values["party_id"] = id
        return


def _common(name: str, given: Parameters, current: Any | None, changes: Changes) -> None:
    owner = staff_reference(given, *OWNER_PARAMETERS[name])
    if owner is not None and owner != getattr(current, "owner_id", None):
        changes.values["owner_id"] = owner
    if name == "tasks":
        manager = reference(given, "manager_id", "manager")
        if manager is not None and (current is None or manager != (kept_id(current, "manager") or current.owner_id)):
            changes.extras["manager"] = str(manager) if manager else None
    if name != "prospects":
        read_priority(given, current, changes, *PRIORITY_PARAMETERS)
    type_ = reference(given, "type_id", "type")
    if type_ and type_ != (current is not None and (kept_id(current, "type") or 1)):
        changes.extras["type"] = str(type_)
    read_standing(name, given, current, changes)


def _reach(call: Call, standing: Standing, current: Any | None, changes: Changes) -> None:
    """Puts the standing on the record, and the date at which it came to it."""
    set_standing(standing, current, changes)
    name = DATE_OF_STANDING.get(standing.word)
    if name is not None and name not in changes.extras:
        changes.extras[name] = str(call.now // SECOND)


def deleter(name: str) -> Handler:
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        may_delete(call)
        record = find_one(call, name, sight_of(call))
        call.desk.delete(Delete(kind, record.id))
        return answer(call, None)

    return handle


# -- progressions ------------------------------------------------------------------------------------


def progressions(name: str) -> Handler:
    """[{id, title, status}]: one for every status."""
    rows = [{"id": row["id"], "title": row["title"], "status": row["id"]} for row in STANDINGS[name].statuses()]

    def handle(call: Call) -> WireResponse:
        find_one(call, name, sight_of(call))
        return answer(call, rows)

    return handle


def progress(name: str) -> Handler:
    """Runs a progression by number or word (``start``, ``done``): the object as it then stands. Raises NotFound."""
    standings = STANDINGS[name]
    kind = RESOURCES[name].kind

    def handle(call: Call) -> WireResponse:
        chosen = standings.progression(call.params["progression"].lower())
        if chosen is None:
            raise NotFound("progressions", call.params["progression"])
        current = find_one(call, name, sight_of(call))
        changes = Changes()
        if standings.show(current) != chosen.word:
            _reach(call, chosen, current, changes)
        made: Any = call.desk.update(Update(kind, current.id, changes.values, changes.spaces()))
        return show_one(call, name, made)

    return handle

"""Tasks, issues and prospects: create, update, delete, progressions (dossier, section 8)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Record
from canonical.operations import Create, Delete, Update
from canonical.values import SECOND
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.formats import BadValue, decimal, read_flag
from dialects.affinitylive.fields.lookups import CHOICES, DEFAULT, TYPES, kept_id
from dialects.affinitylive.fields.people import person_of
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS, Standing
from dialects.affinitylive.fields.work import against as against_of
from dialects.affinitylive.perform import against as subject
from dialects.affinitylive.perform.activities import may_delete
from dialects.affinitylive.perform.shared import (
    Changes,
    Handler,
    find_one,
    only_said,
    paged,
    read_custom,
    read_priority,
    read_simple,
    read_standing,
    reference,
    selected,
    set_standing,
    show_one,
    sight_of,
    staff_reference,
)
from dialects.affinitylive.query import small
from dialects.affinitylive.wire import parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.parameters import Parameters

# An issue's contact or company, which only this server takes, says what it is against.
ABOUT = ("against_type", "contact_id", "company_id")
ABOUT_ID = ("against_id", "contact_id", "company_id")
OWNER_PARAMETERS = {
    "tasks": ("assignee_id", "assignee"),
    "issues": ("assignee_id", "assignee"),
    "prospects": ("manager_id", "manager", "staff_id", "staff"),
}
CHOSEN: dict[str, tuple[tuple[str, str, tuple[str, ...], bool], ...]] = {
    "tasks": (("type", TYPES["tasks"], ("type_id", "task_type", "type"), False),),
    "issues": (
        ("type", TYPES["issues"], ("type_id", "issue_type", "type"), False),
        ("class", "issue classes", ("class_id", "class"), False),
        ("resolution", "resolutions", ("resolution_id", "resolution"), True),
    ),
    "prospects": (
        ("type", TYPES["prospects"], ("type_id", "prospect_type", "type"), False),
        ("prospect_probability", "probabilities", ("probability_id",), True),
    ),
}
"""What is chosen from a list: where it is kept, the list, the parameters, whether it can be unset."""
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "tasks": (("title",), ("against_type",), ("against_id",)),
    "issues": (("title",), ("type_id", "issue_type", "type"), ABOUT, ABOUT_ID),
    "prospects": (("title",), ("affiliation_id", "contact_id", "company_id"), ("type_id", "prospect_type", "type")),
}
"""What a create needs, each under one of several names (dossier, section 8.4)."""
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
        _require(name, given)
        against = subject.read(call, given)
        links: tuple[Any, ...] = ()
        if name == "tasks":
            changes.values["type"] = "task"
            if against is not None:
                changes.extras.update(against.kept)
                links = () if against.link is None else (against.link,)
            _new_task(call, given, against, changes)
        else:
            _party(call, given, None, changes, against)
        _common(call, name, given, None, changes)
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
            _party(call, given, current, changes, _new_against(call, given, current) if name == "issues" else None)
        before = changes.extras.get("standing")
        _common(call, name, given, current, changes)
        after = changes.extras.get("standing")
        moved = after if after != before else None
        if moved is not None:
            _reach(call, STANDINGS[name].by_word[moved], current, changes)
        custom = read_custom(call, kind.KIND, given)
        made = call.desk.update(Update(kind, current.id, changes.values, changes.spaces(), custom, word=moved))
        return show_one(call, name, made)

    return handle


def _require(name: str, given: Parameters) -> None:
    """Raises BadRequest where a create lacks what it needs (dossier, section 8.0)."""
    for names in REQUIRED[name]:
        if not any((given.text(one) or "").strip() for one in names):
            raise BadRequest(names[0])


def _new_task(call: Call, given: Parameters, against: subject.Against | None, changes: Changes) -> None:
    """What only the making of a task sets: its start, its budget, its rate against a job or milestone."""
    changes.values.setdefault("start_at", call.now)
    if changes.extras.get("remaining") is not None:
        changes.extras.setdefault("budgeted", changes.extras["remaining"])
    if against is not None and against.word in ("job", "milestone"):
        rate = reference(given, "rate_id")
        if rate:
            changes.extras["rate"] = str(rate)
        try:
            charged = decimal(given.text("rate_charged") or "")
        except BadValue:
            raise BadRequest("rate_charged") from None
        if charged is not None:
            changes.extras["rate_charged"] = charged


def _party(
    call: Call, given: Parameters, current: Any | None, changes: Changes, against: subject.Against | None
) -> None:
    """What an issue or prospect is about: its one party, as an affiliation, a contact or a company, or `against`.

    What else it is against is kept as it came. Raises NotFound.
    """
    if against is not None:
        changes.extras.update({"against_type": None, "against_id": None, **against.kept})
        if against.link is not None and against.link.target.kind == "party":
            changes.values["party_id"] = against.link.target.id
        else:
            changes.extras.update(against_type=against.word, against_id=str(against.id))
            if current is not None:
                changes.values["party_id"] = None
    _affiliation(call, given, current, changes, against)


def _new_against(call: Call, given: Parameters, current: Any) -> subject.Against | None:
    """What an issue is to be against, where that is not what it shows. Raises as `subject.read`."""
    if (given.text("against_type"), given.text("against_id")) == against_of(current, sight_of(call)):
        return None
    return subject.read(call, given)


def _affiliation(
    call: Call, given: Parameters, current: Any | None, changes: Changes, against: subject.Against | None
) -> None:
    for parameter, resource in (
        ("affiliation_id", "affiliations"),
        ("contact_id", "contacts"),
        ("company_id", "companies"),
    ):
        id = reference(given, parameter)
        affiliation = None
        if id and resource == "affiliations":
            affiliation, id = id, person_of(sight_of(call), id)
            if id is None:
                raise NotFound(resource, affiliation)
        if not id or (against is None and (affiliation or id) == _shown_party(current)):
            continue
        if affiliation is None and id not in RESOURCES[resource].load(sight_of(call), (id,), ()):
            raise NotFound(resource, id)
        changes.extras["affiliation"] = str(affiliation) if affiliation not in (None, id) else None
        if against is not None and changes.values.get("party_id") not in (None, id):
            # It is against a company and about one of its people: the person is the party, what it is against is kept.
            changes.extras.update(against_type=against.word, against_id=str(against.id))
        changes.values["party_id"] = id
        return


def _shown_party(current: Any | None) -> int | None:
    """The affiliation that an issue or prospect shows, or its party."""
    return None if current is None else kept_id(current, "affiliation") or current.party_id


def _common(call: Call, name: str, given: Parameters, current: Any | None, changes: Changes) -> None:
    sight = sight_of(call)
    owner = staff_reference(given, *OWNER_PARAMETERS[name])
    if owner is not None and owner != getattr(current, "owner_id", None):
        changes.values["owner_id"] = owner
    if name == "tasks":
        manager = reference(given, "manager_id", "manager")
        if manager is not None and (current is None or manager != (kept_id(current, "manager") or current.owner_id)):
            if manager and manager not in RESOURCES["staff"].load(sight, (manager,), ()):
                raise BadRequest("manager_id")
            changes.extras["manager"] = str(manager) if manager else None
    if name != "prospects":
        read_priority(given, current, changes, *PRIORITY_PARAMETERS)
    for key, choices, names, can_be_unset in CHOSEN[name]:
        chosen = reference(given, *names)
        if chosen is None or (not chosen and not can_be_unset):
            continue
        # What shows, written back, changes nothing.
        if current is not None and chosen == (kept_id(current, key) or (0 if can_be_unset else DEFAULT)):
            continue
        if chosen and chosen not in CHOICES[choices].load(sight):
            raise BadRequest(names[0])
        changes.extras[key] = str(chosen) if chosen else None
    if name == "issues" and reference(given, "contract_id"):
        raise BadRequest("contract_id")  # there are none
    read_standing(name, given, current, changes, standing_first=name == "issues")
    if name == "prospects":
        _succeed(given, current, changes)


def _succeed(given: Parameters, current: Any | None, changes: Changes) -> None:
    """``success``: yes is won, no takes what was won back to active (dossier, section 8.4)."""
    text = given.text("success")
    if text is None or not text.strip():
        return
    try:
        won = read_flag(text)
    except BadValue:
        raise BadRequest("success") from None
    standings = STANDINGS["prospects"]
    if won != (current is not None and standings.show(current) == "won"):
        set_standing(standings.by_word["won" if won else "active"], current, changes)


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


STATUS_KEYS = ("id", "title", "standing", "color", "ordering")
PROGRESSIONS = small.filters_of(("id", "title", "issue_type_id", "issue_type", "on_create"))


def _progressions(call: Call, name: str) -> list[dict[str, Any]]:
    """[{id, title, status}]: one for every status, under the request's filters."""
    rows: list[dict[str, Any]] = []
    for row in STANDINGS[name].statuses():
        status = {key: row[key] for key in STATUS_KEYS}
        rows.append({"id": row["id"], "title": row["title"], "status": status})
    return selected(call, "progressions", rows, PROGRESSIONS)


def progressions(name: str) -> Handler:
    def handle(call: Call) -> WireResponse:
        find_one(call, name, sight_of(call))
        return answer(call, paged(call, _progressions(call, name)))

    return handle


def all_progressions(name: str) -> Handler:
    """Those of all: of every status one, whatever the record's type."""
    return lambda call: answer(call, paged(call, _progressions(call, name)))


def progression_count(name: str) -> Handler:
    return lambda call: answer(call, {"count": str(len(_progressions(call, name)))})


def progress(name: str) -> Handler:
    """Runs a progression by number or word (``start``, ``done``): the object as it then stands. Raises NotFound."""
    standings = STANDINGS[name]

    def handle(call: Call) -> WireResponse:
        chosen = standings.progression(call.params["progression"].lower())
        if chosen is None:
            raise NotFound("progressions", call.params["progression"])
        current = find_one(call, name, sight_of(call))
        changes = Changes()
        moved = chosen.word if standings.show(current) != chosen.word else None
        if moved is not None:
            _reach(call, chosen, current, changes)
        made: Any = call.desk.update(Update(type(current), current.id, changes.values, changes.spaces(), word=moved))
        return show_one(call, name, made)

    return handle

"""Activities and tasks: all that the seed lists and its clients send (seed 000; opentaps dossier, sections 2 to 7)."""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Activity, CustomValue, Link, Party
from canonical.operations import Create, Delete, NewLink, Update
from canonical.query import Has, Query, Sort, Window, eq
from canonical.values import Ref
from dialects.opentaps import query
from dialects.opentaps.auth import parameters
from dialects.opentaps.errors import Rejected, Unknown
from dialects.opentaps.fields.activity import (
    ASSIGNEE,
    ID_NAMES,
    YES,
    Given,
    as_replacement,
    canonical_type,
    check,
    custom_of,
    legacy_attributes,
    read_given,
    values_of,
)
from dialects.opentaps.fields.element import activity_element, deleted_element
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.perform.scene import INCLUDE, LoadedScene
from dialects.opentaps.perform.tagging import tag_names
from dialects.opentaps.wire.envelope import CREATED, answer
from dialects.opentaps.wire.ids import is_wire_id

CREATE, UPDATE = "create note", "update note"
MAX_ANCESTORS = 100


def one(call: Call, activity: Activity, *, status: int = 200, message: str = "") -> WireResponse:
    """A single activity, loaded with `INCLUDE`."""
    shown = activity_element(activity, LoadedScene(call, (activity,)))
    return answer(shown, status=status, message=message)


def many(call: Call, wanted: Query) -> WireResponse:
    """The activities of a query."""
    found = call.desk.find(Activity, wanted, INCLUDE).items
    scene = LoadedScene(call, found)
    return answer([activity_element(activity, scene) for activity in found])


# -- reading ----------------------------------------------------------------------------------------


def read(call: Call) -> WireResponse:
    return one(call, TenantNames(call).note(call.params["id"], INCLUDE))


def listing(call: Call) -> WireResponse:
    """A page by count and first sequence number, both optional; tasks only where the route says so."""
    type_ = "task" if call.route is not None and call.route.meta.get("task") else None
    names = TenantNames(call)
    wanted = query.build(parameters(call), names, call.params.get("id"), call.params.get("start"), type_=type_)
    return many(call, wanted)


def read_or_list(call: Call) -> WireResponse:
    """Exactly 24 hex digits are an id, anything else is a count (opentaps dossier, section 2)."""
    return read(call) if is_wire_id(call.params["id"]) else listing(call)


def of_tag(call: Call) -> WireResponse:
    """The activities with a tag (opentaps dossier, section 8, item 7)."""
    params = parameters(call)
    text = params.given("tagId")
    if text is None:
        raise Rejected("find activities", "tagId", None)
    id = TenantNames(call).plain("tag", text)
    if id is None or not call.desk.find_tags(ids=(id,)):
        raise Unknown("tag", text)
    page = query.build(params, TenantNames(call), None, None, skip=("tagId",))
    where = query.narrowed(page.where, Has("tags", eq("id", id)))
    return many(call, Query(where, page.sort, page.window))


# -- creating ---------------------------------------------------------------------------------------


def save(call: Call) -> WireResponse:
    """POST: an update when an id is given, else a new activity."""
    params = parameters(call)
    meta = {} if call.route is None else call.route.meta
    # The 2012 service only ever created.
    id = None if meta.get("e1") else params.given(*ID_NAMES)
    if id is not None:
        return _update(call, id, replace=False)
    task = bool(meta.get("task"))
    given = read_given(params)
    given.attributes = {**given.attributes, **legacy_attributes(params)}
    # The type that is sent to /task is ignored.
    type_ = "task" if task else canonical_type(given.type, "note")
    return one(call, create(call, given, type_), status=201, message=CREATED)


def create(call: Call, given: Given, type_: str, links: tuple[NewLink, ...] = ()) -> Activity:
    """A new activity out of what was given. Raises Rejected, Unknown."""
    check(given, CREATE, whole=True)
    names = TenantNames(call)
    values, extras = values_of(given, None, CREATE)
    values["type"] = type_
    values.setdefault("state", "open")
    parent = names.note(given.parent.strip(), ("tags",)) if given.parent and given.parent.strip() else None
    if parent is not None:
        values["parent_id"] = parent.id
    assignees = [names.party(text) for text in given.assignees or ()]
    links = (*(NewLink(Ref("party", party.id), ASSIGNEE) for party in assignees), *links, *_legacy_links(call, given))
    changes, kept = _responsible(names, given)
    values.update(changes)
    extras.update(kept)
    if given.creator:
        extras["createdByUser"] = given.creator
    return call.desk.create(
        Create(
            Activity,
            values,
            links,
            tags=tuple(tag_names(call, given, parent)),
            custom=tuple(CustomValue(name, value) for name, value in given.attributes.items()),
            extras={NAMESPACE: {key: value for key, value in extras.items() if value is not None}},
        ),
        INCLUDE,
    )


def _legacy_links(call: Call, given: Given) -> tuple[NewLink, ...]:
    """The contact whose attribute `opentapsPartyId` is the given one (FTL)."""
    if given.party_key is None:
        return ()
    wanted = Query(query.attribute_node("opentapsPartyId", given.party_key), (Sort("id"),), Window(0, 20))
    for party in call.desk.find(Party, wanted, ("custom",)).items:
        if any(c.name == "opentapsPartyId" and c.value == given.party_key for c in party.custom):
            return (NewLink(Ref("party", party.id)),)
    return ()


def _responsible(names: TenantNames, given: Given) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and extras for the one who took it: the owner when the contact is a user's card, else kept as it is."""
    if given.responsible is None:
        return {}, {}
    text = given.responsible.strip()
    if not text:
        return {"owner_chosen": False}, {"responsible": None}
    party = names.party(text)
    if party.user_id is None:
        return {}, {"responsible": party.id}
    return {"owner_id": party.user_id, "owner_chosen": True}, {"responsible": None}


# -- updating ---------------------------------------------------------------------------------------


def update(call: Call) -> WireResponse:
    """PUT: replaces what the vendor's field list can say, unless ``partial=Yes``."""
    partial = (parameters(call).get("partial") or "").strip().lower() in YES
    return _update(call, call.params["id"], replace=not partial)


def update_by_post(call: Call) -> WireResponse:
    """POST to an id: only what is given."""
    return _update(call, call.params["id"], replace=False)


def _update(call: Call, id: str, *, replace: bool) -> WireResponse:
    names = TenantNames(call)
    before = names.note(id, INCLUDE)
    given = read_given(parameters(call))
    if replace:
        as_replacement(given)
    if call.route is not None and call.route.meta.get("task"):
        given.type = None
    check(given, UPDATE, whole=replace)
    values, extras = values_of(given, before, UPDATE)
    # The very type that was shown changes nothing: capitals do not always lead back.
    if given.type is not None and given.type.strip() != before.type.upper():
        values["type"] = canonical_type(given.type, "note")
    changes, kept = _responsible(names, given)
    values.update(changes)
    extras.update(kept)
    parent = _new_parent(names, call, before, given)
    if given.parent is not None:
        values["parent_id"] = parent.id if parent is not None else None
    assignees = None if given.assignees is None else [names.party(text).id for text in given.assignees]
    drop = [c.name for c in before.custom if not c.group and (replace or c.name in given.attributes)]
    drop = [name for name in drop if not given.attributes.get(name)]
    call.desk.update(
        Update(
            Activity,
            before.id,
            values,
            {NAMESPACE: extras},
            custom_of(given),
            tuple(("", name) for name in drop),
            touch=True,
        )
    )
    if assignees is not None:
        _assign(call, before, assignees)
    for name in tag_names(call, given, parent):
        call.desk.add_tag(Ref("activity", before.id), name)
    return one(call, call.desk.get(Activity, before.id, INCLUDE))


def _new_parent(names: TenantNames, call: Call, before: Activity, given: Given) -> Activity | None:
    """The activity to move under. Raises Unknown, and Rejected for itself or one of its own descendants."""
    text = (given.parent or "").strip()
    if not text:
        return None
    parent = names.note(text, ("tags",))
    above: int | None = parent.id
    for _ in range(MAX_ANCESTORS):
        if above is None:
            return parent
        if above == before.id:
            break
        above = next((found.parent_id for found in call.desk.get_many(Activity, (above,)).values()), None)
    raise Rejected(UPDATE, "parentActivityId", text, "must not be the activity itself or below it")


def _assign(call: Call, before: Activity, wanted: list[int]) -> None:
    assigned = [link.target.id for link in before.links if _is_assignee(link)]
    # Whom the caller was not shown he cannot have meant to leave out.
    shown = call.desk.get_many(Party, assigned) if assigned else {}
    current = [id for id in assigned if id in shown]
    if current == wanted:
        return
    record = Ref("activity", before.id)
    # An order that differs is made anew, so that the list comes back as it was sent.
    keep = current if current == wanted[: len(current)] else []
    for id in current:
        if id not in keep:
            call.desk.drop_link(record, Ref("party", id), ASSIGNEE)
    for id in wanted[len(keep) :]:
        call.desk.add_link(record, NewLink(Ref("party", id), ASSIGNEE))


def _is_assignee(link: Link) -> bool:
    return link.role == ASSIGNEE and link.target.kind == "party"


# -- deleting ---------------------------------------------------------------------------------------


def delete(call: Call) -> WireResponse:
    """For good; children stay and lose their parent."""
    names = TenantNames(call)
    activity = names.note(call.params["id"])
    # The alias goes with the record.
    shown = names.shown("activity", activity.id, activity.created_at)
    call.desk.delete(Delete(Activity, activity.id))
    return answer(deleted_element(shown))

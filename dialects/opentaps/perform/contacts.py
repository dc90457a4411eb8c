"""Contacts: made, found, changed and removed at one path (opentaps dossier, section 8, items 2, 3 and 5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Denied, Unsupported
from canonical.model import Activity, CustomValue, Party, User
from canonical.operations import Create, Delete, NewLink, Update
from canonical.query import TRUE, And, Has, Node, Query, Sort, Window, any_of, eq, one_of
from canonical.values import Ref
from dialects.opentaps import query
from dialects.opentaps.auth import domain, parameters
from dialects.opentaps.errors import Refused, Rejected
from dialects.opentaps.fields.activity import ASSIGNEE, YES, Given, canonical_type
from dialects.opentaps.fields.contact import (
    ATTRIBUTE_PREFIX,
    GivenContact,
    changed_points,
    company_of,
    contact_element,
    full_name,
    read_contact,
)
from dialects.opentaps.perform.activities import create as create_activity
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.perform.scene import user_id, user_type
from dialects.opentaps.wire.envelope import bare_answer, reply
from dialects.opentaps.wire.parameters import Parameters

INCLUDE = ("points", "custom")
SAVE = "save contact"
CONTACT_FORM = "Contact form"


def elements(call: Call, parties: Iterable[Party]) -> list[dict[str, Any]]:
    """Contacts loaded with `INCLUDE`, as clients see them."""
    parties = list(parties)
    cards = [p.user_id for p in parties if p.user_id is not None and all(q.kind != "email" for q in p.points)]
    users = call.desk.get_many(User, cards) if cards else {}
    names = TenantNames(call)
    shown = []
    for party in parties:
        user = users.get(party.user_id) if party.user_id is not None else None
        wire_id = names.shown("party", party.id, party.created_at)
        shown.append(contact_element(party, wire_id, domain(call), user.email if user is not None else None))
        if any(found.kind not in ("email", "phone") for found in party.points):
            call.losses.add("party", "points", "emails_and_phones_only")
        if any(custom.group for custom in party.custom):
            call.losses.add("party", "custom", "grouped")
    return shown


def _one(call: Call, id: int) -> WireResponse:
    return bare_answer(elements(call, [call.desk.get(Party, id, INCLUDE)])[0])


# -- reading ----------------------------------------------------------------------------------------


def find(call: Call) -> WireResponse:
    """By `contactId`, `emailAddress` or attributes, all of which must fit; always a list."""
    params = parameters(call)
    page = query.build(params, TenantNames(call), None, None, skip=tuple(params.first)).window
    text = params.given("contactId", "contactid")
    if text is not None:
        found = TenantNames(call).find(Party, text, INCLUDE)
        return bare_answer([] if found is None else elements(call, [found]))
    nodes: list[Node] = [
        query.attribute_node(name.removeprefix(ATTRIBUTE_PREFIX), value)
        for name, value in params.first.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    ]
    if len(nodes) > query.MAX_FILTERS:
        raise Unsupported("too many filters")
    address = params.given("emailAddress")
    if address is not None:
        nodes.append(_with_address(call, address))
    wanted = Query(And(tuple(nodes)) if nodes else TRUE, (Sort("id"),), page)
    return bare_answer(elements(call, call.desk.find(Party, wanted, INCLUDE).items))


def _with_address(call: Call, address: str) -> Node:
    """Contacts with the address, or whose user has it."""
    users = call.desk.find(User, Query(eq("email", address), window=Window(0, 20))).items
    cards = [user.person_id for user in users if user.person_id is not None]
    point = Has("points", And((eq("kind", "email"), eq("value", address))))
    return any_of(point, one_of("id", cards))


def with_login(call: Call) -> WireResponse:
    """Contacts that can sign in: a bare array, PY's first call."""
    users = [user for user in _active_users(call) if user.person_id is not None]
    ids = dict.fromkeys(user.person_id for user in users if user.person_id is not None)
    cards = call.desk.get_many(Party, ids, INCLUDE)
    shown = elements(call, [cards[id] for id in ids if id in cards])
    # PY looks into `emails` of every one.
    return reply(200, [{"emails": [], **contact} for contact in shown])


def logins(call: Call) -> WireResponse:
    """The logins of one contact: a bare array."""
    party = TenantNames(call).party(call.params["id"])
    users = [user for user in _active_users(call) if user.person_id == party.id]
    return reply(200, [{"userId": user_id(user), "userIdType": user_type(user)} for user in users])


def _active_users(call: Call) -> list[User]:
    return list(call.desk.find(User, Query(eq("active", 1), (Sort("id"),))).items)


# -- writing ----------------------------------------------------------------------------------------


def save(call: Call) -> WireResponse:
    """POST: a new contact, or the one contact that all attributes of a form name; and an activity where one is wanted.

    A JSON object never updates: WP sends the same form id every time.
    """
    params = parameters(call)
    given = read_contact(params)
    wanted = (params.get("createActivity") or "").strip().lower() in YES
    if wanted:
        # It is the activity's text, not the contact's.
        given.comment = None
    found = _by_keys(call, given)
    if found is None:
        id = create(call, given).id
    else:
        id = found.id
        _change(call, found, given, overwrite=False)
    if wanted:
        _form_activity(call, params, given, id)
    return _one(call, id)


def _by_keys(call: Call, given: GivenContact) -> Party | None:
    """The only contact with all of the form's attributes."""
    keys = list(given.keys.items())
    if not keys:
        return None
    nodes = tuple(query.attribute_node(*key) for key in keys[: query.MAX_FILTERS])
    there = call.desk.find(Party, Query(And(nodes), (Sort("id"),), Window(0, 20)), INCLUDE).items
    # Search knows no letter case, identity does.
    exact = [p for p in there if set(keys) <= {(c.name, c.value) for c in p.custom if not c.group}]
    return exact[0] if len(exact) == 1 else None


def create(call: Call, given: GivenContact) -> Party:
    """A person, or an organisation when there is only a company's name. Raises Rejected when there is nothing."""
    emails = given.points.get("email", [])
    if not (given.first_name or given.last_name or given.company or emails):
        raise Rejected(SAVE, "contact", None)
    values: dict[str, Any] = {"first_name": given.first_name or None, "last_name": given.last_name or None}
    if given.company and not (given.first_name or given.last_name):
        values |= {"type": "organisation", "name": given.company}
    else:
        values |= {"type": "person", **_employer(call, given.company)}
    if given.comment:
        values["about"] = given.comment
    return call.desk.create(
        Create(
            Party,
            values,
            points=tuple(point for points in given.points.values() for point in points),
            custom=tuple(CustomValue(name, value) for name, value in given.attributes.items()),
        )
    )


def _employer(call: Call, company: str | None) -> dict[str, Any]:
    """A person's `companyName` is the organisation that he works for, one record for all who name it."""
    return {"organisation_id": call.desk.employer_named(company).id if company else None, "company": None}


def _form_activity(call: Call, params: Parameters, given: GivenContact, contact: int) -> None:
    comment = params.get("comment") or ""
    text = comment if comment.strip() else CONTACT_FORM
    activity = Given(text, params.get("activityType"), attributes=dict(given.attributes))
    create_activity(call, activity, canonical_type(activity.type, "note"), (NewLink(Ref("party", contact)),))


def update(call: Call) -> WireResponse:
    """PUT: attributes are overwritten, names and addresses only when given."""
    params = parameters(call)
    text = params.given("contactId", "contactid")
    if text is None:
        raise Rejected(SAVE, "contactId", params.get("contactId"))
    party = TenantNames(call).party(text, INCLUDE)
    _change(call, party, read_contact(params), overwrite=True)
    return _one(call, party.id)


def _change(call: Call, party: Party, given: GivenContact, *, overwrite: bool) -> None:
    values: dict[str, Any] = {}
    for name in ("first_name", "last_name"):
        value = getattr(given, name)
        if value is not None and value != (getattr(party, name) or ""):
            values[name] = value or None
    if given.company is not None and given.company != (company_of(party) or ""):
        values |= {"name": given.company} if party.type == "organisation" else _employer(call, given.company)
    if given.comment is not None:
        values["about"] = given.comment
    add, drop = changed_points(given, party.points)
    kept = {custom.name for custom in party.custom if not custom.group}
    wanted = {name: value for name, value in given.attributes.items() if value}
    gone = [name for name in kept if name not in wanted and (overwrite or name in given.attributes)]
    updated = call.desk.update(
        Update(
            Party,
            party.id,
            values,
            custom=tuple(CustomValue(name, value) for name, value in wanted.items()),
            drop_custom=tuple(("", name) for name in gone),
            points=add,
            drop_points=drop,
        ),
        INCLUDE,
    )
    if not full_name(updated):
        raise Rejected(SAVE, "contact", "")


def delete(call: Call) -> WireResponse:
    """The contact and all activities associated with it; whom tasks are assigned to is no association."""
    params = parameters(call)
    # The wiki spells it both ways.
    text = params.given("contactId", "contactid")
    if text is None:
        raise Rejected("remove contact", "contactId", params.get("contactId"))
    names = TenantNames(call)
    party = names.party(text)
    if any(user.person_id == party.id for user in _active_users(call)):
        raise Refused("This contact has a user; remove the user first.")
    shown = names.shown("party", party.id, party.created_at)
    links = call.desk.links_to(Ref("party", party.id), "activity")
    for id in dict.fromkeys(link.record.id for link in links if link.role != ASSIGNEE):
        try:
            call.desk.delete(Delete(Activity, id))
        except Denied:
            # Not the caller's to see, so not his to remove; it only loses the contact.
            call.losses.add("activity", "links", "hidden_activity_kept")
    call.desk.delete(Delete(Party, party.id))
    return bare_answer({"contactId": shown, "_id": shown})

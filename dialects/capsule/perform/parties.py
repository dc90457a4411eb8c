"""People and organisations: lists, search, reading, writing (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Duplicate, NotFound
from canonical.model import Party
from canonical.operations import Create, Delete, Include, Update
from canonical.query import TRUE, Node, all_of, eq
from dialects.capsule import query
from dialects.capsule.errors import BadRequest, Missing
from dialects.capsule.fields import writers
from dialects.capsule.fields.contacts import read_contacts
from dialects.capsule.fields.party import ORGANISATION, PERSON, PartyContext, read_party
from dialects.capsule.fields.table import unchanged
from dialects.capsule.perform.common import page_cap, path_id, url
from dialects.capsule.perform.replies import answer_for, changed, created, done, reply_mixed, reply_one
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import Tree, read_body
from dialects.capsule.wire.negotiation import Answer


def read(call: Call, type_: str | None = None) -> WireResponse:
    """One party; the root's name tells whether it is a person or an organisation."""
    answer = answer_for(call)
    party = _load(call, type_, _include(call))
    return reply_one(answer, writers.PARTIES[party.type], party, context(call))


def listing(call: Call, type_: str | None = None) -> WireResponse:
    """All parties, or those of one type, that the parameters ask for."""
    return _reply(call, TRUE if type_ is None else eq("type", type_))


def people(call: Call) -> WireResponse:
    """The people of an organisation."""
    answer_for(call)
    organisation = _load(call, None)
    return _reply(call, all_of(eq("type", PERSON), eq("organisation_id", organisation.id)))


def _reply(call: Call, where: Node) -> WireResponse:
    answer = answer_for(call)
    wanted = query.parties(query.parameters(call.request), page_cap(call), where)
    return reply_parties(call, answer, call.desk.find(Party, wanted, _include(call)).items)


def reply_parties(call: Call, answer: Answer, found: Sequence[Party]) -> WireResponse:
    """A list of parties with their contacts."""
    return reply_mixed(answer, "parties", [(writers.PARTIES[party.type], party) for party in found], context(call))


def context(call: Call) -> PartyContext:
    return PartyContext(call.request.base_url, query.embeds_tags(query.parameters(call.request)))


def _include(call: Call) -> Include:
    return ("points", "tags") if query.embeds_tags(query.parameters(call.request)) else ("points",)


def _load(call: Call, type_: str | None, include: Include = ()) -> Party:
    id = path_id(call, "id", "party")
    party = call.desk.get(Party, id, include)
    if type_ is not None and party.type != type_:
        raise NotFound(Party.KIND, id)
    return party


def create(call: Call, type_: str) -> WireResponse:
    body = read_body(call.request, type_)
    values = {"type": type_, **read_party(type_, body, new=True)}
    points, _ = read_contacts(body, None)
    _check_unique(call, values, 0)
    party = call.desk.create(Create(Party, values, points=tuple(points)))
    if type_ == PERSON:
        # The person comes first: a new organisation's id is the next one (capsule dossier, example 9).
        employer = _employer(call, body, None)
        if employer:
            call.desk.update(Update(Party, party.id, employer))
    return created(url(call, f"/api/party/{party.id}"))


def update(call: Call, type_: str) -> WireResponse:
    party = _load(call, type_, ("points",))
    body = read_body(call.request, type_)
    values = read_party(type_, body, party, new=False)
    points, dropped = read_contacts(body, party.points)
    _check_unique(call, values, party.id)
    if type_ == PERSON:
        values.update(_employer(call, body, party))
    change = Update(Party, party.id, values, points=tuple(points), drop_points=tuple(dropped))
    return changed(call, writers.PARTIES[type_], call.desk.update(change, _include(call)), context(call))


def delete(call: Call) -> WireResponse:
    """Its tasks, history, opportunities and cases go with it; an organisation's people stay."""
    call.desk.delete(Delete(Party, _load(call, None).id, cascade=True))
    return done()


def delete_contact(call: Call) -> WireResponse:
    party = _load(call, None, ("points",))
    contact = path_id(call, "contact", "contact")
    if all(point.id != contact for point in party.points):
        raise Missing("contact")
    call.desk.update(Update(Party, party.id, drop_points=(contact,)))
    return done()


def _check_unique(call: Call, values: dict[str, Any], id: int) -> None:
    """Refuses a second organisation of one name, where the tenant wants that (since January 2017 at the vendor)."""
    name = values.get("name")
    if name and call.settings["unique_organisations"] == "yes":
        found = call.desk.organisation_named(name)
        if found is not None and found.id != id:
            raise Duplicate("name", name)


def _employer(call: Call, body: Tree, current: Party | None) -> dict[str, Any]:
    """The person's organisation: by id, else by name, made when there is none of that name."""
    shown_id = current.organisation_id if current is not None else None
    shown_name = current.organisation_name if current is not None else None
    given_id, given_name = body.text("organisationId"), body.text("organisationName")
    if given_id is not None and given_id.strip() == texts.NO_ID:
        given_id = ""
    if given_id is not None and not unchanged(given_id, "" if shown_id is None else str(shown_id)):
        if given_id.strip():
            return {"organisation_id": _organisation_id(call, given_id), "company": None}
        if given_name is None or not given_name.strip() or unchanged(given_name, shown_name):
            return {"organisation_id": None, "company": None}
    if given_name is None or unchanged(given_name, shown_name):
        return {}
    name = given_name.strip()
    if not name:
        return {"organisation_id": None, "company": None}
    return {"organisation_id": call.desk.employer_named(name).id, "company": None}


def _organisation_id(call: Call, text: str) -> int:
    try:
        id = texts.read_id(text)
    except ValueError:
        raise BadRequest("organisationId is invalid") from None
    found = call.desk.get_many(Party, (id,)).get(id)
    if found is None or found.type != ORGANISATION:
        raise BadRequest("organisationId is unknown")
    return id

"""Opportunities and cases, which have the same calls (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import Case, Opportunity, Party
from canonical.operations import Create, Delete, NewLink, Update
from canonical.query import TRUE, Node, Query, eq
from canonical.values import Ref
from dialects.capsule import query
from dialects.capsule.errors import Missing
from dialects.capsule.fields import writers
from dialects.capsule.fields.kase import read_kase
from dialects.capsule.fields.opportunity import Milestones, read_opportunity
from dialects.capsule.fields.picklists import milestones
from dialects.capsule.fields.subjects import ASSIGNEE
from dialects.capsule.fields.writer import Writer
from dialects.capsule.perform import tracks
from dialects.capsule.perform.common import KASE, OPPORTUNITY, PARTY, Parent, page_cap, path_id, settle_owner, url
from dialects.capsule.perform.parties import reply_parties
from dialects.capsule.perform.replies import answer_for, changed, created, done, reply_list, reply_one, there_already
from dialects.capsule.wire.bodies import Tree, read_body

Record = Opportunity | Case


@dataclass(frozen=True, slots=True)
class Matter:
    """What differs between the two. `context` is what reading and showing need (an opportunity's milestones)."""

    parent: Parent
    kind: type[Opportunity] | type[Case]
    root: str
    writer: Writer
    context: Callable[[Call], Any]
    read: Callable[[Tree, Any, Any], dict[str, Any]]
    find: Callable[[query.Parameters, int, Any, Node], Query]


def _find_opportunities(given: query.Parameters, cap: int, context: Milestones, where: Node) -> Query:
    return query.opportunities(given, cap, context, where)


MATTER_OPPORTUNITY = Matter(
    OPPORTUNITY,
    Opportunity,
    "opportunities",
    writers.OPPORTUNITY,
    lambda call: milestones(call.desk),
    read_opportunity,
    _find_opportunities,
)
MATTER_KASE = Matter(
    KASE,
    Case,
    "kases",
    writers.KASE,
    lambda call: None,
    lambda body, current, context: read_kase(body, current, new=current is None),
    lambda given, cap, context, where: query.kases(given, cap, where),
)
MATTERS = (MATTER_OPPORTUNITY, MATTER_KASE)


def _load(call: Call, matter: Matter, name: str = "id") -> Record:
    return call.desk.get(matter.kind, path_id(call, name, matter.parent.noun))


def read(call: Call, matter: Matter) -> WireResponse:
    answer = answer_for(call)
    return reply_one(answer, matter.writer, _load(call, matter), matter.context(call))


def listing(call: Call, matter: Matter) -> WireResponse:
    return _reply(call, matter, TRUE)


def of_party(call: Call, matter: Matter) -> WireResponse:
    answer_for(call)
    PARTY.load(call)
    return _reply(call, matter, eq("party_id", PARTY.ref(call).id))


def _reply(call: Call, matter: Matter, where: Node) -> WireResponse:
    answer = answer_for(call)
    context = matter.context(call)
    wanted = matter.find(query.parameters(call.request), page_cap(call), context, where)
    found = call.desk.find(matter.kind, wanted).items
    return reply_list(answer, matter.root, matter.writer, found, context)


def create(call: Call, matter: Matter) -> WireResponse:
    """Always below the party that it is about."""
    PARTY.load(call)
    values = matter.read(read_body(call.request, matter.parent.noun), None, matter.context(call))
    settle_owner(call, values)
    values["party_id"] = PARTY.ref(call).id
    made = call.desk.create(Create(matter.kind, values))
    tracks.start(call, Ref(matter.kind.KIND, made.id), made.owner_id)
    return created(url(call, f"/api/{matter.parent.noun}/{made.id}"))


def update(call: Call, matter: Matter) -> WireResponse:
    return _update(call, matter, _load(call, matter), {})


def update_of_party(call: Call, matter: Matter) -> WireResponse:
    """PUT under another party moves it there."""
    PARTY.load(call)
    return _update(call, matter, _load(call, matter, "child"), {"party_id": PARTY.ref(call).id})


def _update(call: Call, matter: Matter, record: Record, values: dict[str, Any]) -> WireResponse:
    body = read_body(call.request, matter.parent.noun)
    context = matter.context(call)
    values = {**matter.read(body, record, context), **values}
    settle_owner(call, values, record)
    return changed(call, matter.writer, call.desk.update(Update(matter.kind, record.id, values)), context)


def delete(call: Call, matter: Matter) -> WireResponse:
    call.desk.delete(Delete(matter.kind, _load(call, matter).id))
    return done()


def additional_parties(call: Call, matter: Matter) -> WireResponse:
    """The parties linked to it beside the one that it is about."""
    answer = answer_for(call)
    record = call.desk.get(matter.kind, path_id(call, "id", matter.parent.noun), ("links",))
    ids = dict.fromkeys(
        link.target.id
        for link in record.links
        if link.target.kind == Party.KIND and link.role != ASSIGNEE and link.target.id != record.party_id
    )
    parties = call.desk.get_many(Party, ids, ("points", "tags")) if ids else {}
    return reply_parties(call, answer, [parties[id] for id in ids if id in parties])


def add_party(call: Call, matter: Matter) -> WireResponse:
    """201, or 200 with the same Location when the party is there already."""
    record = call.desk.get(matter.kind, path_id(call, "id", matter.parent.noun), ("links",))
    party = call.desk.get(Party, path_id(call, "party", "party"))
    target = Ref(Party.KIND, party.id)
    location = url(call, f"/api/{matter.parent.noun}/{record.id}/party/{party.id}")
    if party.id == record.party_id or any(link.target == target and link.role != ASSIGNEE for link in record.links):
        return there_already(location)
    call.desk.add_link(Ref(matter.kind.KIND, record.id), NewLink(target))
    return created(location)


def drop_party(call: Call, matter: Matter) -> WireResponse:
    record = call.desk.get(matter.kind, path_id(call, "id", matter.parent.noun), ("links",))
    target = Ref(Party.KIND, path_id(call, "party", "party"))
    roles = [link.role for link in record.links if link.target == target and link.role != ASSIGNEE]
    if not roles:
        raise Missing("party")
    for role in roles:
        call.desk.drop_link(Ref(matter.kind.KIND, record.id), target, role)
    return done()

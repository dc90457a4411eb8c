"""History: the notes, e-mails, meetings and calls about a party, opportunity or case (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import Activity, Party, User
from canonical.operations import Create, Delete, NewLink, Update
from canonical.query import Query, Sort, Window
from canonical.values import Instant, Ref
from dialects.capsule import query
from dialects.capsule.errors import Missing
from dialects.capsule.fields import writers
from dialects.capsule.fields.history import PARTICIPANT_ROLES, HistoryContext, entry_date, read_item
from dialects.capsule.fields.subjects import ASSIGNEE, note_losses
from dialects.capsule.perform.common import PARTY, Parent, page_cap, path_id, url, user_id
from dialects.capsule.perform.replies import answer_for, created, done, reply_list, reply_one
from dialects.capsule.wire.bodies import read_body


def listing(call: Call, parent: Parent) -> WireResponse:
    answer = answer_for(call)
    parent.load(call)
    page = query.window(query.parameters(call.request), page_cap(call))
    found = _newest(call, parent.ref(call), page)
    note_losses(found, call.losses)
    return reply_list(answer, "history", writers.HISTORY, found, _context(call, found))


def _newest(call: Call, target: Ref, page: Window) -> list[Activity]:
    """A page of the history, newest first, merged from the items that say when they happened and those that do not."""
    ends = None if page.limit is None else page.offset + page.limit
    found: list[Activity] = []
    for where, field in query.history_halves(target):
        newest = Query(where, (Sort(field, True), Sort("id", True)), Window(0, ends))
        found += call.desk.find(Activity, newest, ("links",)).items
    found.sort(key=lambda item: (-entry_date(item), -item.id))
    return list(islice(found, page.offset, ends))


def _context(call: Call, items: Sequence[Activity]) -> HistoryContext:
    creators = {item.creator_id for item in items if item.creator_id is not None}
    users = call.desk.get_many(User, creators) if creators else {}
    names = {id: user.name for id, user in users.items()}
    writing = {
        link.target.id
        for item in items
        if item.type == "email"
        for link in item.links
        if link.target.kind == "party" and link.role in PARTICIPANT_ROLES
    }
    parties = call.desk.get_many(Party, writing, ("points",)) if writing else {}
    addresses = {
        id: point.value for id, party in parties.items() for point in reversed(party.points) if point.kind == "email"
    }
    return HistoryContext(call.request.base_url, names, addresses)


def _load(call: Call, parent: Parent | None) -> Activity:
    """The item, which must be about `parent` when the path names one. Raises `Missing`."""
    id = path_id(call, "item", "history")
    try:
        item = call.desk.get(Activity, id, ("links",))
    except NotFound:
        raise Missing("history") from None
    if item.type == "task":
        raise Missing("history")
    if parent is not None:
        target = parent.ref(call)
        if all(link.target != target or link.role == ASSIGNEE for link in item.links):
            raise Missing("history")
    return item


def read(call: Call, parent: Parent | None = None) -> WireResponse:
    answer = answer_for(call)
    item = _load(call, parent)
    note_losses((item,), call.losses)
    return reply_one(answer, writers.HISTORY, item, _context(call, (item,)))


def create(call: Call, parent: Parent) -> WireResponse:
    parent.load(call)
    values = read_item(read_body(call.request, "historyItem"), new=True)
    creator = values.pop("creator_username", None)
    if creator is not None:
        values["creator_id"] = user_id(call, creator, "creator")
    entry = values.setdefault("start_at", call.now)
    item = call.desk.create(Create(Activity, {"type": "note", **values}, (NewLink(parent.ref(call)),)))
    if parent is PARTY:
        _stamp_contact(call, parent.ref(call).id, min(entry, call.now))
    return created(url(call, f"/api/history/{item.id}"))


def _stamp_contact(call: Call, id: int, at: Instant) -> None:
    """A new history item is a contact with the party, unless a later one is known."""
    last = call.desk.get(Party, id).last_contacted_at
    if last is None or last < at:
        call.desk.update(Update(Party, id, {"last_contacted_at": at}))


def update(call: Call, parent: Parent | None = None) -> WireResponse:
    item = _load(call, parent)
    values = read_item(read_body(call.request, "historyItem"), item, new=False)
    creator = values.pop("creator_username", None)
    if creator is not None:
        values["creator_id"] = user_id(call, creator, "creator")
    call.desk.update(Update(Activity, item.id, values))
    return done()


def delete(call: Call, parent: Parent | None = None) -> WireResponse:
    call.desk.delete(Delete(Activity, _load(call, parent).id))
    return done()

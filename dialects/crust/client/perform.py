"""Operations on canonical records as conversations with a Crust server.

A live server makes a second record of an id that is updated in another module's path, and lets anybody edit what is
not there into being (crust dossier, section 7): so whatever is changed or deleted is read first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from adapter.client import Conversation, Session, UnexpectedAnswer, kind_name, require
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import NotFound, Unauthenticated, UnknownReference, Unsupported
from canonical.model import Activity, Link, Party, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    Find,
    FindCustomFields,
    FindDeletions,
    FindTags,
    Get,
    Page,
    SaveCustomField,
    Update,
)
from canonical.values import Ref
from dialects.crust.client import ask, find, hear, own, say, users
from dialects.crust.client.capabilities import CAPABILITIES
from dialects.crust.client.shown import Shown, done, response_of
from dialects.crust.client.views import LEAD, SORTS, Modules, View, with_field
from dialects.crust.fields import objects
from dialects.crust.fields.system.modules import custom_name, field_of

_PARTY_WORDS: Final = tuple(SORTS)


@dataclass(frozen=True, slots=True)
class Asking:
    """What conversations on one operation share."""

    session: Session
    modules: Modules
    losses: LossReport

    def path(self, view: View, id: int | None = None) -> str:
        many = ask.records(view.module.id, self.session)
        return many if id is None else f"{many}/{id}"


def sign_in(session: Session) -> Conversation:
    """The session with a token, the caller's id and the modules. Raises as `adapter.client.ClientSide` says."""
    given = session.credentials
    token, me = given.token, 0
    if given.username and given.password:
        answer: WireResponse = yield ask.login(session)
        me = hear.user(response_of("sign-in", answer), LossReport()).id
        token = _cookie(answer)
        if not token:
            raise UnexpectedAnswer("sign-in", answer.status, "header Set-Cookie", "no token")
    if not token:
        raise Unauthenticated("missing")
    session = replace(session, state={"token": token})
    answer = yield ask.sign(ask.reading(ask.MODULES), session)
    known = own.modules("sign-in", answer, LossReport())
    return replace(session, state={"token": token, "modules": Modules(known, session.names, me)})


def _cookie(answer: WireResponse) -> str:
    """The token of the last cookie ``jwt`` that an answer sets."""
    tokens = [value[4:].partition(";")[0] for name, value in answer.headers if _is_cookie(name, value)]
    return tokens[-1] if tokens else ""


def _is_cookie(name: str, value: str) -> bool:
    return name.lower() == "set-cookie" and value.startswith("jwt=")


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """See `adapter.client.ClientSide.perform`."""
    room: Any = getattr(operation, "kind", None)
    if room is User:
        return (yield from users.perform(operation, losses))
    if own.knows(operation):
        return (yield from own.perform(operation, session, losses))
    conversation = _CONVERSATIONS.get(type(operation))
    if conversation is None:
        raise Unsupported(f"crust: {_words(operation)}")
    modules = session.state.get("modules")
    if modules is None:
        answer = yield ask.reading(ask.MODULES)
        modules = Modules(own.modules("module list", answer, losses), session.names)
    return (yield from conversation(operation, Asking(session, modules, losses)))


def _words(operation: Any) -> str:
    """Kind and verb of what there is no call for."""
    match operation:
        case AddTag(record=record):
            return f"{record.kind} tag"
        case DropTag(record=record):
            return f"{record.kind} untag"
        case FindTags():
            return "tag list"
        case FindDeletions(kind=kind):
            return f"{kind} deletions"
    return type(operation).__name__


# -- reading ----------------------------------------------------------------------------------------


def _look(asking: Asking, kind: str, id: int, views: Iterable[View], losses: LossReport) -> Conversation:
    """The record of that id and the view it is seen in. Raises NotFound.

    A gateway looks in the module of the path only, a live server in all of them and says in which the record is.
    """
    views = list(views)
    by_id = {view.module.id: view for view in views}
    for view in views:
        answer = yield ask.reading(asking.path(view, id))
        try:
            row: Shown = response_of(f"{kind} read", answer)
        except NotFound as error:
            if error.kind != kind:
                raise
            continue
        at = hear.module_of(row)
        there = view if not at else by_id.get(at)
        if there is None:
            break
        record = hear.record(row, there, asking.modules, losses)
        if record.id != id:
            raise row.fail("another record", "contentID")
        if record.KIND == Party.KIND:
            asking.modules.learn(id, SORTS[there.word])
        return record, there
    raise NotFound(kind, id)


def _get(operation: Get[Any], asking: Asking) -> Conversation:
    kind = operation.kind.KIND
    record, _ = yield from _look(asking, kind, operation.id, asking.modules.views_of(kind), asking.losses)
    return record


def _learn(asking: Asking, ids: Iterable[int]) -> Conversation:
    """Learns which sort of party each id is of: the fields that link them differ. Raises UnknownReference."""
    for id in sorted(ids):
        if id not in asking.modules.sorts:
            views = [view for word in _PARTY_WORDS if (view := asking.modules.find(word)) is not None]
            try:
                yield from _look(asking, Party.KIND, id, views, LossReport())
            except NotFound:
                raise UnknownReference("links", Party.KIND, id) from None
    return None


def _find(operation: Find[Any], asking: Asking) -> Conversation:
    wanted = find.of(operation, asking.modules)
    view, window = wanted.view, operation.query.window
    asked = f"{operation.kind.KIND} list"
    whole = ask.whole_page(window)
    if whole is not None:
        answer = yield ask.listing(asking.path(view), *whole, wanted.text, wanted.sort)
        rows, total = hear.rows_of(asked, answer)
    else:
        rows, total = yield from _stretch(asking, asked, wanted)
    found = [hear.record(row, view, asking.modules, asking.losses) for row in rows]
    return Page(found, total if operation.total else None)


def _stretch(asking: Asking, asked: str, wanted: find.Wanted) -> Conversation:
    """The rows of a window that is no page, out of the pages that it touches."""
    view, window = wanted.view, wanted.window
    size = ask.page_size(len(view.module.fields))
    page = window.offset // size
    left = window.offset % size
    rows: list[Shown] = []
    while True:
        answer = yield ask.listing(asking.path(view), page, size, wanted.text, wanted.sort)
        more, total = hear.rows_of(asked, answer)
        rows += more
        page += 1
        if len(more) < size or (window.limit is not None and len(rows) >= left + window.limit):
            end = None if window.limit is None else left + window.limit
            return rows[left:end], total


# -- writing ----------------------------------------------------------------------------------------


def _create(operation: Create[Any], asking: Asking) -> Conversation:
    name = kind_name(operation.kind, operation.values)
    require(CAPABILITIES, "crust", name, "create")
    modules = asking.modules
    word = LEAD if name == "person" and operation.values.get("stage") == "lead" else name
    view = modules.of(word)
    yield from _learn(asking, say.party_ids(operation.values, operation.links))
    record: Any = say.created(view, operation, modules)
    texts = {field: text for field, text in say.texts(view, record, modules).items() if text}
    said_type = operation.values.get("type", "")
    if operation.kind is Activity and said_type and said_type != view.fixed["type"]:
        asking.losses.add(name, "type", "shown_as_note")
    say.note_losses(view, name, operation, texts, 0, modules, asking.losses)
    answer = yield ask.writing(asking.path(view), ask.record_body(texts))
    record = hear.record(response_of(f"{name} create", answer), view, modules, LossReport())
    if view.word in SORTS:
        modules.learn(record.id, SORTS[view.word])
    return record


def _update(operation: Update[Any], asking: Asking) -> Conversation:
    kind = operation.kind.KIND
    require(CAPABILITIES, "crust", kind_name(operation.kind, operation.values), "update")
    before, view = yield from _look(asking, kind, operation.id, asking.modules.views_of(kind), LossReport())
    yield from _learn(asking, say.party_ids(operation.values, ()))
    after = say.changed(before, operation, asking.modules)
    name = kind_name(operation.kind, {"type": _type(before), **operation.values})
    yield from _send(asking, view, before, after, f"{name} update")
    said = say.texts(view, after, asking.modules)
    say.note_losses(view, name, operation, said, before.id, asking.modules, asking.losses)


def _type(record: Any) -> str:
    return str(getattr(record, "type", ""))


def _send(asking: Asking, view: View, before: Any, after: Any, asked: str) -> Conversation:
    """Sends the texts that differ; none where a record stays as it is."""
    texts = say.difference(say.texts(view, before, asking.modules), say.texts(view, after, asking.modules))
    if texts:
        answer = yield ask.writing(asking.path(view, before.id), ask.record_body(texts))
        response_of(asked, answer)


def _delete(operation: Delete[Any], asking: Asking) -> Conversation:
    kind = operation.kind.KIND
    _, view = yield from _look(asking, kind, operation.id, asking.modules.views_of(kind), LossReport())
    done(f"{kind} delete", (yield ask.deleting(asking.path(view, operation.id))))
    asking.modules.sorts.pop(operation.id, None)


def _link(operation: AddLink, asking: Asking) -> Conversation:
    """One more link, where the field for its sort is free; else a loss."""
    kind, link = operation.record.kind, operation.link
    before, view = yield from _look(
        asking, kind, operation.record.id, _linking(asking, operation.record, link.target), LossReport()
    )
    yield from _learn(asking, say.party_ids({}, (link,)))
    after = say.with_links(replace(before), (link,), asking.modules)
    yield from _send(asking, view, before, after, f"{kind} link")
    name = kind_name(type(before), {"type": _type(before)})
    heard = hear.from_texts(view, before.id, say.texts(view, after, asking.modules), asking.modules, LossReport())
    say.note_links(name, (link,), heard, asking.losses)


def _unlink(operation: DropLink, asking: Asking) -> Conversation:
    kind, target = operation.record.kind, operation.target
    before, view = yield from _look(
        asking, kind, operation.record.id, _linking(asking, operation.record, target), LossReport()
    )
    after = replace(before, links=[link for link in before.links if not _is_meant(link, operation)])
    if operation.role in (None, "") and target == Ref(Party.KIND, getattr(before, "party_id", None) or 0):
        after.party_id = None
    yield from _send(asking, view, before, after, f"{kind} unlink")


def _is_meant(link: Link, operation: DropLink) -> bool:
    return link.target == operation.target and operation.role in (None, link.role)


def _linking(asking: Asking, record: Ref, target: Ref) -> list[View]:
    """The views of records that say links to such a target. Raises Unsupported."""
    views = asking.modules.views_of(record.kind) if record.kind != User.KIND else []
    if target.kind not in _TARGETS or not any("links" in row.said() for view in views for row in view.rows.values()):
        raise Unsupported(f"crust: {record.kind} link to {target.kind}")
    return views


_TARGETS: Final = (Party.KIND, "opportunity", "case")


# -- custom fields ----------------------------------------------------------------------------------


def _find_custom_fields(operation: FindCustomFields, asking: Asking) -> Conversation:
    """The fields of all modules of the kind that the system modules have not, each name once."""
    found: dict[tuple[str, str], Any] = {}
    for view in asking.modules.views_of(operation.kind):
        answer = yield ask.reading(f"{ask.MODULES}{view.module.id}")
        asking.modules.replace(own.module("custom_field list", answer, asking.losses))
    for view in asking.modules.views_of(operation.kind):
        for definition in view.definitions():
            found.setdefault((definition.group, definition.name), definition)
    return list(found.values())


def _save_custom_field(operation: SaveCustomField, asking: Asking) -> Conversation:
    """Every module of the kind has it from then on: an edit replaces the whole module, so it is read first."""
    asked, definition = "custom_field define", operation.definition
    views = asking.modules.views_of(definition.kind)
    if any(custom_name(definition) in view.rows for view in views):
        raise Unsupported(f"crust: custom_field define of {definition.name}, which is a field of {definition.kind}")
    for view in views:
        path = f"{ask.MODULES}{view.module.id}"
        module = own.module(asked, (yield ask.reading(path)), asking.losses)
        edited = with_field(module, field_of(definition))
        body = {"name": edited.name, "fields": [objects.module_field(field) for field in edited.fields]}
        asking.modules.replace(own.module(asked, (yield ask.writing(path, body)), asking.losses))
    return definition


_CONVERSATIONS: Final[Mapping[type, Callable[[Any, Asking], Conversation]]] = {
    Get: _get,
    Find: _find,
    FindCustomFields: _find_custom_fields,
    SaveCustomField: _save_custom_field,
    Create: _create,
    Update: _update,
    Delete: _delete,
    AddLink: _link,
    DropLink: _unlink,
}

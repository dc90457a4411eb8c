"""Operations as conversations with a Capsule server: what takes several calls there is one operation here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, Session, kind_name, note_losses, require
from adapter.losses import LossReport
from canonical.errors import NotFound, Unsupported
from canonical.model import Activity, Case, CustomField, CustomValue, Opportunity, Party, Record, Tag, User
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
    Get,
    Page,
    Update,
)
from canonical.query import Compare, Op, Query
from canonical.values import Ref
from dialects.capsule.client import ask, hear
from dialects.capsule.client.capabilities import CAPABILITIES
from dialects.capsule.fields.opportunity import state_of
from dialects.capsule.wire.texts import show_compact_time

_DELETED: Final = {
    Party.KIND: ("party", "deletedParties", "deletedParty"),
    Opportunity.KIND: ("opportunity", "deletedOpportunities", "deletedOpportunity"),
    Case.KIND: ("kase", "deletedKases", "deletedKase"),
}


def sign_in(session: Session) -> Conversation:
    """Asks for the users: whether the token is good, and whom the server's usernames mean."""
    request = ask.sign(ask.reading("/api/users"), session)
    users = hear.many("user list", (yield request), ("user",), LossReport())
    return replace(session, state={"users": {user.username: user.id for user in users if isinstance(user, User)}})


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """See `adapter.client.ClientSide.perform`."""
    conversation = _CONVERSATIONS.get(type(operation))
    if conversation is None:
        raise Unsupported(f"capsule: {type(operation).__name__}")
    return (yield from conversation(operation, losses))


# -- reading ----------------------------------------------------------------------------------------


def _get(operation: Get[Any], losses: LossReport) -> Conversation:
    kind, id = operation.kind.KIND, operation.id
    if operation.kind is Activity:
        return (yield from _activity(id, losses))
    if kind not in ask.NOUNS:
        raise Unsupported(f"capsule: {kind} read")
    asked = f"{kind} read"
    record = hear.one(asked, (yield ask.reading(ask.path_of(kind, id))), hear.ITEMS[kind], losses)
    return (yield from complete(record, losses))


def _activity(id: int, losses: LossReport) -> Conversation:
    """A task, or where there is none of that id a history item: they share their ids."""
    answer = yield ask.reading(f"/api/task/{id}")
    if answer.status != 404:
        return hear.one("task read", answer, ("task",), losses)
    return hear.one("note read", (yield ask.reading(f"/api/history/{id}")), ("historyItem",), losses)


def complete(record: Record, losses: LossReport) -> Conversation:
    """The record with what takes calls of its own: tags, custom values, further parties, an opportunity's state."""
    if isinstance(record, Party | Opportunity | Case):
        ref = Ref(record.KIND, record.id)
        asked = f"{record.KIND} read"
        record.tags = hear.tags(asked, (yield ask.sublist(*ref, "tag")))
        record.custom = hear.custom_values(asked, (yield ask.sublist(*ref, "customfields")))
        if not isinstance(record, Party):
            record.links = hear.party_links(asked, (yield ask.sublist(*ref, "party")), ref)
    if isinstance(record, Opportunity):
        milestones = hear.milestones("opportunity read", (yield ask.reading("/api/opportunity/milestones")))
        stage = milestones.named(record.stage or "")
        if stage is not None:
            record.state = state_of(stage)
    return record


def _find(operation: Find[Any], losses: LossReport) -> Conversation:
    kind = operation.kind.KIND
    if operation.kind is Activity:
        names: tuple[str, ...] = ("task",) if _is_tasks(operation.query) else ("historyItem",)
    else:
        names = hear.ITEMS[kind]
    request = ask.find(operation)
    return Page(hear.many(f"{kind} list", (yield request), names, losses))


def _is_tasks(query: Query) -> bool:
    nodes = getattr(query.where, "nodes", (query.where,))
    return any(
        isinstance(node, Compare) and (node.field, node.op, node.value) == ("type", Op.EQ, "task") for node in nodes
    )


def _find_custom_fields(operation: FindCustomFields, losses: LossReport) -> Conversation:
    return hear.definitions("custom_field list", (yield _definitions(operation.kind)), operation.kind)


def _definitions(kind: str) -> Any:
    noun = ask.NOUNS.get(kind)
    if noun is None:
        raise Unsupported(f"capsule: custom_field list of {kind}")
    return ask.reading(f"/api/{noun}/customfield/definitions")


def _find_deletions(operation: FindDeletions, losses: LossReport) -> Conversation:
    if operation.kind not in _DELETED:
        raise Unsupported(f"capsule: {operation.kind} deletions")
    noun, root, name = _DELETED[operation.kind]
    request = ask.reading(f"/api/{noun}/deleted?since={show_compact_time(operation.since)}")
    return hear.deletions(f"{operation.kind} deletions", (yield request), operation.kind, root, name)


# -- writing ----------------------------------------------------------------------------------------


def _create(operation: Create[Any], losses: LossReport) -> Conversation:
    name = kind_name(operation.kind, operation.values)
    asked = f"{name} create"
    row = require(CAPABILITIES, "capsule", name, "create")
    request = ask.create(operation)
    note_losses(row, operation, losses)
    if operation.kind is Activity and name not in ("task", "note"):
        losses.add(name, "type", "shown_as_note")
    id = hear.new_id(asked, (yield request))
    record = operation.kind(id=id)
    ref = Ref(operation.kind.KIND, id)
    if operation.kind is Activity:
        _note_links(operation, name, losses)
        if name == "task" and operation.values.get("state") == "completed":
            # A task is made open whatever was sent (capsule dossier, section 3).
            hear.check("task complete", (yield ask.writing("POST", f"/api/task/{id}/complete")))
        return record
    for tag in operation.tags:
        hear.check(f"{name} tag", (yield ask.tagging(AddTag(ref, tag))))
    if operation.custom:
        yield from _set_custom(ref, operation.custom)
    if operation.kind is not Party:
        for link in operation.links:
            if link.target.kind == Party.KIND:
                hear.check(f"{name} link", (yield ask.linking(AddLink(ref, link))))
            else:
                losses.add(name, "links", f"no_{link.target.kind}")
    elif operation.links:
        losses.add(name, "links", "not_said", len(operation.links))
    return record


def _note_links(operation: Create[Any], name: str, losses: LossReport) -> None:
    """An activity is about one record, the one in its path."""
    parent = ask.parent_of(operation.links)
    left = sum(link.target != parent for link in operation.links)
    if left:
        losses.add(name, "links", "only_first_said", left)


def _set_custom(record: Ref, values: tuple[CustomValue, ...]) -> Conversation:
    """Values go under the element of their definition's type, text where nobody defined them yet."""
    defined: list[CustomField] = hear.definitions("custom_field list", (yield _definitions(record.kind)), record.kind)
    types: Mapping[tuple[str, str], str] = {(item.group, item.name): item.type for item in defined}
    hear.check(f"{record.kind} update", (yield ask.custom_values(record, values, types)))


def _update(operation: Update[Any], losses: LossReport) -> Conversation:
    name = kind_name(operation.kind, operation.values)
    note_losses(require(CAPABILITIES, "capsule", name, "update"), operation, losses)
    custom, operation = operation.custom, replace(operation, custom=())
    for request in ask.updates(operation):
        hear.check(f"{name} update", (yield request))
    if custom:
        yield from _set_custom(Ref(operation.kind.KIND, operation.id), custom)
    return None


def _delete(operation: Delete[Any], losses: LossReport) -> Conversation:
    kind = operation.kind.KIND
    answer = yield ask.delete(operation)
    if operation.kind is Activity and answer.status == 404:
        answer = yield ask.delete(operation, history=True)
    if answer.status == 404:
        raise NotFound(kind, operation.id)
    hear.check(f"{kind} delete", answer)


def _add_tag(operation: AddTag, losses: LossReport) -> Conversation:
    answer = yield ask.tagging(operation)
    hear.check(f"{operation.record.kind} tag", answer)
    return Tag(0, operation.name), answer.status == 201


def _drop_tag(operation: DropTag, losses: LossReport) -> Conversation:
    answer = yield ask.tagging(operation)
    if answer.status == 404:
        return False
    hear.check(f"{operation.record.kind} untag", answer)
    return True


def _link(operation: AddLink | DropLink, losses: LossReport) -> Conversation:
    verb = "link" if isinstance(operation, AddLink) else "unlink"
    hear.check(f"{operation.record.kind} {verb}", (yield ask.linking(operation)))


_CONVERSATIONS: Final[Mapping[type, Callable[[Any, LossReport], Conversation]]] = {
    Get: _get,
    Find: _find,
    FindCustomFields: _find_custom_fields,
    FindDeletions: _find_deletions,
    Create: _create,
    Update: _update,
    Delete: _delete,
    AddTag: _add_tag,
    DropTag: _drop_tag,
    AddLink: _link,
    DropLink: _link,
}

"""Operations as conversations with an opentaps server: what takes several calls there is one operation here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, Session, kind_name, note_losses, require
from adapter.losses import LossReport
from adapter.wire import WireRequest
from canonical.errors import Unsupported
from canonical.model import Activity, Link, Party, Tag, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    Find,
    FindTags,
    Get,
    Page,
    Update,
)
from canonical.values import Ref, fold
from dialects.opentaps import query
from dialects.opentaps.client import ask, contacts, hear, users
from dialects.opentaps.client.capabilities import CAPABILITIES
from dialects.opentaps.client.hear import Users
from dialects.opentaps.client.shown import check
from dialects.opentaps.fields.activity import ASSIGNEE
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.wire.ids import text_of


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """See `adapter.client.ClientSide.perform`."""
    known: Users = session.state.get("users", {})
    conversation = _CONVERSATIONS.get((type(operation), getattr(operation, "kind", None)))
    if conversation is None:
        _refuse(operation)
        raise Unsupported(f"opentaps: {type(operation).__name__}")
    if isinstance(operation, Create | Update):
        _note(operation, losses)
    return (yield from conversation(operation, known, losses))


def _refuse(operation: Any) -> None:
    """Raises `Unsupported` for a kind that this vendor does not have."""
    verb = {Create: "create", Update: "update", Delete: "delete", Get: "read", Find: "list"}.get(type(operation))
    if verb is not None:
        require(CAPABILITIES, "opentaps", operation.kind.KIND, verb)


def _note(operation: Create[Any] | Update[Any], losses: LossReport) -> None:
    """Counts what no call can say; what this dialect itself kept is no loss."""
    verb = "create" if isinstance(operation, Create) else "update"
    row = require(CAPABILITIES, "opentaps", kind_name(operation.kind, operation.values), verb)
    others = {name: kept for name, kept in operation.extras.items() if name != NAMESPACE}
    note_losses(row, replace(operation, extras=others), losses)


# -- reading ----------------------------------------------------------------------------------------


def _get(operation: Get[Activity], known: Users, losses: LossReport) -> Conversation:
    return (yield from _read(operation.id, known, losses))


def _read(id: int, known: Users, losses: LossReport) -> Conversation:
    return hear.one_activity("activity read", (yield ask.reading(ask.activity_path(id))), known, losses)


def _find(operation: Find[Activity], known: Users, losses: LossReport) -> Conversation:
    path, pairs = query.parameters_of(operation.query, text_of)
    return Page(hear.activities("activity list", (yield ask.reading(path, pairs)), known, losses))


def _find_tags(operation: FindTags, known: Users, losses: LossReport) -> Conversation:
    return hear.tags("tag list", (yield ask.reading("/tag")))


# -- writing ----------------------------------------------------------------------------------------


def _create(operation: Create[Activity], known: Users, losses: LossReport) -> Conversation:
    name = kind_name(Activity, operation.values)
    request = ask.create(operation, known, losses)
    id = hear.new_activity(f"{name} create", (yield request))
    about = Ref("activity", id)
    for link in operation.links:
        if not _is_contact(link.target):
            losses.add(name, "links", f"no_{link.target.kind}")
        elif link.role != ASSIGNEE:
            check(f"{name} link", (yield ask.associating("add", about, link.target, link.role)))
    for tag in operation.tags[1:]:
        check(f"{name} tag", (yield ask.tagging(id, tag)))
    return Activity(id=id)


def _is_contact(target: Ref) -> bool:
    """Whether a target is a contact there: a user is, by his card."""
    return target.kind in ("party", "user")


def _update(operation: Update[Activity], known: Users, losses: LossReport) -> Conversation:
    name = kind_name(Activity, operation.values)
    values = operation.values
    if ("title" in values) != ("body" in values) or ("due_date_only" in values and "due_at" not in values):
        # The vendor has one text, and one field for a moment or a day.
        before = yield from _read(operation.id, known, LossReport())
        beside = {"title": before.title, "body": before.body} if {"title", "body"} & values.keys() else {}
        if "due_date_only" in values:
            beside["due_at"] = before.due_at
        operation = replace(operation, values={**beside, **values})
    request = ask.update(operation, known, losses)
    if request is not None:
        check(f"{name} update", (yield request), (200,))


def _delete(operation: Delete[Activity], known: Users, losses: LossReport) -> Conversation:
    if operation.cascade:
        raise Unsupported("opentaps: activity delete with those below it")
    check("activity delete", (yield ask.removing(ask.activity_path(operation.id))), (200,))


def _add_tag(operation: AddTag, known: Users, losses: LossReport) -> Conversation:
    id = _activity_in(operation.record, "tag")
    before = yield from _read(id, known, LossReport())
    request = ask.tagging(id, operation.name, operation.url, operation.keywords)
    after = hear.one_activity("activity tag", (yield request), known, LossReport())
    made = next(_named(after, operation.name), Tag(0, operation.name, operation.url, operation.keywords))
    return made, not any(_named(before, operation.name))


def _named(activity: Activity, name: str) -> Iterator[Tag]:
    wanted = fold(name.strip())
    return (tag for tag in activity.tags if fold(tag.name) == wanted)


def _activity_in(record: Ref, verb: str) -> int:
    if record.kind != Activity.KIND:
        raise Unsupported(f"opentaps: {record.kind} {verb}")
    return record.id


def _add_link(operation: AddLink, known: Users, losses: LossReport) -> Conversation:
    id, link = _activity_in(operation.record, "link"), operation.link
    if not _is_contact(link.target):
        raise Unsupported(f"opentaps: activity link {link.target.kind}")
    if link.role == ASSIGNEE:
        before = yield from _read(id, known, LossReport())
        wanted = dict.fromkeys([*ask.assignees(before.links), *ask.assignees([link])])
        request = ask.assigning(id, list(wanted))
    else:
        request = ask.associating("add", operation.record, link.target, link.role)
    after = hear.one_activity("activity link", (yield request), known, LossReport())
    made = (found for found in after.links if (found.target.id, found.role) == (link.target.id, link.role))
    return next(made, Link(0, operation.record, link.target, link.role))


def _drop_link(operation: DropLink, known: Users, losses: LossReport) -> Conversation:
    """How many links went. The vendor takes a contact out of one role, or of all that are no assignment."""
    id = _activity_in(operation.record, "unlink")
    if not _is_contact(operation.target):
        raise Unsupported(f"opentaps: activity unlink {operation.target.kind}")
    before = yield from _read(id, known, LossReport())
    there = [link for link in before.links if link.target.id == operation.target.id]
    going = [link for link in there if operation.role in (None, link.role)]
    for request in _dropping(before, operation.target, going, there):
        check("activity unlink", (yield request), (200,))
    return len(going)


def _dropping(before: Activity, target: Ref, going: list[Link], there: list[Link]) -> list[WireRequest]:
    record = Ref("activity", before.id)
    roles = [link.role for link in going if link.role != ASSIGNEE]
    requests = []
    if "" in roles:
        # Only all at once; those that stay are made anew.
        requests.append(ask.associating("remove", record, target, ""))
        staying = [link.role for link in there if link not in going and link.role != ASSIGNEE]
        requests += [ask.associating("add", record, target, role) for role in staying]
    else:
        requests += [ask.associating("remove", record, target, role) for role in roles]
    if len(roles) < len(going):
        others = [link for link in before.links if link.target.id != target.id]
        requests.append(ask.assigning(before.id, ask.assignees(others)))
    return requests


_CONVERSATIONS: Final[Mapping[tuple[type, Any], Callable[[Any, Users, LossReport], Conversation]]] = {
    (Get, Activity): _get,
    (Find, Activity): _find,
    (Create, Activity): _create,
    (Update, Activity): _update,
    (Delete, Activity): _delete,
    (AddTag, None): _add_tag,
    (AddLink, None): _add_link,
    (DropLink, None): _drop_link,
    (FindTags, None): _find_tags,
    (Get, Party): contacts.get,
    (Find, Party): contacts.find,
    (Create, Party): contacts.create,
    (Update, Party): contacts.update,
    (Delete, Party): contacts.delete,
    (Get, User): users.get,
    (Find, User): users.find,
    (Create, User): users.create,
    (Update, User): users.update,
    (Delete, User): users.delete,
}

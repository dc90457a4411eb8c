"""Users of a Crust server (crust dossier, section 8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, require
from adapter.losses import LossReport
from canonical.errors import Unsupported
from canonical.model import User
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import TRUE, Compare, Op, Query, Sort, Window, all_of, eq
from dialects.crust.client import ask, hear
from dialects.crust.client.capabilities import CAPABILITIES
from dialects.crust.client.shown import response_of
from dialects.crust.fields import objects
from dialects.crust.perform.users import MAX_USERS, named
from dialects.crust.settings import NAME

_PARTS: Final = frozenset({"username", "email", "first_name", "last_name"})
_EXTRAS: Final = frozenset({"name", "handle", "kind", "organisation"})


def perform(operation: Any, losses: LossReport) -> Conversation:
    match operation:
        case Get(id=id):
            return (yield from _read(id, losses))
        case Find(query=query):
            answer = yield ask.reading(ask.USERS, _parameters(query))
            return Page(listed("user list", answer, losses))
        case Create():
            return (yield from _create(operation, losses))
        case Update():
            return (yield from _update(operation, losses))
        case Delete(id=id):
            # A missing user would be a success too.
            yield from _read(id, LossReport())
            response_of("user delete", (yield ask.deleting(f"{ask.USERS}{id}")))
            return None
    raise Unsupported(f"crust: user {type(operation).__name__}")


def listed(asked: str, answer: Any, losses: LossReport) -> list[User]:
    """All users of an answer. Lists have no pages: one that is as long as ours may be is told of as cut."""
    found = hear.users(asked, answer, losses)
    if len(found) >= MAX_USERS:
        losses.add("user", "list", "maybe_cut")
    return found


def _read(id: int, losses: LossReport) -> Conversation:
    return hear.user(response_of("user read", (yield ask.reading(f"{ask.USERS}{id}"))), losses)


def _parameters(query: Query) -> dict[str, str]:
    """What a list of users can be asked: how the username begins. Raises Unsupported."""
    if query.sort not in ((), (Sort("username"),)) or query.window != Window():
        raise Unsupported("crust: users have neither an order of one's own nor pages")
    match query.where:
        case node if node in (TRUE, eq("active", 1)):
            return {}
        case Compare(field="username", op=Op.LIKE, value=str() as text) if named(text[:-1]) == query.where:
            return {"query": text[:-1]}
        case node:
            text = next((n.value for n in getattr(node, "nodes", ()) if getattr(n, "op", None) is Op.LIKE), "")
            if isinstance(text, str) and text and node == all_of(eq("active", 1), named(text[:-1])):
                return {"query": text[:-1]}
    raise Unsupported("crust: user list of that query")


def _create(operation: Create[User], losses: LossReport) -> Conversation:
    require(CAPABILITIES, "crust", "user", "create")
    user = _with(User(), operation)
    _note(operation, user, losses)
    body = objects.sent_user(user, operation.values.get("password"))
    return hear.user(response_of("user create", (yield ask.writing(ask.USERS, body))), LossReport())


def _update(operation: Update[User], losses: LossReport) -> Conversation:
    """A user is replaced whole, so he is read first."""
    require(CAPABILITIES, "crust", "user", "update")
    before: User = yield from _read(operation.id, LossReport())
    user = _with(before, operation)
    _note(operation, user, losses)
    body = objects.sent_user(user, operation.values.get("password"))
    response_of("user update", (yield ask.writing(f"{ask.USERS}{operation.id}", body, "PUT")))


def _with(user: User, operation: Create[User] | Update[User]) -> User:
    user = replace(user, **{name: value for name, value in operation.values.items() if name in _PARTS})
    kept = {**(user.extras.get(NAME) or {}), **(operation.extras.get(NAME) or {})}
    user.extras = {NAME: {name: value for name, value in kept.items() if value is not None}}
    return user


def _note(operation: Create[User] | Update[User], user: User, losses: LossReport) -> None:
    """Adds what is not said of an operation that makes or leaves such a user: there people have one name."""
    heard = dict(zip(("first_name", "last_name"), objects.split_name(objects.user_name(user)), strict=True))
    for name, value in operation.values.items():
        if value is None or name == "password":
            continue
        if name not in _PARTS or (value or None) != heard.get(name, value or None):
            losses.add("user", name, "not_said")
    for part in ("custom", "tags", "links", "points"):
        given = getattr(operation, part, ())
        if given:
            losses.add("user", part, "not_said", len(given))
    for namespace, extras in operation.extras.items():
        left = set(extras) - (_EXTRAS if namespace == NAME else set())
        if left:
            losses.add("user", f"extras.{namespace}", "not_said", len(left))

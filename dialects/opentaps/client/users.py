"""Users: contacts that can sign in, made and removed by administrators (opentaps dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapter.client import Conversation
from adapter.losses import LossReport
from canonical.errors import NotFound, Unsupported
from canonical.model import User
from canonical.operations import Create, Delete, Find, Get, Page, Update
from canonical.query import TRUE
from dialects.opentaps.client import ask, hear
from dialects.opentaps.client.hear import Users
from dialects.opentaps.client.shown import Shown, check, value
from dialects.opentaps.client.sign_in import listed_users, users_of
from dialects.opentaps.fields.status import NAMESPACE

_NAMES: Final = (("firstName", "first_name"), ("lastName", "last_name"), ("emailAddress", "email"))
_ADMINISTER: Final = "DOMAIN_CONF"
_WRITE: Final = "ACTIVITY_UPDATE"


def get(operation: Get[User], known: Users, losses: LossReport) -> Conversation:
    answer = yield ask.find_contact(operation.id)
    cards: list[Shown] = list(value("user read", answer).items())
    found = yield from users_of(cards, losses)
    if not found:
        raise NotFound(User.KIND, operation.id)
    return found[0]


def find(operation: Find[User], known: Users, losses: LossReport) -> Conversation:
    wanted = operation.query
    if wanted.where != TRUE or wanted.sort:
        raise Unsupported("opentaps: user list of that query")
    found = yield from listed_users(losses)
    first, limit = wanted.window.offset, wanted.window.limit
    return Page(found[first:] if limit is None else found[first : first + limit], len(found))


def create(operation: Create[User], known: Users, losses: LossReport) -> Conversation:
    """A contact and its login, or the login of a contact that is there."""
    values, kept = operation.values, operation.extras.get(NAMESPACE, {})
    login = str(kept.get("userId") or values.get("username") or "")
    if not login:
        raise Unsupported("opentaps: user create without a username")
    pairs = [("userId", login), ("userIdType", str(kept.get("userIdType") or "INTERNAL"))]
    if values.get("person_id"):
        pairs.append(("contactId", ask.wire_id("party", values["person_id"])))
        request = ask.sending("POST", "/admin/user", pairs)
    else:
        pairs += [(wire, values[name]) for wire, name in _NAMES if values.get(name)]
        request = ask.sending("POST", "/admin/user-contact", pairs)
    id = hear.new_contact("user create", (yield request))
    given = {name: held for name, held in values.items() if held}
    yield from _set_rights(login, given)
    known[id] = login.lower()
    return User(id=id, person_id=id)


def update(operation: Update[User], known: Users, losses: LossReport) -> Conversation:
    logins = yield from _logins(operation.id, "user update")
    yield from _set_rights(logins[0], operation.values)


def _set_rights(login: str, values: Mapping[str, Any]) -> Conversation:
    """What is given of the two rights that the core knows."""
    for name, right, granted in (("is_admin", _ADMINISTER, True), ("view_only", _WRITE, False)):
        if values.get(name) is None:
            continue
        pairs = [("userId", login), ("permission", right)]
        path = "/admin/user-permission"
        grant = bool(values[name]) is granted
        request = ask.sending("POST", path, pairs) if grant else ask.removing(path, pairs)
        check("user update", (yield request))


def delete(operation: Delete[User], known: Users, losses: LossReport) -> Conversation:
    """All of his logins; the contact stays."""
    for login in (yield from _logins(operation.id, "user delete")):
        check("user delete", (yield ask.removing("/admin/user", [("userId", login)])))
    known.pop(operation.id, None)


def _logins(id: int, asked: str) -> Conversation:
    answer = yield ask.reading(f"/contact-users/{ask.wire_id(User.KIND, id)}")
    found = [login for login, _ in hear.logins(asked, answer)]
    if not found:
        raise NotFound(User.KIND, id)
    return found

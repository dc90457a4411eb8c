"""Users, teams and organisations, as far as clients ask for them (crust dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import NotFound
from canonical.model import User
from canonical.operations import Create, Update
from canonical.query import TRUE, Compare, Node, Op, Query, Sort, Window, all_of, eq
from canonical.values import MAX_ID, clean_text
from dialects.crust.errors import USER_NOT_FOUND, Refused, too_long
from dialects.crust.fields import objects
from dialects.crust.fields.people import require_admin
from dialects.crust.settings import NAME
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind
from dialects.crust.wire.envelope import ZERO_TIME
from dialects.crust.wire.gojson import RAW, UINT64

_FORM = (
    Post("email"),
    Post("username"),
    Post("password"),
    Post("name"),
    Post("handle"),
    Post("kind"),
    Post("meta", RAW),
    Post("satosaID"),
    Post("organisationID", UINT64),
)
_COLUMNS = {
    **{name: name for name in ("email", "username", "name", "handle", "kind")},
    "satosaID": "satosa_id",
}
"""Texts, and what the vendor's table calls them."""
LIST = Request("UserList", (Get("query"),))
READ = Request("UserRead", (Path("userID"),))
CREATE = Request("UserCreate", _FORM)
EDIT = Request("UserEdit", (Path("userID"), *_FORM))
NOTHING = Request("Nothing", ())
MAX_USERS = 1_000
MAX_TEXT = 255


def listed(call: Call) -> WireResponse:
    """Active users whose username begins with `query`, in which ``%`` and ``_`` are wildcards, by username."""
    where = all_of(eq("active", 1), named(bind(call, LIST)["query"]))
    found = call.desk.find(User, Query(where, (Sort("username"),), Window(0, MAX_USERS)))
    return envelope.response([objects.user(user) for user in found.items])


def named(query: str) -> Node:
    """What a list's `query` means."""
    return Compare("username", Op.LIKE, f"{query}%") if query else TRUE


def _find(call: Call, id: int) -> User:
    try:
        user = call.desk.get(User, min(id, MAX_ID))
    except NotFound:
        raise Refused(USER_NOT_FOUND) from None
    if not user.active:
        raise Refused(USER_NOT_FOUND)
    return user


def read(call: Call) -> WireResponse:
    return envelope.response(objects.user(_find(call, bind(call, READ)["userID"])))


def sent_user(
    sent: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What a request makes of a user. Raises Refused for text that is too long, unless `before` shows it already."""
    sent = {name: clean_text(value) if isinstance(value, str) else value for name, value in sent.items()}
    for name, column in _COLUMNS.items():
        if len(sent[name] or "") > MAX_TEXT and (before or {}).get(name) != sent[name]:
            raise too_long(column)
    first, last = objects.split_name(sent["name"])
    values = {"username": sent["username"], "email": sent["email"] or None, "first_name": first, "last_name": last}
    extras = {"name": sent["name"] or None, "handle": sent["handle"], "kind": sent["kind"] or None}
    for name, key in (("meta", "meta"), ("satosaID", "satosa"), ("organisationID", "organisation")):
        extras[key] = str(sent[name]) if sent[name] else None
    if extras["meta"] is not None:
        objects.json_column(extras["meta"], 7)
    return values, {NAME: extras}


def create(call: Call) -> WireResponse:
    """A new user with his password; administrators only."""
    sent = bind(call, CREATE)
    require_admin(call)
    values, extras = sent_user(sent)
    kept = {key: value for key, value in extras[NAME].items() if value is not None}
    made = call.desk.create(Create(User, values, extras={NAME: kept}))
    if sent["password"]:
        call.accounts.set_password(call.caller.tenant_id, made.id, sent["password"])
    return envelope.response(objects.user(made, created=True))


def edit(call: Call) -> WireResponse:
    """Replaces what this dialect shows of a user; administrators, and everybody for himself.

    The answer has createdAt zeroed, as the vendor's server had; the stored one stays.
    """
    sent = bind(call, EDIT)
    before = _find(call, sent["userID"])
    require_admin(call, before.id)
    values, extras = sent_user(sent, objects.user(before, updated=True))
    changed = call.desk.update(Update(User, before.id, values, extras=extras, touch=True))
    if sent["password"]:
        call.accounts.set_password(call.caller.tenant_id, changed.id, sent["password"])
    return envelope.response({**objects.user(changed, updated=True), "createdAt": ZERO_TIME})


def delete(call: Call) -> WireResponse:
    """The user can no longer sign in; ``false`` means done (crust dossier, section 8)."""
    id = bind(call, READ)["userID"]
    require_admin(call)
    found = call.desk.get_many(User, (min(id, MAX_ID),))
    if found:
        call.desk.update(Update(User, next(iter(found)), {"active": False}))
    return envelope.response(False)


# -- teams, organisations ---------------------------------------------------------------------------


def teams(call: Call) -> WireResponse:
    """None: there are no teams here."""
    bind(call, NOTHING)
    return envelope.response([])


def organisations(call: Call) -> WireResponse:
    """The one organisation that the deployment is."""
    bind(call, NOTHING)
    return envelope.response([_organisation(call)])


def organisation(call: Call) -> WireResponse:
    bind(call, NOTHING)
    if call.params["organisationID"] != str(call.caller.tenant_id):
        raise Refused("crust.auth.repository.OrganisationNotFound")
    return envelope.response(_organisation(call))


def team(call: Call) -> WireResponse:
    bind(call, NOTHING)
    raise Refused("crust.auth.repository.TeamNotFound")


def _organisation(call: Call) -> dict[str, Any]:
    tenant = call.accounts.tenant(call.caller.tenant_id)
    fqn = tenant.hosts[0] if tenant.hosts else tenant.slug
    return {"organisationID": str(tenant.id), "fqn": fqn, "name": tenant.slug, "createdAt": envelope.stamp(0)}

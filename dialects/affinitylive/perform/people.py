"""Companies, contacts, affiliations, staff (dossier, section 8)."""

from __future__ import annotations

import dataclasses
from typing import Any

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Denied, Duplicate, NotFound
from canonical.model import ContactPoint, Party, User
from canonical.operations import Create, Delete, Update
from canonical.query import Query, Window, all_of, eq
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.people import POINT_OF, find_point
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import CONTACT
from dialects.affinitylive.perform.activities import may_delete
from dialects.affinitylive.perform.oauth import locale, user_access, user_titles
from dialects.affinitylive.perform.shared import (
    Changes,
    Handler,
    find_one,
    read_custom,
    read_simple,
    read_standing,
    reference,
    set_standing,
    show,
    show_one,
    sight_of,
)
from dialects.affinitylive.query.people import CONTACTS
from dialects.affinitylive.wire import grammar, parameters
from dialects.affinitylive.wire.envelope import answer
from dialects.affinitylive.wire.parameters import Parameters

POINTS_OF = {
    "companies": ("website", "phone", "fax", "email"),
    "contacts": ("email", "mobile", "phone", "fax"),
    "affiliations": ("email", "mobile", "phone", "fax"),
}
"""The contact points that each resource takes."""

NEW_LABELS = {"phone": "work", "website": "work", "email": "work"}


def points_of(name: str, given: Parameters, current: Any | None) -> tuple[list[ContactPoint], list[int]]:
    """Points to save and ids of points to drop: only what differs from what is shown."""
    there = () if current is None else current.points
    saved: list[ContactPoint] = []
    dropped: list[int] = []
    for parameter in POINTS_OF[name]:
        text = given.text(parameter)
        if text is None:
            continue
        text = text.strip()
        old = find_point(there, parameter)
        if old is None:
            if text:
                kind, label = POINT_OF[parameter]
                saved.append(ContactPoint(kind, text, label or NEW_LABELS.get(parameter)))
        elif not text:
            dropped.append(old.id)
        elif text != old.value:
            saved.append(dataclasses.replace(old, value=text))
    return saved, dropped


def _company_id(call: Call, given: Parameters, current: Any | None, changes: Changes) -> None:
    """The company that a person works for. Raises NotFound."""
    id = reference(given, "company_id", "company")
    if id is None or id == (getattr(current, "organisation_id", None) or 0):
        return
    if id and id not in RESOURCES["companies"].load(sight_of(call), (id,), ()):
        raise NotFound("companies", id)
    changes.values["organisation_id"] = id or None


def create_company(call: Call) -> WireResponse:
    """Raises BadRequest without a name, Duplicate for one that is taken (dossier, section 6)."""
    given = parameters.of(call)
    changes = read_simple(RESOURCES["companies"], given, None, sight_of(call))
    if not (changes.values.get("name") or "").strip():
        raise BadRequest("name")
    _name_is_free(call, changes.values["name"], 0)
    changes.values["type"] = "organisation"
    return _create(call, "companies", given, changes)


def _name_is_free(call: Call, name: str, id: int) -> None:
    where = all_of(RESOURCES["companies"].where, eq("name", name))
    found = call.desk.find(Party, Query(where, window=Window(0, 2))).items
    if any(other.id != id for other in found):
        raise Duplicate("name", name)


def _username_is_free(call: Call, changes: Changes, id: int) -> None:
    name = changes.extras.get("username")
    if not isinstance(name, str) or not name:
        return
    where = all_of(RESOURCES["contacts"].where, CONTACTS.columns["username"].among((name,)))
    found = call.desk.find(Party, Query(where, window=Window(0, 2))).items
    if any(other.id != id for other in found):
        raise Duplicate("username", name)


def create_contact(call: Call) -> WireResponse:
    """A person, and with `company_id` his affiliation to that company.

    Raises BadRequest without a name, Duplicate for a username that is taken (dossier, section 6).
    """
    given = parameters.of(call)
    changes = read_simple(RESOURCES["contacts"], given, None, sight_of(call))
    if not any((changes.values.get(name) or "").strip() for name in ("first_name", "last_name")):
        raise BadRequest("firstname")
    _username_is_free(call, changes, 0)
    changes.values["type"] = "person"
    _company_id(call, given, None, changes)
    return _create(call, "contacts", given, changes)


def _create(call: Call, name: str, given: Parameters, changes: Changes) -> WireResponse:
    read_standing(name, given, None, changes)
    points, _ = points_of(name, given, None)
    values = {key: value for key, value in changes.values.items() if value is not None}
    extras = {key: value for key, value in changes.extras.items() if value is not None}
    made = call.desk.create(
        Create(
            Party,
            values,
            points=tuple(points),
            custom=read_custom(call, "party", given),
            extras=Changes(extras=extras).spaces(),
        )
    )
    return show_one(call, name, made)


def updater(name: str) -> Handler:
    """Changes a company, contact or affiliation."""
    return lambda call: update(call, name, find_one(call, name, sight_of(call), include=("points",)))


def update(call: Call, name: str, current: Any) -> WireResponse:
    """Changes a record of the resource, which has its points with it."""
    given = parameters.of(call)
    sight = sight_of(call)
    changes = read_simple(RESOURCES[name], given, current, sight)
    if name == "companies" and "name" in changes.values:
        if not (changes.values["name"] or "").strip():
            raise BadRequest("name")
        _name_is_free(call, changes.values["name"], current.id)
    if name != "companies":
        _username_is_free(call, changes, current.id)
        _company_id(call, given, current, changes)
    before = changes.extras.get("standing")
    read_standing(name, given, current, changes)
    after = changes.extras.get("standing")
    points, dropped = points_of(name, given, current)
    made = call.desk.update(
        Update(
            type(current),
            current.id,
            changes.values,
            changes.spaces(),
            read_custom(call, "party", given),
            points=tuple(points),
            drop_points=tuple(dropped),
            word=after if after != before else None,
        )
    )
    return show_one(call, name, made)


def delete_company(call: Call) -> WireResponse:
    may_delete(call)
    record = find_one(call, "companies", sight_of(call))
    call.desk.delete(Delete(Party, record.id))
    return answer(call, None)


def delete_contact(call: Call) -> WireResponse:
    """A deleted contact is an inactive one: still there for the others (dossier, section 7)."""
    may_delete(call)
    record = find_one(call, "contacts", sight_of(call))
    changes = Changes()
    set_standing(CONTACT.by_word["inactive"], record, changes)
    call.desk.update(Update(Party, record.id, changes.values, changes.spaces()))
    return answer(call, None)


_EVERYTHING = grammar.parse("_ALL")

# -- staff -------------------------------------------------------------------------------------------


STAFF_NEEDED = ("username", "password", "firstname", "surname", "email")


def _administrator(call: Call) -> None:
    """Raises Denied for anybody else (dossier, section 8.3)."""
    if not call.caller.is_admin:
        raise Denied("only administrators change the staff")


def create_staff(call: Call) -> WireResponse:
    """Raises Denied, BadRequest for what is missing, Duplicate for a username that is taken."""
    _administrator(call)
    given = parameters.of(call)
    for name in STAFF_NEEDED:
        if not (given.text(name) or "").strip():
            raise BadRequest(name)
    changes = read_simple(RESOURCES["staff"], given, None, sight_of(call))
    values = {key: value for key, value in changes.values.items() if value is not None}
    made = call.desk.create(Create(User, values))
    call.accounts.set_password(call.caller.tenant_id, made.id, given.text("password") or "")
    return show_one(call, "staff", made)


def update_staff(call: Call) -> WireResponse:
    """Raises Denied, NotFound, BadRequest."""
    _administrator(call)
    sight = sight_of(call)
    current = find_one(call, "staff", sight)
    changes = read_simple(RESOURCES["staff"], parameters.of(call), current, sight)
    return show_one(call, "staff", call.desk.update(Update(User, current.id, changes.values)))


def staff_by_name(call: Call) -> WireResponse:
    """/staff/{username} [wiki]."""
    found = call.desk.find(User, Query(eq("username", call.params["id"]), window=Window(0, 1))).items
    if not found:
        raise NotFound("staff", call.params["id"])
    return show_one(call, "staff", found[0])


def whoami(call: Call) -> WireResponse:
    return show_one(call, "staff", call.desk.get(User, call.me))


def user(call: Call) -> WireResponse:
    """The caller with titles, access and locale [omni]."""
    record = call.desk.get(User, call.me)
    items = parameters.of(call).fields or _EVERYTHING
    shown = show(call, "staff", [record], sight_of(call), items)[0]
    shown.update(user_titles=user_titles(), user_access=user_access(record), locale=locale(record))
    return answer(call, shown)

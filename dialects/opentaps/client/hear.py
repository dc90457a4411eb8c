"""From an opentaps server's answers, of any generation, to records; what nobody knows is kept and counted.

Users have no records of their own there: one is known by the contact card, whose id is the user's too. `Users` says
which contacts are cards, and whose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from adapter.client import kind_of
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.model import Activity, ContactPoint, CustomValue, Link, Party, Record, Tag, User, display_name
from canonical.values import SECOND, Instant, Ref, join_text
from dialects.opentaps.client.shown import Shown, bare, value
from dialects.opentaps.fields import contact as contact_fields
from dialects.opentaps.fields.activity import (
    ASSIGNEE,
    CORE,
    FIELDS,
    PARTS,
    PREFIX,
    canonical_type,
    role_in,
    split_note,
)
from dialects.opentaps.fields.contact import POINTS, point
from dialects.opentaps.fields.status import NAMESPACE, kept_word, state_of
from dialects.opentaps.fields.table import names_of
from dialects.opentaps.wire.parameters import plain, split_list

Users = dict[int, str]
"""Usernames by the ids of their contact cards; those made or removed meanwhile come and go."""
_IDS: Final = ("_id", "activityId", "noteId")
_NOTE: Final = names_of(FIELDS) | {"noteId"}
_ELEMENT: Final = names_of((*FIELDS, *PARTS)) | {*_IDS, "note", "assignedToContact"}
_CONTACT: Final = names_of(contact_fields.PERSON_FIELDS)
_DEFAULT_LOGIN: Final = "INTERNAL"


def ended(response: WireResponse) -> bool:
    """Whether the temporary token's hour is over, or somebody took the token back."""
    return response.status == 401


def made_at(id: int) -> Instant:
    """The second that an id begins with, as ObjectIds do."""
    return (id >> 64) * SECOND


def _keep_unknown(record: Record, kind: str, unknown: Mapping[str, Any], losses: LossReport) -> None:
    if unknown:
        record.extras = {**record.extras, NAMESPACE: {**record.extras.get(NAMESPACE, {}), **unknown}}
        for name in sorted(unknown):
            losses.add(kind, name, "unknown_name")


# -- activities -------------------------------------------------------------------------------------


def activities(asked: str, response: WireResponse, users: Users, losses: LossReport) -> list[Activity]:
    return [activity(item, users, losses) for item in value(asked, response).items()]


def one_activity(asked: str, response: WireResponse, users: Users, losses: LossReport) -> Activity:
    return activity(value(asked, response), users, losses)


def new_activity(asked: str, response: WireResponse) -> int:
    """The id of an activity that was made; the server of 2012 shows no more than that."""
    return _fields(value(asked, response, (200, 201))).needed(*_IDS).id()


def _fields(element: Shown) -> Shown:
    """The fields of an element under their plain names: what stands beside the note goes before what it holds."""
    note = element.object().get("note")
    block = note if isinstance(note, dict) else {}
    fields = {
        **{name.removeprefix(PREFIX): held for name, held in block.items() if name.removeprefix(PREFIX) in CORE},
        **{name: held for name, held in block.items() if name in _NOTE},
        **{name: held for name, held in element.object().items() if held is not None},
    }
    if fields.get("attributes") is None:
        fields["attributes"] = {
            name.removeprefix(PREFIX): held
            for name, held in block.items()
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in CORE
        }
    return Shown(element.asked, element.status, element.place, fields)


def activity(element: Shown, users: Users, losses: LossReport) -> Activity:
    """The activity that an element shows."""
    fields = _fields(element)
    id = fields.needed(*_IDS).id()
    text = fields.needed("noteText").text()
    title, body = split_note(text)
    word, type_ = fields.key("status"), fields.key("activityType")
    status = "CREATED" if word is None else word.text()
    created = _moment(fields, "dateTimeCreated")
    updated = _moment(fields, "dateTimeUpdated")
    parent = _filled(fields, "parentActivityId")
    record = Activity(
        id=id,
        version=1 if updated is None else 2,
        created_at=made_at(id) if created is None else created,
        type=canonical_type("" if type_ is None else type_.text(), "note"),
        title=title,
        body=body,
        state=state_of(status),
        due_at=_moment(fields, "scheduledDateTime"),
        parent_id=None if parent is None else parent.id(),
        sequence=fields.needed("sequenceNum").number(),
    )
    record.updated_at = record.created_at if updated is None else updated
    extras: dict[str, Any] = {name: kept for name, kept in kept_word(status).items() if kept is not None}
    if join_text(title, body) != text:
        extras["noteText"] = text
    domain = fields.key("clientDomain")
    if domain is not None:
        extras["clientDomain"] = domain.text()
    _hear_people(record, fields, users, extras)
    record.extras = {NAMESPACE: extras} if extras else {}
    record.tags = _tags(fields.key("tags"))
    attributes = fields.key("attributes")
    if attributes is not None:
        record.custom = [CustomValue(name, held) for name, held in attributes.texts().items()]
    _keep_unknown(record, kind_of(record), _unknown(element), losses)
    return record


def _unknown(element: Shown) -> dict[str, Any]:
    note = element.object().get("note")
    block = note if isinstance(note, dict) else {}
    unknown = {name: held for name, held in block.items() if name not in _NOTE and not name.startswith(PREFIX)}
    return unknown | {name: held for name, held in element.object().items() if name not in _ELEMENT}


def _moment(fields: Shown, name: str) -> Instant | None:
    found = _filled(fields, name)
    return None if found is None else found.moment()


def _filled(fields: Shown, name: str) -> Shown | None:
    """What is neither missing nor an empty text."""
    found = fields.key(name)
    return None if found is None or found.value == "" else found


def _hear_people(record: Activity, fields: Shown, users: Users, extras: dict[str, Any]) -> None:
    """Creator, who took it, and the contacts: those who are users' cards as users."""
    creator = fields.key("createdByUser")
    if creator is not None:
        extras["createdByUser"] = creator.object()
        name = plain(creator.object().get("id")).lower()
        record.creator_username = name or None
        record.creator_id = next((card for card, login in users.items() if login == name), None)
    responsible = _filled(fields, "responsibleContactId")
    if responsible is not None and responsible.id() in users:
        record.owner_id, record.owner_chosen = responsible.id(), True
        record.owner_username = users[responsible.id()]
    elif responsible is not None:
        extras["responsibleContactId"] = responsible.text()
    ends: list[tuple[int, str]] = []
    for item in _items(fields.key("contacts")):
        role = item.key("role")
        ends.append((item.needed("contactId").id(), "" if role is None else role_in(role.text())))
    ends += [(id, ASSIGNEE) for id in _assigned(fields)]
    about = Ref("activity", record.id)
    record.links = [
        Link(0, about, Ref("user" if id in users else "party", id), role, position)
        for position, (id, role) in enumerate(ends)
    ]


def _assigned(fields: Shown) -> list[int]:
    found = fields.key("assignedToContact", "assignedToContactId")
    if found is None:
        return []
    if isinstance(found.value, list):
        return [item.id() for item in found.items()]
    return [found.at(number, word).id() for number, word in enumerate(split_list([found.text()]))]


def _items(found: Shown | None) -> Iterator[Shown]:
    return iter(()) if found is None else found.items()


# -- tags -------------------------------------------------------------------------------------------


def tags(asked: str, response: WireResponse) -> list[Tag]:
    return _tags(value(asked, response))


def _tags(found: Shown | None) -> list[Tag]:
    return [
        Tag(
            item.needed("tagId").id(), item.needed("tagName").text(), _text(item, "tagUrl"), _text(item, "tagKeywords")
        )
        for item in _items(found)
    ]


def _text(fields: Shown, *names: str) -> str | None:
    found = fields.key(*names)
    return None if found is None else found.text() or None


# -- contacts ---------------------------------------------------------------------------------------


def contacts(asked: str, response: WireResponse, users: Users, losses: LossReport) -> list[Party]:
    return [contact(item, users, losses) for item in value(asked, response).items()]


def new_contact(asked: str, response: WireResponse) -> int:
    return value(asked, response, (200, 201)).needed("contactId", "_id").id()


def contact(shown: Shown, users: Users, losses: LossReport) -> Party:
    """A contact: a person, or an organisation where there is only a company's name."""
    id = shown.needed("contactId", "_id").id()
    first, last, company = (_text(shown, name) for name in ("firstName", "lastName", "companyName"))
    is_person = bool(first or last or not company)
    name = display_name(first, last) or (_text(shown, "fullName") or "") if is_person else company or ""
    record = Party(
        id=id,
        created_at=made_at(id),
        updated_at=made_at(id),
        type="person" if is_person else "organisation",
        name=name,
        first_name=first,
        last_name=last,
        about=_text(shown, "comment"),
        user_id=id if id in users else None,
    )
    if is_person:
        record.organisation_name = company
    record.points = _points(shown)
    attributes = shown.key("attributes")
    if attributes is not None:
        record.custom = [CustomValue(name, held) for name, held in attributes.texts().items()]
    domain = _text(shown, "clientDomain")
    if domain is not None:
        record.extras = {NAMESPACE: {"clientDomain": domain}}
    unknown = {name: held for name, held in shown.object().items() if name not in _CONTACT}
    _keep_unknown(record, record.type, unknown, losses)
    return record


def _points(shown: Shown) -> list[ContactPoint]:
    """Addresses and phones; as the vendor gives them no ids, their places in the answer stand for them."""
    found: list[ContactPoint] = []
    for kind, plural in POINTS:
        for item in _items(shown.key(plural)):
            made = point(kind, item.needed(kind).text(), _text(item, "purpose"))
            made.id = made.position = len(found) + 1
            found.append(made)
    return found


# -- users ------------------------------------------------------------------------------------------


def cards(asked: str, response: WireResponse) -> list[Shown]:
    """The contacts that can sign in: a bare list."""
    return list(bare(asked, response).items())


def card_id(card: Shown) -> int:
    return card.needed("contactId", "_id").id()


def logins(asked: str, response: WireResponse) -> list[tuple[str, str]]:
    """The logins of a contact, each with its sort: a bare list."""
    found = []
    for item in bare(asked, response).items():
        id, type_ = item.needed("userId").text(), _text(item, "userIdType")
        if not id:
            raise item.at("userId", None).fail("empty")
        found.append((id, type_ or _DEFAULT_LOGIN))
    return found


def user(card: Shown, known: Collection[tuple[str, str]], losses: LossReport) -> User:
    """The user of a contact card and its logins, of which the first is the one that he is known by."""
    (login, type_), *others = known
    party = contact(card, {}, losses)
    email = next((found.value for found in party.points if found.kind == "email"), None)
    unsaid = len(party.points) - (email is not None)
    if unsaid:
        losses.add("user", "points", "of_the_card", unsaid)
    if party.about:
        losses.add("user", "about", "of_the_card")
    extras: dict[str, Any] = {} if login == login.lower() else {"userId": login}
    if type_ != _DEFAULT_LOGIN:
        extras["userIdType"] = type_
    if others:
        extras["logins"] = [{"userId": id, "userIdType": sort} for id, sort in others]
        losses.add("user", "username", "another_login", len(others))
    return User(
        id=party.id,
        created_at=party.created_at,
        updated_at=party.updated_at,
        username=login.lower(),
        first_name=party.first_name,
        last_name=party.last_name if party.first_name or party.last_name else party.name or None,
        email=email,
        person_id=party.id,
        custom=party.custom,
        extras={NAMESPACE: extras} if extras else {},
    )

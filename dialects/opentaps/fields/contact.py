"""Contacts: names, e-mail addresses, phones and attributes, in both directions (opentaps dossier, section 8, item 2).

EXP sends a form with numbered fields (``email0``, ``emailPurpose0``), WP a JSON object whose `emails` is one object
instead of a list; both are read into the same `GivenContact`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from canonical.model import ContactPoint, Party
from canonical.values import clean_text
from dialects.opentaps.errors import Rejected
from dialects.opentaps.fields.activity import MAX_NAME
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.fields.table import Field, both
from dialects.opentaps.wire.parameters import Parameters, plain

ATTRIBUTE_PREFIX = "attribute_"
MAX_POINTS = 100
POINTS = (("email", "emails"), ("phone", "phones"))
"""Kinds of contact point, which are also the singular wire names, and the plural ones."""
_OF_ALL = (
    *(both(plural, "points") for _, plural in POINTS),
    both("comment", "about"),
    both("attributes", "custom"),
    # An ObjectId begins with the second in which it was made.
    Field("contactId", ("created_at",)),
    Field("_id"),
    Field("contact"),
    Field("clientDomain"),
    Field("fullName"),
)
PERSON_FIELDS = (
    both("firstName", "first_name", "name"),
    both("lastName", "last_name", "name"),
    Field("companyName", ("organisation_name",), ("organisation_id", "organisation_name", "company")),
    *_OF_ALL,
)
ORGANISATION_FIELDS = (both("companyName", "name"), *_OF_ALL)
"""A contact with nothing but a company's name (opentaps dossier, sections 8 and 10)."""
NAMES = (("firstName", "first_name"), ("lastName", "last_name"), ("companyName", "company"))
_NUMBERED = {kind: re.compile(rf"{kind}([0-9]{{1,3}})\Z") for kind, _ in POINTS}


@dataclass(slots=True)
class GivenContact:
    """What a request says of a contact. A name that is None was not given; `points` lists a kind only when given."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    points: dict[str, list[ContactPoint]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    comment: str | None = None


def read_contact(params: Parameters) -> GivenContact:
    """What the parameters say. `keys` are the form's attributes, by which an existing contact is found.

    Raises Rejected for names and values that are too long.
    """
    given = GivenContact(_name(params, "firstName"), _name(params, "lastName"), _name(params, "companyName"))
    for name, value in params.first.items():
        if name.startswith(ATTRIBUTE_PREFIX) and len(name) > len(ATTRIBUTE_PREFIX):
            given.attributes[name[len(ATTRIBUTE_PREFIX) :]] = value
    given.keys = {name: value for name, value in given.attributes.items() if value} if params.json is None else {}
    given.attributes |= params.attributes
    for kind, plural in POINTS:
        points = _json_points(params, kind, plural) or _form_points(params, kind)
        if points or (params.get(f"{plural}Number") or "").strip() == "0":
            given.points[kind] = points
    given.comment = params.given("comment")
    _check(given)
    return given


def _name(params: Parameters, name: str) -> str | None:
    value = params.get(name)
    return None if value is None else value.strip()


def _check(given: GivenContact) -> None:
    values = [(point.kind, point.value) for points in given.points.values() for point in points]
    values += [(name, name) for name in given.attributes]
    values += [(name, getattr(given, attribute) or "") for name, attribute in NAMES]
    for name, value in values:
        if len(value) > MAX_NAME:
            raise Rejected("save contact", name, value, "is too long")


def _form_points(params: Parameters, kind: str) -> list[ContactPoint]:
    """Numbered fields, from 0 as EXP does or from 1; not more than the number announced, where one is."""
    announced = (params.get(f"{kind}sNumber") or "").strip()
    limit = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 4 else MAX_POINTS
    numbers = sorted({int(match[1]) for name in params.first if (match := _NUMBERED[kind].match(name))})
    points: list[ContactPoint] = []
    for number in numbers:
        value = params.given(f"{kind}{number}")
        if value is not None and number <= limit and len(points) < MAX_POINTS:
            points.append(point(kind, value, params.given(f"{kind}Purpose{number}")))
    return points


def _json_points(params: Parameters, kind: str, plural: str) -> list[ContactPoint]:
    sent = None if params.json is None else params.json.get(plural)
    points: list[ContactPoint] = []
    for item in sent if isinstance(sent, list) else [sent]:
        value = item.get(kind) if isinstance(item, dict) else item
        if value is None or isinstance(value, dict | list) or len(points) >= MAX_POINTS:
            continue
        purpose = item.get("purpose") if isinstance(item, dict) else None
        text = plain(value).strip()
        if text:
            points.append(point(kind, text, plain(purpose).strip() or None))
    return points


def point(kind: str, value: str, purpose: str | None) -> ContactPoint:
    """A contact point; a purpose that is not in capitals is kept as it was written."""
    if purpose is None:
        return ContactPoint(kind, value)
    label = clean_text(purpose).lower()
    kept = {} if label.upper() == purpose else {NAMESPACE: {"purpose": purpose}}
    return ContactPoint(kind, value, label, extras=kept)


def shown_purpose(found: ContactPoint) -> str | None:
    """The purpose as it was written while it fits the label, else the label in capitals."""
    kept = found.extras.get(NAMESPACE, {}).get("purpose")
    if isinstance(kept, str) and kept.lower() == found.label:
        return kept
    return found.label.upper() if found.label else None


def company_of(party: Party) -> str | None:
    """The company's name: an organisation's own, a person's free text or else that of the linked organisation."""
    if party.type == "organisation":
        return party.name or None
    return party.company or party.organisation_name


def full_name(party: Party) -> str:
    """``First Last``, or what else there is to call the contact by; PY needs text."""
    names = [name for name in (party.first_name, party.last_name) if name]
    first_point = next((found.value for found in party.points if found.kind == "email"), "")
    return " ".join(names) or party.name or company_of(party) or first_point


def contact_element(party: Party, wire_id: str, domain: str, email: str | None = None) -> dict[str, Any]:
    """A contact loaded with points and custom values; what is not set is absent.

    `email` is the address of the user whose card it is, shown when the card itself has none.
    """
    shown: dict[str, Any] = {"contactId": wire_id}
    for name, value in (
        ("firstName", party.first_name),
        ("lastName", party.last_name),
        ("companyName", company_of(party)),
    ):
        if value:
            shown[name] = value
    shown["clientDomain"] = domain
    for kind, plural in POINTS:
        points = [_point_element(found) for found in party.points if found.kind == kind and found.value]
        if points:
            shown[plural] = points
    if email and "emails" not in shown:
        shown["emails"] = [{"email": email, "purpose": "PRIMARY"}]
    if party.about:
        shown["comment"] = party.about
    shown["attributes"] = {custom.name: custom.value for custom in party.custom if not custom.group}
    # EXP reads `contact.contactId` and throws without it; PY reads `_id` and `fullName`.
    shown["contact"] = {"contactId": wire_id}
    shown["_id"] = wire_id
    shown["fullName"] = full_name(party) or email or ""
    return shown


def _point_element(found: ContactPoint) -> dict[str, str]:
    purpose = shown_purpose(found)
    return {found.kind: found.value} if purpose is None else {found.kind: found.value, "purpose": purpose}


def changed_points(
    given: GivenContact, there: Sequence[ContactPoint]
) -> tuple[tuple[ContactPoint, ...], tuple[int, ...]]:
    """Points to save and ids to drop, so that each given kind becomes what was given. What is already there stays.

    A new point takes the place of one that goes, the one with its value or else the first: what this dialect cannot
    say of a point (that its owner opted out) and the order of points outlive the change.
    """
    save: list[ContactPoint] = []
    drop: list[int] = []
    for kind, wanted in given.points.items():
        left = [found for found in there if found.kind == kind and found.value]
        changed: list[ContactPoint] = []
        for new in wanted:
            same = next((f for f in left if (f.value, shown_purpose(f)) == (new.value, shown_purpose(new))), None)
            if same is None:
                changed.append(new)
            else:
                left.remove(same)
        # Those whose value is there go first, lest another takes their place.
        for new in sorted(changed, key=lambda new: all(f.value != new.value for f in left)):
            old = next((f for f in left if f.value == new.value), None) or next(iter(left), None)
            if old is None:
                save.append(new)
                continue
            left.remove(old)
            extras = {name: held for name, held in old.extras.items() if name != NAMESPACE} | new.extras
            save.append(replace(old, value=new.value, label=new.label, extras=extras))
        drop += [found.id for found in left]
    return tuple(save), tuple(drop)

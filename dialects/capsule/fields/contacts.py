"""The element `contacts`: addresses, e-mail addresses, phones and websites of a party (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from canonical.model import ContactPoint
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.table import unchanged
from dialects.capsule.wire import texts
from dialects.capsule.wire.bodies import DELETE, Tree
from dialects.capsule.wire.countries import country_name

_SCHEMES = ("http://", "https://", "ftp://", "mailto:", "skype:")


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a contact: its name, how a point shows it, and the point with another text for it."""

    name: str
    show: Callable[[ContactPoint], str | None]
    change: Callable[[ContactPoint, str | None], ContactPoint] | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One kind of contact. `types` maps the core's labels to what Capsule calls them; `value` names the element
    without which there is no such contact (an address has none, any part will do)."""

    name: str
    types: Mapping[str, str]
    parts: tuple[Part, ...]
    value: str | None = None


def _street(point: ContactPoint) -> str | None:
    # Capsule has one street of many lines.
    return "\n".join(line for line in (point.street, point.street2) if line) or None


def _service(point: ContactPoint) -> str:
    return (point.service or "url").upper()


def _url(point: ContactPoint) -> str:
    # Made by the server for every service, Instagram too (capsule dossier, section 8).
    return point.value if point.value.lower().startswith(_SCHEMES) else f"http://{point.value}"


def _with_service(point: ContactPoint, text: str | None) -> ContactPoint:
    word = (text or "").strip().lower()
    return replace(point, service=None if word in ("", "url") else word)


def _value(point: ContactPoint, text: str | None) -> ContactPoint:
    return replace(point, value=(text or "").strip())


ADDRESS = Contact(
    "address",
    {"home": "Home", "office": "Office", "work": "Office", "postal": "Postal"},
    (
        Part("street", _street, lambda point, text: replace(point, street=text, street2=None)),
        Part("city", lambda point: point.city or None, lambda point, text: replace(point, city=text)),
        Part("state", lambda point: point.region or None, lambda point, text: replace(point, region=text)),
        Part("zip", lambda point: point.postcode or None, lambda point, text: replace(point, postcode=text)),
        Part(
            "country",
            lambda point: point.country or None,
            lambda point, text: replace(point, country=country_name(text) if text else None),
        ),
    ),
)
EMAIL = Contact(
    "email",
    {"home": "Home", "work": "Work", "office": "Work"},
    (Part("emailAddress", lambda point: point.value, _value),),
    "emailAddress",
)
PHONE = Contact(
    "phone",
    {"home": "Home", "work": "Work", "office": "Work", "mobile": "Mobile", "fax": "Fax", "direct": "Direct"},
    (Part("phoneNumber", lambda point: point.value, _value),),
    "phoneNumber",
)
WEBSITE = Contact(
    "website",
    {"home": "Home", "work": "Work", "office": "Work"},
    (
        Part("webAddress", lambda point: point.value, _value),
        Part("webService", _service, _with_service),
        Part("url", _url),
    ),
    "webAddress",
)
# The order in which they are shown.
CONTACTS = (ADDRESS, EMAIL, PHONE, WEBSITE)

ContactPairs = list[tuple[str, list[tuple[str, str]]]]


def show_contacts(points: Sequence[ContactPoint]) -> ContactPairs:
    """The children of `contacts`. A label that Capsule does not know is kept and not shown as a type, and so is a
    contact without a value, which clients take for granted."""
    shown: ContactPairs = []
    for contact in CONTACTS:
        for point in points:
            if point.kind == contact.name and _filled(contact, point):
                entry = [("id", str(point.id))]
                type_ = contact.types.get(point.label or "")
                if type_:
                    entry.append(("type", type_))
                for part in contact.parts:
                    text = part.show(point)
                    if text:
                        entry.append((part.name, text))
                shown.append((contact.name, entry))
    return shown


def read_contacts(body: Tree, current: Sequence[ContactPoint] | None) -> tuple[list[ContactPoint], list[int]]:
    """The points to save and the ids of those to drop.

    An entry with an id changes that point, one without is added, one with ``@delete`` goes, and so does one whose
    value was emptied. Without `current` (a create) ids do not count and blank entries are dropped. Raises
    `BadRequest` for an id that the party does not have.
    """
    points: list[ContactPoint] = []
    dropped: list[int] = []
    known = {point.id: point for point in current or ()}
    for contacts in body.branches("contacts"):
        for contact in CONTACTS:
            for entry in contacts.branches(contact.name):
                old = None if current is None else _old(contact, entry, known)
                point = _changed(contact, entry, old or ContactPoint(contact.name))
                deleting = (entry.text(DELETE) or "").strip().lower() == "true"
                if old is not None and (deleting or not _filled(contact, point)):
                    dropped.append(old.id)
                elif not deleting and _filled(contact, point) and point != old:
                    points.append(point)
    return points, dropped


def _old(contact: Contact, entry: Tree, known: Mapping[int, ContactPoint]) -> ContactPoint | None:
    text = entry.filled("id")
    if text is None or text.strip() == texts.NO_ID:
        return None
    try:
        point = known[texts.read_id(text)]
    except (KeyError, ValueError):
        raise BadRequest(f"{contact.name} id is unknown") from None
    if point.kind != contact.name:
        raise BadRequest(f"{contact.name} id is unknown")
    return point


def _changed(contact: Contact, entry: Tree, point: ContactPoint) -> ContactPoint:
    type_ = entry.text("type")
    if type_ is not None and not unchanged(type_.capitalize(), contact.types.get(point.label or "")):
        point = replace(point, label=type_.strip().lower() or None)
    for part in contact.parts:
        text = entry.text(part.name)
        if part.change is not None and text is not None and not unchanged(text, part.show(point)):
            point = part.change(point, text if text.strip() else None)
    return point


def _filled(contact: Contact, point: ContactPoint) -> bool:
    if contact.value is not None:
        return bool(point.value)
    return any(part.show(point) for part in contact.parts)


def parse_contacts(tree: Tree) -> list[ContactPoint]:
    """The points that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    points: list[ContactPoint] = []
    for contacts in tree.branches("contacts"):
        for contact in CONTACTS:
            for entry in contacts.branches(contact.name):
                text = entry.filled("id")
                point = _changed(contact, entry, ContactPoint(contact.name))
                points.append(replace(point, id=texts.read_id(text) if text else 0, position=len(points)))
    return points


def write_contacts(points: Sequence[ContactPoint]) -> ContactPairs:
    """`contacts` for a server: as shown, without the ids that are ours, without what the server makes itself."""
    made = {"id", "url"}
    return [
        (name, [(part, text) for part, text in entry if part not in made]) for name, entry in show_contacts(points)
    ]

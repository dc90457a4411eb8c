"""From the rows of answers to records, by the tables that serve them; what nobody knows is kept and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapter.client import kind_of
from adapter.losses import LossReport
from canonical.model import (
    Activity,
    Case,
    ContactPoint,
    CustomField,
    CustomValue,
    Opportunity,
    Party,
    Record,
    Tag,
    User,
    display_name,
)
from dialects.affinitylive.client.links import read_links
from dialects.affinitylive.client.shown import Shown
from dialects.affinitylive.fields.activity import CONFIDENTIAL, MEDIUM, VISIBILITY, logger
from dialects.affinitylive.fields.custom import FIELD_TYPES
from dialects.affinitylive.fields.formats import DAY, YES, BadValue
from dialects.affinitylive.fields.lookups import DEFAULT
from dialects.affinitylive.fields.people import POINT_OF
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import type_word
from dialects.affinitylive.fields.table import NAMESPACE, Field, Resource

_ABOUT = frozenset({"against", "against_type", "against_id"})
_STANDS = frozenset({"standing", "status", "task_status", "contact_status", "affiliation_status"})
_PARTIES = frozenset({"contact", "affiliation", "company"})
_ALWAYS: Final = frozenset({"id", "tag"})
_READ_ELSEWHERE: Final[Mapping[str, frozenset[str]]] = {
    "activities": _ABOUT
    | {"parent", "parent_id", "thread", "thread_id", "owner", "owner_type", "owner_id", "staff", "priority", "class"}
    | {"activity_priority", "activity_class", "interacts"},
    "tasks": _ABOUT
    | _STANDS
    | _PARTIES
    | {"issue", "manager", "task_priority", "priority", "task_type", "type"}
    | {"creator", "creator_id"},
    "issues": _ABOUT | _STANDS | _PARTIES | {"issue_priority", "priority", "issue_type", "type", "class"},
    "prospects": _STANDS | _PARTIES | {"prospect_type", "type"},
    "companies": _STANDS,
    "contacts": _STANDS | {"default_affiliation"},
    "staff": _STANDS,
}
"""What a reader of its own reads, below."""
_FOLLOWS: Final[Mapping[str, frozenset[str]]] = {
    "activities": frozenset({"date_logged", "confidential", "preview_body", "html_body", "scheduled", "is_billable",
                             "permissions", "breadcrumbs", "time_allocation"}),
    "tasks": frozenset({"logged", "task_job", "job", "milestone", "breadcrumbs"}),
    "issues": frozenset({"breadcrumbs", "opened_by", "resolved_by", "closed_by"}),
    "prospects": frozenset({"breadcrumbs", "success", "value_weighted", "won_by_id", "cancelled_by_id",
                            "abandoned_by_id"}),
    "companies": frozenset({"default_affiliation", "postal_address"}),
    "contacts": frozenset({"breadcrumbs"}),
    "staff": frozenset({"initials"}),
}  # fmt: skip
"""What is made of other fields, or tells what is asked for in a call of its own."""
_UNSET: Final[tuple[Any, ...]] = (None, "", "0", "0.00", "no", "none", [], {})
_APPROVAL: Final = "unapproved"
_LABELS: Final = {"phone": "work", "website": "work", "email": "work"}
_CHOSEN: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    "activities": {"class": ("class", DEFAULT), "task": ("task", 0), "rate": ("rate", 0)},
    "tasks": {"task_type": ("type", DEFAULT), "type": ("type", DEFAULT)},
    "issues": {"issue_type": ("type", DEFAULT), "type": ("type", DEFAULT), "class": ("class", DEFAULT),
               "resolution": ("resolution", 0)},
    "prospects": {"prospect_type": ("type", DEFAULT), "type": ("type", DEFAULT),
                  "prospect_probability": ("prospect_probability", 0)},
}  # fmt: skip
"""References that live in the extras: under which key, and the one that is not kept."""
_CHOSEN_NAMES: Final = {name: frozenset(rows) for name, rows in _CHOSEN.items()}
_TYPES: Final = {"tasks": "task", "companies": "organisation", "contacts": "person"}
_OF_NUMBER: Final = {type_: word for word, type_ in FIELD_TYPES.items() if word != "boolean" and word != "flag"}


def record(resource: str, shown: Shown, losses: LossReport, beside: Shown | None = None) -> Any:
    """The record that a row shows; `beside` is the list's object around it. Raises `UnexpectedAnswer`."""
    return _Reader(RESOURCES[resource], shown, losses, beside).read()


class _Reader:
    """One row on its way to a record."""

    def __init__(self, resource: Resource, shown: Shown, losses: LossReport, beside: Shown | None) -> None:
        self.resource = resource
        self.name = resource.name
        self.shown = shown
        self.losses = losses
        self.beside = beside
        self.extras: dict[str, Any] = {}
        kind: Any = resource.kind
        self.out: Any = kind(id=shown.id())
        if self.name in _TYPES:
            self.out.type = _TYPES[self.name]
        elif self.name == "activities":
            self.out.type = "note"

    def read(self) -> Record:
        elsewhere = _READ_ELSEWHERE[self.name] | _CHOSEN_NAMES.get(self.name, frozenset()) | _ALWAYS
        for key, value in self.shown.object().items():
            field = self.resource.by_name.get(key)
            if field is None:
                self._unknown(key, value)
            elif key not in elsewhere and key not in _FOLLOWS[self.name]:
                self._field(field)
        for key, (kept, unset) in _CHOSEN.get(self.name, {}).items():
            id = self.shown.key(key).reference()
            if id is not None and id != unset:
                self.extras[kept] = str(id)
        _READERS[self.name](self)
        self._tags()
        if self.extras:
            self.out.extras = {NAMESPACE: self.extras}
        return self.out  # type: ignore[no-any-return]

    def kind(self) -> str:
        return kind_of(self.out)

    def _unknown(self, key: str, value: Any) -> None:
        self.extras[key] = value
        self.losses.add(self.kind(), key[:80], "unknown_field")

    def _field(self, field: Field) -> None:
        shown = self.shown.key(field.name)
        if field.name in POINT_OF and field.attribute is None:
            self.point(field.name, shown)
        elif field.attribute is not None:
            self._attribute(field, shown)
        elif field.extra is not None:
            text = shown.text()
            if text is not None and text != field.show(_EMPTY[self.name], None):
                self.extras[field.extra] = text
        elif field.reference is not None:
            id = shown.reference()
            if id is not None:
                setattr(self.out, field.reference, id)
        elif shown.value not in _UNSET and shown.value != _APPROVAL:
            self.extras[field.name] = shown.value

    def _attribute(self, field: Field, shown: Shown) -> None:
        text = shown.text()
        if text is None:
            return
        try:
            value = field.format.read(text)
        except BadValue as error:
            if field.format not in (MEDIUM, VISIBILITY):
                raise shown.fail(str(error)) from None
            self._odd_word(field, text)
            return
        if value is not None:
            setattr(self.out, str(field.attribute), value)

    def _odd_word(self, field: Field, text: str) -> None:
        """A word that is the vendor's own and none of the table's: kept, and told."""
        self.extras[field.name] = text
        self.losses.add(self.kind(), str(field.attribute), "unknown_value")

    def point(self, name: str, shown: Shown) -> None:
        text = (shown.text() or "").strip()
        kind, label = POINT_OF[name]
        if text and not any((p.kind, p.value) == (kind, text) for p in self.out.points):
            point = ContactPoint(kind, text, label or _LABELS[kind])
            self.out.points = [*self.out.points, point]

    def address(self, shown: Shown) -> None:
        """An expanded reference to an address."""
        if isinstance(shown.value, dict):
            self.out.points = [*self.out.points, address(shown)]

    def _tags(self) -> None:
        if not hasattr(self.out, "tags"):
            return
        tags = []
        for tag in self.shown.key("tag").items():
            name = tag.key("name").text()
            if not name:
                raise tag.fail("no name")
            tags.append(Tag(tag.key("id").number() or 0, name))
        self.out.tags = tags

    # -- what several have ---------------------------------------------------------------------------

    def id(self, *names: str) -> int | None:
        """The first of several references that is set."""
        return next((id for name in names if (id := self.shown.key(name).reference()) is not None), None)

    def standing(self) -> None:
        """The state that the standing's word means; the word itself where it says more, and a status of one's own."""
        standings = STANDINGS[self.name]
        word = (self.shown.key("standing").text() or "").strip().lower()
        status = self.id(*sorted(_STANDS - {"standing"}))
        if word and word not in standings.by_word:
            self.extras["standing"] = word
            self.losses.add(self.kind(), "state", "unknown_value")
        elif word:
            for name, value in standings.by_word[word].values().items():
                setattr(self.out, name, value)
            if standings.show(self.out) != word:
                self.extras["standing"] = word
        if status is not None and (word not in standings.by_word or status != standings.id_of(word)):
            self.extras["status"] = str(status)

    def priority(self, *names: str) -> None:
        self.out.priority = self.id(*names)

    def against(self) -> tuple[str | None, int | None]:
        return type_word(self.shown.key("against_type").text() or ""), self.shown.key("against_id").reference()

    def links(self, *, also: tuple[str, ...] = ()) -> None:
        self.out.links = read_links(self.out, self.shown, self.against(), self.extras, self.beside, also)

    def party(self) -> None:
        """The contact, else the company; what else it is against is kept."""
        word, id = self.against() if self.name == "issues" else (None, None)
        contact = self.id("contact")
        self.out.party_id = contact if contact is not None else self.id("company")
        if self.out.party_id is None and word in ("company", "contact"):
            self.out.party_id = id
        plain = ("contact" if contact is not None else "company", self.out.party_id)
        mine = word == "staff" and id in (self.out.owner_id, self.out.creator_id)
        if word is not None and id is not None and (word, id) != plain and not mine:
            self.extras.update(against_type=word, against_id=str(id))
        affiliation = self.id("affiliation")
        if affiliation is not None and affiliation != contact:
            self.extras["affiliation"] = str(affiliation)


def _activity(reader: _Reader) -> None:
    out, shown, extras = reader.out, reader.shown, reader.extras
    out.parent_id = shown.key("parent_id").reference()
    thread = shown.key("thread_id").reference()
    out.thread_id = thread if thread != out.id else None
    reader.priority("priority", "activity_priority")
    owner, owner_type = shown.key("owner_id").reference(), shown.key("owner_type").text() or "staff"
    if owner and owner_type != "staff":
        extras.update(owner_type=owner_type, owner_id=str(owner))
    elif owner:
        out.owner_id = owner
    staff = shown.key("staff")
    if not owner:
        out.owner_id = staff.reference() or 0
    elif staff.value is not None:
        out.extras = {NAMESPACE: extras}
        if (staff.reference() or 0) != (logger(out) or 0):
            extras["staff"] = str(staff.reference() or 0)
    if out.visibility == "confidential" and (out.title, out.body) == (CONFIDENTIAL, CONFIDENTIAL):
        out.masked = True
        reader.losses.add(reader.kind(), "body", "kept_from_us")
    reader.links()


def _task(reader: _Reader) -> None:
    reader.standing()
    reader.priority("task_priority", "priority")
    reader.out.creator_id = reader.id("creator_id")
    manager = reader.id("manager")
    if manager is not None and manager != reader.out.owner_id:
        reader.extras["manager"] = str(manager)
    reader.links(also=("contact", "company", "issue"))


def _issue(reader: _Reader) -> None:
    reader.standing()
    reader.priority("issue_priority", "priority")
    reader.party()


def _prospect(reader: _Reader) -> None:
    reader.standing()
    reader.party()


def _contact(reader: _Reader) -> None:
    """A person with the affiliation that stands in the person's own fields."""
    out = reader.out
    affiliation = reader.shown.key("default_affiliation")
    if isinstance(affiliation.value, dict):
        company = affiliation.key("company")
        out.organisation_id = company.reference() or out.organisation_id
        if isinstance(company.value, dict):
            out.organisation_name = company.key("name").text()
        out.job_title = out.job_title or affiliation.key("position").text() or None
        for name in ("email", "mobile", "phone", "fax"):
            reader.point(name, affiliation.key(name))
        reader.address(affiliation.key("postal_address"))
    # The affiliation that is the person's first has his id, with us; with the vendor it has one of its own.
    default = affiliation.reference()
    out.employment_id = default if default != out.id else None
    out.name = display_name(out.first_name, out.last_name)
    reader.standing()


def _company(reader: _Reader) -> None:
    reader.address(reader.shown.key("postal_address"))
    reader.standing()


_READERS: Final[Mapping[str, Callable[[_Reader], None]]] = {
    "activities": _activity,
    "tasks": _task,
    "issues": _issue,
    "prospects": _prospect,
    "companies": _company,
    "contacts": _contact,
    "staff": _Reader.standing,
}
_EMPTY: Final[Mapping[str, Record]] = {name: RESOURCES[name].kind() for name in _READ_ELSEWHERE}
"""Records of which nothing is kept: what a kept field shows then is not kept."""
RESOURCE_OF_KIND: Final[Mapping[type[Record], tuple[str, ...]]] = {
    Party: ("contacts", "companies"),
    Activity: ("tasks", "activities"),
    Opportunity: ("prospects",),
    Case: ("issues",),
    User: ("staff",),
}
"""Where the records of a canonical kind are."""


# -- lists -------------------------------------------------------------------------------------------


def records(resource: str, shown: Shown, losses: LossReport) -> list[Any]:
    """The records of a list; of activities with interacts it is an object that has the list in it."""
    beside = None
    if isinstance(shown.value, dict) and resource in shown.value:
        beside, shown = shown, shown.key(resource)
    elif (isinstance(shown.value, dict) and "id" not in shown.value) or shown.value is None:
        raise shown.fail("no list")
    return [record(resource, row, losses, beside) for row in shown.items()]


def address(shown: Shown) -> ContactPoint:
    """One of a party's addresses."""
    names = ("street1", "street2", "city", "state", "zipcode", "country")
    street, street2, city, region, postcode, country = (shown.key(name).text() or None for name in names)
    return ContactPoint(
        "address",
        label=shown.key("title").text() or None,
        street=street,
        street2=street2,
        city=city,
        region=region,
        postcode=postcode,
        country=country,
    )


def custom_value(shown: Shown) -> tuple[int, CustomValue]:
    """The record that a profile value is of, and the value."""
    name, type_ = shown.key("field_name").text(), shown.key("field_type").text()
    if not name:
        raise shown.fail("no field_name")
    value = shown.key("value")
    text = value.text() or ""
    if type_ in ("date", "date_time") and text:
        try:
            text = str(DAY.read(text) or "")
        except BadValue as error:
            raise value.fail(str(error)) from None
    return shown.key("link_id").reference() or 0, CustomValue(name, text, id=shown.id())


def definition(kind: str, shown: Shown) -> CustomField:
    name = shown.key("field_name").text()
    if not name:
        raise shown.fail("no field_name")
    type_ = _OF_NUMBER.get(shown.key("field_type").text() or "", "text")
    options = [text for option in shown.key("options").items() if (text := option.text()) is not None]
    label = shown.key("description").text() or name
    return CustomField(kind, name, label, type_, id=shown.id(), options={"values": options} if options else {})


def is_set(shown: Shown) -> bool:
    """A flag in any of the vendor's spellings."""
    return (shown.text() or "").strip().lower() in YES

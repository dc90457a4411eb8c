"""Companies, contacts, affiliations and staff (dossier, section 8).

A contact and its affiliation are one canonical person: the affiliation is the person's employment and has its id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from adapter.fields.expression import IT, Attribute, Constant, Given
from canonical.model import ContactPoint, Employment, Party, User
from canonical.operations import Include
from canonical.query import Compare, Op, Query, Sort, Window, all_of, eq
from dialects.affinitylive.fields.activity import tags
from dialects.affinitylive.fields.formats import MOMENT, TEXT, YES_NO, Format, show_moment
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import party_trail
from dialects.affinitylive.fields.table import IDENTITY, Field, Resource, Sight, Target, column, derived, kept, linked

POINTS: Include = ("points",)
ORGANISATIONS = eq("type", "organisation")
PERSONS = eq("type", "person")
# A user's contact card is shown as the member of staff, not as a contact.
CONTACTS = all_of(PERSONS, Compare("user_id", Op.NULL))
FIRST = all_of(CONTACTS, Compare("organisation_id", Op.NOT_NULL), Compare("employment_id", Op.NULL))
"""Persons whose first affiliation, which has their id, has not ended."""

POINT_OF: dict[str, tuple[str, str | None]] = {
    "email": ("email", None),
    "mobile": ("phone", "mobile"),
    "phone": ("phone", None),
    "fax": ("phone", "fax"),
    "website": ("website", None),
}
"""Which contact point a parameter is: kind, and label where one is needed."""


def find_point(points: Sequence[ContactPoint], name: str) -> ContactPoint | None:
    """The first point that shows under `name`: a phone is any number that is no mobile and no fax."""
    kind, label = POINT_OF[name]
    for point in points:
        if point.kind == kind and (
            point.label == label if label is not None else kind != "phone" or point.label not in ("mobile", "fax")
        ):
            return point
    return None


def _point(name: str, *, default: bool = False) -> Field:
    def show(record: Any, sight: Sight) -> str:
        found = find_point(record.points, name)
        return "" if found is None else found.value

    return Field(name, default, show=show, include=POINTS)


def status(resource: str, *names: str) -> tuple[Field, ...]:
    """``standing``, ``status`` and the other names of a resource's status."""
    standings = STANDINGS[resource]

    def target(record: Any, sight: Sight) -> Target:
        return f"{resource} statuses", standings.id_of(standings.show(record))

    links = (linked(name, f"{resource} statuses", target) for name in ("status", *names))
    return derived("standing", lambda r, s: standings.show(r)), *links


def crumbs(name_of: Callable[[Any], int | None]) -> Field:
    """``breadcrumbs`` of what belongs to a party."""

    def show(record: Any, sight: Sight) -> list[dict[str, str]]:
        return party_trail(name_of(record), sight)

    def prepare(records: Sequence[Any], sight: Sight) -> None:
        first = sight.many(Party, [id for record in records if (id := name_of(record)) is not None])
        sight.many(Party, [party.organisation_id for party in first.values() if party.organisation_id])

    return derived("breadcrumbs", show, in_all=False, prepare=prepare)


def first_affiliation(record: Any, sight: Sight) -> Target | None:
    """The affiliation of the company's first contact."""
    kept_ids: dict[int, int | None] = sight.memo.setdefault("first persons", {})
    if record.id not in kept_ids:
        found = None
        if sight.desk is not None:
            there, first = eq("organisation_id", record.id), Window(0, 1)
            own = Query(all_of(FIRST, there), (Sort("id"),), first)
            further = Query(there, (Sort("id"),), first)
            ids = [one.id for one in (*sight.desk.find(Party, own).items, *sight.desk.find(Employment, further).items)]
            found = min(ids, default=None)
        kept_ids[record.id] = found
    id = kept_ids[record.id]
    return None if id is None else ("affiliations", id)


def address(point: ContactPoint, *, postal: bool, physical: bool) -> dict[str, str]:
    """An address as an object; its title is what it is for."""
    parts = (point.street, point.street2, point.city, point.region, point.postcode, point.country)
    names = ("street1", "street2", "city", "state", "zipcode", "country")
    return {
        "id": str(point.id),
        "full": ", ".join(part.replace("\n", ", ") for part in parts if part),
        "title": point.label or "",
        **dict(zip(names, (part or "" for part in parts), strict=True)),
        "postal": YES_NO.show(postal),
        "physical": YES_NO.show(physical),
    }


def addresses(record: Any) -> list[dict[str, str]]:
    """A party's addresses. The first one is where it gets its post and where it is (inferred)."""
    points = [point for point in record.points if point.kind == "address"]
    return [address(point, postal=at == 0, physical=at == 0) for at, point in enumerate(points)]


def _address(record: Any, sight: Sight) -> Target | None:
    shown = next(iter(addresses(record)), None)
    if shown is None:
        return None
    sight.memo.setdefault("addresses", {})[int(shown["id"])] = shown
    return "addresses", int(shown["id"])


def _contact(record: Any, sight: Sight) -> Target:
    """Whose affiliation it is: the first is the person."""
    return "contacts", person_id(record)


def person_id(record: Any) -> int:
    return int(record.person_id if isinstance(record, Employment) else record.id)


def default_affiliation(person: Any) -> int | None:
    """The affiliation that stands in the person's own fields."""
    return None if person.organisation_id is None else person.employment_id or person.id


def _default(record: Any, sight: Sight) -> Target | None:
    id = default_affiliation(record)
    return None if id is None else ("affiliations", id)


def person_of(sight: Sight, affiliation: int) -> int | None:
    """Whose affiliation has the id; a person without any goes by his own. None where there is nobody."""
    found = load_affiliations(sight, (affiliation,), ()).get(affiliation)
    return None if found is None else person_id(found)


def is_affiliation(record: Any) -> bool:
    """Whether it is one that lists have: a person only as long as he has his first."""
    return not isinstance(record, Party) or (record.organisation_id is not None and record.employment_id is None)


def _surname(record: Any, sight: Sight) -> str:
    if record.last_name is None and record.first_name is None:
        return str(record.name)
    return record.last_name or ""


ID = derived("id", IDENTITY, default=True)
DATES = (
    column("date_created", "created_at", MOMENT, params=()),
    column("date_modified", "updated_at", MOMENT, params=()),
)

COMPANY_FIELDS: tuple[Field, ...] = (
    ID,
    column("name", "name", default=True),
    kept("custom_id"),
    _point("website"),
    _point("phone"),
    _point("fax"),
    _point("email"),
    column("comments", "about"),
    *status("companies"),
    linked("postal_address", "addresses", _address, include=POINTS),
    linked("default_affiliation", "affiliations", first_affiliation),
    *DATES,
    column("date_last_interacted", "last_contacted_at", MOMENT, params=()),
    derived("staff_bookmarked", Constant("0")),
    kept("parent_id", "0"),
    derived("tag", tags, include=("tags",)),
)

# The order of the dossier's example exchange, section 11.
_CONTACT_DEFAULTS = (
    ID,
    column("firstname", "first_name", default=True),
    Field("surname", True, show=_surname, attribute="last_name", params=("surname",)),
    _point("email", default=True),
    _point("mobile", default=True),
)
CONTACT_FIELDS: tuple[Field, ...] = (
    *_CONTACT_DEFAULTS,
    kept("middlename"),
    kept("username"),
    column("title", "salutation"),
    column("comments", "about"),
    *status("contacts", "contact_status"),
    kept("timezone"),
    linked("default_affiliation", "affiliations", _default),
    linked("company", "companies", "organisation_id"),
    column("position", "job_title"),
    _point("phone"),
    _point("fax"),
    kept("custom_id"),
    *DATES,
    column("date_last_interacted", "last_contacted_at", MOMENT, params=()),
    derived("tag", tags, include=("tags",)),
    crumbs(lambda record: record.organisation_id),
)
AFFILIATION_FIELDS: tuple[Field, ...] = (
    ID,
    _point("mobile", default=True),
    _point("email", default=True),
    _point("phone"),
    _point("fax"),
    column("position", "job_title"),
    linked("company", "companies", "organisation_id"),
    linked("contact", "contacts", _contact),
    *status("affiliations", "affiliation_status"),
    linked("postal_address", "addresses", _address, include=POINTS),
    linked("physical_address", "addresses", _address, include=POINTS),
    derived("staff_bookmarked", Constant("0")),
    derived("portal_access", Constant("0")),
    kept("communication", "0", Format(lambda value: value, lambda text: "1" if YES_NO.read(text) else None)),
    kept("invoice_method"),
    *DATES,
    column("date_last_interacted", "last_contacted_at", MOMENT, params=()),
    crumbs(person_id),
)


def initials(record: User) -> str:
    return "".join(part[:1] for part in (record.first_name, record.last_name) if part).upper()


# Who has no name at all goes by the username.
_SURNAME_OF_STAFF = Given(
    Attribute("last_name"),
    IT,
    Given(Attribute("first_name"), Constant(""), Attribute("username")),
)


STAFF_FIELDS: tuple[Field, ...] = (
    ID,
    column("firstname", "first_name", default=True),
    Field("surname", True, show=_SURNAME_OF_STAFF, attribute="last_name", params=("surname",)),
    column("email", "email"),
    column("username", "username", on_update=False),
    column("position", "job_title"),
    column("phone", "office_phone"),
    column("mobile", "mobile_phone"),
    column("fax", "fax"),
    column("title", "salutation"),
    *status("staff"),
    column("timezone", "time_zone", TEXT, params=()),
    derived("financial_level", Constant("none")),
    derived("staff_rate", Constant("0.00"), in_all=False),
    derived("staff_cost_rate", Constant("0.00"), in_all=False),
    derived("initials", lambda r, s: initials(r)),
    *DATES,
    derived("date_last_interacted", lambda r, s: show_moment(r.last_sign_in_at)),
)


def _party_loader(type_: str) -> Callable[[Sight, Iterable[int], Include], dict[int, Any]]:
    def load(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
        return {id: party for id, party in sight.many(Party, ids, include).items() if party.type == type_}

    return load


def _load_staff(sight: Sight, ids: Iterable[int], include: Include) -> Mapping[int, Any]:
    return sight.many(User, ids, include)


def load_affiliations(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
    """Persons, whose first affiliation may have ended or never been, and employments, by id."""
    wanted = tuple(ids)
    found: dict[int, Any] = {
        id: party for id, party in sight.many(Party, wanted, include).items() if party.type == "person"
    }
    missing = [id for id in wanted if id not in found]
    return {**found, **sight.many(Employment, missing, include)} if missing else found


RESOURCES = (
    Resource("companies", "company", COMPANY_FIELDS, _party_loader("organisation"), Party, ORGANISATIONS),
    Resource("contacts", "contact", CONTACT_FIELDS, _party_loader("person"), Party, CONTACTS),
    Resource("affiliations", "affiliation", AFFILIATION_FIELDS, load_affiliations, Party, FIRST),
    Resource("staff", "staff", STAFF_FIELDS, _load_staff, User),
)

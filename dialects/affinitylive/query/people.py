"""What companies, contacts, affiliations and staff can be filtered, ordered and searched by (dossier, section 8.2)."""

from __future__ import annotations

from canonical.query import FALSE, TRUE, Compare, Has, Node, Not, Op, Sort, all_of, any_of, contains, eq, one_of
from dialects.affinitylive.fields.people import FIRST, POINT_OF
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import NO_NUMBER, NO_SWITCH, NO_TEXT, Column, Values
from dialects.affinitylive.query.filters import DATES, ID, ORDERS, Filters, holds, standing_orders, stands

_POINTS = {name: by.point(kind, label) for name, (kind, label) in POINT_OF.items()}
_DATES = {**DATES, "date_last_interacted": by.moment("last_contacted_at")}
_ORDERS: dict[str, tuple[Sort, ...]] = {**ORDERS, "date_last_interacted": (Sort("last_contacted_at"),)}
# A number is what stands in phone or fax, of a person also in mobile, as a whole: every number is a phone point.
_NUMBER = Column(
    lambda values: Has("points", all_of(eq("kind", "phone"), one_of("value", values))),
    empty=Not(Has("points", eq("kind", "phone"))),
)
_ADDRESS = by.hanging("points", eq("kind", "address"))


_LABELLED = Compare("label", Op.NOT_NULL)


def _company_search(term: str) -> Node:
    return any_of(contains("name", term), by.has_point(("website", "phone"), term))


def _contact_search(term: str) -> Node:
    """Who has neither name is shown by the whole one."""
    mobile = Has("points", all_of(eq("kind", "phone"), _LABELLED, eq("label", "mobile"), contains("value", term)))
    names = (holds(name, term) for name in ("first_name", "last_name", "name"))
    return any_of(*names, by.has_point(("email",), term), mobile)


def _affiliation_search(term: str) -> Node:
    return any_of(_contact_search(term), by.has_point(("phone",), term))


# Who has his first affiliation at a company, and the further ones there.
_AT = {"people": FIRST, "positions": TRUE}
COMPANIES = Filters(
    columns={
        "id": ID,
        "name": by.text("name"),
        "comments": by.text("about"),
        "custom_id": by.kept_text("custom_id"),
        "parent_id": by.extra_number("parent_id"),
        "manager_id": NO_NUMBER,
        "contact_number": _NUMBER,
        "postal_address": _ADDRESS,
        "country": NO_NUMBER,
        **dict.fromkeys(("default_affiliation", "affiliation"), by.first_of(_AT)),
        **{name: _POINTS[name] for name in ("website", "phone", "fax", "email")},
        **stands("companies"),
    },
    moments=_DATES,
    orders={
        **_ORDERS,
        "name": (Sort("name"),),
        "custom_id": (Sort(by.kept_key("custom_id")),),
        **standing_orders("companies"),
    },
    search=_company_search,
)
_COMPANY = by.reference("organisation_id")
_CONTACT_COLUMNS = {
    "id": ID,
    "firstname": by.text("first_name"),
    "surname": by.text("last_name"),
    "middlename": by.text(by.kept_key("middlename")),
    "username": by.text(by.kept_key("username")),
    "title": by.text("salutation"),
    "position": by.text("job_title"),
    "comments": by.text("about"),
    "custom_id": by.kept_text("custom_id"),
    "company": _COMPANY,
    "company_id": _COMPANY,
    "country": NO_NUMBER,
    "contact_number": _NUMBER,
    **{name: _POINTS[name] for name in ("email", "mobile", "phone", "fax")},
}
_CONTACT_ORDERS: dict[str, tuple[Sort, ...]] = {
    **_ORDERS,
    "fullname": (Sort("name"),),
    "firstname": (Sort("first_name"),),
    "surname": (Sort("last_name"),),
    "username": (Sort(by.kept_key("username")),),
    "title": (Sort("salutation"),),
    **standing_orders("contacts", "contact_status_id"),
}
_FURTHER = by.reference("employment_id")
_UNEMPLOYED = Compare("organisation_id", Op.NULL)


def _default_among(values: Values) -> Node:
    first = all_of(Not(_UNEMPLOYED), Compare("employment_id", Op.NULL), ID.among(values))
    there = tuple(value for value in values if by.integer(value))
    unset = _UNEMPLOYED if 0 in by.integers(values) else FALSE
    return any_of(first, all_of(Not(_UNEMPLOYED), _FURTHER.among(there)) if there else FALSE, unset)


def _default_range(op: Op, n: int) -> Node:
    first = all_of(Not(_UNEMPLOYED), Compare("employment_id", Op.NULL), Compare("id", op, n))
    further = all_of(Not(_UNEMPLOYED), Compare("employment_id", Op.NOT_NULL), Compare("employment_id", op, n))
    return any_of(first, further, _UNEMPLOYED if by.HOLDS[op](0, n) else FALSE)


_DEFAULT = Column(_default_among, _default_range, _UNEMPLOYED)


def _works_at(values: Values) -> Node:
    """A contact is a company's by any of his affiliations."""
    ids = [id for id in by.integers(values) if id]
    return any_of(_COMPANY.among(values), Has("employments", one_of("organisation_id", ids)) if ids else FALSE)


_EMPLOYER = Column(_works_at, _COMPANY.ranged, _COMPANY.empty)
CONTACTS = Filters(
    {
        **_CONTACT_COLUMNS,
        **stands("contacts", "contact_status"),
        **dict.fromkeys(("company", "company_id"), _EMPLOYER),
        **dict.fromkeys(("default_affiliation", "affiliation"), _DEFAULT),
    },
    _DATES,
    _CONTACT_ORDERS,
    search=_contact_search,
)
_ROLE = {
    **stands("affiliations", "affiliation_status"),
    **dict.fromkeys(("postal_address", "physical_address"), _ADDRESS),
    "invoice_method": by.kept_text("invoice_method"),
    "portal_access": NO_SWITCH,
    "communication": by.kept_switch("communication"),
}
AFFILIATIONS = Filters(
    {**_CONTACT_COLUMNS, **_ROLE, **dict.fromkeys(("contact", "contact_id"), ID)},
    _DATES,
    _CONTACT_ORDERS,
    search=_affiliation_search,
)
"""Of persons, whose first affiliation has their id."""
_NOT_OF_A_ROLE = ("username", "middlename", "custom_id", "title", "comments")
EMPLOYMENTS = Filters(
    {
        **{name: column for name, column in _CONTACT_COLUMNS.items() if name not in _NOT_OF_A_ROLE},
        **_ROLE,
        **dict.fromkeys(_NOT_OF_A_ROLE, NO_TEXT),
        **dict.fromkeys(("contact", "contact_id"), by.number("person_id")),
    },
    _DATES,
    {name: sorts for name, sorts in _CONTACT_ORDERS.items() if name != "title"},
    search=_affiliation_search,
)
"""Of further affiliations."""
STAFF = Filters(
    columns={
        "id": ID,
        "username": by.text("username"),
        "firstname": by.text("first_name"),
        "surname": by.text("last_name"),
        "email": by.text("email"),
        "mobile": by.text("mobile_phone"),
        "phone": by.text("office_phone"),
        "position": by.text("job_title"),
        "rate": NO_NUMBER,
        **stands("staff"),
    },
    moments=DATES,
    orders={
        **ORDERS,
        "username": (Sort("username"),),
        "firstname": (Sort("first_name"),),
        "surname": (Sort("last_name"),),
        **standing_orders("staff"),
    },
    search=lambda term: any_of(
        *(holds(name, term) for name in ("first_name", "last_name", "username", "email", "mobile_phone"))
    ),
)

"""What all but activities can be filtered, ordered and searched by (dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable

from canonical.query import FALSE, Compare, Has, Node, Not, Op, all_of, any_of, contains, eq, one_of
from dialects.affinitylive.fields.people import POINT_OF
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import Column
from dialects.affinitylive.query.filters import CREATED, DATES, ID, ORDERS, PRIORITY, Filters
from dialects.affinitylive.query.subjects import (
    against_columns,
    against_object,
    linked_against,
    party_against,
)

# -- people -------------------------------------------------------------------------------------------

_POINTS = {name: by.point(kind, label) for name, (kind, label) in POINT_OF.items()}


def _stands(resource: str) -> dict[str, Column]:
    standings = STANDINGS[resource]
    return {
        "standing": by.standing(standings),
        "status": by.status(standings),
        "status_id": by.status(standings),
    }


def _company_search(term: str) -> Node:
    return any_of(contains("name", term), by.has_point(("website", "phone"), term))


def _contact_search(term: str) -> Node:
    return any_of(
        _holds("first_name", term), _holds("last_name", term), _holds("name", term),
        by.has_point(("email", "phone"), term)
    )  # fmt: skip


def _holds(field_: str, term: str) -> Node:
    return all_of(Compare(field_, Op.NOT_NULL), contains(field_, term))


_PARTY_DATES = {**DATES, "date_last_interacted": by.moment("last_contacted_at")}
_PARTY_ORDERS = {**ORDERS, "date_last_interacted": ("last_contacted_at", None)}
COMPANIES = Filters(
    columns={
        "id": ID,
        "name": by.text("name"),
        "comments": by.text("about"),
        "custom_id": by.text(by.kept_key("custom_id")),
        "parent_id": by.extra_number("parent_id"),
        **{name: _POINTS[name] for name in ("website", "phone", "fax", "email")},
        **_stands("companies"),
    },
    moments=_PARTY_DATES,
    orders={**_PARTY_ORDERS, "name": ("name", None)},
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
    "custom_id": by.text(by.kept_key("custom_id")),
    "company": _COMPANY,
    "company_id": _COMPANY,
    "default_affiliation": ID,
    **{name: _POINTS[name] for name in ("email", "mobile", "phone", "fax")},
    **_stands("contacts"),
}
_CONTACT_ORDERS = {**_PARTY_ORDERS, "firstname": ("first_name", None), "surname": ("last_name", None)}
CONTACTS = Filters(_CONTACT_COLUMNS, _PARTY_DATES, _CONTACT_ORDERS, search=_contact_search)
AFFILIATIONS = Filters(
    {**_CONTACT_COLUMNS, "contact": ID, "contact_id": ID}, _PARTY_DATES, _CONTACT_ORDERS, search=_contact_search
)
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
        **_stands("staff"),
    },
    moments=DATES,
    orders={
        **ORDERS,
        "username": ("username", None),
        "firstname": ("first_name", None),
        "surname": ("last_name", None),
    },
    search=lambda term: any_of(
        *(_holds(name, term) for name in ("first_name", "last_name", "username", "email", "mobile_phone"))
    ),
)

# -- tasks, issues, prospects ---------------------------------------------------------------------------

_OWNED = by.number("owner_id")
_MANAGER_KEPT = by.kept_key("manager")


def _managed(values: tuple[str, ...]) -> Node:
    """The manager that was chosen, else the owner."""
    ids = by.integers(values)
    owned = all_of(Compare(_MANAGER_KEPT, Op.NULL), one_of("owner_id", ids))
    return any_of(owned, by.extra_number("manager", unset=-1).among(values)) if ids else any_of()


def _about(*words: str) -> Column:
    """What a task is against, by the id of one kind of thing; 0 is nothing of that kind."""
    nothing = Not(linked_against(words, None))

    def among(values: tuple[str, ...]) -> Node:
        ids = [id for id in by.integers(values) if id]
        found = linked_against(words, ids) if ids else FALSE
        return any_of(found, nothing) if 0 in by.integers(values) else found

    return Column(among, empty=nothing)


_MANAGER = Column(_managed)
_PERSON = _about("contact", "affiliation")
_ABOUT = {
    "contact": _PERSON,
    "affiliation": _PERSON,
    **{word: _about(word) for word in ("company", "issue", "job", "milestone")},
}
_TYPE = by.extra_number("type", 1)
_ASSIGNEE = {"assignee": _OWNED, "assignee_id": _OWNED}
TASKS = Filters(
    columns={
        "id": ID,
        "title": Column(lambda values: one_of("title", values)),
        **_ASSIGNEE,
        "manager": _MANAGER,
        "manager_id": _MANAGER,
        "creator_id": by.reference("creator_id"),
        "creator": by.reference("creator_id"),
        "priority": PRIORITY,
        "priority_id": PRIORITY,
        "task_priority": PRIORITY,
        "custom_id": by.text(by.kept_key("custom_id")),
        "billable": by.number("billable_seconds"),
        "nonbillable": by.number("nonbillable_seconds"),
        "remaining": by.extra_number("remaining"),
        "type": _TYPE,
        "type_id": _TYPE,
        **_stands("tasks"),
        **_ABOUT,
        **{f"{name}_id": column for name, column in _ABOUT.items()},
        **against_columns(linked_against),
    },
    moments={
        **DATES,
        "date_started": by.moment("start_at"),
        "date_commenced": by.kept_moment("date_commenced"),
        "date_accepted": by.kept_moment("date_accepted"),
        "date_due": by.moment("due_at"),
        "date_completed": by.moment("completed_at"),
    },
    orders={
        **ORDERS,
        "date_started": ("start_at", None),
        "date_due": ("due_at", None),
        "date_completed": ("completed_at", None),
        "billable": ("billable_seconds", None),
        "nonbillable": ("nonbillable_seconds", None),
    },
    objects={"against": against_object(linked_against)},
    against=linked_against,
    search=lambda term: any_of(contains("title", term), _holds("body", term)),
)


def _at_party(of_party: Callable[[Callable[[str], Node]], Node], none: Node) -> Column:
    """A reference by way of the one party; 0 is `none`, those that show no such reference."""

    def holding(test: Callable[[str], Node]) -> Node:
        return all_of(_HAS_PARTY, Has("party", of_party(test)))

    def among(values: tuple[str, ...]) -> Node:
        wanted = by.integers(values)
        there = [id for id in wanted if id]
        found = holding(lambda field: one_of(field, there)) if there else FALSE
        return any_of(found, none) if 0 in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = holding(lambda field: Compare(field, op, n))
        return any_of(found, none) if by.HOLDS[op](0, n) else found

    return Column(among, ranged, none)


_HAS_PARTY = Compare("party_id", Op.NOT_NULL)
_IS_COMPANY, _IS_PERSON = eq("type", "organisation"), eq("type", "person")
_EMPLOYED = all_of(_IS_PERSON, Compare("organisation_id", Op.NOT_NULL))
# As shown: a person's company is the one that he works for.
_COMPANY_OF_PARTY = _at_party(
    lambda test: any_of(all_of(_IS_COMPANY, test("id")), all_of(_EMPLOYED, test("organisation_id"))),
    Not(all_of(_HAS_PARTY, Has("party", any_of(_IS_COMPANY, _EMPLOYED)))),
)
_PARTY = _at_party(lambda test: all_of(_IS_PERSON, test("id")), Not(all_of(_HAS_PARTY, Has("party", _IS_PERSON))))
_MATTER = {
    "id": ID,
    "title": by.text("title"),
    "custom_id": by.text(by.kept_key("custom_id")),
    "contact": _PARTY,
    "contact_id": _PARTY,
    "affiliation": _PARTY,
    "affiliation_id": _PARTY,
    "company": _COMPANY_OF_PARTY,
    "company_id": _COMPANY_OF_PARTY,
    "type": _TYPE,
    "type_id": _TYPE,
    **against_columns(party_against),
}
ISSUES = Filters(
    columns={**_MATTER, **_ASSIGNEE, "priority": PRIORITY, "priority_id": PRIORITY, **_stands("issues")},
    moments={
        **DATES,
        "date_submitted": CREATED,
        "date_opened": by.kept_moment("date_opened"),
        "date_resolved": by.either_moment(by.kept_moment("date_resolved"), by.day("closed_on")),
        "date_due": by.moment("due_at"),
        "date_closed": by.day("closed_on"),
    },
    orders={
        **ORDERS,
        "title": ("title", None),
        "date_submitted": ("created_at", None),
        "date_due": ("due_at", None),
        "date_closed": ("closed_on", None),
    },
    objects={"against": against_object(party_against)},
    against=party_against,
    search=lambda term: any_of(contains("title", term), _holds("body", term)),
)
PROSPECTS = Filters(
    columns={**_MATTER, "manager": _OWNED, "manager_id": _OWNED, "staff": _OWNED, **_stands("prospects")},
    moments={**DATES, "date_due": by.day("expected_close"), "date_actioned": by.day("closed_on")},
    orders={
        **ORDERS,
        "title": ("title", None),
        "value": ("amount", None),
        "progress": ("probability", None),
        "date_due": ("expected_close", None),
        "date_actioned": ("closed_on", None),
    },
    objects={"against": against_object(party_against)},
    against=party_against,
    search=lambda term: any_of(contains("title", term), _holds("body", term)),
)

"""Every filter and order that the vendor documents narrows and orders (affinitylive dossier, sections 8.2 to 8.4).

The tables are the dossier's: each name becomes a filter with a value that no record has, one with each value that the
records show, and an order that is held to what they show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from canonical.model import ContactPoint, Opportunity, Party, User
from canonical.operations import Update
from canonical.values import SECOND
from tests.dialects.affinitylive_client import Client
from tests.support.world import NOON, World

NOBODY = "987654321"
"""A value that no record has, for any field."""
FAR = "4102444800"


class Table(NamedTuple):
    """One column of the dossier's tables: the names of basic, date, range and object filters, and of orders."""

    basic: str
    dates: str
    ranges: str
    orders: str
    objects: str = ""
    searched: str = ""


TABLES = {
    "companies": Table(
        basic="id status standing default_affiliation postal_address manager_id contact_number custom_id website",
        dates="created modified",
        ranges="id affiliation standing status custom_id country",
        orders="id date_created date_modified date_last_interacted name standing status custom_id",
        searched="website name phone fax",
    ),
    "contacts": Table(
        basic="id email title standing affiliation status username contact_number",
        dates="created modified last_interacted",
        ranges="id status country",
        orders="id fullname firstname surname username title contact_status_id standing date_modified date_created "
        "date_last_interacted",
        searched="firstname surname email mobile",
    ),
    "affiliations": Table(
        basic="id email standing status postal_address physical_address company contact contact_number "
        "invoice_method portal_access communication",
        dates="created modified last_interacted",
        ranges="id country physical_address postal_address contact status",
        orders="status standing date_modified date_created date_last_interacted fullname",
        searched="phone fax email mobile",
    ),
    "staff": Table(basic="id email standing username", dates="", ranges="id rate", orders=""),
    "tasks": Table(
        basic="id assignee manager status standing against_type against_id custom_id child_of_job rate_id "
        "rate_charged",
        dates="created started commenced accepted completed modified due",
        ranges="id billable nonbillable budgeted remaining against_id creator_id assignee type task_type status "
        "manager contact rate_charged",
        orders="id date_created date_started date_commenced date_accepted date_completed date_modified date_due "
        "task_priority title standing status rate_charged ordering",
        objects="against creator",
        searched="title description",
    ),
    "issues": Table(
        basic="id standing custom_id referrer_type referrer_id against_id against_type status type issue_type "
        "affiliation class priority issue_priority resolution submitted_by opened_by closed_by closed_by. resolved_by "
        "assignee contract",
        dates="opened submitted started due closed modified",
        ranges="id reopened_count rate_charged against_id billable_seconds assignee type issue_type affiliation class "
        "resolution priority issue_priority submitted_by opened_by resolved_by closed_by status rate contract",
        orders="id date_opened date_submitted date_started date_due date_closed date_resolved date_last_interacted "
        "date_modified title standing status",
        objects="against referrer",
        searched="title",
    ),
    "prospects": Table(
        basic="id standing weighting success affiliation manager type prospect_type status prospect_probability "
        "company won_by_id cancelled_by_id abandoned_by_id",
        dates="created actioned due modified",
        ranges="id weighting value progress value_weighted affiliation manager type prospect_type status",
        orders="date_actioned date_created date_due date_last_interacted date_modified title id status standing",
        searched="title",
    ),
}
SHOWN_AS = {
    ("companies", "affiliation"): "default_affiliation",
    ("contacts", "affiliation"): "default_affiliation",
    ("contacts", "contact_status_id"): "status",
    ("issues", "closed_by."): "closed_by",
    ("prospects", "dated_created"): "date_created",
}
"""Where a filter's field shows under another name."""
NOT_SHOWN = frozenset(
    {
        *("manager_id", "contact_number", "country", "child_of_job", "rate", "fullname", "reopened_count"),
    }
)
"""Names whose field shows nowhere."""
ALWAYS_UNSET = frozenset({"contract", "referrer_id", "ordering", "portal_access", "date_last_interacted"})
WORDS = frozenset({"standing", "success", "against_type", "portal_access", "communication"})
RANGES = ("greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("tables")
    with World(folder) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
        world.add_user("cid")
        world.write(lambda desk: desk.update(Update(User, 3, {"active": False})))
        ann, bob = Client(world), Client(world, "bob-token")
        for at, client in enumerate((bob, ann, bob)):
            world.now = NOON + at * 100 * SECOND
            company, person = make_people(world, client, at)
            make_task(client, at, company, person)
            make_prospect(world, client, at, person)
            make_issue(world, client, at, company, person)
        yield ann


def make_people(world: World, client: Client, at: int) -> tuple[str, str]:
    name = ("Delta", "Acme", "Corso")[at]
    standings = ("interested", "active", "inactive")
    form: dict[str, Any] = {"website": f"{name}.test", "phone": f"1{at}", "custom_id": 9 + at}
    company = client.post("/companies", name=name, standing=standings[at], **form)["id"]
    form = {"email": f"p{at}@x.test", "mobile": f"2{at}", "fax": f"3{at}", "username": f"user{2 - at}"}
    form |= {
        "firstname": ("Zoë", "Kai", "Lou")[at],
        "surname": ("Ash", "Wu", "Bo")[at],
        "title": ("Ms", "Mr", "Dr")[at],
    }
    form |= {"standing": ("active", "interested", "inactive")[at], "company_id": company}
    person = client.post("/contacts", **form)["id"]
    method, flag = ("email", "fax", "postal")[at], ("yes", "no", "no")[at]
    client.put(f"/affiliations/{person}", invoice_method=method, communication=flag)
    point = ContactPoint("address", street=f"Road {at}", city="Oslo")
    values = {"last_contacted_at": NOON + (5 - at) * SECOND}
    for party in (int(company), int(person)):
        met = Update(Party, party, values, points=(point,))
        world.write(lambda desk, met=met: desk.update(met))  # type: ignore[misc]
    return company, person


def make_task(client: Client, at: int, company: str, person: str) -> None:
    form: dict[str, Any] = {"title": ("Write", "Ask", "Call")[at], "description": f"text {at}", "custom_id": f"t{at}"}
    form |= {"against_type": ("company", "job", "contact")[at], "against_id": (company, 77, person)[at]}
    form |= {"date_started": 1500000000 - at, "date_due": 1600000000 + at, "priority_id": (3, 1, 2)[at]}
    form |= {"assignee_id": 1 + at % 2, "manager_id": 2 - at % 2, "remaining": 60 * (3 - at)}
    form |= {"rate_id": 5, "rate_charged": ("9", "120.5", "20")[at], "billable": 10 * at, "nonbillable": 5 - at}
    task = client.post("/tasks", **form)["id"]
    client.put(f"/tasks/{task}", standing=("accepted", "started", "complete")[at])


def make_issue(world: World, client: Client, at: int, company: str, person: str) -> None:
    form: dict[str, Any] = {
        "title": ("Fire", "Alarm", "Crack")[at],
        "custom_id": f"i{2 - at}",
        "affiliation_id": person,
    }
    form |= {"against_type": ("company", "company", "job")[at], "against_id": company, "type_id": (2, 1, 1)[at]}
    form |= {"assignee_id": 2 - at % 2, "priority_id": (2, 5, 1)[at]}
    form |= {"date_due": 1700000000 - at, "date_started": 999999999 + at}
    issue = client.post("/issues", **form)["id"]
    for standing in (("open",), ("open", "resolved", "closed"), ())[at]:
        world.now = (world.now or 0) + 86_400 * SECOND
        more = {"resolution_id": 1} if standing == "resolved" else {}
        client.put(f"/issues/{issue}", standing=standing, **more)


def make_prospect(world: World, client: Client, at: int, person: str) -> None:
    form: dict[str, Any] = {"title": ("Roof", "Shed", "Barn")[at], "type_id": (2, 1, 1)[at], "affiliation_id": person}
    form |= {"value": ("0", "120.50", "80")[at], "progress": (50, 25, 100)[at], "probability_id": (1, 2, 3)[at]}
    form |= {"manager_id": 2 - at % 2, "date_due": 1400000000 + 86_400 * (9 - at)}
    prospect = client.post("/prospects", **form)["id"]
    if at == 1:
        client.put(f"/prospects/{prospect}", weighting=5)
    client.put(f"/prospects/{prospect}", standing=("won", "cancelled", "abandoned")[at])
    closed = {"closed_on": ("2014-07-02", "2014-07-01", "2014-07-03")[at]}
    world.write(lambda desk: desk.update(Update(Opportunity, int(prospect), closed)))


def every(column: str) -> list[tuple[str, str]]:
    return [(resource, name) for resource, table in TABLES.items() for name in getattr(table, column).split()]


def rows(ann: Client, resource: str, *fields: str) -> dict[int, dict[str, Any]]:
    return {int(row["id"]): row for row in ann.get(f"/{resource}", _fields=",".join(fields), _limit=100)}


def found(ann: Client, resource: str, filters: str) -> list[int]:
    """The ids of a list, which its count agrees with."""
    ids = ann.ids(f"/{resource}", filters)
    assert ann.get(f"/{resource}/count", _filters=filters) == {"count": str(len(ids))}
    return ids


def field_of(resource: str, name: str) -> str:
    return SHOWN_AS.get((resource, name), name)


@pytest.mark.parametrize(("resource", "name"), every("basic"))
def test_a1_a3_a_documented_filter_narrows(ann: Client, resource: str, name: str) -> None:
    field = field_of(resource, name)
    shown = rows(ann, resource, field)
    assert len(shown) >= 2
    assert found(ann, resource, f"{name}({NOBODY})") == []
    assert found(ann, resource, f"{name}_not({NOBODY})") == list(shown)
    if name in NOT_SHOWN:
        return
    values = {str(row[field]) for row in shown.values() if row[field] not in (None, "")}
    for value in values:
        expected = [id for id, row in shown.items() if str(row[field]) == value]
        assert found(ann, resource, f"{name}({value})") == expected, value
        assert found(ann, resource, f"{name}_not({value})") == [id for id in shown if id not in expected], value
    if name not in ALWAYS_UNSET and name not in ("class", "referrer_type"):
        assert len({str(row[field]) for row in shown.values()}) > 1, "the records do not tell the filter apart"


def test_a1_contact_numbers_are_phones_faxes_and_mobiles(ann: Client) -> None:
    assert ann.ids("/companies", "contact_number(11)") == [ann.ids("/companies")[1]]
    for number in ("21", "31"):
        assert ann.ids("/contacts", f"contact_number({number})") == [ann.ids("/contacts")[1]]
        assert ann.ids("/affiliations", f"contact_number({number})") == [ann.ids("/affiliations")[1]]


def test_a1_the_children_of_a_job(ann: Client) -> None:
    assert ann.ids("/tasks", "child_of_job(77)") == [2]
    assert ann.ids("/tasks", "child_of_job_not(77)") == [1, 3]


@pytest.mark.parametrize(("resource", "name"), every("dates"))
def test_a1_a_documented_date_narrows(ann: Client, resource: str, name: str) -> None:
    shown = rows(ann, resource, f"date_{name}")
    dates = {id: row.get(f"date_{name}") for id, row in shown.items()}
    if resource == "affiliations" and name == "created":
        contacts = rows(ann, "contacts", "date_created")
        dates = {id: contacts[id]["date_created"] for id in shown}
    assert found(ann, resource, f"date_{name}_after({FAR})") == []
    assert found(ann, resource, f"date_{name}_before(1)") == []
    assert found(ann, resource, f"date_{name}_before(0)") == [id for id, date in dates.items() if date is None]
    there = sorted({int(date) for date in dates.values() if date is not None})
    assert there
    for bound in there:
        for suffix, holds in (("_before", int.__lt__), ("_after", int.__gt__), ("", int.__eq__)):
            expected = [id for id, date in dates.items() if date is not None and holds(int(date), bound)]
            assert found(ann, resource, f"date_{name}{suffix}({bound})") == expected, (suffix, bound)


@pytest.mark.parametrize(("resource", "name"), every("ranges"))
def test_a2_a_documented_range_narrows(ann: Client, resource: str, name: str) -> None:
    field = field_of(resource, name)
    shown = rows(ann, resource, field)
    every_id = list(shown)
    if name in WORDS:
        words = {id: str(row[field]) for id, row in shown.items()}
        for bound in sorted(set(words.values())):
            above = [id for id, word in words.items() if word > bound]
            assert found(ann, resource, f"{name}_greater_than({bound})") == above
            assert found(ann, resource, f"{name}_less_than_or_equal({bound})") == [i for i in shown if i not in above]
        assert found(ann, resource, f"{name}_greater_than(zzz)") == []
        return
    assert found(ann, resource, f"{name}_less_than(-1)") == []
    assert found(ann, resource, f"{name}_less_than_or_equal(-1)") == []
    if name == "progress":
        assert found(ann, resource, "progress_greater_than(99)") == [3]
        assert found(ann, resource, "progress_less_than_or_equal(50)") == [1, 2]
        return
    for suffix in ("greater_than", "greater_than_or_equal"):
        assert found(ann, resource, f"{name}_{suffix}({NOBODY})") == []
    if name in NOT_SHOWN:
        assert found(ann, resource, f"{name}_greater_than(0)") == []
        assert found(ann, resource, f"{name}_less_than_or_equal(0)") == every_id
        return
    numbers = {id: float(row.get(field) or 0) for id, row in shown.items()}
    for bound in sorted({0.0, *numbers.values()}):
        text = f"{bound:.2f}" if bound % 1 else str(int(bound))
        for suffix, expected in (
            ("greater_than", [id for id in shown if numbers[id] > bound]),
            ("greater_than_or_equal", [id for id in shown if numbers[id] >= bound]),
            ("less_than", [id for id in shown if numbers[id] < bound]),
            ("less_than_or_equal", [id for id in shown if numbers[id] <= bound]),
        ):
            assert found(ann, resource, f"{name}_{suffix}({text})") == expected, (suffix, text)


@pytest.mark.parametrize(("resource", "name"), every("orders"))
def test_a4_a_documented_order_orders(ann: Client, resource: str, name: str) -> None:
    field = "firstname" if name == "fullname" else field_of(resource, name)
    if resource == "affiliations" and name in ("fullname", "date_created"):
        shown = rows(ann, "contacts", "firstname", "date_created")
    else:
        shown = rows(ann, resource, field)

    def key(id: int) -> Any:
        value = shown[id].get(field)
        if value is None:
            return (0, 0)
        is_number = str(value).replace(".", "").isdigit() and name not in ("title", "username", "custom_id")
        return (1, float(value) if is_number else str(value).casefold())

    expected = sorted(shown, key=key)
    assert found(ann, resource, f"order_by_asc({name})") == expected
    # Equal ones stay by id.
    assert found(ann, resource, f"order_by_desc({name})") == sorted(shown, key=key, reverse=True)
    if name not in ALWAYS_UNSET and name != "date_last_interacted":
        assert len({key(id) for id in shown}) > 1, "the records do not tell the order apart"


@pytest.mark.parametrize(("resource", "name"), every("objects"))
def test_a3_a_documented_object_filter_narrows(ann: Client, resource: str, name: str) -> None:
    for type_ in ("company", "staff", "job"):
        assert found(ann, resource, f"{name}({type_}({NOBODY}))") == []
    if name == "creator":
        assert found(ann, resource, "creator(staff(1))") == [2]
        assert found(ann, resource, "creator(staff)") == [1, 2, 3]
    elif resource == "tasks":
        assert found(ann, resource, "against(job(77))") == [2]
    elif name == "against":
        company = rows(ann, "issues", "against_id")[2]["against_id"]
        assert found(ann, resource, f"against(company({company}))") == [2]
        assert found(ann, resource, "against(company)") == [1, 2]


@pytest.mark.parametrize(("resource", "name"), every("searched"))
def test_the_documented_fields_are_searched(ann: Client, resource: str, name: str) -> None:
    shown = rows(ann, resource, name)
    for id, row in shown.items():
        text = str(row[name] or "")
        if len(text) > 2:
            expected = [i for i, other in shown.items() if text.casefold() in str(other[name]).casefold()]
            assert found(ann, resource, f"search({text})") == expected, id
            assert [int(one["id"]) for one in ann.get(f"/{resource}", _search=text[1:].upper())] == expected
    assert ann.get(f"/{resource}", _search="nothing of the sort") == []


def test_what_nobody_documents_is_ignored_and_told_of(ann: Client) -> None:
    """An operator sees a client's misspelling in the log (dossier, section 8.0)."""
    filters = "subject(x),order_by_desc(colour),date_foo_before(1),_OR(closed_by(1),nonsense_not(2)),title_not_not(x)"
    assert len(ann.get("/issues", _filters=filters.replace("closed_by(1),", ""), _order_by="title")) == 3
    line = ann.world.lines[-1]
    assert line["operation"] == "issues.list"
    assert line["losses"] == {
        "issues._order_by:unknown_parameter": 1,
        "issues.colour:unknown_order": 1,
        "issues.date_foo_before:unknown_filter": 1,
        "issues.nonsense_not:unknown_filter": 1,
        "issues.subject:unknown_filter": 1,
        "issues.title_not_not:unknown_filter": 1,
    }
    ann.get("/issues", _filters="title(x)", _limit=5, _suppress_message=1)
    assert "losses" not in ann.world.lines[-1]
    ann.get("/issues", _filters="x" * 300 + "(1)")
    assert list(ann.world.lines[-1]["losses"]) == [f"issues.{'x' * 60}:unknown_filter"]
    assert len(ann.get("/issues/statuses", _filters="nope(1)")) == 5
    assert ann.world.lines[-1]["losses"] == {"issues statuses.nope:unknown_filter": 1}

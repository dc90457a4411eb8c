"""What attackers and real clients found in AffinityLive, by kind (affinitylive dossier, section 8)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.wire import Headers, WireRequest
from canonical.model import Case, ContactPoint, Opportunity, Party, PicklistItem
from canonical.operations import Create, Delete, Update
from canonical.values import SECOND
from tests.dialects.affinitylive_client import FORM, Client, status
from tests.support.world import NOON, World

NOW = str(NOON // SECOND)
REFUSED = (400, "invalid_request")
BASIC = "Basic " + b64encode(b"ann-token:x").decode()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray")
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    return Client(world)


@pytest.fixture
def bob(world: World) -> Client:
    return Client(world, "bob-token")


def sent(client: Client, method: str, path: str, form: str = "") -> tuple[int, str]:
    return status(client.send(method, f"/api/v0{path}", form.encode(), FORM if form else None))


@pytest.mark.parametrize(
    ("given", "shown"),
    [("25", "0.2500"), ("1", "0.0100"), ("100", "1.0000"), ("0", "0.0000"), ("0.25", "0.2500"), ("1.0", "1.0000")],
)
def test_a5_progress_is_a_whole_percent_or_a_fraction_with_a_point(ann: Client, given: str, shown: str) -> None:
    assert ann.make("/prospects", progress=given, _fields="progress")["progress"] == shown
    assert ann.make("/prospects")["id"] == "2"
    assert ann.put("/prospects/2", progress=given, _fields="progress")["progress"] == shown


@pytest.mark.parametrize("given", ["101", "-1", "abc", "1.5", "25.5", "1e1", "-0.5"])
def test_a5_no_other_progress_is_taken(world: World, ann: Client, given: str) -> None:
    needed = "title=W&affiliation_id=1&type_id=1"
    assert sent(ann, "POST", "/prospects", f"{needed}&progress={given}") == REFUSED
    assert world.desk().count(Opportunity) == 0


def test_a6_weighting_is_0_to_5(ann: Client) -> None:
    for given in range(6):
        assert ann.make("/prospects", weighting=given, _fields="weighting")["weighting"] == str(given)
    for wrong in ("6", "-1", "3.5", "x"):
        assert sent(ann, "PUT", "/prospects/1", f"weighting={wrong}") == REFUSED


def test_success_wins_a_prospect_and_takes_it_back(world: World, ann: Client, bob: Client) -> None:
    ann.make("/prospects", value="120.50", progress=50)
    fields = "standing,success,won_by_id,cancelled_by_id,value_weighted"
    won = bob.put("/prospects/1", success="yes", _fields=fields)
    assert won == {"id": "1", "title": "Deal", "standing": "won", "success": "yes", "won_by_id": "2",
                   "cancelled_by_id": None, "value_weighted": "60"}  # fmt: skip
    back = ann.put("/prospects/1", success="no", _fields=fields)
    assert (back["standing"], back["success"], back["won_by_id"]) == ("active", "no", None)
    # Through another dialect, which knows no words but the state's.
    world.write(lambda desk: desk.update(Update(Opportunity, 1, {"state": "won"})), "bob-token")
    assert ann.ids("/prospects", "won_by_id(2),success(yes)") == [1]
    assert ann.put("/prospects/1", standing="cancelled", _fields=fields)["cancelled_by_id"] == "1"
    assert ann.ids("/prospects", "won_by_id(2)") == []


def test_a14_a_companys_contact_contacts_and_addresses(world: World, ann: Client) -> None:
    company = ann.post("/companies", name="Acme", phone="1")["id"]
    assert ann.get(f"/companies/{company}/contact") is None
    assert ann.get(f"/companies/{company}/contacts/count") == {"count": "0"}
    first, second = (ann.post("/contacts", firstname=name, company_id=company)["id"] for name in ("Zoë", "Kai"))
    assert ann.get(f"/companies/{company}/contact", _fields="default_affiliation")["default_affiliation"] == first
    assert ann.get(f"/companies/{company}/contacts/count") == {"count": "2"}
    assert ann.get(f"/companies/{company}/contacts/count", _filters=f"id({second})") == {"count": "1"}
    points = tuple(ContactPoint("address", street=f"Road {n}", city="Oslo", label="work") for n in (1, 2))
    for party in (company, first):
        world.write(lambda desk, party=party: desk.update(Update(Party, int(party), points=points)))
    for path in (f"/companies/{company}", f"/contacts/{first}"):
        rows = ann.get(f"{path}/addresses", _fields="street1,city,postal,title")
        assert [(row["full"], row["street1"], row["postal"], row["title"]) for row in rows] == [
            ("Road 1, Oslo", "Road 1", "yes", "work"), ("Road 2, Oslo", "Road 2", "no", "work"),
        ]  # fmt: skip
        assert [row["full"] for row in ann.get(f"{path}/addresses", _search="road 2")] == ["Road 2, Oslo"]
        assert sent(ann, "POST", f"{path}/addresses", "street1=x") == REFUSED
        assert ann.get(f"{path}/segmentations") == []
    assert sent(ann, "POST", f"/companies/{company}/collections/1/resources", "x=y") == REFUSED


def test_a14_the_lists_around_tasks_and_issues(ann: Client) -> None:
    issue = ann.make("/issues")["id"]
    task = ann.make("/tasks", against_type="issue", against_id=issue)["id"]
    ann.make("/tasks", title="Other")
    assert [row["id"] for row in ann.get(f"/issues/{issue}/tasks")] == [task]
    assert ann.get(f"/issues/{issue}/tasks", _filters="title(Other)") == []
    meta = ann.get("/tasks/meta")
    assert {"id": "1", "name": "Ann Lee", "email": "ann@acme.test"} in meta["managers"]
    assert {"id": "prospect", "name": "Sale"} in meta["against"]
    assert meta["status"][0]["title"] == "Pending"
    for name in ("issues", "prospects"):
        for path in ("extensions/fields", "extensions/values"):
            assert ann.get(f"/{name}/{path}") == []
            assert ann.get(f"/{name}/{path}/count") == {"count": "0"}
    assert ann.get(f"/issues/{issue}/extensions/values") == []
    assert sent(ann, "PUT", f"/issues/{issue}/extensions/values/1", "value=x") == REFUSED
    assert sent(ann, "POST", f"/issues/{issue}/extensions/fields/1", "value=x") == REFUSED
    assert sent(ann, "GET", "/issues/99/extensions/values") == REFUSED
    assert len(ann.get("/issues/progressions")) == 5
    assert ann.get("/issues/progressions/count", _filters="id(1,2)") == {"count": "2"}


def test_singular_names_are_the_same_resources(ann: Client) -> None:
    company = ann.post("/company", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", company_id=company)["id"]
    assert ann.get(f"/company/{company}/contacts") == ann.get(f"/companies/{company}/contacts")
    assert ann.get("/prospect/probabilities") == ann.get("/prospects/probabilities")
    assert ann.put(f"/contact/{contact}", standing="inactive", _fields="standing")["standing"] == "inactive"


def test_a15_lists_of_choices(ann: Client) -> None:
    priorities = ann.get("/tasks/priorities", _fields="icon,level")
    assert [(row["level"], row["icon"]) for row in priorities] == [
        ("1", "critical_priority"), ("2", "high_priority"), ("3", "normal_priority"), ("4", "low_priority"),
        ("5", "none_priority"),
    ]  # fmt: skip
    factors = {
        row["factor"]: (row["title"], row["color"]) for row in ann.get("/issues/priorities", _fields="color,factor")
    }
    assert factors == {"5": ("Extreme", "red"), "4": ("High", "orange"), "3": ("Medium", "green"),
                       "2": ("Low", "blue"), "1": ("None", "grey")}  # fmt: skip
    assert ann.get("/issues/priorities/count") == {"count": "5"}
    assert ann.get("/issues/priorities/1", _fields="factor")["factor"] == "5"
    assert [row["title"] for row in ann.get("/issues/types")] == ["General", "Support"]
    assert [row["title"] for row in ann.get("/prospects/types")] == ["General", "Partner"]
    assert [row["title"] for row in ann.get("/tasks/types")] == ["General"]
    assert len(ann.get("/issues/classes")) == len(ann.get("/issues/resolutions")) == 1
    assert [(row["title"], row["value"]) for row in ann.get("/prospects/probabilities")] == [
        ("Low", "25"), ("Medium", "50"), ("High", "75"),
    ]  # fmt: skip
    assert "start" not in ann.get("/tasks/statuses/1", _fields="start,_ALL")
    assert ann.get("/issues/statuses/1", _fields="_ALL")["start"] == "yes"


def test_a15_the_lists_are_the_tenants_own(world: World, ann: Client) -> None:
    world.write(lambda desk: desk.save_picklist_item(PicklistItem("issue_type", "Outage", position=9)))
    ann_types = ann.get("/issues/types")
    assert [row["title"] for row in ann_types] == ["General", "Support", "Outage"]
    id = ann_types[-1]["id"]
    made = ann.make("/issues", type_id=id, _fields="issue_type(),type,class(),issue_priority()")
    assert made["issue_type"]["title"] == "Outage"
    assert (made["type"], made["class"]["title"], made["issue_priority"]) == (id, "General", None)
    assert ann.ids("/issues", f"issue_type({id})") == ann.ids("/issues", f"type({id})") == [1]
    off = PicklistItem("issue_type", "Old", position=10, data={"standing": "inactive"})
    world.write(lambda desk: desk.save_picklist_item(off))
    assert len(ann.get("/issues/types")) == 3
    assert [row["title"] for row in ann.get("/issues/types", _filters="standing(inactive)")] == ["Old"]
    for bad in ("99", "x"):
        assert sent(ann, "POST", "/issues", f"title=x&type_id={bad}&against_type=staff&against_id=1") == REFUSED
    for bad in ("class_id=99", "resolution_id=99", "contract_id=1", "assignee_id=99", "status_id=99", "type_id=99"):
        assert sent(ann, "PUT", "/issues/1", bad) == REFUSED, bad
    for bad in ("probability_id=99", "type_id=99", "staff_id=99", "affiliation_id=99"):
        assert ann.make("/prospects")["id"]
        assert sent(ann, "PUT", "/prospects/1", bad) == REFUSED, bad
    ann.make("/tasks")
    for bad in ("manager_id=99", "assignee_id=99"):
        assert sent(ann, "PUT", "/tasks/1", bad) == REFUSED, bad


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"_filters": "standing(open)"}, ["Open"]),
        ({"_filters": "standing_not(open)"}, ["Submitted", "Resolved", "Closed", "Inactive"]),
        ({"_search": "clos"}, ["Closed"]),
        ({"_filters": "search(CLOS)"}, ["Closed"]),
        ({"_filters": "order_by_desc(id)", "_limit": 1}, ["Inactive"]),
        ({"_filters": "order_by_desc(id)", "_limit": 2, "_page": 1}, ["Resolved", "Open"]),
        ({"_filters": "order_by_asc(title)", "_limit": 2}, ["Closed", "Inactive"]),
        ({"_filters": "id_greater_than(3)"}, ["Closed", "Inactive"]),
        ({"_filters": "_OR(title(open),color(green))"}, ["Open", "Resolved"]),
        ({"_filters": "title(987654321)"}, []),
        ({"_filters": "nonsense(1)", "_limit": 1}, ["Submitted"]),
    ],
)
def test_a16_small_lists_are_filtered_ordered_searched_and_paged(
    ann: Client, query: dict[str, Any], titles: list[str]
) -> None:
    assert [row["title"] for row in ann.get("/issues/statuses", **query)] == titles
    if "_limit" not in query:
        assert ann.get("/issues/statuses/count", **query) == {"count": str(len(titles))}


@pytest.mark.parametrize(
    "path",
    [
        *("companies/statuses", "contacts/statuses", "affiliations/statuses", "staff/statuses", "tasks/statuses"),
        *("issues/statuses", "prospects/statuses", "tasks/types", "issues/types", "prospects/types", "issues/classes"),
        *("issues/resolutions", "issues/priorities", "tasks/priorities", "prospects/probabilities"),
        *("activities/classes", "activities/priorities"),
    ],
)
def test_a16_every_small_list_takes_filters_and_has_count_and_ids(ann: Client, path: str) -> None:
    rows = ann.get(f"/{path}")
    assert rows
    assert ann.get(f"/{path}", _filters="id(987654321)") == []
    assert ann.get(f"/{path}/count", _filters="title(nothing)") == {"count": "0"}
    assert ann.get(f"/{path}", _filters="order_by_desc(id)") == rows[::-1]
    assert ann.get(f"/{path}", _search="nothing of the sort") == []
    assert ann.get(f"/{path}/count") == {"count": str(len(rows))}
    assert ann.get(f"/{path}/{rows[0]['id']}") == rows[0]
    assert sent(ann, "GET", f"/{path}/987654321") == REFUSED


def test_a17_todays_names_of_fields(ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", company_id=company, _fields="contact_status()")
    assert contact["contact_status"] == {"id": "3", "title": "Active"}
    shown = ann.get(f"/affiliations/{contact['id']}", _fields="affiliation_status,status,physical_address()")
    assert (shown["affiliation_status"], shown["status"], shown["physical_address"]) == ("3", "3", None)
    task = ann.make("/tasks", _fields="task_type,type,task_status(),task_job,task_priority()")
    assert (task["task_type"], task["type"], task["task_job"], task["task_priority"]) == ("1", "1", "0", None)
    assert task["task_status"] == {"id": "1", "title": "Pending"}
    assert ann.make("/issues", _fields="issue_type()")["issue_type"] == {"id": "1", "title": "General"}
    assert ann.make("/prospects", _fields="prospect_type")["prospect_type"] == "1"


def test_a18_who_opened_resolved_and_closed_an_issue(world: World, ann: Client, bob: Client) -> None:
    fields = "opened_by,closed_by(),resolved_by,resolution,staff_bookmarked,billable_seconds"
    made = ann.make("/issues", _fields=fields)
    assert (made["opened_by"], made["closed_by"], made["resolved_by"]) == ("0", None, "0")
    assert (made["resolution"], made["staff_bookmarked"], made["billable_seconds"]) == (None, "0", "0")
    assert bob.put("/issues/1", standing="open", _fields=fields)["opened_by"] == "2"
    resolved = ann.put("/issues/1", standing="resolved", resolution_id=1, resolution_detail="by hand",
                       _fields=f"{fields},resolution(),resolution_detail")  # fmt: skip
    assert (resolved["opened_by"], resolved["resolved_by"], resolved["closed_by"]) == ("2", "1", None)
    assert resolved["resolution"] == {"id": "1", "title": "Resolved"}
    assert resolved["resolution_detail"] == "by hand"
    closed = bob.put("/issues/1/progressions/done", _fields=fields)
    assert (closed["opened_by"], closed["resolved_by"], closed["closed_by"]["id"]) == ("2", "1", "2")
    assert ann.ids("/issues", "closed_by(2),opened_by(2),resolved_by(1)") == [1]
    assert ann.ids("/issues", "closed_by(1)") == []
    cleared = ann.put("/issues/1", resolution_id="", resolution_detail="", _fields="resolution,resolution_detail")
    assert (cleared["resolution"], cleared["resolution_detail"]) == (None, "")
    # Reopened and closed again elsewhere.
    world.write(lambda desk: desk.update(Update(Case, 1, {"state": "open"})))
    assert ann.get("/issues/1", _fields=fields)["closed_by"] is None
    world.write(lambda desk: desk.update(Update(Case, 1, {"state": "closed"})))
    assert ann.get("/issues/1", _fields=fields)["closed_by"]["id"] == "1"


def test_a18_all_of_a_resource_shows_every_documented_field(ann: Client) -> None:
    documented = {
        "companies": "custom_id website phone fax comments standing status postal_address default_affiliation "
        "staff_bookmarked date_created date_modified date_last_interacted",
        "contacts": "middlename username title timezone comments default_affiliation contact_status status standing "
        "date_created date_modified date_last_interacted",
        "affiliations": "phone fax position company contact postal_address physical_address affiliation_status status "
        "standing staff_bookmarked portal_access communication invoice_method date_modified date_last_interacted",
        "staff": "email username title position phone mobile fax timezone standing financial_level",
        "tasks": "description billable nonbillable logged budgeted remaining staff_bookmarked date_created "
        "date_started date_commenced date_accepted date_due date_completed date_modified against_type against_id "
        "against creator_type creator_id creator assignee manager task_type task_status standing contact affiliation "
        "company issue task_job milestone task_priority rate_id rate_charged ordering skills task_object_budget "
        "task_object_schedule task_object_schedule_id custom_id",
        "issues": "custom_id description against against_type against_id issue_type affiliation class issue_priority "
        "resolution resolution_detail status standing date_submitted submitted_by date_opened opened_by date_resolved "
        "resolved_by date_closed closed_by date_started date_due date_last_interacted date_modified referrer_type "
        "referrer_id staff_bookmarked billable_seconds company contact assignee contract issue_object_budget",
        "prospects": "date_created date_actioned date_due date_last_interacted date_modified weighting value success "
        "comments progress value_weighted staff_bookmarked won_by_id cancelled_by_id abandoned_by_id contact manager "
        "prospect_type status standing prospect_probability affiliation",
    }
    company = ann.post("/companies", name="Acme")["id"]
    ann.post("/contacts", firstname="Kai", company_id=company)
    for name in ("tasks", "issues", "prospects"):
        ann.make(f"/{name}")
    for name, fields in documented.items():
        row = ann.get(f"/{name}", _fields="_ALL")[0]
        assert set(fields.split()) <= set(row), name
        assert all(isinstance(row[field], str | list | None) for field in fields.split()), name
    assert "staff_rate" not in ann.get("/staff/1", _fields="_ALL")
    assert ann.get("/staff/1", _fields="staff_rate,staff_cost_rate")["staff_rate"] == "0.00"


def test_a19_an_expanded_reference_without_target_is_null(ann: Client) -> None:
    ann.make("/tasks", against_type="job", against_id=998)
    task = ann.get("/tasks/1", _fields="job(),milestone(),task_job,company(),contact(),issue(),task_object_budget()")
    assert task["task_job"] == "998"
    assert {task[name] for name in ("job", "milestone", "company", "contact", "issue", "task_object_budget")} == {None}
    ann.make("/prospects", progress=25)
    prospect = ann.get("/prospects/1", _fields="prospect_probability(),company()")
    assert (prospect["prospect_probability"], prospect["company"]) == (None, None)
    assert ann.get("/prospects/1", _fields="prospect_probability")["prospect_probability"] is None
    chosen = ann.put("/prospects/1", probability_id=3, _fields="prospect_probability(),progress")
    assert chosen["prospect_probability"] == {"id": "3", "title": "High", "value": "75"}
    assert chosen["progress"] == "0.2500"
    assert ann.put("/prospects/1", probability_id="", _fields="prospect_probability")["prospect_probability"] is None
    issue = ann.make("/issues", _fields="contract(),closed_by(),resolution(),issue_object_budget(),affiliation()")
    assert {issue[n] for n in ("contract", "closed_by", "resolution", "issue_object_budget", "affiliation")} == {None}


def test_a20_a_progressions_status_is_an_object(ann: Client) -> None:
    ann.make("/issues")
    status = {"id": "1", "title": "Submitted", "standing": "submitted", "color": "grey", "ordering": "1"}
    for query in ({}, {"_fields": "status(_ALL)"}, {"_fields": "status._ALL"}):
        assert ann.get("/issues/1/progressions", **query)[0] == {"id": "1", "title": "Submitted", "status": status}


def test_a24_tags_are_made_and_staff_is_changed_by_administrators(world: World, ann: Client, bob: Client) -> None:
    vip = ann.post("/tags", name="vip")
    assert vip == {"id": "1", "name": "vip"}
    assert bob.post("/tags", name="VIP") == vip
    assert ann.get("/tags/1") == vip
    assert sent(ann, "POST", "/tags", "name=+") == sent(ann, "POST", "/tags") == sent(ann, "GET", "/tags/9") == REFUSED
    party = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "A"}, tags=("blue",))))
    for filters, names in ((f"against(company({party.id}))", ["blue"]), ("against(company)", ["blue"]),
                           ("against(company(1))", []), ("name(vip)", ["vip"]), ("search(lu)", ["blue"]),
                           ("name_not(vip)", ["blue"]), (f"against(issue({party.id}))", [])):  # fmt: skip
        assert [tag["name"] for tag in ann.get("/tags", _filters=filters)] == names, filters
        assert ann.get("/tags/count", _filters=filters) == {"count": str(len(names))}
    assert ann.put("/staff/1", phone="555", _fields="phone")["phone"] == "555"
    form = "username=kai&password=secret-pw&firstname=Kai&surname=Ito&email=kai@acme.test"
    assert sent(bob, "PUT", "/staff/1", "phone=1") == sent(bob, "POST", "/staff", form) == (403, "invalid_permission")
    for missing in ("username", "password", "firstname", "surname", "email"):
        rest = "&".join(pair for pair in form.split("&") if not pair.startswith(missing))
        assert sent(ann, "POST", "/staff", rest) == REFUSED
    made = ann.json(
        "POST", "/staff", {**dict(pair.split("=") for pair in form.split("&")), "_fields": "username,email"}
    )
    assert made == {"id": "3", "firstname": "Kai", "surname": "Ito", "username": "kai", "email": "kai@acme.test"}
    assert world.core.accounts.by_password(1, "kai", "secret-pw", world.time())
    assert sent(ann, "POST", "/staff", form) == (400, "duplicate")


def test_a25_recent_and_newest_ignore_orders(world: World, ann: Client) -> None:
    for at in range(3):
        world.now = NOON + at * SECOND
        ann.make("/issues")
    world.now = NOON + 9 * SECOND
    ann.put("/issues/1", title="touched")
    assert ann.ids("/issues/recent", "order_by_asc(id)") == [3, 2, 1]
    assert ann.ids("/issues/newest", "order_by_asc(id)") == [1, 3, 2]
    assert ann.ids("/issues/recent", "id_not(3),order_by_asc(date_submitted)") == [2, 1]


def test_a26_an_issue_is_put_against_something_else(ann: Client) -> None:
    first, second = (ann.post("/companies", name=name)["id"] for name in ("Acme", "Beta"))
    ann.make("/issues", against_type="company", against_id=first)
    fields = "against_id,against_type,company"
    moved = ann.put("/issues/1", against_type="company", against_id=second, _fields=fields)
    assert (moved["against_type"], moved["against_id"], moved["company"]) == ("company", second, second)
    for half in (f"against_id={first}", "against_type=company", "against_type=company&against_id=99"):
        assert sent(ann, "PUT", "/issues/1", half) == REFUSED
    assert ann.get("/issues/1", _fields=fields)["against_id"] == second
    assert ann.put("/issues/1", against_type="job", against_id=7, _fields=fields)["against_id"] == "7"
    assert ann.ids("/issues", "against(job(7))") == [1]
    assert ann.ids("/issues", f"against(company({second}))") == []


def test_issues_take_every_documented_key_of_an_update(ann: Client) -> None:
    ann.make("/issues")
    form = {"title": "New", "description": "more", "date_started": "1500000000", "date_due": "1600000000",
            "assignee_id": "2", "priority_id": "2", "class_id": "1", "standing": "open"}  # fmt: skip
    fields = "description,date_started,date_due,assignee,issue_priority,class,standing"
    assert ann.put("/issues/1", **form, status_id=4, _fields=fields) == {
        "id": "1", "title": "New", "description": "more", "date_started": "1500000000", "date_due": "1600000000",
        "assignee": "2", "issue_priority": "2", "class": "1", "standing": "open",
    }  # fmt: skip  # standing wins over the status


def test_a_status_wins_over_a_standing_for_people(ann: Client) -> None:
    made = ann.post("/companies", name="Acme", standing="active", status_id=2, _fields="standing")
    assert made["standing"] == "interested"


@pytest.mark.parametrize(
    ("resource", "form"),
    [
        ("tasks", "title=x&against_type=staff&against_id=1"),
        ("issues", "title=x&type_id=1&against_type=staff&against_id=1"),
        ("prospects", "title=x&type_id=1&affiliation_id=1"),
        ("companies", "name=x"),
    ],
)
def test_what_a_create_requires(ann: Client, resource: str, form: str) -> None:
    pairs = form.split("&")
    for pair in pairs:
        name = pair.partition("=")[0]
        others = "&".join(other for other in pairs if other != pair)
        assert sent(ann, "POST", f"/{resource}", others or "x=y") == REFUSED, name
        assert sent(ann, "POST", f"/{resource}", f"{others}&{name}=+") == REFUSED, name
    assert ann.get(f"/{resource}/count") == {"count": "0"}
    assert sent(ann, "POST", f"/{resource}", form) == (200, "ok")


def test_a_task_starts_now_and_its_budget_is_what_remains(ann: Client) -> None:
    made = ann.make("/tasks", remaining=3600, _fields="date_started,remaining,budgeted,rate_charged")
    assert (made["date_started"], made["remaining"], made["budgeted"]) == (NOW, "3600", "3600")
    assert made["rate_charged"] == "0.00"
    on_job = ann.make("/tasks", against_type="job", against_id=7, rate_id=3, rate_charged="9.5",
                      _fields="rate_id,rate_charged,remaining")  # fmt: skip
    assert (on_job["rate_id"], on_job["rate_charged"], on_job["remaining"]) == ("3", "9.50", "0")
    assert sent(ann, "POST", "/tasks", "title=x&against_type=job&against_id=7&rate_charged=x") == REFUSED


def test_parameters_that_nobody_documents_are_told_of(ann: Client) -> None:
    ann.post("/companies", name="Acme", colour="red")
    assert ann.world.lines[-1]["losses"] == {"companies.colour:unknown_parameter": 1}
    ann.put("/companies/3", id=3, name="Acme", date_created="1", _fields="_ALL")
    assert "losses" not in ann.world.lines[-1]


# -- affiliations --------------------------------------------------------------------------------------


@pytest.fixture
def roles(ann: Client) -> dict[str, str]:
    """A person with a first affiliation, a second one at the same company and a third one at another."""
    acme, beta = (ann.post("/companies", name=name)["id"] for name in ("Acme", "Beta"))
    kai = ann.post("/contacts", firstname="Kai", surname="Ito", company_id=acme, position="Founder", phone="1",
                   email="kai@acme.test")["id"]  # fmt: skip
    advisor = ann.post("/affiliations", company_id=acme, contact_id=kai, position="Advisor", phone="2")["id"]
    board = ann.post("/affiliations", company_id=beta, contact_id=kai, position="Board", email="kai@beta.test",
                     standing="inactive", invoice_method="fax", communication="yes")["id"]  # fmt: skip
    return {"acme": acme, "beta": beta, "kai": kai, "advisor": advisor, "board": board}


def test_a7_every_affiliation_is_a_new_one_with_its_own_id_and_data(ann: Client, roles: dict[str, str]) -> None:
    kai, advisor, board = roles["kai"], roles["advisor"], roles["board"]
    assert len({kai, advisor, board}) == 3
    rows = ann.get("/affiliations", _filters=f"contact({kai})", _fields="position,company,contact,phone,standing")
    assert [{name: row[name] for name in ("id", "position", "company", "contact", "phone", "email", "standing")}
            for row in rows] == [
        {"id": kai, "position": "Founder", "company": roles["acme"], "contact": kai, "phone": "1",
         "email": "kai@acme.test", "standing": "active"},
        {"id": advisor, "position": "Advisor", "company": roles["acme"], "contact": kai, "phone": "2", "email": "",
         "standing": "active"},
        {"id": board, "position": "Board", "company": roles["beta"], "contact": kai, "phone": "",
         "email": "kai@beta.test", "standing": "inactive"},
    ]  # fmt: skip
    shown = ann.get(f"/affiliations/{board}", _fields="contact(),company(),invoice_method,communication,status()")
    assert (shown["contact"]["firstname"], shown["company"]["name"]) == ("Kai", "Beta")
    assert (shown["invoice_method"], shown["communication"], shown["status"]["title"]) == ("fax", "1", "Inactive")
    assert (
        ann.put(f"/affiliations/{board}", position="Chair", phone="9", _fields="phone,position")["position"] == "Chair"
    )
    assert ann.get(f"/contacts/{kai}", _fields="position,phone,default_affiliation") == {
        "id": kai, "firstname": "Kai", "surname": "Ito", "email": "kai@acme.test", "mobile": "", "position": "Founder",
        "phone": "1", "default_affiliation": kai,
    }  # fmt: skip


def test_a7_lists_of_affiliations_are_filtered_ordered_and_paged(
    world: World, ann: Client, roles: dict[str, str]
) -> None:
    for at, name in enumerate(("Zoë", "Abe", "Lou")):
        world.now = NOON + (at + 1) * SECOND
        person = ann.post("/contacts", firstname=name, company_id=roles["beta"])["id"]
        ann.post("/affiliations", company_id=roles["acme"], contact_id=person, position="Helper")
    every = ann.ids("/affiliations")
    assert len(every) == 9
    assert every == sorted(every)
    rows = {int(row["id"]): row for row in ann.get("/affiliations", _fields="_ALL", _limit=100)}
    names = {
        int(row["id"]): row["contact"]["firstname"]
        for row in ann.get("/affiliations", _fields="contact()", _limit=100)
    }
    for filters, test in (
        (f"company({roles['beta']})", lambda row: row["company"] == roles["beta"]),
        (f"company_not({roles['beta']})", lambda row: row["company"] != roles["beta"]),
        (f"contact({roles['kai']})", lambda row: row["contact"] == roles["kai"]),
        (f"contact_greater_than({roles['kai']})", lambda row: int(row["contact"]) > int(roles["kai"])),
        ("standing(inactive)", lambda row: row["standing"] == "inactive"),
        ("email(kai@beta.test)", lambda row: row["email"] == "kai@beta.test"),
        ("invoice_method(fax)", lambda row: row["invoice_method"] == "fax"),
        ("communication(1)", lambda row: row["communication"] == "1"),
        ("invoice_method(987)", lambda row: False),
        (f"id({roles['board']},{roles['kai']})", lambda row: row["id"] in (roles["board"], roles["kai"])),
        ("search(kai)", lambda row: row["contact"] == roles["kai"]),
    ):
        expected = [id for id, row in rows.items() if test(row)]
        assert ann.ids("/affiliations", filters) == expected, filters
        assert ann.get("/affiliations/count", _filters=filters) == {"count": str(len(expected))}
    orders: dict[str, Any] = {
        "fullname": lambda id: names[id].casefold(), "standing": lambda id: rows[id]["standing"],
        "status": lambda id: int(rows[id]["status"]), "date_modified": lambda id: int(rows[id]["date_modified"]),
    }  # fmt: skip
    for name, key in orders.items():
        for word, backwards in (("asc", False), ("desc", True)):
            expected = sorted(every, key=key, reverse=backwards)
            assert ann.ids("/affiliations", f"order_by_{word}({name})") == expected, name
            for size in (1, 2, 4):
                pages = [ann.get("/affiliations", _filters=f"order_by_{word}({name})", _limit=size, _page=page)
                         for page in range(9 // size + 2)]  # fmt: skip
                assert [int(row["id"]) for page in pages for row in page] == expected, (name, size)
    assert ann.ids("/affiliations", "order_by_desc(id)") == every[::-1]
    assert ann.ids("/affiliations/recent")[0] == every[-1]
    at_acme = {int(row["contact"]) for row in rows.values() if row["company"] == roles["acme"]}
    assert ann.ids("/contacts", f"company({roles['acme']})") == sorted(at_acme)
    assert ann.get(f"/companies/{roles['acme']}/contacts/count") == {"count": "4"}
    assert (
        ann.get(f"/companies/{roles['beta']}", _fields="default_affiliation")["default_affiliation"] == roles["board"]
    )
    assert ann.ids("/companies", f"default_affiliation({roles['board']})") == [int(roles["beta"])]


def test_a7_deleting_one_leaves_the_contact_and_the_others(world: World, ann: Client, roles: dict[str, str]) -> None:
    kai, advisor, board = roles["kai"], roles["advisor"], roles["board"]

    def default() -> tuple[str, str, list[int]]:
        shown = ann.get(f"/contacts/{kai}", _fields="default_affiliation,position,company")
        return shown["default_affiliation"], shown["position"], ann.ids("/affiliations", f"contact({kai})")

    ann.delete(f"/affiliations/{advisor}")
    assert default() == (kai, "Founder", [int(kai), int(board)])
    assert sent(ann, "GET", f"/affiliations/{advisor}") == REFUSED
    # The first one ends: the lowest that is left stands in its place, under its own id, also for other dialects.
    ann.delete(f"/affiliations/{kai}")
    assert default() == (board, "Board", [int(board)])
    assert sent(ann, "GET", f"/affiliations/{kai}") == REFUSED
    assert ann.ids("/contacts", f"affiliation({board})") == [int(kai)]
    person = world.desk().get(Party, int(kai))
    assert (person.organisation_id, person.job_title) == (int(roles["beta"]), "Board")
    # What another dialect changes of it, it changes here, and the other way round.
    world.write(lambda desk: desk.update(Update(Party, int(kai), {"job_title": "Chair", "first_name": "Kay"})))
    assert ann.get(f"/affiliations/{board}", _fields="position")["position"] == "Chair"
    ann.put(f"/affiliations/{board}", position="Patron")
    assert world.desk().get(Party, int(kai)).job_title == "Patron"
    assert ann.ids("/affiliations", "search(kay)") == [int(board)]
    ann.delete(f"/affiliations/{board}")
    assert default()[0] == "0"
    assert default()[2] == []
    again = ann.post("/affiliations", contact_id=kai, company_id=roles["acme"], position="Back")["id"]
    assert default() == (again, "Back", [int(again)])


def test_a7_what_goes_takes_its_affiliations_along(world: World, ann: Client, roles: dict[str, str]) -> None:
    ann.delete(f"/companies/{roles['acme']}")
    assert ann.ids("/affiliations") == [int(roles["board"])]
    person = world.desk().get(Party, int(roles["kai"]))
    assert (person.organisation_id, person.employment_id) == (int(roles["beta"]), int(roles["board"]))
    world.write(lambda desk: desk.delete(Delete(Party, int(roles["kai"]))))
    assert ann.ids("/affiliations") == []
    assert world.store.reading(1).select("employment", {}) == []
    assert [
        row["kind"] for row in world.store.reading(1).select("contact_point", {"party_id": int(roles["board"])})
    ] == []


def test_a7_things_are_written_about_a_further_affiliation(ann: Client, roles: dict[str, str]) -> None:
    kai, board = roles["kai"], roles["board"]
    prospect = ann.make("/prospects", affiliation_id=board, _fields="affiliation,contact,affiliation(company)")
    assert (prospect["affiliation"]["id"], prospect["contact"]) == (board, kai)
    assert prospect["affiliation"]["company"] == roles["beta"]
    assert ann.ids("/prospects", f"affiliation({board})") == [1]
    assert ann.ids("/prospects", f"affiliation({kai})") == []
    assert ann.ids("/prospects", f"contact({kai})") == [1]
    assert ann.put("/prospects/1", affiliation_id=kai, _fields="affiliation")["affiliation"] == kai
    issue = ann.make("/issues", against_type="affiliation", against_id=board, _fields="against,contact")
    assert (issue["against"], issue["contact"]) == (f"/affiliation/{board}", kai)
    assert ann.ids("/issues", f"against(affiliation({board}))") == [1]
    task = ann.make("/tasks", against_type="affiliation", against_id=board, _fields="against,contact")
    assert (task["against"], task["contact"]) == (f"/affiliation/{board}", kai)
    note = ann.post("/activities", subject="x", owner_type="affiliation", owner_id=board, _fields="owner")
    assert note["owner"] == f"/affiliation/{board}"
    for bad in (
        "company_id=3",
        "contact_id=5",
        f"company_id=99&contact_id={kai}",
        f"company_id={kai}&contact_id={kai}",
    ):
        assert sent(ann, "POST", "/affiliations", bad) == REFUSED, bad


def test_a7_other_dialects_show_the_default_one(world: World, ann: Client, roles: dict[str, str]) -> None:
    answer = world.endpoint("capsule").send(
        WireRequest("GET", f"/api/party/{roles['kai']}", "", Headers([("Authorization", BASIC)]), b"", "http://x", "x")
    )
    assert b"<jobTitle>Founder</jobTitle>" in answer.body
    parties = world.endpoint("capsule").send(
        WireRequest("GET", "/api/party", "", Headers([("Authorization", BASIC)]), b"", "http://x", "x")
    )
    assert parties.body.count(b"<person>") == 1


def test_a14_changes_of_status_by_whatever_door(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray")
        ann, bob = Client(world), Client(world, "bob-token")
        first, second = (ann.make("/tasks", title=title)["id"] for title in ("Ring", "Write"))
        assert ann.get("/tasks/progressions/history") == []
        world.now = (world.now or 0) + 60_000_000
        bob.post(f"/tasks/{first}/progressions/done/auto")
        # Another door.
        capsule = Headers([("Authorization", "Basic YW5uLXRva2VuOng=")])
        world.endpoint("capsule").send(WireRequest("POST", f"/api/task/{second}/complete", headers=capsule))
        rows = ann.get("/tasks/progressions/history", _fields="_ALL")
        assert [(row["against_type"], row["against_id"], row["to_title"]) for row in rows] == [
            ("task", first, "Complete"),
            ("task", second, "Complete"),
        ]
        assert [row["modified_by"] for row in rows] == [
            str(world.principal("bob-token").user_id),
            str(world.principal().user_id),
        ]
        assert set(ann.get("/tasks/progressions/history")[0]) == {"id", "to_id", "to_title"}
        assert ann.get("/tasks/progressions/history/count") == {"count": "2"}
        one = ann.get(f"/tasks/progressions/history/{rows[0]['id']}", _fields="modified_by()")
        assert one["modified_by"]["firstname"] == "Bob"
        narrowed = {
            f"against_id({first})": 1,
            f"against(task({second}))": 1,
            "against(issue)": 0,
            f"modified_by({world.principal('bob-token').user_id})": 1,
            f"id_greater_than({rows[0]['id']})": 1,
            f"date_modified_after({rows[0]['date_modified']})": 0,
            f"date_modified_before({int(rows[0]['date_modified']) + 1})": 2,
        }
        for text, count in narrowed.items():
            assert len(ann.get("/tasks/progressions/history", _filters=text)) == count, text
        latest = ann.get("/tasks/progressions/history", _filters="order_by_desc(id)")
        assert [row["id"] for row in latest] == [rows[1]["id"], rows[0]["id"]]
        assert ann.get("/issues/progressions/history") == []

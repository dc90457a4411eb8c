"""Companies, contacts, affiliations, staff, tasks, issues, prospects, profiles (affinitylive dossier, section 8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink, Update
from canonical.values import MICROS, SECOND, Ref
from tests.dialects.affinitylive_client import FORM, Client, status
from tests.support.world import NOON, World

NOW = str(NOON // SECOND)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test", office_phone="55")
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    return Client(world)


def refused(client: Client, method: str, path: str, **form: str) -> tuple[int, str]:
    return status(client.send(method, f"/api/v0{path}", urlencode(form).encode(), FORM))


# -- companies --------------------------------------------------------------------------------------------


def test_companies(world: World, ann: Client) -> None:
    made = ann.post("/companies", name="Acme Ltd", website="http://acme.test", phone="1", fax="2", comments="good",
                    custom_id="C-7", status_id="1", _fields="_ALL")  # fmt: skip
    id = made["id"]
    shown = {"name": "Acme Ltd", "website": "http://acme.test", "phone": "1", "fax": "2", "comments": "good",
             "custom_id": "C-7", "standing": "potential", "status": "1", "postal_address": "0",
             "default_affiliation": "0", "date_created": NOW, "date_last_interacted": None}  # fmt: skip
    assert {key: made[key] for key in shown} == shown
    assert ann.get(f"/companies/{id}", _fields="status(standing)")["status"] == {
        "id": "1",
        "title": "Potential",
        "standing": "potential",
    }
    assert ann.get(f"/companies/{id}/status") == {"id": "1", "title": "Potential"}
    assert ann.get("/companies/statuses/4", _fields="_ALL")["standing"] == "inactive"
    ann.put(f"/companies/{id}", phone="", fax="3", standing="inactive")
    party = world.desk().get(Party, int(id), ("points",))
    assert [(point.kind, point.label, point.value) for point in party.points] == [
        ("website", "work", "http://acme.test"),
        ("phone", "fax", "3"),
    ]
    assert (party.name, party.active, party.about) == ("Acme Ltd", False, "good")
    assert refused(ann, "POST", "/companies", name="ACME ltd") == (400, "duplicate")
    answer = ann.send("POST", "/api/v0/companies", b"name=Acme+Ltd", FORM)
    assert "'name'" in json.loads(answer.body)["meta"]["message"]
    assert refused(ann, "POST", "/companies", website="x") == (400, "invalid_request")
    assert refused(ann, "POST", "/companies", name="B", status_id="99") == (400, "invalid_request")
    assert ann.put(f"/companies/{id}", name="Acme Ltd")["name"] == "Acme Ltd"
    contact = ann.post("/contacts", firstname="Kai", company_id=id)["id"]
    assert (
        ann.get(f"/companies/{id}", _fields="default_affiliation(contact())")["default_affiliation"]["contact"][
            "firstname"
        ]
        == "Kai"
    )
    assert [row["id"] for row in ann.get(f"/companies/{id}/contacts")] == [contact]
    ann.delete(f"/companies/{id}")
    assert refused(ann, "GET", f"/companies/{id}") == (400, "invalid_request")
    assert ann.get(f"/contacts/{contact}", _fields="company")["company"] == "0"


def test_postal_address_of_another_dialect(world: World, ann: Client) -> None:
    point = ContactPoint("address", street="Main St 1", city="Oslo", postcode="0150", country="Norway")
    made = world.write(
        lambda desk: desk.create(
            Create(Party, {"type": "organisation", "name": "Fjord"}, points=(point,)), ("points",)
        )
    )
    bare = ann.get(f"/companies/{made.id}", _fields="postal_address")["postal_address"]
    assert bare == str(made.points[0].id)
    assert ann.get(f"/companies/{made.id}", _fields="postal_address(city)")["postal_address"] == {
        "id": bare, "full": "Main St 1, Oslo, 0150, Norway", "city": "Oslo",
    }  # fmt: skip


# -- contacts, affiliations ----------------------------------------------------------------------------


def test_the_contact_form(ann: Client) -> None:
    """[suicidesin] company -> contact -> its default affiliation -> prospect"""
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", surname="Ito", company_id=company, phone="1", fax="2",
                       email="kai@x.test", position="CTO")["id"]  # fmt: skip
    affiliation = ann.get(f"/contacts/{contact}", _fields="default_affiliation")["default_affiliation"]
    assert affiliation == contact
    assert ann.get(f"/affiliations/{affiliation}", _fields="phone,fax,position,company(),contact(),standing") == {
        "id": affiliation, "email": "kai@x.test", "mobile": "", "phone": "1", "fax": "2", "position": "CTO",
        "company": {"id": company, "name": "Acme"},
        "contact": {"id": contact, "firstname": "Kai", "surname": "Ito", "email": "kai@x.test", "mobile": ""},
        "standing": "active",
    }  # fmt: skip
    deal = ann.post(
        "/prospects", title="Deal", affiliation_id=affiliation, type_id="1", _fields="affiliation,company,contact"
    )
    assert (deal["affiliation"], deal["company"], deal["contact"]) == (affiliation, company, contact)


def test_contacts(world: World, ann: Client) -> None:
    made = ann.post("/contacts", firstname="Zoë", surname="Ng", mobile="1", email="z@x.test", middlename="Q",
                    username="zoe",
                    title="Ms", comments="c", standing="interested")  # fmt: skip
    assert made == {"id": made["id"], "firstname": "Zoë", "surname": "Ng", "email": "z@x.test", "mobile": "1"}
    full = ann.get(f"/contacts/{made['id']}", _fields="_ALL")
    assert (full["middlename"], full["username"], full["title"], full["standing"]) == ("Q", "zoe", "Ms", "interested")
    person = world.desk().get(Party, int(made["id"]), ("points",))
    assert (person.name, person.stage, person.salutation) == ("Zoë Ng", "lead", "Ms")
    assert person.extras == {"affinitylive": {"middlename": "Q", "username": "zoe", "standing": "interested"}}
    ann.put(f"/contacts/{made['id']}", standing="active", mobile="2")
    person = world.desk().get(Party, int(made["id"]), ("points",))
    assert (person.stage, [point.value for point in person.points]) == ("contact", ["z@x.test", "2"])
    for form in ({}, {"firstname": " "}, {"firstname": "A", "company_id": "99"},
                 {"firstname": "A", "company_id": made["id"]},
                 {"firstname": "A", "standing": "asleep"}):  # fmt: skip
        assert refused(ann, "POST", "/contacts", **form) == (400, "invalid_request")


def test_delete_of_a_contact_makes_it_inactive(world: World, ann: Client) -> None:
    id = ann.post("/contacts", firstname="Kai")["id"]
    assert ann.delete(f"/contacts/{id}") is None
    assert ann.get(f"/contacts/{id}", _fields="standing")["standing"] == "inactive"
    assert world.desk().get(Party, int(id)).active is False
    assert ann.ids("/contacts", "standing(inactive)") == [int(id)]
    assert ann.ids("/contacts", "standing_not(inactive)") == []


def test_a_persons_first_affiliation_has_his_id(ann: Client) -> None:
    one, two = (ann.post("/companies", name=name)["id"] for name in ("One", "Two"))
    contact = ann.post("/contacts", firstname="Kai")["id"]
    made = ann.post(
        "/affiliations",
        company_id=one,
        contact_id=contact,
        position="CEO",
        phone="9",
        _fields="company,position,phone",
    )
    assert made == {"id": contact, "mobile": "", "email": "", "company": one, "position": "CEO", "phone": "9"}
    assert ann.ids("/affiliations", f"company({one})") == [int(contact)]
    assert ann.put(f"/affiliations/{contact}", company_id=two, _fields="company")["company"] == two
    ann.delete(f"/affiliations/{contact}")
    assert ann.get(f"/contacts/{contact}", _fields="company")["company"] == "0"
    assert refused(ann, "GET", f"/affiliations/{contact}") == (400, "invalid_request")
    assert ann.ids("/affiliations") == []
    assert refused(ann, "POST", "/affiliations", contact_id=contact) == (400, "invalid_request")


def test_cards_of_users_are_in_no_list_but_can_be_read(world: World, ann: Client) -> None:
    card = world.principal("bob-token").person_id
    assert ann.get("/contacts") == []
    assert ann.get("/contacts/count") == {"count": "0"}
    assert ann.get(f"/contacts/{card}")["firstname"] == "Bob"


# -- staff ------------------------------------------------------------------------------------------------


def test_staff(world: World, ann: Client) -> None:
    bob = str(world.principal("bob-token").user_id)
    assert ann.get("/staff") == [
        {"id": "1", "firstname": "Ann", "surname": "Lee"},
        {"id": bob, "firstname": "Bob", "surname": "Ray"},
    ]
    shown = ann.get("/staff/bob", _fields="email,username,phone,standing,timezone,position")
    assert shown == {"id": bob, "firstname": "Bob", "surname": "Ray", "email": "bob@acme.test", "username": "bob",
                     "phone": "55", "standing": "active", "timezone": "", "position": ""}  # fmt: skip
    assert ann.get(f"/staff/{bob}") == {"id": bob, "firstname": "Bob", "surname": "Ray"}
    assert ann.get("/staff/whoami") == {"id": "1", "firstname": "Ann", "surname": "Lee"}
    assert ann.ids("/staff", "username(bob)") == [int(bob)]
    assert ann.get("/staff/count") == {"count": "2"}
    assert refused(ann, "GET", "/staff/nobody") == (400, "invalid_request")
    user = ann.get("/user")
    assert user["username"] == "ann"
    assert user["user_access"]["task"]["add"] == 1
    assert user["user_titles"]["company"] == {"singular": "Company", "plural": "Companies"}
    assert user["locale"] == {"currency": {"symbol": "$"}, "timezone": "UTC"}


# -- tasks ------------------------------------------------------------------------------------------------


def test_tasks(world: World, ann: Client) -> None:
    bob = str(world.principal("bob-token").user_id)
    company = ann.post("/companies", name="Acme")["id"]
    made = ann.make("/tasks", title="Ring Kai", description="soon", against_type="company", against_id=company,
                    date_started="1400000000", date_due="1500000000", assignee_id=bob, manager_id="1", priority_id="2",
                    remaining="3600", budgeted="7200", _fields="_ALL")  # fmt: skip
    shown = {
        "title": "Ring Kai", "description": "soon", "against": f"/company/{company}", "against_type": "company",
        "creator": "/staff/1", "creator_type": "staff", "creator_id": "1", "assignee": bob, "manager": "1",
        "status": "1", "standing": "pending", "company": company, "contact": "0", "issue": "0", "job": "0",
        "date_started": "1400000000", "date_due": "1500000000", "date_completed": None, "date_commenced": None,
        "remaining": "3600", "budgeted": "7200", "logged": "0", "task_priority": "2",
    }  # fmt: skip
    assert {key: made[key] for key in shown} == shown
    record = world.desk().get(Activity, int(made["id"]))
    assert (record.type, record.state, record.owner_id, record.due_at) == (
        "task",
        "open",
        int(bob),
        1_500_000_000 * SECOND,
    )
    for filters in (f"assignee({bob})", f"assignee_id({bob})", "manager_id(1)", "status(1)", "standing(pending)",
                    "standing_not(complete)", f"against_type(company),against_id({company})", "priority(2)",
                    "date_due_after(1499999999)"):  # fmt: skip
        assert ann.ids("/tasks", filters) == [int(made["id"])], filters
    for filters in ("assignee(1)", f"manager_id({bob})", "standing(complete,started)", "status(2)"):
        assert ann.ids("/tasks", filters) == [], filters
    assert refused(ann, "POST", "/tasks", description="x") == (400, "invalid_request")
    assert refused(ann, "POST", "/tasks", title="x", assignee_id="99") == (400, "invalid_request")
    ann.put(f"/tasks/{made['id']}", title="Ring Zoë", date_due="")
    after = world.desk().get(Activity, int(made["id"]))
    assert (after.title, after.body, after.due_at, after.owner_id) == ("Ring Zoë", "soon", None, int(bob))
    ann.delete(f"/tasks/{made['id']}")
    assert ann.get("/tasks") == []


@pytest.mark.parametrize("tail", ["", "/auto"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_progressions(world: World, ann: Client, method: str, tail: str) -> None:
    id = ann.make("/tasks", title="x")["id"]

    def run(name: str) -> Any:
        answer = ann.send(
            method,
            f"/api/v0/tasks/{id}/progressions/{name}{tail}?_fields=standing,status,date_commenced,date_completed",
        )
        return json.loads(answer.body)["response"]

    assert run("start") == {
        "id": id,
        "title": "x",
        "standing": "started",
        "status": "3",
        "date_commenced": NOW,
        "date_completed": None,
    }
    assert world.desk().get(Activity, int(id)).state == "in_progress"
    assert run("done")["date_completed"] == NOW
    assert run("2")["standing"] == "accepted"
    assert world.desk().get(Activity, int(id)).completed_at is None
    assert run("inactive")["standing"] == "inactive"
    assert ann.get(f"/tasks/{id}/progressions")[0] == {
        "id": "1",
        "title": "Pending",
        "status": {"id": "1", "title": "Pending", "standing": "pending", "color": "grey", "ordering": "1"},
    }
    for name in ("teapot", "99", "0"):
        assert refused(ann, method, f"/tasks/{id}/progressions/{name}{tail}") == (400, "invalid_request")
    assert refused(ann, method, f"/tasks/99/progressions/done{tail}") == (400, "invalid_request")


@pytest.mark.parametrize(
    ("state", "standing"),
    [("open", "pending"), ("in_progress", "started"), ("awaiting", "pending"), ("rejected", "pending"),
     ("completed", "complete"), ("cancelled", "inactive")],
)  # fmt: skip
def test_states_of_tasks_made_elsewhere(world: World, ann: Client, state: str, standing: str) -> None:
    made = world.write(lambda desk: desk.create(Create(Activity, {"title": "x", "state": state})))
    assert ann.get(f"/tasks/{made.id}", _fields="standing")["standing"] == standing
    assert ann.ids("/tasks", f"standing({standing})") == [made.id]
    assert ann.ids("/tasks", f"standing_not({standing})") == []
    ann.put(f"/tasks/{made.id}", standing=standing)
    assert world.desk().get(Activity, made.id).version == 1


def test_the_own_word_shows_as_long_as_it_fits(world: World, ann: Client) -> None:
    id = int(ann.make("/tasks", title="x", standing="accepted", _fields="date_accepted")["id"])
    assert ann.get(f"/tasks/{id}", _fields="standing,date_accepted")["date_accepted"] == NOW
    assert ann.ids("/tasks", "standing(accepted)") == [id]
    assert ann.ids("/tasks", "standing(pending)") == []
    world.write(lambda desk: desk.update(Update(Activity, id, {"state": "completed"})))
    assert ann.get(f"/tasks/{id}", _fields="standing")["standing"] == "complete"
    assert ann.ids("/tasks", "standing(accepted)") == []


def test_subjects_of_tasks(world: World, ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai")["id"]
    issue = ann.make("/issues", title="Broken")["id"]
    links = tuple(
        NewLink(Ref(kind, int(id))) for kind, id in (("party", contact), ("party", company), ("case", issue))
    )
    made = world.write(lambda desk: desk.create(Create(Activity, {"title": "x"}, links=links)))
    shown = ann.get(f"/tasks/{made.id}", _fields="against,contact,affiliation,company(),issue")
    assert shown == {"id": str(made.id), "title": "x", "against": f"/contact/{contact}", "contact": contact,
                     "affiliation": contact, "issue": issue, "company": {"id": company, "name": "Acme"}}  # fmt: skip


def test_tasks_by_what_they_are_against(world: World, ann: Client) -> None:
    company = int(ann.post("/companies", name="Acme")["id"])
    person = int(ann.post("/contacts", firstname="Kai")["id"])
    issue = int(ann.make("/issues", title="Broken")["id"])
    subjects = (("company", company), ("contact", person), ("affiliation", person), ("issue", issue), ("job", 998))
    made = [int(ann.make("/tasks", title=word, against_type=word, against_id=id)["id"]) for word, id in subjects]
    made.append(int(ann.make("/tasks", title="none")["id"]))
    wanted = {
        f"company({company})": made[:1],
        f"contact_id({person})": made[1:3],
        f"affiliation({person})": made[1:3],
        f"issue({issue})": made[3:4],
        "job(998)": made[4:5],
        "job(999)": [],
        "milestone(0)": made,
        f"company_not({company})": made[1:],
        "company(0)": made[1:],
        "empty(contact)": [made[0], *made[3:]],
        f"company(0,{company})": made,
        "company(x)": [],
        f"standing({','.join(['pending', 'Pending'] * 1900)})": made,
        "type(1)": made,
        "type_not(1)": [],
    }
    for filters, ids in wanted.items():
        assert ann.ids("/tasks", filters) == ids, filters
        # As shown: a filter on what a field shows finds what shows it.
    shown = ann.get("/tasks", _fields="company,contact,issue,job,milestone", _limit=100)
    assert [row["job"] for row in shown] == ["0", "0", "0", "0", "998", "0"]
    assert [row["contact"] for row in shown] == ["0", str(person), str(person), "0", "0", "0"]


@pytest.mark.parametrize("resource", ["companies", "contacts", "affiliations"])
def test_progressions_of_people(ann: Client, resource: str) -> None:
    """R/{id}/progressions (dossier, section 2)."""
    company = ann.post("/companies", name="Acme")["id"]
    person = ann.post("/contacts", firstname="Kai", company_id=company)["id"]
    id = company if resource == "companies" else person
    rows = ann.get(f"/{resource}/{id}/progressions")
    status = {"id": "2", "title": "Interested", "standing": "interested", "color": "blue", "ordering": "2"}
    assert rows[1] == {"id": "2", "title": "Interested", "status": status}
    assert ann.put(f"/{resource}/{id}/progressions/2/auto", _fields="standing,status")["standing"] == "interested"
    assert ann.post(f"/{resource}/{id}/progressions/inactive", _fields="status()")["status"] == {
        "id": "4", "title": "Inactive",
    }  # fmt: skip
    assert ann.ids(f"/{resource}", "standing(inactive)") == [int(id)]
    assert ann.send("PUT", f"/api/v0/{resource}/{id}/progressions/9/auto").status == 400


def test_what_is_confidential_or_private_does_not_leak_through_tasks(world: World, ann: Client) -> None:
    bob = Client(world, "bob-token")

    def work(desk: Any) -> None:
        for visibility in ("confidential", "private"):
            task = desk.create(Create(Activity, {"title": "secret plan", "body": "secret", "visibility": visibility}))
            links = (NewLink(Ref("activity", task.id)),)
            desk.create(Create(Activity, {"type": "note", "title": "on it"}, links=links))
        deal = desk.create(Create(Opportunity, {"title": "secret deal", "visibility": "owner"}))
        desk.create(
            Create(Activity, {"type": "note", "title": "on it"}, links=(NewLink(Ref("opportunity", deal.id)),))
        )

    world.write(work)
    for target in (
        "/tasks?_fields=_ALL",
        "/tasks/1?_fields=description",
        "/activities?_fields=breadcrumbs,against(_ALL)",
    ):
        answer = bob.send("GET", f"/api/v0{target}")
        assert answer.status == 200
        assert b"secret" not in answer.body
    assert bob.get("/tasks") == [{"id": "1", "title": "Confidential"}]
    assert bob.get("/tasks", _search="secret") == []
    assert bob.ids("/tasks", "title(secret plan)") == []
    bob.put("/tasks/1", title="Confidential", description="Confidential")
    assert world.desk().get(Activity, 1).body == "secret"
    assert len(ann.get("/tasks")) == 2


# -- issues, prospects ------------------------------------------------------------------------------------


def test_issues(world: World, ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    made = ann.make("/issues", title="Broken", description="all of it", type_id="1", against_type="company",
                    against_id=company, date_due="1500000000", _fields="_ALL")  # fmt: skip
    shown = {"title": "Broken", "description": "all of it", "against": f"/company/{company}", "company": company,
             "contact": "0", "standing": "submitted", "status": "1", "assignee": "1", "date_submitted": NOW,
             "date_due": "1500000000", "date_closed": None, "date_resolved": None, "type": "1"}  # fmt: skip
    assert {key: made[key] for key in shown} == shown
    id = int(made["id"])
    assert ann.ids("/issues", "standing(submitted,open)") == [id]
    assert ann.ids("/issues", f"against(company({company}))") == [id]
    assert ann.ids("/issues", "date_closed_before(0)") == [id]
    resolved = ann.put(f"/issues/{id}", standing="resolved", _fields="standing,date_resolved,status(color)")
    assert (resolved["standing"], resolved["date_resolved"], resolved["status"]["color"]) == ("resolved", NOW, "green")
    assert world.desk().get(Case, id).state == "closed"
    assert ann.ids("/issues", "date_closed_before(0)") == []
    assert ann.ids("/issues", f"date_closed_after({NOON // SECOND - 86400})") == [id]
    job = ann.make("/issues", title="On a job", against_type="job", against_id="998", _fields="against")
    assert job["against"] == "/job/998"
    assert ann.ids("/issues", "against_type(job)") == [int(job["id"])]
    assert ann.get("/issues/statuses/count") == {"count": "5"}
    assert ann.get("/issues/types") == [{"id": "1", "title": "General"}, {"id": "2", "title": "Support"}]
    elsewhere = world.write(lambda desk: desk.create(Create(Case, {"title": "x"})))
    assert ann.get(f"/issues/{elsewhere.id}", _fields="standing")["standing"] == "open"
    ann.delete(f"/issues/{id}")
    assert refused(ann, "GET", f"/issues/{id}") == (400, "invalid_request")


def test_prospects(world: World, ann: Client) -> None:
    contact = ann.post("/contacts", firstname="Kai")["id"]
    made = ann.make("/prospects", title="Deal", affiliation_id=contact, value="1250.5", weighting="3", progress="0.25",
                    date_due="2017-07-14T02:40:00+00:00", comments="c", _fields="_ALL")  # fmt: skip
    shown = {"title": "Deal", "value": "1250.50", "weighting": "3", "progress": "0.2500", "success": "no",
             "standing": "active", "affiliation": contact, "manager": "1", "comments": "c",
             "date_due": "1499990400"}  # fmt: skip
    assert {key: made[key] for key in shown} == shown
    deal = world.desk().get(Opportunity, int(made["id"]))
    assert (deal.amount, deal.probability, deal.expected_close, deal.party_id) == (
        1_250_500_000,
        25,
        "2017-07-14",
        int(contact),
    )
    won = json.loads(
        ann.send(
            "PUT", f"/api/v0/prospects/{deal.id}/progressions/won/auto?_fields=standing,success,date_actioned"
        ).body
    )
    assert (won["response"]["standing"], won["response"]["success"]) == ("won", "yes")
    assert ann.ids("/prospects", "standing(won)") == [deal.id]
    for form in ({"title": "x", "value": "much"}, {"title": "x", "weighting": "9"}, {"title": "x", "progress": "2"},
                 {"title": "x", "affiliation_id": "99"}, {"value": "1"},
                 {"title": "x", "date_due": "soon"}):  # fmt: skip
        assert refused(ann, "POST", "/prospects", **form) == (400, "invalid_request")
    elsewhere = world.write(
        lambda desk: desk.create(
            Create(Opportunity, {"title": "x", "amount": MICROS, "probability": 70, "state": "lost"})
        )
    )
    shown = ann.get(f"/prospects/{elsewhere.id}", _fields="value,weighting,progress,standing,success")
    assert shown == {"id": str(elsewhere.id), "title": "x", "value": "1.00", "weighting": "4", "progress": "0.7000",
                     "standing": "lost", "success": "no"}  # fmt: skip


# -- profiles, tags, lists ------------------------------------------------------------------------------


def test_profiles(world: World, ann: Client) -> None:
    field = world.write(lambda desk: desk.save_custom_field(CustomField("party", "Region", "Region", "text")))
    id = ann.json(
        "POST", "/companies", {"name": "Acme", f"profile.{field.id}": "North", "profile.999": "x", "profile.x": "y"}
    )["id"]
    assert world.desk().get(Party, int(id), ("custom",)).custom == [CustomValue("Region", "North")]
    value = {"id": "1", "field_type": "text", "field_name": "Region", "value_type": None, "value": "North"}
    more = {"date_modified": NOW, "modified_by": "1", "field_id": str(field.id), "link_type": "company", "link_id": id}
    assert ann.get(f"/companies/{id}/profiles/values", _fields="_ALL") == [{**value, **more}]
    assert ann.get(f"/companies/{id}/profiles/values") == [value]
    assert ann.get("/companies/profiles/values") == [value]
    defined = [{"id": str(field.id), "field_name": "Region", "field_type": "text"}]
    assert ann.get("/companies/profiles/fields") == defined
    assert ann.get(f"/companies/profiles/fields/{field.id}") == defined[0]
    shown = ann.get("/companies/profiles/fields", _fields="_ALL")[0]
    assert (shown["parent_id"], shown["required"], shown["lookup_type"]) == ("0", "no", None)
    assert ann.put(f"/companies/{id}/profiles/values/1", value="South")["value"] == "South"
    assert refused(ann, "PUT", f"/companies/{id}/profiles/values/999", value="x") == (400, "invalid_request")
    assert refused(ann, "PUT", f"/companies/{id}/profiles/values/1") == (400, "invalid_request")
    assert ann.get("/staff/1/profiles/values") == []


def test_a21_every_profile_value_has_an_id_of_its_own(world: World, ann: Client) -> None:
    field = world.write(lambda desk: desk.save_custom_field(CustomField("party", "Region", "Region", "text")))
    one, other = (ann.post("/companies", name=name)["id"] for name in ("Acme", "Other"))
    first = ann.post(f"/companies/{one}/profiles/fields/{field.id}", value="East")
    second = ann.post(f"/companies/{other}/profiles/fields/{field.id}", value="West")
    assert first["id"] != second["id"]
    assert [row["id"] for row in ann.get("/companies/profiles/values")] == [first["id"], second["id"]]
    # An update goes by it, for its own record only.
    assert refused(ann, "PUT", f"/companies/{one}/profiles/values/{second['id']}", value="x")[0] == 400
    assert ann.put(f"/companies/{other}/profiles/values/{second['id']}", value="North")["id"] == second["id"]
    assert [row["value"] for row in ann.get("/companies/profiles/values")] == ["East", "North"]
    for filters, ids in (
        (f"link_id({other})", [second["id"]]), (f"link_id_not({other})", [first["id"]]),
        (f"link_id_greater_than({one})", [second["id"]]), ("field_id(99)", []), (f"field_id({field.id})", None),
        ("link_type(contact)", []), ("unified(company)", None), ("search(regi)", None), ("search(nothing)", []),
    ):  # fmt: skip
        expected = [first["id"], second["id"]] if ids is None else ids
        assert [row["id"] for row in ann.get("/companies/profiles/values", _filters=filters)] == expected, filters
        assert ann.get("/companies/profiles/values/count", _filters=filters) == {"count": str(len(expected))}
    ordered = ann.get("/companies/profiles/values", _filters="order_by_desc(link_id)", _limit=1)
    assert ordered == [{**second, "value": "North"}]
    assert ann.get(f"/companies/{one}/profiles/values/count") == {"count": "1"}


def test_a22_profile_values_have_the_shape_of_their_type(world: World, ann: Client) -> None:
    def define(name: str, type_: str, **options: Any) -> int:
        made = CustomField("party", name, name, type_, options=options)
        return world.write(lambda desk: desk.save_custom_field(made)).id

    kinds = {name: define(name, name) for name in ("number", "date", "text")}
    kinds["choices"] = define("choices", "choices", values=["one", "two"])
    id = ann.post("/companies", name="Acme", **{f"profile.{kinds['date']}": "1500000000"})["id"]
    path = f"/companies/{id}/profiles"
    for name, wrong, right in (("number", "value", "value_int"), ("date", "value", "value_date"),
                               ("text", "value_int", "value"), ("choices", "value_int", "value")):  # fmt: skip
        assert refused(ann, "POST", f"{path}/fields/{kinds[name]}", **{wrong: "5"}) == (400, "invalid_request")
        ann.post(
            f"{path}/fields/{kinds[name]}", **{right: {"date": "2014-05-01", "choices": "one, two"}.get(name, "5")}
        )
    for name, bad in (("number", {"value_int": "x"}), ("date", {"value_date": "soon"})):
        assert refused(ann, "POST", f"{path}/fields/{kinds[name]}", **bad) == (400, "invalid_request")
    rows = {row["field_name"]: row for row in ann.get(f"{path}/values")}
    assert [rows[name]["field_type"] for name in kinds] == ["integer", "date", "text", "multi_select"]
    assert {row["value_type"] for row in rows.values()} == {None}
    assert rows["date"]["value"] == "1398902400"
    assert rows["choices"]["values"] == ["one", "two"]
    assert all("values" not in rows[name] for name in ("number", "date", "text"))
    assert ann.get(f"{path}/values", _fields="modified_by(),values")[0]["modified_by"]["firstname"] == "Ann"
    assert world.desk().get(Party, int(id), ("custom",)).custom[0] == CustomValue("date", "2014-05-01")
    offered = ann.get("/companies/profiles/fields", _filters="field_type(multi_select)", _fields="options")
    assert [row["options"] for row in offered] == [["one", "two"]]


def test_tags(world: World, ann: Client) -> None:
    world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "x"}, tags=("vip", "blue"))))
    tags = ann.get("/tags")
    assert [tag["name"] for tag in tags] == ["vip", "blue"]
    assert ann.get("/tags/count") == {"count": "2"}
    assert ann.get("/activities", _fields="tag")[0]["tag"] == tags


@pytest.mark.parametrize(
    "name", ["activities", "companies", "contacts", "affiliations", "staff", "tasks", "issues", "prospects"]
)
def test_every_resource_has_its_lists(ann: Client, name: str) -> None:
    for order in ("", "/recent", "/newest"):
        rows = ann.get(f"/{name}{order}", _fields="_ALL,breadcrumbs")
        assert rows == [] or name == "staff"
    assert ann.get(f"/{name}/count") == {"count": "2" if name == "staff" else "0"}
    assert ann.get(f"/{name}/profiles/values") == []
    if name != "activities":
        assert ann.get(f"/{name}/statuses")
    assert refused(ann, "GET", f"/{name}/77") == (400, "invalid_request")


# -- dates of standings, usernames ---------------------------------------------------------------------------


def test_dates_of_standings_can_be_filtered(ann: Client) -> None:
    """What a client can read as a date it can ask for; before 0 is unset [noojee]."""
    for title in ("new", "begun"):
        ann.make("/tasks", title=title)
    ann.put("/tasks/2/progressions/start")
    ann.put("/tasks/1/progressions/2")
    assert ann.ids("/tasks", "date_commenced_before(0)") == [1]
    assert ann.ids("/tasks", {"date_commenced_before": ["0"]}) == [1]
    assert ann.ids("/tasks", "empty(date_accepted)") == [2]
    assert ann.ids("/tasks", f"date_accepted({NOW})") == [1]
    assert ann.ids("/tasks", f"date_commenced_after({int(NOW) - 1})") == [2]
    assert ann.ids("/tasks", f"date_commenced_after({NOW})") == []
    assert ann.ids("/tasks", f"date_commenced_before({NOW})") == []
    assert ann.ids("/tasks", f"date_commenced_before({int(NOW) + 1})") == [2]
    for title in ("new", "open", "done"):
        ann.make("/issues", title=title)
    ann.put("/issues/2/progressions/2")
    ann.put("/issues/3/progressions/3")
    assert ann.ids("/issues", "date_opened_before(0)") == [1, 3]
    assert ann.ids("/issues", "date_resolved_before(0)") == [1, 2]
    assert ann.ids("/issues", "empty(date_resolved)") == [1, 2]
    assert ann.ids("/issues", f"date_resolved({NOW})") == [3]
    assert ann.ids("/issues", "date_resolved_after(1)") == [3]


def test_an_issue_that_was_closed_elsewhere_is_resolved_on_that_day(world: World, ann: Client) -> None:
    ann.make("/issues", title="x")
    world.write(lambda desk: desk.update(Update(Case, 1, {"state": "closed", "closed_on": "2014-05-01"})))
    day = ann.get("/issues/1", _fields="date_resolved")["date_resolved"]
    assert ann.ids("/issues", f"date_resolved({day})") == [1]
    assert ann.ids("/issues", "date_resolved_before(0)") == []


def test_a_username_is_taken_once(ann: Client) -> None:
    ann.post("/contacts", firstname="Kai", username="kai")
    ann.post("/contacts", firstname="Zoë", username="")
    ann.post("/contacts", firstname="Lou", username="")
    answer = ann.send("POST", "/api/v0/contacts", b"firstname=Al&username=kai", FORM)
    assert status(answer) == (400, "duplicate")
    assert "username" in json.loads(answer.body)["meta"]["message"]
    second = ann.post("/contacts", firstname="Al", username="al")["id"]
    assert refused(ann, "PUT", f"/contacts/{second}", username="kai") == (400, "duplicate")
    assert ann.put(f"/contacts/{second}", username="al", _fields="username")["username"] == "al"


@pytest.mark.parametrize("resource", ["issues", "prospects"])
def test_the_company_and_contact_that_are_shown_can_be_filtered(ann: Client, resource: str) -> None:
    company = int(ann.post("/companies", name="Acme")["id"])
    kai = int(ann.post("/contacts", firstname="Kai", company_id=company)["id"])
    lou = int(ann.post("/contacts", firstname="Lou")["id"])
    for party in ({"contact_id": kai}, {"company_id": company}, {"contact_id": lou}, {}):
        ann.make(f"/{resource}", title="x", **party)
    shown = ann.get(f"/{resource}", _fields="company,contact")
    for name in ("company", "contact"):
        for id in (0, company, kai, lou):
            ids = [int(row["id"]) for row in shown if row[name] == str(id)]
            assert ann.ids(f"/{resource}", f"{name}({id})") == ids, (name, id)
            assert ann.ids(f"/{resource}", f"{name}_id_not({id})") == [n for n in (1, 2, 3, 4) if n not in ids]
            ids = [int(row["id"]) for row in shown if int(row[name]) < id]
            assert ann.ids(f"/{resource}", f"{name}_less_than({id})") == ids
    assert ann.ids(f"/{resource}", f"company({company})") == [1, 2]

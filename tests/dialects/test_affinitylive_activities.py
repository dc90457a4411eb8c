"""Activities: fields, create, update, delete, visibility, threads, time (affinitylive dossier, sections 2, 4, 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity, Party
from canonical.operations import Create, NewLink
from canonical.values import SECOND, Ref
from tests.dialects.affinitylive_client import FORM, JSON, Client, status
from tests.support.world import NOON, World

NOW = str(NOON // SECOND)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    """The system user: staff 1."""
    return Client(world)


@pytest.fixture
def bob(world: World) -> Client:
    return Client(world, "bob-token")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For what changes nothing."""
    with World(tmp_path_factory.mktemp("shared")) as world:
        yield world


def bob_id(world: World) -> str:
    return str(world.principal("bob-token").user_id)


def test_defaults_of_a_list(ann: Client) -> None:
    assert ann.get("/activities") == []
    ann.post("/activities", subject="Quick Tip #3 &amp; more")
    answer = ann.send("GET", "/activities.json")
    # Key order aside this is the oldest sample; stored text is never re-encoded [seed].
    assert answer.body == (
        b'{"response":[{"id":"1","subject":"Quick Tip #3 &amp; more"}],"meta":{"status":"ok",'
        b'"message":"Everything executed as expected.",'
        b'"more_info":"https://affinitylive.jira.com/wiki/display/APIS/Status+Codes#ok"}}'
    )
    assert answer.header("Content-Type") == "application/json; charset=utf-8"


def test_all_fields_of_a_new_activity(ann: Client) -> None:
    ann.post("/activities", subject="Kick-off")
    assert ann.get("/activities/1", _fields="_ALL") == {
        "id": "1", "subject": "Kick-off", "parent": "/activities/0", "parent_id": "0", "thread": "/activities/1",
        "thread_id": "1", "against": "/staff/1", "against_type": "staff", "against_id": "1", "owner": "/staff/1",
        "owner_type": "staff", "owner_id": "1", "medium": "note", "visibility": "all", "body": "", "details": "",
        "message_id": "", "date_created": NOW, "date_started": None, "date_ended": None, "date_due": None,
        "date_modified": NOW, "date_logged": NOW, "staff": "1", "priority": "0", "class": "1", "task": "0",
        "rate": "0", "rate_charged": "0.00", "billable": "0", "nonbillable": "0", "confidential": 0, "read": "0",
        "invitation": "0", "preview_body": "", "html_body": "", "activity_priority": "0", "activity_class": "1",
        "time_allocation": "0", "tag": [], "scheduled": "no", "standing": "", "invoice_id": "0",
        "contract_period_id": "0", "is_billable": "no",
        "permissions": {"can_edit_time": "1", "can_edit_billable": "1"},
    }  # fmt: skip


def test_linked_objects_to_any_depth(ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", surname="Ito", company_id=company)["id"]
    ann.post("/activities", subject="x", against_type="contact", against_id=contact, priority_id=4, class_id=2)
    against = "against(company(default_affiliation(contact(company()))))"
    fields = f"staff(email),{against},class(),priority(level),task(),rate(),owner()"
    assert ann.get("/activities/1", _fields=fields) == {
        "id": "1",
        "subject": "x",
        "staff": {"id": "1", "firstname": "Ann", "surname": "Lee", "email": "ann@acme.test"},
        "against": {
            "id": contact, "firstname": "Kai", "surname": "Ito", "email": "", "mobile": "",
            "company": {
                "id": company, "name": "Acme",
                "default_affiliation": {
                    "id": contact, "mobile": "", "email": "",
                    "contact": {
                        "id": contact, "firstname": "Kai", "surname": "Ito", "email": "", "mobile": "",
                        "company": {"id": company, "name": "Acme"},
                    },
                },
            },
        },
        "class": {"id": "2", "title": "Sales"},
        "priority": {"id": "4", "title": "Low", "level": "4"},
        "task": None,
        "rate": None,
        "owner": {"id": "1", "firstname": "Ann", "surname": "Lee"},
    }  # fmt: skip
    assert ann.get("/activities/1", _fields="staff,class,against") == {
        "id": "1", "subject": "x", "staff": "1", "class": "2", "against": f"/contact/{contact}",
    }  # fmt: skip


def test_unknown_fields_are_ignored(ann: Client) -> None:
    ann.post("/activities", subject="x")
    assert ann.get("/activities", _fields="undefined,job(title),custom.thing,_ALLE") == [{"id": "1", "subject": "x"}]


def test_hide_defaults(ann: Client) -> None:
    ann.post("/activities", subject="x")
    assert ann.get("/activities", _hide_defaults="1", _fields="medium,staff(email)") == [
        {"medium": "note", "staff": {"email": "ann@acme.test"}}
    ]


def test_breadcrumbs(ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", surname="Ito", company_id=company)["id"]
    issue = ann.make("/issues", title="Broken", against_type="contact", against_id=contact)["id"]
    ann.post("/activities", subject="a", against_type="issue", against_id=issue)
    ann.post("/activities", subject="b")
    ann.post("/activities", subject="c", against_type="job", against_id=998)
    rows = ann.get("/activities", _fields="breadcrumbs")
    assert rows[0]["breadcrumbs"] == [
        {"id": issue, "table": "issue", "title": "Broken"},
        {"id": contact, "table": "contact", "title": "Kai Ito"},
        {"id": company, "table": "company", "title": "Acme"},
    ]
    assert rows[1]["breadcrumbs"] == [{"id": "1", "table": "staff", "title": "ann"}]
    assert rows[2]["breadcrumbs"] == [{"id": "998", "table": "job", "title": ""}]
    assert "breadcrumbs" not in ann.get("/activities", _fields="_ALL")[0]


@pytest.mark.parametrize(
    ("medium", "type_"),
    [("meeting", "meeting"), ("note", "note"), ("email", "email"), ("call", "call"), ("report", "report"),
     ("postal", "letter"), ("fax", "fax"), ("sms", "sms"), ("event_log", "event")],
)  # fmt: skip
def test_every_medium(world: World, ann: Client, medium: str, type_: str) -> None:
    made = ann.post("/activities", subject="x", medium=medium, _fields="medium")
    assert made["medium"] == medium
    assert world.desk().get(Activity, 1).type == type_
    assert ann.ids("/activities", f"medium({medium})") == [1]
    assert ann.ids("/activities", f"medium_not({medium})") == []


def test_a_type_without_a_medium_is_a_note_and_stays_what_it_is(world: World, ann: Client) -> None:
    made = world.write(lambda desk: desk.create(Create(Activity, {"type": "webinar", "title": "x"})))
    assert ann.get(f"/activities/{made.id}", _fields="medium")["medium"] == "note"
    assert ann.ids("/activities", "medium(note)") == [made.id]
    ann.put(f"/activities/{made.id}", medium="note", details="room 1")
    assert world.desk().get(Activity, made.id).type == "webinar"


def test_tasks_are_no_activities(world: World, ann: Client) -> None:
    task = ann.make("/tasks", title="Ring")["id"]
    assert ann.get("/activities") == []
    assert status(ann.send("GET", f"/api/v0/activities/{task}")) == (400, "invalid_request")
    assert ann.get("/activities/count") == {"count": "0"}


def test_create_with_everything(world: World, ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    task = ann.make("/tasks", title="Ring")["id"]
    issue = ann.make("/issues", title="Broken", against_type="company", against_id=company)["id"]
    made = ann.post(
        "/activities", subject="Zoë", body="line\r\nline", medium="call", against_type="issue", against_id=issue,
        visibility="all", details="0123", priority_id="1", class_id="3", task_id=task, message_id="<a@b>",
        date_started="1400000000", date_ended="1400003600", date_due="1500000000", billable="60", nonbillable="30",
        block_send="1", send_invites="yes", _fields="_ALL",
    )  # fmt: skip
    shown = {
        "subject": "Zoë", "body": "line\r\nline", "medium": "call", "against": f"/issue/{issue}", "visibility": "all",
        "details": "0123", "priority": "1", "class": "3", "task": task, "message_id": "<a@b>",
        "date_started": "1400000000", "date_ended": "1400003600", "date_due": "1500000000", "billable": "60",
        "nonbillable": "30", "date_logged": "1400000000", "standing": "unapproved", "is_billable": "yes",
        "time_allocation": made["id"], "preview_body": "line\r\nline", "html_body": "line<br />\nline",
        "invitation": "1",
    }  # fmt: skip
    assert {name: made[name] for name in shown} == shown
    record = world.desk().get(Activity, int(made["id"]), ("links",))
    assert (record.title, record.location, record.priority, record.start_at) == (
        "Zoë",
        "0123",
        1,
        1_400_000_000 * SECOND,
    )
    assert [(link.target, link.role) for link in record.links] == [
        (Ref("case", int(issue)), ""),
        (Ref("user", 1), "creator"),
    ]


def test_defaults_of_others_than_the_system_user(world: World, ann: Client, bob: Client) -> None:
    """visibility private unless staff 1 makes it [wiki]."""
    made = bob.post("/activities", subject="mine", _fields="visibility,owner,against,medium,class")
    assert made == {
        "id": "1", "subject": "mine", "visibility": "private", "owner": f"/staff/{bob_id(world)}",
        "against": f"/staff/{bob_id(world)}", "medium": "note", "class": "1",
    }  # fmt: skip
    assert ann.get("/activities") == []
    assert status(ann.send("GET", "/api/v0/activities/1")) == (400, "invalid_request")
    assert status(ann.send("PUT", "/api/v0/activities/1", b"details=x", FORM)) == (400, "invalid_request")
    assert status(ann.send("DELETE", "/api/v0/activities/1")) == (400, "invalid_request")
    assert bob.get("/activities/1")["subject"] == "mine"


@pytest.mark.parametrize(
    "form",
    [
        "", "subject=", "subject=+", "subject=x&medium=telepathy", "subject=x&visibility=none",
        "subject=x&against_type=company", "subject=x&against_id=1", "subject=x&against_type=starship&against_id=1",
        "subject=x&against_type=company&against_id=999", "subject=x&against_type=contact&against_id=one",
        "subject=x&owner_id=999", "subject=x&owner_type=robot&owner_id=1", "subject=x&priority_id=6",
        "subject=x&class_id=99", "subject=x&parent_id=99", "subject=x&thread_id=99", "subject=x&task_id=99",
        "subject=x&date_started=soon", "subject=x&date_due=99999999999999", "subject=x&billable=1.5",
        "subject=x&billable=-1", "subject=x&priority_id=%C2%B2", "subject=x&date_started=%D9%A1",
    ],
)  # fmt: skip
def test_create_refuses(shared: World, form: str) -> None:
    answer = Client(shared).send("POST", "/api/v0/activities", form.encode(), FORM)
    assert status(answer) == (400, "invalid_request")
    assert json.loads(answer.body)["meta"]["message"].startswith("The request could not be interpreted.")
    assert shared.desk().count(Activity) == 0


def test_against_every_type(world: World, ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    contact = ann.post("/contacts", firstname="Kai", company_id=company)["id"]
    ids = {
        "company": company,
        "contact": contact,
        "affiliation": contact,
        "prospect": ann.make("/prospects", title="Deal", affiliation_id=contact)["id"],
        "issue": ann.make("/issues", title="Broken")["id"],
        "task": ann.make("/tasks", title="Ring")["id"],
        "staff": bob_id(world),
        "job": "998",
        "milestone": "7",
        "activity_event": "3",
    }
    for word, id in ids.items():
        made = ann.post(
            "/activities", subject=word, against_type=word, against_id=id, _fields="against,against_type,against_id"
        )
        assert (made["against"], made["against_type"], made["against_id"]) == (f"/{word}/{id}", word, id)
    for at, (word, id) in enumerate(ids.items()):
        first = at + 2  # the task took id 1
        assert ann.ids("/activities", f"against_type({word})") == [first]
        assert ann.ids("/activities", f"against_type({word}),against_id({id})") == [first]
        assert ann.ids("/activities", {"against": [{word: [id]}]}) == [first]
    # A contact is no company.
    assert ann.ids("/activities", f"against_type(company),against_id({contact})") == []
    wrong = ann.send(
        "POST", "/api/v0/activities", f"subject=x&against_type=company&against_id={contact}".encode(), FORM
    )
    assert status(wrong) == (400, "invalid_request")


def test_affiliation_owner(ann: Client) -> None:
    contact = ann.post("/contacts", firstname="Kai")["id"]
    made = ann.post("/activities", subject="x", owner_type="affiliation", owner_id=contact, medium="email",
                    _fields="owner,owner_type,owner_id,staff,interacts")  # fmt: skip
    assert (made["owner"], made["owner_type"], made["owner_id"]) == (f"/affiliation/{contact}", "affiliation", contact)
    assert made["staff"] == "0"
    assert [(one["type"], one["owner_type"], one["owner_id"]) for one in made["interacts"]] == [
        ("from", "contact", contact)
    ]
    ann.post("/activities", subject="y")
    assert ann.ids("/activities", "owner_type(affiliation)") == [1]
    assert ann.ids("/activities", "owner_type(staff)") == [2]
    assert ann.ids("/activities", f"owner(staff(99),affiliation({contact}))") == [1]
    assert ann.ids("/activities", "staff_greater_than(0)") == [2]
    assert ann.ids("/activities", "staff_id(0)") == [1]
    assert ann.get("/activities/1", _fields="owner(contact())")["owner"]["contact"]["id"] == contact


def test_time_counts_only_where_it_may(ann: Client, bob: Client) -> None:
    issue = ann.make("/issues", title="Broken")["id"]
    time = {"billable": "60", "nonbillable": "30", "_fields": "billable,nonbillable"}
    shown: Any = []
    for form in (
        {"visibility": "all", "against_type": "issue", "against_id": issue},
        {"visibility": "all", "against_type": "job", "against_id": "5"},
        {"visibility": "all"},
        {"visibility": "private", "against_type": "issue", "against_id": issue},
    ):
        made = bob.post("/activities", subject="x", **form, **time)
        shown.append((made["billable"], made["nonbillable"]))
    assert shown == [("60", "30"), ("60", "30"), ("0", "30"), ("0", "0")]


def test_update_changes_what_it_says_and_no_more(world: World, ann: Client) -> None:
    made = world.write(
        lambda desk: desk.create(
            Create(Activity, {"type": "note", "title": "t", "body": "b", "due_at": NOON + 5, "due_date_only": True,
                              "start_at": NOON + 7}, extras={"zurmo": {"kept": "yes"}})
        )
    )  # fmt: skip
    world.now = NOON + 60 * SECOND
    before = ann.get(f"/activities/{made.id}", _fields="_ALL")
    # A whole entity written back changes nothing, not even what is finer than it shows [noojee].
    ann.json(
        "PUT", f"/activities/{made.id}", {**before, "id": 0, "to": [], "cc": None, "_fields": ["_ALL", "staff._ALL"]}
    )
    after = world.desk().get(Activity, made.id)
    assert (after.version, after.due_at, after.due_date_only, after.start_at) == (1, NOON + 5, True, NOON + 7)
    shown = ann.put(f"/activities/{made.id}", details="room 2", date_due="1500000000", _fields="details,date_modified")
    assert shown == {
        "id": str(made.id),
        "subject": "t",
        "details": "room 2",
        "date_modified": str(NOON // SECOND + 60),
    }
    after = world.desk().get(Activity, made.id)
    assert (after.title, after.body, after.start_at, after.due_at) == ("t", "b", NOON + 7, 1_500_000_000 * SECOND)
    assert after.extras == {"zurmo": {"kept": "yes"}}
    assert ann.put(f"/activities/{made.id}", date_due="0", details="", _fields="date_due,details")["date_due"] is None


def test_update_ignores_what_is_fixed(ann: Client) -> None:
    ann.post("/activities", subject="x", medium="call")
    shown = ann.put("/activities/1", medium="fax", owner_id="2", parent_id="5", against_type="job", against_id="3",
                    unknown="1", _fields="medium,owner,parent,against")  # fmt: skip
    assert shown == {
        "id": "1",
        "subject": "x",
        "medium": "call",
        "owner": "/staff/1",
        "parent": "/activities/0",
        "against": "/staff/1",
    }


def test_rights_of_update(world: World, ann: Client, bob: Client) -> None:
    ann.post("/activities", subject="Ann's", body="b")
    assert bob.put("/activities/1", subject="Ann's", body="b", details="d")["subject"] == "Ann's"
    for form in (b"subject=Bob's", b"body=c", b"visibility=private"):
        assert status(bob.send("PUT", "/api/v0/activities/1", form, FORM)) == (403, "invalid_permission")
    assert ann.get("/activities/1", _fields="body,visibility,details") == {
        "id": "1", "subject": "Ann's", "body": "b", "visibility": "all", "details": "d",
    }  # fmt: skip
    assert status(ann.send("PUT", "/api/v0/activities/1", b"subject=+", FORM)) == (400, "invalid_request")


def test_an_email_is_fixed_but_for_class_and_time(ann: Client) -> None:
    issue = ann.make("/issues", title="Broken")["id"]
    ann.post("/activities", subject="Re: x", medium="email", against_type="issue", against_id=issue)
    shown = ann.put("/activities/1", subject="y", details="z", priority_id="1", class_id="2", billable="60",
                    _fields="details,priority,class,billable")  # fmt: skip
    assert shown == {"id": "1", "subject": "Re: x", "details": "", "priority": "0", "class": "2", "billable": "60"}


def test_example_of_the_dossier(ann: Client) -> None:
    ann.post("/activities", subject="Call Kai", medium="call")
    assert ann.put("/activities/1", priority_id="4", _fields="priority()") == {
        "id": "1", "subject": "Call Kai", "priority": {"id": "4", "title": "Low"},
    }  # fmt: skip
    assert ann.put("/activities/1", priority="0", _fields="priority")["priority"] == "0"


def test_delete_takes_the_children_along(ann: Client) -> None:
    ann.post("/activities", subject="parent")
    ann.post("/activities", subject="child", parent_id=1)
    ann.post("/activities", subject="grandchild", parent_id=2)
    assert ann.delete("/activities/1") is None
    for id in (1, 2, 3):
        assert status(ann.send("GET", f"/api/v0/activities/{id}")) == (400, "invalid_request")
    assert status(ann.send("DELETE", "/api/v0/activities/1")) == (400, "invalid_request")


def test_confidential(world: World, ann: Client, bob: Client) -> None:
    ann.post("/activities", subject="secret plan", body="secret text", visibility="confidential")
    mine = ann.get("/activities/1", _fields="body,confidential,visibility")
    assert (mine["subject"], mine["body"], mine["confidential"], mine["visibility"]) == (
        "secret plan",
        "secret text",
        1,
        "confidential",
    )
    for fields in ("body,confidential,preview_body,html_body", "_ALL,breadcrumbs,interacts", "parent(),thread"):
        for target in (
            "/api/v0/activities",
            "/api/v0/activities/1",
            "/api/v0/activities/threads",
            "/api/v0/activities/threads/1",
        ):
            answer = bob.send("GET", f"{target}?_fields={fields}")
            assert answer.status == 200
            assert b"secret" not in answer.body
    assert bob.get("/activities")[0] == {"id": "1", "subject": "Confidential"}
    # Writing back the words that stand in changes nothing, and gives no right to more.
    bob.put("/activities/1", subject="Confidential", body="Confidential")
    assert status(bob.send("PUT", "/api/v0/activities/1", b"subject=mine+now", FORM)) == (403, "invalid_permission")
    assert world.desk().get(Activity, 1).title == "secret plan"
    assert bob.get("/activities/threads", q="secret")["threads"] == []
    report = bob.send("POST", "/api/v0/activities/reports", b"activity_id=1&body=seen", FORM)
    assert b"secret" not in report.body


def test_participants_see_what_is_private_or_confidential(world: World, ann: Client, bob: Client) -> None:
    to = {"to": {"staff": [int(bob_id(world))]}}
    ann.json("POST", "/activities", {"subject": "p", "visibility": "private", "medium": "email", **to})
    ann.json("POST", "/activities", {"subject": "c", "visibility": "confidential", "medium": "email", **to})
    assert [row["subject"] for row in bob.get("/activities")] == ["p", "c"]


def test_threads(ann: Client) -> None:
    ann.post("/activities", subject="first", medium="email")
    ann.post("/activities", subject="second", medium="email", parent_id=1)
    made = ann.post(
        "/activities", subject="third", medium="email", parent_id=2, _fields="thread,parent,thread_id,parent_id"
    )
    assert made == {
        "id": "3",
        "subject": "third",
        "thread": "/activities/1",
        "parent": "/activities/2",
        "thread_id": "1",
        "parent_id": "2",
    }
    ann.post("/activities", subject="alone", medium="note", details="needle here", body="needle")
    assert ann.ids("/activities", "thread_id(1)") == [1, 2, 3]
    assert ann.ids("/activities", "thread_id(4)") == [4]
    assert ann.ids("/activities", "thread_greater_than(1)") == [4]
    assert ann.get("/activities/threads/1") == {
        "thread": {
            "id": 1, "event_text": "replied by email", "total_activities": "3",
            "activities": [
                {"id": "3", "subject": "third"}, {"id": "2", "subject": "second"}, {"id": "1", "subject": "first"}
            ],
        }
    }  # fmt: skip
    assert ann.get("/activities/threads/3") == ann.get("/activities/threads/1")
    threads = ann.get("/activities/threads")["threads"]
    assert [(one["id"], one["total_activities"]) for one in threads] == [(4, "1"), (1, "3")]
    assert ann.get("/activities/threads/count") == {"count": "2"}
    assert [one["id"] for one in ann.get("/activities/threads", q="needle")["threads"]] == [4]
    assert [one["id"] for one in ann.get("/activities/threads", q="third")["threads"]] == [1]
    assert ann.get("/activities/threads", _limit=1, _page=1)["threads"][0]["id"] == 1
    assert ann.get("/activities/threads", _filters="staff_involved(1)")["threads"] == threads
    assert ann.get("/activities/threads", _filters="staff_involved(9)")["threads"] == []
    assert ann.get("/activities/threads", _filters="scope(external)")["threads"] == []
    assert ann.get("/activities/threads", _filters="scope(internal)")["threads"] == threads
    with_people = ann.get("/activities/threads", _fields="interacts")
    assert set(with_people) == {"affiliations", "contacts", "staff", "threads"}
    assert [one["id"] for one in with_people["staff"]] == ["1"]
    assert status(ann.send("GET", "/api/v0/activities/threads?_filters=against_type(company)")) == (
        400,
        "invalid_request",
    )
    assert status(ann.send("GET", "/api/v0/activities/threads/99")) == (400, "invalid_request")


def test_who_took_part_in_a_thread_makes_it_external(ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    person = ann.post("/contacts", firstname="Kai", company_id=company)["id"]
    ann.post("/activities", subject="about them, among ourselves", against_type="company", against_id=company)
    ann.json("POST", "/activities", {"subject": "to them", "medium": "email", "to": {"affiliation": [person]}})

    def found(scope: str) -> list[str]:
        threads = ann.get("/activities/threads", _filters=f"scope({scope})")["threads"]
        return [row["subject"] for thread in threads for row in thread["activities"]]

    assert found("internal") == ["about them, among ourselves"]
    assert found("external") == ["to them"]
    assert len(found("internal,external")) == 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (0.0, "0.00"),
        ("0", "0.00"),
        ("", "0.00"),
        (80.5, "80.50"),
        ("80.125", "80.125"),
        (7, "7.00"),
        ("-1.5", "-1.50"),
    ],
)
def test_decimals_have_two_places(ann: Client, sent: object, shown: str) -> None:
    """[noojee] sends what it parsed as a number, and all are shown alike (dossier, section 4)."""
    made = ann.json("POST", "/activities", {"subject": "x", "rate_charged": sent, "_fields": ["rate_charged"]})
    assert made["rate_charged"] == shown
    assert ann.put(f"/activities/{made['id']}", rate_charged=shown, _fields="rate_charged")["rate_charged"] == shown


def test_a_lead_that_owns_an_activity(world: World, ann: Client) -> None:
    """[noojee] knows leads as owners; there is nothing here to expand them to."""
    extras = {"affinitylive": {"owner_type": "lead", "owner_id": "5"}}
    made = world.write(lambda desk: desk.create(Create(Activity, {"type": "note", "title": "x"}, extras=extras)))
    shown = ann.get(f"/activities/{made.id}", _fields="owner,owner_type,owner_id,staff")
    assert shown == {
        "id": str(made.id), "subject": "x", "owner": "/lead/5", "owner_type": "lead", "owner_id": "5", "staff": "0",
    }  # fmt: skip
    assert ann.get(f"/activities/{made.id}", _fields="owner(_ALL)")["owner"] is None
    assert ann.ids("/activities", "owner(lead(5))") == [made.id]


def test_classes_and_priorities(ann: Client) -> None:
    rows = [{"id": "1", "title": "Client Work"}, {"id": "2", "title": "Sales"}, {"id": "3", "title": "Internal"}]
    assert ann.get("/activities/classes") == rows
    assert ann.get("/activities/classes", _fields="_ALL") == rows  # class has no _ALL
    assert ann.get("/activities/classes/2", _fields="parent,status") == {
        "id": "2",
        "title": "Sales",
        "parent": "0",
        "status": "active",
    }
    assert ann.get("/activities/classes/count") == {"count": "3"}
    assert ann.get("/activities/priorities", _fields="level")[0] == {"id": "1", "title": "Extreme", "level": "1"}
    assert ann.get("/activities/priorities/5") == {"id": "5", "title": "None"}
    assert status(ann.send("GET", "/api/v0/activities/classes/99")) == (400, "invalid_request")


def test_allocations(ann: Client) -> None:
    nothing = {"nonbillable": None, "billable": None, "charged": "0.00"}
    ann.post("/activities", subject="x")
    assert ann.get("/activities/allocations") == nothing
    issue = ann.make("/issues", title="Broken")["id"]
    for hours in (1, 2):
        ann.post("/activities", subject="x", against_type="issue", against_id=issue, billable=hours * 3600,
                 nonbillable=60, rate_charged="80.50")  # fmt: skip
    assert ann.get("/activities/allocations") == {"nonbillable": "120", "billable": "10800", "charged": "241.50"}
    assert ann.get("/activities/allocations", _filters="id(2)")["billable"] == "3600"
    assert ann.get("/activities/allocations", _filters="id(1)") == nothing
    time = ann.get("/activities/2", _fields="time_allocation(billable,charged,against)")["time_allocation"]
    assert time == {"id": "2", "billable": "3600", "charged": "80.50", "against": "/activity/2"}


def test_reports(ann: Client) -> None:
    company = ann.post("/companies", name="Acme")["id"]
    ann.post("/activities", subject="Meeting", medium="meeting", against_type="company", against_id=company)
    made = ann.post("/activities/reports", activity_id=1, body="went well", _fields="medium,parent,body,against")
    assert made == {
        "id": "2", "subject": "Meeting", "medium": "report", "parent": "/activities/1", "body": "went well",
        "against": f"/company/{company}",
    }  # fmt: skip
    for form in (b"activity_id=1", b"body=x", b"activity_id=99&body=x"):
        assert status(ann.send("POST", "/api/v0/activities/reports", form, FORM)) == (400, "invalid_request")


def test_recent_and_newest(world: World, ann: Client) -> None:
    for at in range(3):
        world.now = NOON + at * SECOND
        ann.post("/activities", subject=str(at))
    world.now = NOON + 10 * SECOND
    ann.put("/activities/1", details="touched")
    assert ann.ids("/activities") == [1, 2, 3]
    assert ann.ids("/activities/recent") == [3, 2, 1]
    assert ann.ids("/activities/newest") == [1, 3, 2]
    # Order filters have no effect here (dossier, section 8.0).
    assert ann.ids("/activities/recent", "order_by_asc(id)") == [3, 2, 1]
    assert ann.ids("/activities/newest", "order_by_asc(id),id_not(3)") == [1, 2]


def test_what_other_dialects_made_shows(world: World, ann: Client) -> None:
    def work(desk: Any) -> Activity:
        party = desk.create(Create(Party, {"type": "organisation", "name": "Acme"}))
        links = (NewLink(Ref("party", party.id)), NewLink(Ref("user", 1), "assignee"))
        values = {"type": "meeting", "title": "Made elsewhere", "location": "Oslo", "billable_seconds": 5}
        made: Activity = desk.create(Create(Activity, values, links=links, tags=("vip",)))
        return made

    made = world.write(work)
    shown = ann.get(f"/activities/{made.id}", _fields="medium,visibility,against(),details,tag,billable,interacts")
    assert (shown["medium"], shown["visibility"], shown["details"], shown["billable"]) == (
        "meeting",
        "all",
        "Oslo",
        "5",
    )
    assert shown["against"]["name"] == "Acme"
    assert [tag["name"] for tag in shown["tag"]] == ["vip"]
    assert shown["interacts"] == []
    # A role without a word here is not shown: counted as a loss.
    assert world.lines[-1]["losses"] == {"activity.participation:role_not_shown": 1}


def test_collections_and_files(world: World, ann: Client) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="subject"\r\n\r\nwith file\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
    )
    answer = ann.send("POST", "/api/v0/activities", body, "multipart/form-data; boundary=x")
    assert json.loads(answer.body)["response"]["subject"] == "with file"
    assert world.lines[-1]["losses"] == {"activity.file:files_not_kept": 1}
    assert ann.get("/activities/1/collections") == {"collections": []}


def test_private_things_stay_private_in_json_bodies(ann: Client) -> None:
    answer = ann.send(
        "POST", "/api/v0/activities", b'{"subject":5,"visibility":"all","billable":60,"details":null}', JSON
    )
    assert json.loads(answer.body)["response"] == {"id": "1", "subject": "5"}

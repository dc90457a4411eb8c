"""Capsule tasks: every call of the seed, and the rows of the dossier about them."""

from __future__ import annotations

import pytest

from canonical.model import Activity
from canonical.operations import Create, NewLink, Update
from canonical.service.desk import CoreDesk
from canonical.values import Ref, instant
from tests.dialects.capsule_client import JSON, Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

STAMPS = "<createdOn>2014-06-01T08:00:00Z</createdOn><updatedOn>2014-06-01T08:00:00Z</updatedOn>"
HOUR = 3600 * 1_000_000


def shown(capsule: Capsule, task: int) -> dict[str, str]:
    found: dict[str, str] = capsule.json(f"/api/task/{task}")["task"]
    return found


def test_xml_has_the_seed_elements_in_their_order(capsule: Capsule) -> None:
    task = capsule.create(
        "/api/task",
        "<task><category>Meeting</category><dueDateTime>2010-02-24T15:00:00Z</dueDateTime>"
        "<detail>Bring &lt;plans&gt; &amp; pens</detail><description>meet with customer</description></task>",
    )
    assert capsule.xml(f"/api/task/{task}") == (
        f"<task><id>{task}</id><description>meet with customer</description>"
        "<detail>Bring &lt;plans&gt; &amp; pens</detail><category>Meeting</category>"
        f"<dueDateTime>2010-02-24T15:00:00Z</dueDateTime><owner>mia</owner><status>OPEN</status>{STAMPS}</task>"
    )


def test_json_is_the_same_with_every_value_as_text(capsule: Capsule) -> None:
    task = capsule.task(category="Call")
    response = capsule.send("GET", f"/api/task/{task}", accept=JSON)
    assert response.body == (
        b'{"task":{"id":"%d","description":"Call customer","category":"Call","dueDateTime":"2014-06-03T09:30:00Z",'
        b'"owner":"mia","status":"OPEN","createdOn":"2014-06-01T08:00:00Z","updatedOn":"2014-06-01T08:00:00Z"}}' % task
    )


def test_seed_example_bodies(capsule: Capsule) -> None:
    body = (
        '<?xml version="1.0"?>\n<task>\n<description>Call customer</description>\n'
        "<dueDateTime>2010-04-21T15:00:00Z</dueDateTime>\n</task>\n"
    )
    party = capsule.person()
    places = (
        "",
        f"/party/{party}",
        f"/opportunity/{capsule.opportunity(party)}",
        f"/kase/{capsule.kase(party)}",
    )
    for place in places:
        task = capsule.create(f"/api{place}/task", body)
        assert shown(capsule, task)["dueDateTime"] == "2010-04-21T15:00:00Z"
    change = "<task><description>Update time sheets</description><dueDate>2010-04-21T00:00:00Z</dueDate></task>"
    capsule.done("PUT", f"/api/task/{task}", change)
    after = shown(capsule, task)
    assert after["description"] == "Update time sheets"
    assert after["dueDate"] == "2010-04-21T00:00:00Z"
    assert "dueDateTime" not in after


@pytest.mark.parametrize(
    ("noun", "id_element", "name_element", "name"),
    [
        ("party", "partyId", "partyName", "Zoë Lund"),
        ("opportunity", "opportunityId", "opportunityName", "CRM System"),
        ("kase", "caseId", "caseName", "Invoicing"),
    ],
)
def test_related_task_shows_its_relation(
    capsule: Capsule, noun: str, id_element: str, name_element: str, name: str
) -> None:
    party = capsule.person()
    ids = {
        "party": party,
        "opportunity": capsule.opportunity(party, "CRM System"),
        "kase": capsule.kase(party, "Invoicing"),
    }
    task = capsule.task(below=f"/{noun}/{ids[noun]}")
    found = shown(capsule, task)
    relations = {key: value for key, value in found.items() if key.endswith(("Id", "Name"))}
    assert relations == {id_element: str(ids[noun]), name_element: name}
    for other, id in ids.items():
        for word in ("tasks", "task"):
            size = capsule.json(f"/api/{other}/{id}/{word}")["tasks"]["@size"]
            assert size == ("1" if other == noun else "0")


def test_relation_is_never_taken_from_the_body(capsule: Capsule) -> None:
    party = capsule.person()
    task = capsule.task(partyId=str(party), id="9", createdOn="1999-01-01T00:00:00Z", nonsense="x")
    found = shown(capsule, task)
    assert "partyId" not in found
    assert found["createdOn"] == "2014-06-01T08:00:00Z"


@pytest.mark.parametrize(
    ("element", "text", "expected"),
    [
        ("dueDateTime", "2014-06-03T09:30:45Z", ("dueDateTime", "2014-06-03T09:30:00Z")),
        ("dueDateTime", "2016-01-13T10:00:00+02:00", ("dueDateTime", "2016-01-13T08:00:00Z")),
        ("dueDateTime", "2016-01-13T10:00:00-0530", ("dueDateTime", "2016-01-13T15:30:00Z")),
        ("dueDateTime", "2016-01-13T10:00:59.999Z", ("dueDateTime", "2016-01-13T10:00:00Z")),
        ("dueDateTime", "2016-01-13T10:00:00", ("dueDateTime", "2016-01-13T10:00:00Z")),
        ("dueDate", "2012-02-24", ("dueDate", "2012-02-24T00:00:00Z")),
        ("dueDate", "2012-02-24T15:00:00Z", ("dueDate", "2012-02-24T00:00:00Z")),
        ("dueDate", "2012-02-24T01:00:00+02:00", ("dueDate", "2012-02-23T00:00:00Z")),
    ],
)
def test_due_forms(capsule: Capsule, element: str, text: str, expected: tuple[str, str]) -> None:
    task = capsule.create("/api/task", {"task": {"description": "x", element: text}})
    found = shown(capsule, task)
    assert {key: value for key, value in found.items() if key.startswith("due")} == dict([expected])


def test_of_both_dues_the_moment_wins(capsule: Capsule) -> None:
    task = capsule.task(dueDate="2010-02-24T00:00:00Z")
    assert "dueDate" not in shown(capsule, task)
    assert shown(capsule, task)["dueDateTime"] == "2014-06-03T09:30:00Z"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"dueDate": "2014-06-04"}, "description is required"),
        ({"description": "  ", "dueDate": "2014-06-04"}, "description is required"),
        ({"description": "x"}, "dueDate is required"),
        ({"description": "x", "dueDate": ""}, "dueDate is required"),
        ({"description": "x", "dueDate": "2015-02-30"}, "dueDate is invalid"),
        ({"description": "x", "dueDate": "soon"}, "dueDate is invalid"),
        ({"description": "x", "dueDateTime": "0000-00-00T00:00:00Z"}, "dueDateTime is invalid"),
        ({"description": "x", "dueDateTime": "99999-01-01T00:00:00Z"}, "dueDateTime is invalid"),
        ({"description": "x", "dueDateTime": "0001-01-01T00:00:00+10:00"}, "dueDateTime is invalid"),
        ({"description": "x", "dueDateTime": "２０１４-06-03T09:30:00Z"}, "dueDateTime is invalid"),
        ({"description": {"a": "b"}, "dueDate": "2014-06-04"}, "description is invalid"),
        ({"description": "x", "dueDate": "2014-06-04", "owner": "nobody"}, "owner is unknown"),
        ({"description": "x", "dueDate": "2014-06-04", "status": "DONE"}, "status is invalid"),
    ],
)
def test_create_refuses(capsule: Capsule, body: dict[str, object], message: str) -> None:
    assert capsule.refused("POST", "/api/task", {"task": body}) == (400, message)
    assert capsule.json("/api/tasks") == {"tasks": {"@size": "0"}}


def test_owner(capsule: Capsule) -> None:
    capsule.add_user("phillip")
    task = capsule.task(owner="Phillip")
    assert shown(capsule, task)["owner"] == "phillip"
    capsule.done("PUT", f"/api/task/{task}", {"task": {"owner": "mia"}})
    assert shown(capsule, task)["owner"] == "mia"
    assert capsule.refused("PUT", f"/api/task/{task}", {"task": {"owner": "nobody"}}) == (400, "owner is unknown")
    assert capsule.refused("PUT", f"/api/task/{task}", {"task": {"owner": ""}}) == (400, "owner is required")


def test_update_touches_only_what_it_says(capsule: Capsule) -> None:
    task = capsule.task(detail="Long story", category="Call")
    before = shown(capsule, task)
    capsule.world.now += HOUR
    capsule.done("PUT", f"/api/task/{task}", "<task><description>Other</description></task>")
    after = shown(capsule, task)
    assert after.pop("updatedOn") == "2014-06-01T09:00:00Z"
    assert after.pop("description") == "Other"
    assert after == {key: value for key, value in before.items() if key not in ("description", "updatedOn")}


@pytest.mark.parametrize("empty", ["<detail></detail>", "<detail/>", '<detail nil="true">x</detail>'])
def test_empty_element_empties_the_field(capsule: Capsule, empty: str) -> None:
    task = capsule.task(detail="Long story", category="Call")
    capsule.done("PUT", f"/api/task/{task}", f"<task>{empty}</task>")
    found = shown(capsule, task)
    assert "detail" not in found
    assert found["category"] == "Call"


def test_json_null_changes_nothing_and_empty_text_empties(capsule: Capsule) -> None:
    task = capsule.task(detail="Long story", category="Call")
    body = {"task": {"id": None, "detail": None, "category": "", "dueDate": None, "description": None}}
    capsule.done("PUT", f"/api/task/{task}", body)
    found = shown(capsule, task)
    assert found["detail"] == "Long story"
    assert "category" not in found


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("description", "description is required"),
        ("dueDateTime", "dueDate is required"),
        ("status", "status is required"),
    ],
)
def test_required_elements_cannot_be_emptied(capsule: Capsule, element: str, message: str) -> None:
    task = capsule.task()
    assert capsule.refused("PUT", f"/api/task/{task}", {"task": {element: ""}}) == (400, message)


def test_what_was_shown_written_back_changes_nothing(capsule: Capsule) -> None:
    """Ruby's client sends every attribute that it holds."""
    task = capsule.task(below=f"/party/{capsule.person()}", detail="a\r\nb", category="Call")
    before = shown(capsule, task)
    capsule.world.now += HOUR
    capsule.done("PUT", f"/api/task/{task}", {"task": before})
    capsule.done("PUT", f"/api/task/{task}", capsule.xml(f"/api/task/{task}"))
    assert shown(capsule, task) == before


def test_carriage_return_survives_xml(capsule: Capsule) -> None:
    task = capsule.task(detail="a\r\nb")
    assert "<detail>a&#xD;\nb</detail>" in capsule.xml(f"/api/task/{task}")


def test_complete_and_reopen(capsule: Capsule) -> None:
    task = capsule.task()
    capsule.world.now += HOUR
    for body in (b"", {}):
        capsule.done("POST", f"/api/task/{task}/complete", body)
    assert (
        "<status>COMPLETED</status><completedOn>2014-06-01T09:00:00Z</completedOn>"
        "<createdOn>2014-06-01T08:00:00Z</createdOn><updatedOn>2014-06-01T09:00:00Z</updatedOn></task>"
    ) in capsule.xml(f"/api/task/{task}")
    capsule.world.now += HOUR
    capsule.done("POST", f"/api/task/{task}/complete")
    assert shown(capsule, task)["completedOn"] == "2014-06-01T09:00:00Z"
    assert shown(capsule, task)["updatedOn"] == "2014-06-01T09:00:00Z"
    capsule.done("PUT", f"/api/task/{task}", {"task": {"description": "still writable"}})
    for word in ("reopen", "repoen"):
        capsule.done("POST", f"/api/task/{task}/{word}")
        assert shown(capsule, task)["status"] == "OPEN"
        assert "completedOn" not in shown(capsule, task)


def test_body_of_complete_is_never_read(capsule: Capsule) -> None:
    task = capsule.task()
    capsule.done("POST", f"/api/task/{task}/complete", "<not well formed")
    assert shown(capsule, task)["status"] == "COMPLETED"


def test_status_by_create_and_update(capsule: Capsule) -> None:
    """Gravity Forms creates with a status."""
    task = capsule.task(status="completed")
    assert shown(capsule, task)["completedOn"] == "2014-06-01T08:00:00Z"
    capsule.done("PUT", f"/api/task/{task}", {"task": {"status": "OPEN"}})
    assert shown(capsule, task)["status"] == "OPEN"


def test_delete_is_final(capsule: Capsule) -> None:
    task = capsule.task()
    capsule.done("DELETE", f"/api/task/{task}")
    assert capsule.refused("GET", f"/api/task/{task}") == (404, "task not found")
    assert capsule.refused("DELETE", f"/api/task/{task}") == (404, "task not found")
    assert capsule.xml("/api/tasks") == '<tasks size="0"/>'


def test_list_pages_by_due_date(capsule: Capsule) -> None:
    dues = [f"2014-07-0{day}T00:00:00Z" for day in (5, 3, 8, 1, 7, 2, 6, 4)]
    ids = {due: capsule.create("/api/task", {"task": {"description": due, "dueDate": due}}) for due in dues}
    in_order = [str(ids[due]) for due in sorted(dues)]

    def page(parameters: str) -> list[str]:
        found = capsule.json(f"/api/tasks{parameters}")["tasks"]
        tasks = found.get("task", [])
        tasks = tasks if isinstance(tasks, list) else [tasks]
        assert found["@size"] == str(len(tasks))
        return [task["id"] for task in tasks]

    assert page("") == in_order
    assert page("?limit=2") == in_order[:2]
    assert page("?start=3") == in_order[3:]
    assert page("?start=3&limit=2") == in_order[3:5]
    assert page("?limit=1") == in_order[:1]
    assert page("?limit=0") == in_order
    assert page("?start=8") == []
    assert page("?start=&limit=") == in_order
    assert page("?sort=x&unknown=y") == in_order


@pytest.mark.parametrize("parameters", ["limit=x", "start=1.5", "limit=99999999999", "start=１", "limit=0x2"])
def test_number_that_is_none_is_no_resource(capsule: Capsule, parameters: str) -> None:
    assert capsule.refused("GET", f"/api/tasks?{parameters}") == (404, "Could not find resource")


def test_list_filters(capsule: Capsule) -> None:
    capsule.add_user("phillip")
    mine = capsule.task("mine", category="Call")
    his = capsule.task("his", owner="phillip", category="Email")
    done = capsule.task("done", category="Call")
    capsule.done("POST", f"/api/task/{done}/complete")

    def ids(parameters: str) -> list[str]:
        tasks = capsule.json(f"/api/tasks?{parameters}")["tasks"].get("task", [])
        return [task["id"] for task in (tasks if isinstance(tasks, list) else [tasks])]

    assert ids("") == [str(mine), str(his)]
    assert ids("user=phillip") == [str(his)]
    assert ids("user=nobody") == []
    assert ids("category=Call") == [str(mine)]
    assert ids("category=Nothing") == []
    assert ids("category=Call&user=phillip") == []
    assert ids("status=OPEN") == ids("status=open") == [str(mine), str(his)]
    assert ids("status=completed&category=Call") == ids("status=COMPLETED") == [str(done)]
    assert capsule.refused("GET", "/api/tasks?status=all") == (400, "status is invalid")


def test_aliases_of_paths(capsule: Capsule) -> None:
    task = capsule.task()
    assert capsule.xml("/api/task") == capsule.xml("/api/tasks") == capsule.xml("/api/tasks/")
    assert capsule.xml(f"/api/tasks/{task}") == capsule.xml(f"/api/task/{task}")


def test_categories(capsule: Capsule) -> None:
    names = ["Call", "Email", "Follow-up", "Meeting", "Milestone", "Send"]
    assert capsule.json("/api/task/categories") == {"taskCategories": {"@size": "6", "taskCategory": names}}
    assert capsule.xml("/api/task/categories").startswith(
        '<taskCategories size="6"><taskCategory>Call</taskCategory><taskCategory>Email</taskCategory>'
    )
    task = capsule.task(category="Something else")
    assert shown(capsule, task)["category"] == "Something else"


def test_one_category_is_bare_text(capsule: Capsule) -> None:
    def keep_one(desk: CoreDesk) -> None:
        for item in desk.picklist("task_category")[1:]:
            desk.delete_picklist_item(item.id)

    capsule.write(keep_one)
    assert capsule.json("/api/task/categories") == {"taskCategories": {"@size": "1", "taskCategory": "Call"}}


@pytest.mark.parametrize("noun", ["party", "opportunity", "kase"])
def test_missing_parent(capsule: Capsule, noun: str) -> None:
    missing = (404, f"{noun} not found")
    assert capsule.refused("GET", f"/api/{noun}/999999999/tasks") == missing
    assert capsule.refused("POST", f"/api/{noun}/999999999/task", {"task": {}}) == missing


class TestFromElsewhere:
    """Tasks that other dialects made or changed."""

    def make(self, capsule: Capsule, *links: NewLink, **values: object) -> int:
        made = {"type": "task", "title": "Elsewhere", **values}
        task: Activity = capsule.write(lambda desk: desk.create(Create(Activity, made, links)))
        return task.id

    def test_without_due_shows_neither_element(self, capsule: Capsule) -> None:
        task = self.make(capsule)
        assert not [key for key in shown(capsule, task) if key.startswith("due")]
        capsule.done("PUT", f"/api/task/{task}", {"task": {"description": "x", "dueDate": "", "dueDateTime": ""}})
        assert shown(capsule, task)["description"] == "x"

    def test_seconds_are_shown_and_kept(self, capsule: Capsule) -> None:
        at = instant(2014, 6, 3, 9, 30, 45, 123)
        task = self.make(capsule, due_at=at)
        assert shown(capsule, task)["dueDateTime"] == "2014-06-03T09:30:45Z"
        capsule.done("PUT", f"/api/task/{task}", {"task": {"description": "x", "dueDateTime": "2014-06-03T09:30:45Z"}})
        assert capsule.world.desk(capsule.token).get(Activity, task).due_at == at
        capsule.done("PUT", f"/api/task/{task}", {"task": {"dueDateTime": "2014-06-03T09:31:45Z"}})
        assert shown(capsule, task)["dueDateTime"] == "2014-06-03T09:31:00Z"

    @pytest.mark.parametrize(
        ("state", "status"),
        [("in_progress", "OPEN"), ("awaiting", "OPEN"), ("rejected", "OPEN"), ("cancelled", "COMPLETED")],
    )
    def test_finer_states_are_shown_and_kept(self, capsule: Capsule, state: str, status: str) -> None:
        task = self.make(capsule, state=state)
        found = shown(capsule, task)
        assert found["status"] == status
        assert capsule.world.lines[-1]["losses"] == {"activity.state:open_or_completed_only": 1}
        capsule.done("PUT", f"/api/task/{task}", {"task": {**found, "category": "Call"}})
        capsule.done("POST", f"/api/task/{task}/{'reopen' if status == 'OPEN' else 'complete'}")
        assert capsule.world.desk(capsule.token).get(Activity, task).state == state

    def test_first_link_of_each_kind_is_shown(self, capsule: Capsule) -> None:
        boss, worker, first, second = (capsule.person(name) for name in ("Boss", "Worker", "First", "Second"))
        task = self.make(
            capsule,
            NewLink(Ref("party", worker), "assignee"),
            NewLink(Ref("party", boss), "requester"),
            NewLink(Ref("party", first)),
            NewLink(Ref("party", second)),
        )
        assert shown(capsule, task)["partyId"] == str(first)
        assert capsule.world.lines[-1]["losses"] == {"activity.links:only_first_shown": 3}
        assert capsule.json(f"/api/party/{second}/tasks")["tasks"]["@size"] == "1"
        assert capsule.json(f"/api/party/{worker}/tasks")["tasks"]["@size"] == "0"

    def test_other_role_stands_in_and_assignee_does_not(self, capsule: Capsule) -> None:
        worker, attendee = capsule.person("Worker"), capsule.person("Attendee")
        task = self.make(
            capsule, NewLink(Ref("party", worker), "assignee"), NewLink(Ref("party", attendee), "attendee")
        )
        assert shown(capsule, task)["partyName"] == "Attendee Lund"
        alone = self.make(capsule, NewLink(Ref("party", worker), "assignee"))
        assert "partyId" not in shown(capsule, alone)

    def test_other_kinds_of_activity_are_no_tasks(self, capsule: Capsule) -> None:
        note = self.make(capsule, type="note")
        assert capsule.json("/api/tasks") == {"tasks": {"@size": "0"}}
        for method, target in (
            ("GET", f"/api/task/{note}"),
            ("DELETE", f"/api/task/{note}"),
            ("POST", f"/api/task/{note}/complete"),
        ):
            assert capsule.refused(method, target) == (404, "task not found")

    @pytest.mark.parametrize(
        ("visibility", "status", "message"), [("owner", 403, b"forbidden"), ("private", 404, b"task not found")]
    )
    def test_hidden_task_is_forbidden_or_unknown(
        self, capsule: Capsule, visibility: str, status: int, message: bytes
    ) -> None:
        """Of a private one nobody else learns that it is there."""
        other = capsule.add_user("other")
        task = self.make(capsule, visibility=visibility)
        response = capsule.send("GET", f"/api/task/{task}", token=other, accept=JSON)
        assert (response.status, response.body) == (status, b'{"message":"%b"}' % message)
        assert capsule.send("GET", "/api/tasks", token=other, accept=JSON).body == b'{"tasks":{"@size":"0"}}'

    def test_what_capsule_cannot_say_survives_its_update(self, capsule: Capsule) -> None:
        task = self.make(capsule, priority=3, location="Oslo", due_at=instant(2014, 6, 3), due_date_only=True)
        capsule.write(lambda desk: desk.update(Update(Activity, task, extras={"zurmo": {"status": 5}})))
        capsule.done("PUT", f"/api/task/{task}", {"task": {"description": "x", "dueDate": "2014-06-03"}})
        kept = capsule.world.desk(capsule.token).get(Activity, task)
        assert (kept.priority, kept.location, kept.extras) == (3, "Oslo", {"zurmo": {"status": 5}})
        assert kept.due_date_only is True


@pytest.mark.parametrize(
    ("due", "day"),
    [
        ("2014-06-04Z", "2014-06-04"),
        ("2014-06-04+02:00", "2014-06-04"),
        ("2014-06-04-05:00", "2014-06-04"),
        ("2014-06-04 10:00:00 UTC", "2014-06-04"),
        ("2014-06-04T23:30:00-05:00", "2014-06-05"),
    ],
)
def test_dates_as_other_libraries_write_them(capsule: Capsule, due: str, day: str) -> None:
    task = capsule.create("/api/task", {"task": {"description": "x", "dueDate": due}})
    assert shown(capsule, task)["dueDate"] == f"{day}T00:00:00Z"


def test_slashes_too_many_make_no_difference(capsule: Capsule) -> None:
    """A base address that ends in a slash makes two of one."""
    task = capsule.create("//api/task", {"task": {"description": "x", "dueDate": "2014-06-04"}})
    assert capsule.xml(f"//api//task/{task}//") == capsule.xml(f"/api/task/{task}")
    tag = capsule.send("POST", f"//api/party/{capsule.person()}/tag//hot")
    assert (tag.status, (tag.header("Location") or "").rpartition("/api/")[2].count("//")) == (201, 0)


def test_view_only_user_may_not_write(capsule: Capsule) -> None:
    token = capsule.add_user("guest", view_only=True)
    body = {"task": {"description": "x", "dueDate": "2014-06-04"}}
    response = capsule.send("POST", "/api/task", body, accept=JSON, token=token)
    assert (response.status, response.body) == (403, b'{"message":"forbidden"}')


def test_migrated_ids_are_the_ids_of_capsule_clients(capsule: Capsule) -> None:
    """Records that came from another Capsule account keep their old ids, in paths, links and filters."""
    party = capsule.person()
    opportunity = capsule.opportunity(party)
    user = capsule.json("/api/users")["users"]["user"]
    ids = {"party": party + 40_000, "opportunity": opportunity + 40_000, "user": int(user["id"]) + 40_000}

    def migrate(desk: CoreDesk) -> None:
        for kind, id in (("party", party), ("opportunity", opportunity), ("user", int(user["id"]))):
            desk.set_alias(kind, str(ids[kind]), id)

    capsule.world.write(migrate, capsule.token, "capsule")
    capsule.world.core.accounts.forget_tenants()
    assert capsule.json(f"/api/party/{ids['party']}")["person"]["id"] == str(ids["party"])
    assert capsule.json(f"/api/opportunity/{ids['opportunity']}")["opportunity"]["partyId"] == str(ids["party"])
    assert capsule.refused("GET", f"/api/party/{party}") == (404, "party not found")
    for place in (f"/party/{ids['party']}", f"/opportunity/{ids['opportunity']}"):
        task = capsule.task(below=place, owner="mia")
        found = shown(capsule, task)
        assert place.rpartition("/")[2] in (found.get("partyId"), found.get("opportunityId"))
        assert capsule.json(f"/api{place}/tasks")["tasks"]["task"]["id"] == str(task)
    note = capsule.create(f"/api/party/{ids['party']}/history", {"historyItem": {"note": "x", "creator": "mia"}})
    history = capsule.json(f"/api/party/{ids['party']}/history")["history"]["historyItem"]
    assert (history["id"], history["creatorName"]) == (str(note), "Mia Berg")
    capsule.done("PUT", f"/api/party/{ids['party']}/history/{note}", {"historyItem": {"note": "y"}})
    capsule.done("PUT", f"/api/task/{task}", {"task": {"owner": "mia", "category": "Call"}})
    mia = capsule.json("/api/users")["users"]["user"]
    assert (mia["id"], mia["loggedIn"]) == (str(ids["user"]), "true")
    assert capsule.json("/api/tasks?user=mia&start=1")["tasks"]["task"]["id"] == str(task)
    kase = capsule.kase(ids["party"])
    assert capsule.json(f"/api/party/{ids['party']}/kase")["kases"]["kase"]["id"] == str(kase)
    tag = capsule.send("POST", f"/api/party/{ids['party']}/tag/hot")
    assert tag.header("Location") == f"{capsule.base_url}/api/party/{ids['party']}/tag/hot"

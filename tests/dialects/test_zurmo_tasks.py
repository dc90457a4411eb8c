"""Tasks: shape, validation, states, permissions, links, and what other dialects see (dossier, sections 3, 4, 6, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Activity
from canonical.operations import Create, Update
from canonical.values import instant, sql_time
from tests.dialects.zurmo_client import SECOND, START, Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

NOW = "2015-02-27 08:15:00"
SEED_KEYS = [
    "id",
    "createdDateTime",
    "modifiedDateTime",
    "createdByUser",
    "modifiedByUser",
    "owner",
    "latestDateTime",
    "completedDateTime",
    "completed",
    "description",
    "dueDateTime",
    "name",
]
V3_KEYS = [
    "owner",
    "explicitReadWriteModelPermissions",
    *[key for key in SEED_KEYS if key != "owner"],
    "status",
    "requestedByUser",
    "project",
]
SUPER = {"id": 1, "username": "super"}


def core(client: Zurmo, id: int) -> Activity:
    return client.desk().get(Activity, id, ("links",))


def by_another(client: Zurmo, **values: Any) -> int:
    """A task that another dialect made."""
    made: Activity = client.write(lambda desk: desk.create(Create(Activity, {"type": "task", **values})))
    return made.id


def change(client: Zurmo, id: int, **values: Any) -> None:
    client.write(lambda desk: desk.update(Update(Activity, id, values)))


def states(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record.get(key) for key in ("completed", "completedDateTime", "latestDateTime", "status"))


# -- shape ----------------------------------------------------------------------------------------------------


def test_the_seeds_shape(zurmo: Zurmo) -> None:
    made = zurmo.create("tasks/task", name="Call")
    assert list(made) == SEED_KEYS
    assert made == zurmo.read("tasks/task", made["id"])
    assert made == {
        "id": made["id"],
        "createdDateTime": NOW,
        "modifiedDateTime": NOW,
        "createdByUser": SUPER,
        "modifiedByUser": SUPER,
        "owner": SUPER,
        "latestDateTime": NOW,
        "completedDateTime": None,
        "completed": None,
        "description": None,
        "dueDateTime": None,
        "name": "Call",
    }


def test_the_shape_of_3(v3: Zurmo) -> None:
    made = v3.create("tasks/task", name="Call")
    assert list(made) == V3_KEYS
    assert made["explicitReadWriteModelPermissions"] == {"type": 1, "nonEveryoneGroup": None}
    assert (made["completed"], made["status"], made["requestedByUser"], made["project"]) == ("0", "1", SUPER, None)


def test_total_counts(zurmo: Zurmo, v3: Zurmo) -> None:
    zurmo.task()
    assert zurmo.ok("GET", "/tasks/task/api/list/")["totalCount"] == "1"
    zurmo.set("total_count", "number")
    assert zurmo.ok("GET", "/tasks/task/api/list/")["totalCount"] == 1
    assert v3.ok("GET", "/tasks/task/api/list/") == {"totalCount": 0, "currentPage": 1}
    v3.set("total_count", "text")
    assert v3.ok("GET", "/tasks/task/api/list/") == {"totalCount": "0", "currentPage": 1}


def test_completed_0_is_a_number_in_the_seeds_create_answer_only(zurmo: Zurmo) -> None:
    made = zurmo.create("tasks/task", name="Call", completed="0")
    assert made["completed"] == 0
    assert isinstance(made["completed"], int)
    assert zurmo.read("tasks/task", made["id"])["completed"] == "0"
    zurmo.set("completed_zero", "text")
    assert zurmo.create("tasks/task", name="Call", completed="0")["completed"] == "0"


def test_an_update_echoes_what_was_sent(zurmo: Zurmo) -> None:
    id = zurmo.task(dueDateTime="2015-03-02 09:00:00", description="x")
    answer = zurmo.update("tasks/task", id, dueDateTime="", description="")
    assert (answer["dueDateTime"], answer["description"]) == ("", "")
    stored = zurmo.read("tasks/task", id)
    assert (stored["dueDateTime"], stored["description"]) == (None, "")


def test_a_create_is_read_back(zurmo: Zurmo) -> None:
    made = zurmo.create("tasks/task", name="x", dueDateTime="", completedDateTime="", description="")
    assert made == zurmo.read("tasks/task", made["id"])
    assert (made["dueDateTime"], made["completedDateTime"], made["description"]) == (None, None, "")
    zurmo.set("zero_dates", "yes")
    made = zurmo.create("tasks/task", name="x", dueDateTime="", completedDateTime="2015-02-30 00:00:00")
    assert (made["dueDateTime"], made["completedDateTime"]) == ("0000-00-00 00:00:00",) * 2
    answer = zurmo.update("tasks/task", made["id"], completedDateTime="2015-13-13 00:00:00")
    assert answer["completedDateTime"] == "2015-13-13 00:00:00"


def test_a_rule_wins_over_what_was_sent_empty(v3: Zurmo) -> None:
    assert v3.create("tasks/task", name="x", completedDateTime="", status="5")["completedDateTime"] == NOW
    assert v3.update("tasks/task", v3.task(), completedDateTime="", status="5")["completedDateTime"] == NOW


def test_an_update_touches_what_it_says(zurmo: Zurmo) -> None:
    id = zurmo.task(description="keep", dueDateTime="2015-03-02 09:00:00")
    zurmo.tick()
    answer = zurmo.update("tasks/task", id, name="New")
    assert (answer["name"], answer["description"], answer["dueDateTime"]) == ("New", "keep", "2015-03-02 09:00:00")
    assert (answer["createdDateTime"], answer["modifiedDateTime"]) == (NOW, "2015-02-27 08:15:05")


def test_an_update_of_nothing_leaves_the_time(zurmo: Zurmo) -> None:
    id = zurmo.task()
    zurmo.tick()
    for data in ({"name": "Call"}, {"colour": "red"}, {"id": "99"}):
        assert zurmo.ok("PUT", f"/tasks/task/api/update/{id}", data)["modifiedDateTime"] == NOW
    assert zurmo.world.lines[-2]["losses"] == {"activity.unknown_attribute:not_kept": 1}


# -- validation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({}, {"name": ["Name cannot be blank."]}),
        ({"name": ""}, {"name": ["Name cannot be blank."]}),
        ({"name": "x" * 65}, {"name": ["Name is too long (maximum is 64 characters)."]}),
        ({"name": "x", "dueDateTime": "A"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "dueDateTime": "2015-03-02"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "dueDateTime": "2015-03-02T09:00:00Z"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "dueDateTime": "2015-02-30 09:00:00"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "dueDateTime": "0000-00-00 00:00:00"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "dueDateTime": "٢٠١٥-03-02 09:00:00"}, {"dueDateTime": ["Due On must be datetime."]}),
        ({"name": "x", "completedDateTime": "now"}, {"completedDateTime": ["Completed On must be datetime."]}),
        ({"name": "x", "completed": "yes"}, {"completed": ["Completed must be either 1 or 0."]}),
        (
            {"name": "", "dueDateTime": "A", "completed": "2"},
            {
                "completed": ["Completed must be either 1 or 0."],
                "dueDateTime": ["Due On must be datetime."],
                "name": ["Name cannot be blank."],
            },
        ),
    ],
)
def test_what_is_refused(zurmo: Zurmo, sent: dict[str, Any], errors: dict[str, Any]) -> None:
    found = zurmo.errors("POST", "/tasks/task/api/create/", {"description": "d", **sent})
    assert found == errors
    assert list(found) == list(errors)
    assert zurmo.list("tasks/task") == []
    if sent:
        id = zurmo.task("Call")
        assert zurmo.errors("PUT", f"/tasks/task/api/update/{id}", sent) == errors
        assert zurmo.read("tasks/task", id)["name"] == "Call"


def test_longer_names_in_3(v3: Zurmo) -> None:
    assert len(v3.create("tasks/task", name="é" * 128)["name"]) == 128
    errors = v3.errors("POST", "/tasks/task/api/create/", {"name": "é" * 129})
    assert errors == {"name": ["Name is too long (maximum is 128 characters)."]}


def test_status_of_3_must_be_a_number(v3: Zurmo) -> None:
    for status, text in (
        ("x", "Status must be integer."),
        ("", "Status cannot be blank."),
        ("1.5", "Status must be integer."),
    ):
        assert v3.errors("POST", "/tasks/task/api/create/", {"name": "x", "status": status}) == {"status": [text]}


def test_zero_dates_may_be_taken(zurmo: Zurmo) -> None:
    zurmo.set("zero_dates", "yes")
    for text in ("", "2015-02-30 09:00:00", "0000-00-00 00:00:00", "2015-13-45 99:99:99"):
        id = zurmo.create("tasks/task", name="x", dueDateTime=text)["id"]
        assert zurmo.read("tasks/task", id)["dueDateTime"] == "0000-00-00 00:00:00"
        assert core(zurmo, id).due_at is None
    assert zurmo.update("tasks/task", id, dueDateTime="2015-03-02 09:00:00")["dueDateTime"] == "2015-03-02 09:00:00"
    assert zurmo.errors("POST", "/tasks/task/api/create/", {"name": "x", "dueDateTime": "A"})


READ_ONLY = ["createdDateTime", "modifiedDateTime", "latestDateTime", "createdByUser", "modifiedByUser"]


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_attributes(zurmo: Zurmo, name: str) -> None:
    id = zurmo.task()
    message = f"It is not allowed to set read only attribute: {name}."
    # Checked before anything is validated.
    assert zurmo.failure("PUT", f"/tasks/task/api/update/{id}", {"name": "", name: NOW}) == message
    assert zurmo.failure("POST", "/tasks/task/api/create/", {"name": "", name: NOW}) == message


def test_importing_sets_times_and_makers(zurmo: Zurmo) -> None:
    dana = zurmo.create("users/user", username="dana", lastName="Doe")["id"]
    sent = {
        "name": "Old",
        "modelScenario": "importModel",
        "createdDateTime": "2010-01-02 03:04:05",
        "modifiedDateTime": "2011-01-02 03:04:05",
        "createdByUser": {"id": str(dana)},
        "modifiedByUser": {"username": "dana"},
    }
    made = zurmo.ok("POST", "/tasks/task/api/create/", sent)
    user = {"id": dana, "username": "dana"}
    assert (made["createdDateTime"], made["modifiedDateTime"]) == ("2010-01-02 03:04:05", "2011-01-02 03:04:05")
    assert (made["createdByUser"], made["modifiedByUser"], made["owner"]) == (user, user, SUPER)
    assert zurmo.failure("PUT", f"/tasks/task/api/update/{made['id']}", sent).startswith("It is not allowed")
    assert zurmo.failure("POST", "/tasks/task/api/create/", {**sent, "createdByUser": {"id": "99"}}) == ""
    errors = zurmo.errors("POST", "/tasks/task/api/create/", {**sent, "createdDateTime": "x"})
    assert errors == {"createdDateTime": ["Created Date Time must be datetime."]}


# -- owners -----------------------------------------------------------------------------------------------------


def test_owners(zurmo: Zurmo) -> None:
    dana = zurmo.create("users/user", username="dana", lastName="Doe")["id"]
    id = zurmo.task(owner={"id": str(dana)})
    assert zurmo.read("tasks/task", id)["owner"] == {"id": dana, "username": "dana"}
    assert core(zurmo, id).owner_chosen
    assert zurmo.failure("PUT", f"/tasks/task/api/update/{id}", {"owner": {"id": "999"}}) == ""
    assert zurmo.failure("POST", "/tasks/task/api/create/", {"name": "x", "owner": {"id": "x"}}) == ""
    errors = zurmo.errors("PUT", f"/tasks/task/api/update/{id}", {"owner": {"id": ""}})
    assert list(errors) == ["owner"]


def test_two_keys_are_ignored_and_rename_nobody(zurmo: Zurmo) -> None:
    id = zurmo.task(owner={"id": "1", "username": "changed"})
    assert zurmo.update("tasks/task", id, owner={"id": "1", "username": "changed"})["owner"] == SUPER
    assert zurmo.list("users/user", key="username") == ["super"]


# -- states -----------------------------------------------------------------------------------------------------


def test_completing_in_the_seeds_shape(zurmo: Zurmo) -> None:
    id = zurmo.task()
    zurmo.tick()
    later = "2015-02-27 08:15:05"
    assert states(zurmo.update("tasks/task", id, completed="1"))[:3] == ("1", later, later)
    task = core(zurmo, id)
    assert (task.state, task.completed_at) == ("completed", START + 5 * SECOND)
    zurmo.tick()
    assert states(zurmo.update("tasks/task", id, completed="0"))[:3] == ("0", later, later)
    assert states(zurmo.read("tasks/task", id))[:3] == ("0", later, later)
    task = core(zurmo, id)
    assert (task.state, task.completed_at) == ("open", None)


def test_the_seeds_sample_keeps_its_completed_date_and_latest(zurmo: Zurmo) -> None:
    id = zurmo.task(completed="0", completedDateTime="2012-05-08 14:03:54")
    assert core(zurmo, id).completed_at is None
    zurmo.tick()
    assert states(zurmo.update("tasks/task", id, completed="1"))[:3] == ("1", "2012-05-08 14:03:54", NOW)
    assert core(zurmo, id).completed_at == instant(2012, 5, 8, 14, 3, 54)


def test_completed_alone_changes_nothing_else_in_3(v3: Zurmo) -> None:
    id = v3.task()
    v3.tick()
    assert states(v3.update("tasks/task", id, completed="1")) == ("1", None, NOW, "1")
    assert states(v3.read("tasks/task", id)) == ("1", None, NOW, "1")
    assert core(v3, id).state == "completed"
    assert states(v3.update("tasks/task", id, completed="0")) == ("0", None, NOW, "1")
    assert core(v3, id).state == "open"


def test_status_of_3(v3: Zurmo) -> None:
    id = v3.task()
    v3.tick()
    later = "2015-02-27 08:15:05"
    assert states(v3.update("tasks/task", id, status="5")) == ("1", later, later, "5")
    v3.tick()
    for status, state in (("2", "in_progress"), ("3", "awaiting"), ("4", "rejected"), ("1", "open")):
        v3.update("tasks/task", id, status=status)
        assert states(v3.read("tasks/task", id)) == ("0", later, later, status)
        assert core(v3, id).state == state
    v3.update("tasks/task", id, status="5")
    assert states(v3.update("tasks/task", id, completed="0")) == (
        "0",
        later,
        later,
        "5",
    )
    assert core(v3, id).state == "open"
    assert states(v3.update("tasks/task", id, status="9"))[3] == "9"
    assert v3.read("tasks/task", id)["status"] == "9"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("open", "1"),
        ("in_progress", "2"),
        ("awaiting", "3"),
        ("rejected", "4"),
        ("cancelled", "4"),
        ("completed", "5"),
    ],
)
def test_states_that_others_set(v3: Zurmo, zurmo: Zurmo, state: str, status: str) -> None:
    done = NOW if state == "completed" else None
    shown = states(v3.read("tasks/task", by_another(v3, title="x", state=state)))
    assert shown == ("1" if done else "0", done, NOW, status)
    assert states(zurmo.read("tasks/task", by_another(zurmo, title="x", state=state)))[:2] == (
        "1" if done else None,
        done,
    )


def test_what_others_do_shows_over_our_own_words(v3: Zurmo) -> None:
    id = v3.task()
    v3.update("tasks/task", id, completed="1")
    change(v3, id, state="open")
    v3.tick()
    change(v3, id, state="completed")
    assert states(v3.read("tasks/task", id)) == ("1", "2015-02-27 08:15:05", NOW, "5")
    change(v3, id, state="awaiting")
    assert states(v3.read("tasks/task", id)) == ("0", None, NOW, "3")


def test_an_edit_of_something_else_leaves_a_state_that_zurmo_has_not(zurmo: Zurmo, v3: Zurmo) -> None:
    for client in (zurmo, v3):
        id = by_another(client, title="x", state="cancelled")
        client.update("tasks/task", id, description="y", completed="0")
        assert core(client, id).state == "cancelled"


def test_a_completed_date_may_be_cleared(zurmo: Zurmo, v3: Zurmo) -> None:
    for client in (zurmo, v3):
        id = client.task(completed="1", completedDateTime="2012-05-08 14:03:54")
        assert client.update("tasks/task", id, completedDateTime="")["completedDateTime"] == ""
        assert states(client.read("tasks/task", id))[:2] == ("1", None)
        task = core(client, id)
        assert (task.state, task.completed_at) == ("completed", instant(2012, 5, 8, 14, 3, 54))
        assert client.search("tasks/task", "Task", "completedDateTime", "isNull") == ["Call"]


def test_a_date_for_a_cancelled_task_is_zurmos_own(zurmo: Zurmo) -> None:
    ended = instant(2014, 1, 1)
    id = by_another(zurmo, title="x", state="cancelled", completed_at=ended)
    zurmo.update("tasks/task", id, completedDateTime="2012-05-08 14:03:54")
    assert states(zurmo.read("tasks/task", id))[:2] == (None, "2012-05-08 14:03:54")
    task = core(zurmo, id)
    assert (task.state, task.completed_at) == ("cancelled", ended)


# -- what others made ---------------------------------------------------------------------------------------------


def test_a_day_shows_as_midnight_and_stays_a_day(zurmo: Zurmo) -> None:
    day = instant(2015, 3, 2)
    id = by_another(zurmo, title="x", due_at=day, due_date_only=True)
    assert zurmo.read("tasks/task", id)["dueDateTime"] == "2015-03-02 00:00:00"
    zurmo.update("tasks/task", id, dueDateTime="2015-03-02 00:00:00", name="y")
    assert core(zurmo, id).due_date_only
    assert zurmo.update("tasks/task", id, dueDateTime="2015-03-02 00:00:01")["dueDateTime"] == "2015-03-02 00:00:01"
    assert core(zurmo, id).due_at == day + SECOND


def test_a_long_title_is_shortened_on_show_only(zurmo: Zurmo) -> None:
    id = by_another(zurmo, title="x" * 100)
    assert zurmo.read("tasks/task", id)["name"] == "x" * 64
    assert zurmo.world.lines[-1]["losses"] == {"activity.title:shortened": 1}
    zurmo.update("tasks/task", id, name="x" * 64, description="y")
    assert core(zurmo, id).title == "x" * 100


def test_fractions_of_seconds_are_not_shown_and_not_lost(zurmo: Zurmo) -> None:
    due = instant(2015, 3, 2, 9) + 123_456
    id = by_another(zurmo, title="x", due_at=due)
    assert zurmo.read("tasks/task", id)["dueDateTime"] == sql_time(due)
    zurmo.update("tasks/task", id, dueDateTime=sql_time(due), name="y")
    assert core(zurmo, id).due_at == due


# -- permissions --------------------------------------------------------------------------------------------------


@pytest.fixture
def dana(v3: Zurmo) -> tuple[str, str]:
    v3.create("users/user", username="dana", lastName="Doe", password="s3cret-pw")
    return v3.login("dana", "s3cret-pw")


def test_owner_only(v3: Zurmo, dana: tuple[str, str]) -> None:
    id = v3.task(explicitReadWriteModelPermissions={"type": ""})
    assert core(v3, id).visibility == "owner"
    refused = "You do not have permissions for this action."
    assert v3.failure("GET", f"/tasks/task/api/read/{id}", session=dana) == refused
    assert v3.failure("PUT", f"/tasks/task/api/update/{id}", {"name": "x"}, session=dana) == refused
    assert v3.failure("DELETE", f"/tasks/task/api/delete/{id}", session=dana) == refused
    assert v3.ok("GET", "/tasks/task/api/list/", session=dana) == {"totalCount": 0, "currentPage": 1}
    everyone = {"type": "1", "nonEveryoneGroup": ""}
    answer = v3.update("tasks/task", id, explicitReadWriteModelPermissions=everyone)
    assert answer["explicitReadWriteModelPermissions"] == {"type": 1, "nonEveryoneGroup": None}
    assert v3.ok("GET", f"/tasks/task/api/read/{id}", session=dana)["name"] == "Call"


def test_everyone_may_write_but_not_delete(v3: Zurmo, dana: tuple[str, str]) -> None:
    id = v3.task()
    changed = v3.ok("PUT", f"/tasks/task/api/update/{id}", {"name": "x"}, session=dana)
    assert changed["modifiedByUser"]["username"] == "dana"
    refused = v3.failure("DELETE", f"/tasks/task/api/delete/{id}", session=dana)
    assert refused == "You do not have permissions for this action."
    mine = v3.ok("POST", "/tasks/task/api/create/", {"name": "y"}, session=dana)["id"]
    assert v3.ok("DELETE", f"/tasks/task/api/delete/{mine}", session=dana) is None
    assert v3.ok("DELETE", f"/tasks/task/api/delete/{id}") is None
    assert v3.failure("DELETE", f"/tasks/task/api/delete/{id}") == "The ID specified was invalid."


def test_private_records_of_others_stay_private(v3: Zurmo) -> None:
    id = by_another(v3, title="x", visibility="private")
    assert v3.read("tasks/task", id)["explicitReadWriteModelPermissions"]["type"] is None
    v3.update("tasks/task", id, explicitReadWriteModelPermissions={"type": ""}, name="y")
    assert core(v3, id).visibility == "private"


def test_confidential_records_of_others_do_not_become_public(v3: Zurmo) -> None:
    id = by_another(v3, title="x", visibility="confidential")
    shown = v3.read("tasks/task", id)["explicitReadWriteModelPermissions"]
    assert shown == {"type": 1, "nonEveryoneGroup": None}
    for sent in ({"type": "1"}, {"type": "1", "nonEveryoneGroup": ""}):
        v3.update("tasks/task", id, explicitReadWriteModelPermissions=sent, name="y")
        assert core(v3, id).visibility == "confidential"


def test_groups(v3: Zurmo) -> None:
    refused = v3.failure(
        "POST",
        "/tasks/task/api/create/",
        {"name": "x", "explicitReadWriteModelPermissions": {"type": "2", "nonEveryoneGroup": "9"}},
    )
    assert refused == ""
    from canonical.model import PicklistItem

    group = v3.write(lambda desk: desk.save_picklist_item(PicklistItem("group", "East"))).id
    sent = {"type": "2", "nonEveryoneGroup": str(group)}
    made = v3.create("tasks/task", name="x", explicitReadWriteModelPermissions=sent)
    assert made["explicitReadWriteModelPermissions"] == {"type": 2, "nonEveryoneGroup": group}
    assert v3.list("zurmo/group") == ["East", "Everyone", "Super Administrators"]
    assert v3.read("zurmo/group", group)["name"] == "East"


def test_who_may_only_view(v3: Zurmo) -> None:
    v3.world.add_user("vic", tenant="shop", view_only=True)
    session = v3.login("vic", "vic-pw")
    id = v3.task()
    right = "You do not have rights to perform this action."
    assert v3.ok("GET", f"/tasks/task/api/read/{id}", session=session)["name"] == "Call"
    # The right is checked before anything else.
    assert v3.failure("POST", "/tasks/task/api/create/", {}, session=session) == right
    assert v3.failure("DELETE", "/tasks/task/api/delete/999", session=session) == right
    permission = v3.failure("PUT", f"/tasks/task/api/update/{id}", {"name": "x"}, session=session)
    assert permission == "You do not have permissions for this action."
    assert v3.failure("PUT", "/zurmo/customField/api/addValues/Titles", {"values": ["x"]}, session=session) == right


# -- links --------------------------------------------------------------------------------------------------------


def links(client: Zurmo, id: int) -> list[tuple[str, int]]:
    return [(link.target.kind, link.target.id) for link in core(client, id).links]


def entry(id: int, model: str = "Contact", action: str = "add") -> dict[str, str]:
    return {"action": action, "modelId": str(id), "modelClassName": model}


@pytest.fixture
def related(v3: Zurmo) -> dict[str, int]:
    amount = {"value": "5"}
    return {
        "Contact": v3.create("contacts/contact", lastName="Silva", state={"id": "5"})["id"],
        "Account": v3.create("accounts/account", name="Acme")["id"],
        "Opportunity": v3.create("opportunities/opportunity", name="Deal", closeDate="2015-12-31", amount=amount)[
            "id"
        ],
    }


def test_links_are_made_and_undone(v3: Zurmo, related: dict[str, int]) -> None:
    items = [entry(id, model) for model, id in related.items()]
    made = v3.create("tasks/task", name="x", modelRelations={"activityItems": items})
    assert "activityItems" not in made
    assert made["status"] == 1  # memory, as after every create with relations
    wanted = [("party", related["Contact"]), ("party", related["Account"]), ("opportunity", related["Opportunity"])]
    assert links(v3, made["id"]) == wanted
    v3.update(
        "tasks/task", made["id"], modelRelations={"activityItems": [entry(related["Account"], "Account", "remove")]}
    )
    assert links(v3, made["id"]) == [wanted[0], wanted[2]]
    again = {"activityItems": [entry(related["Contact"])]}
    v3.update("tasks/task", made["id"], modelRelations=again)
    assert links(v3, made["id"]) == [wanted[0], wanted[2]]


def test_the_seeds_php_sample_puts_them_directly_under_data(v3: Zurmo, related: dict[str, int]) -> None:
    made = v3.create("tasks/task", name="x", activityItems=[entry(related["Contact"])])
    assert links(v3, made["id"]) == [("party", related["Contact"])]


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        (
            {"activityItems": [{"action": "add", "modelId": "9999", "modelClassName": "Contact"}]},
            "The related model ID specified was invalid.",
        ),
        (
            {"activityItems": [{"action": "add", "modelId": "1", "modelClassName": "Foo"}]},
            "The related model ID specified was invalid.",
        ),
        ({"activityItems": [{"action": "add"}]}, "The related model ID specified was invalid."),
        (
            {"activityItems": [{"action": "delete", "modelId": "1", "modelClassName": "Contact"}]},
            "Unsupported action.",
        ),
        ({"activityItems": ["x"]}, "The related model ID specified was invalid."),
        (
            {"owner": [{"action": "add", "modelId": "1", "modelClassName": "User"}]},
            "You can add relations only for HAS_MANY and MANY_MANY relations.",
        ),
        (
            {"nope": [{"action": "add", "modelId": "1", "modelClassName": "User"}]},
            "You can add relations only for HAS_MANY and MANY_MANY relations.",
        ),
    ],
)
def test_relations_that_fail(v3: Zurmo, relations: dict[str, Any], message: str) -> None:
    assert v3.failure("POST", "/tasks/task/api/create/", {"name": "x", "modelRelations": relations}) == message
    assert v3.list("tasks/task") == []
    id = v3.task()
    found = v3.failure("PUT", f"/tasks/task/api/update/{id}", {"name": "kept", "modelRelations": relations})
    assert found == f"Model was updated, but there were issues with relations. {message}"
    assert v3.read("tasks/task", id)["name"] == "kept"


def test_an_account_is_no_contact(v3: Zurmo, related: dict[str, int]) -> None:
    bad = {"activityItems": [entry(related["Account"], "Contact")]}
    message = v3.failure("POST", "/tasks/task/api/create/", {"name": "x", "modelRelations": bad})
    assert message == "The related model ID specified was invalid."


def test_deleting_what_it_is_about_leaves_the_task(v3: Zurmo, related: dict[str, int]) -> None:
    id = v3.create("tasks/task", name="x", modelRelations={"activityItems": [entry(related["Contact"])]})["id"]
    v3.ok("DELETE", f"/contacts/contact/api/delete/{related['Contact']}")
    assert v3.read("tasks/task", id)["name"] == "x"
    assert links(v3, id) == []


def test_a_migrated_task_keeps_its_old_id(zurmo: Zurmo) -> None:
    id = zurmo.task("Old")
    zurmo.world.write(lambda desk: desk.set_alias("activity", "4711", id), "super-token", "zurmo")
    zurmo.world.core.accounts.forget_tenants()
    assert zurmo.read("tasks/task", 4711)["id"] == 4711
    assert zurmo.update("tasks/task", 4711, name="New")["id"] == 4711
    assert zurmo.ok("POST", "/tasks/task/api/list/", {"search": {"id": "4711"}})["items"][0]["name"] == "New"
    assert zurmo.ok("DELETE", "/tasks/task/api/delete/4711") is None

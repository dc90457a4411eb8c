"""What is taken and refused in writes, as a running Zurmo 3.1.5 has it and the test suite of 2.2.5 expects it."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Activity, ContactPoint, Opportunity, Party
from canonical.operations import Create
from tests.dialects.zurmo_client import ACCOUNT, CONTACT, DEAL, FORM, MEETING, TASK, Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

THEN = "2015-12-31 23:59:59"
NOW = "2015-02-27 08:15:00"
PERSON = {"lastName": "x", "state": {"id": "5"}}
GOOD = {"name": "x", "closeDate": "2015-12-31", "amount": {"value": "1"}}
BLANK_NAME = {"name": ["Name cannot be blank."]}


def refused(client: Zurmo, module: str, data: dict[str, Any], id: int | None = None) -> dict[str, Any]:
    """The errors of a create, of an update with an id."""
    method, action = ("POST", "create/") if id is None else ("PUT", f"update/{id}")
    return client.errors(method, f"/{module}/api/{action}", data)


def course(client: Zurmo, id: int) -> tuple[Any, ...]:
    shown = client.read(TASK, id)
    return tuple(shown[name] for name in ("completed", "completedDateTime", "latestDateTime", "status"))


# -- who sees ----------------------------------------------------------------------------------------------------


def test_z3_an_operator_chooses_who_sees_what_is_created(zurmo: Zurmo) -> None:
    for name in ("ann", "bob"):
        zurmo.create("users/user", username=name, lastName="Ray", password="s3cret-pw")
    ann, bob = (zurmo.login(name, "s3cret-pw") for name in ("ann", "bob"))
    permission = "You do not have permissions for this action."
    data: dict[str, dict[str, Any]] = {
        ACCOUNT: {"name": "Private"},
        TASK: {"name": "Private"},
        CONTACT: {"lastName": "Private", "state": {"id": "5"}},
        DEAL: {**GOOD, "name": "Private"},
        MEETING: {"name": "Private", "startDateTime": THEN},
        "notes/note": {"description": "Private"},
    }
    for setting, seen in (("everyone", True), ("owner", False), ("everyone", True)):
        zurmo.set("default_visibility", setting)
        default = zurmo.ok("GET", "/zurmo/permission/api/listDefault")["explicitReadWriteModelPermissions"]
        assert default == {"type": 1 if seen else None, "nonEveryoneGroup": None}
        for module, sent in data.items():
            id = zurmo.ok("POST", f"/{module}/api/create/", sent, session=ann)["id"]
            for method, action, body in (
                ("GET", f"read/{id}", None),
                ("PUT", f"update/{id}", {"description": "y"}),
            ):
                found = zurmo.call(method, f"/{module}/api/{action}", body, session=bob)
                assert (found["status"], found["message"]) == (
                    ("SUCCESS", None) if seen else ("FAILURE", permission)
                ), module
            listed = zurmo.ok("POST", f"/{module}/api/list/", {"search": {"id": str(id)}}, session=bob)
            assert bool(listed.get("items")) == seen
            assert zurmo.read(module, id)["id"] == id
            zurmo.ok("DELETE", f"/{module}/api/delete/{id}", session=ann)


@pytest.mark.parametrize("sent", [{"type": "1"}, {"type": "2", "nonEveryoneGroup": "2"}, {"type": ""}])
def test_z3_what_the_client_sends_decides(v3: Zurmo, sent: dict[str, Any]) -> None:
    for setting in ("owner", "everyone"):
        v3.set("default_visibility", setting)
        shown = v3.create(TASK, name="x", explicitReadWriteModelPermissions=sent)
        assert shown["explicitReadWriteModelPermissions"]["type"] == (None if sent["type"] == "" else 1)
    v3.set("default_visibility", "owner")
    for odd in ("x", {"nonEveryoneGroup": "1"}):
        made = v3.create(TASK, name="x", explicitReadWriteModelPermissions=odd)
        assert made["explicitReadWriteModelPermissions"]["type"] is None
    everybody = v3.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "other"})))
    v3.update(TASK, everybody.id, name="y")
    assert v3.read(TASK, everybody.id)["explicitReadWriteModelPermissions"]["type"] == 1


# -- tasks: the order sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"completedDateTime": THEN, "status": "5"}, ("1", THEN, THEN, "5")),
        ({"status": "5", "completedDateTime": THEN}, ("1", THEN, NOW, "5")),
        ({"status": "5", "completed": "0"}, ("0", NOW, NOW, "5")),
        ({"completed": "0", "status": "5"}, ("1", NOW, NOW, "5")),
        ({"completed": "abc", "status": "2"}, ("0", None, NOW, "2")),
        ({"completed": "1", "status": "2"}, ("0", None, NOW, "2")),
        ({"status": "2", "completed": "1"}, ("1", None, NOW, "2")),
        ({"completed": "1", "completedDateTime": THEN}, ("1", THEN, NOW, "1")),
        ({"completedDateTime": THEN, "completed": "0"}, ("0", THEN, NOW, "1")),
        ({"status": "5", "completedDateTime": ""}, ("1", None, NOW, "5")),
        ({"completedDateTime": {"x": "y"}, "status": {"x": "5"}, "completed": "1"}, None),
    ],
)
def test_z4_attributes_count_in_the_order_sent(v3: Zurmo, sent: dict[str, Any], found: tuple[Any, ...] | None) -> None:
    if found is None:
        assert refused(v3, TASK, {"name": "x", **sent}) == {"status": ["Status cannot be blank."]}
        return
    made = v3.create(TASK, name="x", **sent)
    assert course(v3, made["id"]) == found
    again = v3.task()
    v3.update(TASK, again, **sent)
    assert course(v3, again) == found


def test_z4_a_flag_that_no_status_overrules_must_be_one(v3: Zurmo) -> None:
    wrong = {"completed": ["Completed must be either 1 or 0."]}
    assert refused(v3, TASK, {"name": "x", "status": "2", "completed": "abc"}) == wrong
    assert refused(v3, TASK, {"status": "2", "completed": "abc"}, v3.task()) == wrong
    assert refused(v3, TASK, {"completed": "abc"}) == {**wrong, **BLANK_NAME}
    bad = {"name": "x", "completedDateTime": "abc", "status": "5"}
    assert refused(v3, TASK, bad) == {"completedDateTime": ["Completed On must be datetime."]}


def test_z4_a_stored_moment_is_kept_by_status_5(v3: Zurmo) -> None:
    id = v3.task(completedDateTime=THEN)
    v3.tick()
    shown = v3.update(TASK, id, status="5")
    assert (shown["completedDateTime"], shown["latestDateTime"]) == (THEN, THEN)
    assert v3.update(TASK, id, status="2")["completedDateTime"] == THEN
    assert course(v3, id) == ("0", THEN, THEN, "2")


def test_z4_a_status_of_any_kind_sets_completed(v3: Zurmo) -> None:
    id = v3.task(completed="1")
    assert v3.update(TASK, id, status="1")["completed"] == "0"
    assert course(v3, id) == ("0", None, NOW, "1")


def test_z4_what_is_shown_written_back_changes_nothing(v3: Zurmo) -> None:
    other = v3.write(
        lambda desk: desk.create(
            Create(
                Activity, {"type": "task", "title": "x", "state": "completed", "completed_at": 1_400_000_000_123_456}
            )
        )
    )
    shown = v3.read(TASK, other.id)
    v3.tick()
    sent = {name: shown[name] for name in ("completed", "completedDateTime", "status")}
    for part in (sent, {"completed": "1"}, {"completedDateTime": sent["completedDateTime"]}):
        assert v3.update(TASK, other.id, **part)["modifiedDateTime"] == NOW
    kept = v3.desk().get(Activity, other.id)
    assert (kept.completed_at, kept.extras) == (1_400_000_000_123_456, {})
    gone = v3.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "x", "state": "cancelled"})))
    v3.update(TASK, gone.id, status="4", name="y")
    assert v3.desk().get(Activity, gone.id).state == "cancelled"


def test_z4_2_x_completes_at_the_end(zurmo: Zurmo) -> None:
    for sent in ({"completed": "1", "completedDateTime": THEN}, {"completedDateTime": THEN, "completed": "1"}):
        made = zurmo.create(TASK, name="x", **sent)
        assert (made["completed"], made["completedDateTime"]) == ("1", THEN)


# -- meetings ----------------------------------------------------------------------------------------------------

ENDS = {
    "endDateTime": ["End Time must occur after Start Time"],
    "startDateTime": ["Start Time must occur before End Time"],
}


def test_z8_a_meeting_does_not_end_before_it_starts(v3: Zurmo) -> None:
    early, late = "2015-03-02 09:00:01", THEN
    data = {"name": "x", "startDateTime": late, "endDateTime": early}
    found = refused(v3, MEETING, data)
    assert (found, list(found)) == (ENDS, list(ENDS))
    id = v3.create(MEETING, **{**data, "endDateTime": late})["id"]
    for sent in ({"endDateTime": early}, {"startDateTime": "2016-01-01 00:00:00"}, data):
        assert refused(v3, MEETING, sent, id) == ENDS
    v3.update(MEETING, id, startDateTime=early, endDateTime=early)
    v3.update(MEETING, id, endDateTime="")
    v3.update(MEETING, id, startDateTime=late)


def test_z8_what_is_no_moment_is_before_all(v3: Zurmo) -> None:
    data = {"name": "x", "startDateTime": THEN, "endDateTime": "abc"}
    assert refused(v3, MEETING, data) == {
        "endDateTime": ["End Time must be datetime.", "End Time must occur after Start Time"],
        "startDateTime": ["Start Time must occur before End Time"],
    }
    assert refused(v3, MEETING, {"name": "x", "endDateTime": THEN}) == {
        "startDateTime": ["Start Time cannot be blank."]
    }
    assert refused(v3, MEETING, {"name": "x", "startDateTime": "abc", "endDateTime": THEN}) == {
        "startDateTime": ["Start Time must be datetime."]
    }


def test_z8_an_edit_of_something_else_asks_nothing(v3: Zurmo) -> None:
    values = {"type": "meeting", "title": "x", "start_at": 2_000_000, "end_at": 1_000_000}
    odd = v3.write(lambda desk: desk.create(Create(Activity, values)))
    assert v3.update(MEETING, odd.id, name="y")["name"] == "y"


# -- owners and relations ------------------------------------------------------------------------------------------


def test_z14_an_unknown_owner_alone_waits(v3: Zurmo) -> None:
    id = v3.task()
    for owner in ("999", "abc"):
        assert refused(v3, TASK, {"owner": {"id": owner}}) == BLANK_NAME
        assert v3.failure("POST", f"/{TASK}/api/create/", {"name": "x", "owner": {"id": owner}}) == ""
        assert refused(v3, TASK, {"owner": {"id": owner}, "name": ""}, id) == BLANK_NAME
        assert v3.failure("PUT", f"/{TASK}/api/update/{id}", {"name": "y", "owner": {"id": owner}}) == ""
    assert v3.list(TASK) == ["Call"]
    at_once: tuple[tuple[str, dict[str, Any]], ...] = (
        (CONTACT, {"account": {"id": "999"}}),
        (CONTACT, {"state": {"id": "99"}}),
        (TASK, {"requestedByUser": {"id": "999"}}),
        (TASK, {"project": {"id": "999"}}),
        (DEAL, {"amount": {"currency": {"id": "99"}}}),
    )
    for module, data in at_once:
        assert v3.failure("POST", f"/{module}/api/create/", data) == "", data


NO_OWNER = {"owner": {"username": ["Username cannot be blank."], "lastName": ["Last Name cannot be blank."]}}


@pytest.mark.parametrize("none", ["", "0"])
def test_z15_an_empty_owner_is_told_of_last(v3: Zurmo, none: str) -> None:
    assert refused(v3, TASK, {"name": "x", "owner": {"id": none}}) == NO_OWNER
    assert refused(v3, TASK, {"owner": {"id": none}}) == BLANK_NAME
    assert refused(v3, TASK, {"owner": {"id": none}}, v3.task()) == NO_OWNER
    assert v3.update(TASK, v3.task(), requestedByUser={"id": none})["requestedByUser"] is None
    account = v3.create(ACCOUNT, name="a")["id"]
    made = v3.create(CONTACT, **PERSON, account={"id": str(account)})
    assert v3.update(CONTACT, made["id"], account={"id": none})["account"] is None
    state = {"name": ["Name cannot be blank."], "order": ["Order cannot be blank."]}
    assert refused(v3, CONTACT, {"state": {"id": none}}, made["id"]) == {"state": state}


# -- what is required ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zero_dates", ["no", "yes"])
def test_z16_what_is_required_is_not_emptied(v3: Zurmo, zero_dates: str) -> None:
    v3.set("zero_dates", zero_dates)
    id = v3.create(DEAL, **GOOD)["id"]
    stage, close = {"stage": ["Stage cannot be blank."]}, {"closeDate": ["Close Date cannot be blank."]}
    assert refused(v3, DEAL, {"stage": {"value": ""}}, id) == stage
    assert refused(v3, DEAL, {"closeDate": ""}, id) == close
    assert refused(v3, DEAL, {**GOOD, "stage": {"value": ""}}) == stage
    assert refused(v3, DEAL, {**GOOD, "closeDate": ""}) == close
    meeting = v3.create(MEETING, name="x", startDateTime=THEN)["id"]
    assert refused(v3, MEETING, {"startDateTime": ""}, meeting) == {"startDateTime": ["Start Time cannot be blank."]}
    assert v3.update(MEETING, meeting, category={"value": ""})["category"]["value"] == ""


# -- arrays --------------------------------------------------------------------------------------------------------

ODD: tuple[Any, ...] = ({"k": "v"}, ["x"])


@pytest.mark.parametrize("odd", ODD)
def test_z17_a_list_where_one_value_belongs_is_null(v3: Zurmo, odd: Any) -> None:
    wanted: dict[str, dict[str, Any]] = {
        CONTACT: {
            **dict.fromkeys(
                ("firstName", "description", "officePhone", "website", "twitterId", "companyName"), "1.si"
            ),
            "title": {"value": "Mr."},
        },
        ACCOUNT: {"annualRevenue": "5", "employees": "5", "industry": {"value": "Retail"}},
        MEETING: {"endDateTime": "2016-01-01 00:00:00", "logged": "1", "category": {"value": "Call"}},
        TASK: {"dueDateTime": THEN, "completedDateTime": THEN, "description": "x", "completed": "0"},
    }
    base = {CONTACT: PERSON, MEETING: {"name": "x", "startDateTime": THEN}}
    for module, good in wanted.items():
        least = base.get(module, {"name": "x"})
        bad = {name: {"value": odd} if isinstance(value, dict) else odd for name, value in good.items()}
        made = v3.create(module, **least, **bad)
        assert {name: made[name] for name in bad} == dict.fromkeys(bad), module
        id = v3.create(module, **least, **good)["id"]
        shown = v3.update(module, id, **bad)
        assert {name: shown[name] for name in bad} == dict.fromkeys(bad), module
        assert {name: v3.read(module, id)[name] for name in bad} == dict.fromkeys(bad), module


@pytest.mark.parametrize("odd", ODD)
def test_z17_what_is_required_is_blank_at_first_and_stays_later(v3: Zurmo, odd: Any) -> None:
    blank = "{} cannot be blank."
    wanted: list[tuple[str, dict[str, Any], str, Any, str]] = [
        (TASK, {"name": "x"}, "name", odd, "Name"),
        (TASK, {"name": "x"}, "status", odd, "Status"),
        (CONTACT, PERSON, "lastName", odd, "Last Name"),
        (ACCOUNT, {"name": "x"}, "name", odd, "Name"),
        (MEETING, {"name": "x", "startDateTime": THEN}, "startDateTime", odd, "Start Time"),
        (DEAL, GOOD, "closeDate", odd, "Close Date"),
        (DEAL, GOOD, "stage", {"value": odd}, "Stage"),
        (DEAL, GOOD, "stage", "Verbal", "Stage"),
        ("notes/note", {"description": "x"}, "description", odd, "Description"),
        ("users/user", {"username": "ann", "lastName": "x"}, "username", odd, "Username"),
    ]
    for module, good, name, value, label in wanted:
        assert refused(v3, module, {**good, name: value}) == {name: [blank.format(label)]}, (module, name)
        made = v3.create(module, **good)
        assert v3.update(module, made["id"], **{name: value})[name] == made[name]


@pytest.mark.parametrize("odd", ODD)
def test_z17_inside_objects_too(v3: Zurmo, odd: Any) -> None:
    good = {
        "primaryEmail": {"emailAddress": "a@b.co", "optOut": "1"},
        "primaryAddress": {"city": "Bled", "country": "SI", "latitude": "46", "invalid": "1"},
    }
    id = v3.create(CONTACT, **PERSON, **good)["id"]
    bad = {name: dict.fromkeys(value, odd) for name, value in good.items()}
    bad["primaryAddress"]["country"] = "AT"
    v3.update(CONTACT, id, **bad)
    shown = v3.read(CONTACT, id)
    assert (shown["primaryEmail"]["emailAddress"], shown["primaryEmail"]["optOut"]) == (None, None)
    address = shown["primaryAddress"]
    assert [address[name] for name in ("city", "country", "latitude", "invalid")] == [None, "AT", None, "0"]
    user = v3.create("users/user", username="ann", lastName="x", primaryEmail={"emailAddress": "a@b.co"})["id"]
    v3.update("users/user", user, primaryEmail={"emailAddress": odd})
    assert (v3.read("users/user", user)["primaryEmail"] or {}).get("emailAddress") is None
    assert refused(v3, DEAL, {**GOOD, "amount": {"value": odd}}) == {"amount": {"value": ["Value cannot be blank."]}}
    deal = v3.create(DEAL, **GOOD)["id"]
    assert v3.update(DEAL, deal, amount={"value": odd})["amount"]["value"] == "1"


def test_z17_one_text_for_a_dropdown_is_null(v3: Zurmo) -> None:
    assert v3.create(ACCOUNT, name="x", industry="Retail")["industry"] is None
    id = v3.create(ACCOUNT, name="x", industry={"value": "Retail"})["id"]
    assert v3.update(ACCOUNT, id, industry="Retail")["industry"] is None


# -- flags, numbers, web addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("01", "1"), ("1.0", "1"), ("+1", "1"), ("1e0", "1"), ("00", "0"), ("0.0", "0"), ("-0", "0"), ("", "0")],
)
def test_z18_flags_are_compared_as_numbers(v3: Zurmo, sent: str, stored: str) -> None:
    made = v3.create(TASK, name="x", completed=sent)
    assert made["completed"] == stored
    assert v3.update(TASK, v3.task(), completed=sent)["completed"] == sent
    assert v3.read(TASK, made["id"])["completed"] == stored
    meeting = v3.create(MEETING, name="x", startDateTime=THEN, logged=sent)
    assert meeting["logged"] == stored
    assert v3.update(MEETING, meeting["id"], logged=sent)["logged"] == sent
    assert v3.read(MEETING, meeting["id"])["logged"] == stored
    email, address = {"emailAddress": "a@b.co", "optOut": sent}, {"city": "x", "invalid": sent}
    id = v3.create(CONTACT, **PERSON)["id"]
    shown = v3.update(CONTACT, id, primaryEmail=email, primaryAddress=address)
    assert (shown["primaryEmail"]["optOut"], shown["primaryAddress"]["invalid"]) == (sent, sent)
    shown = v3.read(CONTACT, id)
    assert (shown["primaryEmail"]["optOut"], shown["primaryAddress"]["invalid"]) == (stored, stored)


@pytest.mark.parametrize("sent", ["2", "-1", "true", "1x", "0.5", "1e1", " ", "٠١"])
def test_z18_what_is_no_flag(v3: Zurmo, sent: str) -> None:
    wrong = "{} must be either 1 or 0."
    assert refused(v3, TASK, {"name": "x", "completed": sent}) == {"completed": [wrong.format("Completed")]}
    data = {**PERSON, "primaryEmail": {"optOut": sent}, "primaryAddress": {"invalid": sent}}
    assert refused(v3, CONTACT, data) == {
        "primaryEmail": {"optOut": [wrong.format("Opt Out")]},
        "primaryAddress": {"invalid": [wrong.format("Invalid")]},
    }


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a.example", "http://a.example"),
        ("http://b.example", "http://b.example"),
        ("https://b.example/x?y=1", "https://b.example/x?y=1"),
        ("HTTP://b.example", "HTTP://b.example"),
    ],
)
def test_z19_a_website_gets_a_scheme(v3: Zurmo, sent: str, stored: str) -> None:
    made = v3.create(ACCOUNT, name="x", website=sent)
    assert (made["website"], v3.read(ACCOUNT, made["id"])["website"]) == (stored, stored)
    other = v3.create(ACCOUNT, name="x")["id"]
    assert v3.update(ACCOUNT, other, website=sent)["website"] == stored
    assert v3.update(ACCOUNT, other, website="")["website"] == ""


@pytest.mark.parametrize("sent", ["ftp://a.example", "//a.example", "mailto:a@b.example", "localhost", "http://"])
def test_z19_what_is_no_url(v3: Zurmo, sent: str) -> None:
    assert refused(v3, ACCOUNT, {"name": "x", "website": sent}) == {"website": ["Website is not a valid URL."]}


def test_z19_a_website_of_another_dialect_stays_as_it_is(v3: Zurmo) -> None:
    values = {"type": "organisation", "name": "x"}
    made = v3.write(lambda desk: desk.create(Create(Party, values, points=(ContactPoint("website", "a.example"),))))
    assert v3.update(ACCOUNT, made.id, website="a.example", name="y")["website"] == "a.example"
    assert v3.desk().get(Party, made.id, ("points",)).points[0].value == "a.example"


def test_z20_empty_numbers_are_0(v3: Zurmo) -> None:
    made = v3.create(ACCOUNT, name="x", annualRevenue="", employees="", billingAddress={"latitude": ""})
    shown = v3.read(ACCOUNT, made["id"])
    for answer in (made, shown):
        assert (answer["annualRevenue"], answer["employees"]) == ("0", "0")
    assert shown["billingAddress"]["latitude"] == "0"
    id = v3.create(ACCOUNT, name="x", annualRevenue="5", employees=" +07 ")["id"]
    assert v3.read(ACCOUNT, id)["employees"] == "7"
    shown = v3.update(ACCOUNT, id, annualRevenue="", employees="")
    assert (shown["annualRevenue"], shown["employees"]) == ("", "")
    shown = v3.read(ACCOUNT, id)
    assert (shown["annualRevenue"], shown["employees"]) == ("0", "0")


# -- opportunities ---------------------------------------------------------------------------------------------------

P = "Probability"


@pytest.mark.parametrize(
    ("sent", "texts"),
    [
        ("abc", [f"{P} must be integer.", f"{P} must be a number."]),
        ("5x", [f"{P} must be integer.", f"{P} must be a number."]),
        ("1e3", [f"{P} must be integer.", f"{P} is too big (maximum is 100)."]),
        ("1.5", [f"{P} must be integer."]),
        ("-1.5", [f"{P} must be integer.", f"{P} is too small (minimum is 0)."]),
        ("-5", [f"{P} is too small (minimum is 0)."]),
        ("101", [f"{P} is too big (maximum is 100)."]),
        ("5 ", [f"{P} must be a number."]),
    ],
)
def test_z27_all_rules_of_a_probability_that_fail(v3: Zurmo, zurmo: Zurmo, sent: str, texts: list[str]) -> None:
    for client in (v3, zurmo):
        assert refused(client, DEAL, {**GOOD, "probability": sent}) == {"probability": texts}
        assert refused(client, DEAL, {"probability": sent}, client.create(DEAL, **GOOD)["id"]) == {
            "probability": texts
        }


def test_z28_an_update_echoes_the_probability_as_an_integer(v3: Zurmo) -> None:
    made = v3.create(DEAL, **GOOD)
    assert made["probability"] == "10"
    for sent in ({"name": "y"}, {"probability": "33"}, {"stage": {"value": "Prospecting"}}, {"probability": ""}):
        assert v3.update(DEAL, made["id"], **sent)["probability"] == 10
        assert v3.read(DEAL, made["id"])["probability"] == "10"
    assert v3.update(DEAL, made["id"], stage={"value": "Other"})["probability"] == 0
    assert v3.read(DEAL, made["id"])["probability"] == "0"


def test_z28_what_another_dialect_made_of_it_stays(v3: Zurmo) -> None:
    values = {"title": "x", "stage": "Verbal", "probability": 33}
    id = v3.write(lambda desk: desk.create(Create(Opportunity, values))).id
    assert v3.update(DEAL, id, name="y")["probability"] == 33
    assert v3.desk().get(Opportunity, id).probability == 33
    assert v3.update(DEAL, id, probability="50")["probability"] == 75


def test_z29_2_x_keeps_a_sent_probability(zurmo: Zurmo) -> None:
    id = zurmo.create(DEAL, **GOOD, stage={"value": "Negotiating"})["id"]
    assert zurmo.read(DEAL, id)["probability"] == "50"
    assert zurmo.update(DEAL, id, probability="15")["probability"] == "15"
    assert zurmo.read(DEAL, id)["probability"] == "15"
    assert zurmo.update(DEAL, id, name="y", stage={"value": "Negotiating"})["probability"] == "15"
    assert zurmo.update(DEAL, id, stage={"value": "Verbal"})["probability"] == 75
    assert zurmo.update(DEAL, id, stage={"value": "Prospecting"}, probability="12")["probability"] == "12"
    assert zurmo.create(DEAL, **GOOD, probability="15")["probability"] == "15"


def test_z30_a_missing_amount_comes_first(v3: Zurmo) -> None:
    found = refused(v3, DEAL, {"probability": "101"})
    assert found == {
        "amount": ["Amount cannot be blank."],
        "closeDate": ["Close Date cannot be blank."],
        "name": ["Name cannot be blank."],
        "probability": ["Probability is too big (maximum is 100)."],
    }
    assert list(found) == ["amount", "closeDate", "name", "probability"]
    value = {"amount": {"value": ["Value cannot be blank."]}}
    assert refused(v3, DEAL, {**GOOD, "amount": {"value": ""}}) == value
    assert refused(v3, DEAL, {**GOOD, "amount": {"currency": {"id": "1"}}}) == value
    id = v3.create(DEAL, **GOOD)["id"]
    rate = ["Rate To Base cannot be blank."]
    for none in ("", "0"):
        assert refused(v3, DEAL, {"amount": {"value": "5", "currency": {"id": none}}}, id) == {
            "amount": {"currency": {"code": ["Code cannot be blank."], "rateToBase": rate}, "rateToBase": rate}
        }
    assert v3.read(DEAL, id)["amount"]["value"] == "1"


def test_z31_errors_own_attributes_then_the_state_then_objects_as_sent(v3: Zurmo) -> None:
    long = "x" * 65
    sent = {
        "secondaryEmail": {"emailAddress": "b"},
        "website": "ftp://x",
        "primaryEmail": {"emailAddress": "a"},
        "primaryAddress": {"city": long},
        "companyName": long,
        "jobTitle": long,
    }
    found = refused(v3, CONTACT, sent)
    own = ["jobTitle", "lastName", "companyName", "website", "state"]
    assert list(found) == [*own, "secondaryEmail", "primaryEmail", "primaryAddress"]
    assert list(refused(v3, CONTACT, dict(reversed(sent.items())))) == [
        *own,
        "primaryAddress",
        "primaryEmail",
        "secondaryEmail",
    ]
    id = v3.create(CONTACT, **PERSON)["id"]
    assert list(refused(v3, CONTACT, sent, id))[:3] == ["jobTitle", "companyName", "website"]


def test_a_put_of_the_raw_order_counts(v3: Zurmo) -> None:
    """The order is that of the bytes sent, whatever their content type."""
    id = v3.task()
    body = f"data%5Bstatus%5D=5&data%5BcompletedDateTime%5D={THEN.replace(' ', '+')}".encode()
    headers = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST", "Content-Type": FORM}
    v3.raw("PUT", f"/{TASK}/api/update/{id}", body, headers, v3.session)
    assert course(v3, id) == ("1", THEN, NOW, "5")


def test_two_values_of_one_update_end_what_was_empty(v3: Zurmo) -> None:
    phones = ("officePhone", "mobilePhone", "officeFax")
    id = v3.create(CONTACT, **PERSON, **dict.fromkeys(phones, ""))["id"]
    shown = v3.update(CONTACT, id, **dict.fromkeys(phones, "1"))
    assert [shown[name] for name in phones] == ["1"] * 3
    v3.update(CONTACT, id, officePhone="")
    shown = v3.update(CONTACT, id, officePhone={"x": "y"}, mobilePhone="2", officeFax="")
    assert [v3.read(CONTACT, id)[name] for name in phones] == [None, "2", ""]
    v3.set("zero_dates", "yes")
    moments = {"dueDateTime": "2015-02-30 00:00:00", "completedDateTime": "2015-02-30 00:00:00"}
    task = v3.create(TASK, name="x", **moments)["id"]
    assert v3.read(TASK, task)["completedDateTime"] == "0000-00-00 00:00:00"
    shown = v3.update(TASK, task, dueDateTime=THEN, completedDateTime={"x": "y"})
    assert (shown["dueDateTime"], shown["completedDateTime"]) == (THEN, None)

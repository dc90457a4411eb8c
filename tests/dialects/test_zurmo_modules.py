"""Opportunities, meetings, notes, users, small tables, sync and attribute lists (dossier, sections 4, 7, 8)."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
import pytest

from adapter.contract import load
from canonical.model import Activity, Opportunity, PicklistItem
from canonical.operations import AddLink, Create, NewLink, Update
from canonical.service.desk import CoreDesk
from canonical.values import Ref, instant
from tests.dialects.zurmo_client import FIXTURES, Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

DEAL = "opportunities/opportunity"
MEETING = "meetings/meeting"
NOTE = "notes/note"
USER = "users/user"
NOW = "2015-02-27 08:15:00"


# -- opportunities -----------------------------------------------------------------------------------------------


def deal(client: Zurmo, **more: Any) -> dict[str, Any]:
    return client.create(DEAL, **{"name": "Deal", "closeDate": "2015-12-31", "amount": {"value": "10"}, **more})


def stored_deal(client: Zurmo, id: int) -> Opportunity:
    return client.desk().get(Opportunity, id)


@pytest.mark.parametrize(
    ("stage", "probability", "state"),
    [
        ("Prospecting", "10", "open"),
        ("Qualification", "25", "open"),
        ("Negotiating", "50", "open"),
        ("Verbal", "75", "open"),
        ("Closed Won", "100", "won"),
        ("Closed Lost", "0", "lost"),
    ],
)
def test_the_probability_follows_the_stage(v3: Zurmo, stage: str, probability: str, state: str) -> None:
    made = deal(v3, stage={"value": stage}, probability="33")
    assert (made["probability"], made["stage"]["value"]) == (probability, stage)
    assert stored_deal(v3, made["id"]).state == state
    other = deal(v3, stage={"value": "Other"}, probability="33")
    assert other["probability"] == "0"
    v3.tick()
    moved = v3.update(DEAL, other["id"], stage={"value": stage}, probability="44")
    assert moved["probability"] == int(probability)
    assert moved["stageModifiedDateTime"] == "2015-02-27 08:15:05"
    kept = stored_deal(v3, other["id"])
    assert (kept.state, kept.closed_on) == (state, None if state == "open" else "2015-02-27")


def test_a_probability_alone_is_dropped(v3: Zurmo) -> None:
    id = deal(v3)["id"]
    assert v3.update(DEAL, id, probability="33")["probability"] == 10
    assert v3.read(DEAL, id)["probability"] == "10"
    assert v3.world.lines[-2]["losses"] == {"opportunity.probability:follows_the_stage": 1}


def test_a_create_with_relations_has_the_rule_in_memory(v3: Zurmo) -> None:
    id = v3.create("contacts/contact", lastName="Silva", state={"id": "5"})["id"]
    relation = {"contacts": {"0": {"action": "add", "modelId": str(id), "modelClassName": "Contact"}}}
    made = deal(v3, stage={"value": "Verbal"}, probability="33", modelRelations=relation)
    assert made["probability"] == 75
    assert v3.read(DEAL, made["id"])["probability"] == "75"


def test_the_first_stage(v3: Zurmo) -> None:
    made = deal(v3)
    assert (made["stage"]["value"], made["probability"], made["stageModifiedDateTime"]) == ("Prospecting", "10", NOW)


def test_amounts(v3: Zurmo) -> None:
    v3.set("currencies", "EUR=1.08,GBP=1.27")
    made = deal(v3, amount={"value": "1500.50", "currency": {"id": "2"}})
    assert made["amount"] == {"id": made["id"], "value": "1500.50", "rateToBase": "1.08", "currency": {"id": 2}}
    assert v3.read(DEAL, made["id"])["amount"]["value"] == "1500.5"
    kept = stored_deal(v3, made["id"])
    assert (kept.amount, kept.currency) == (1_500_500_000, "EUR")
    assert deal(v3)["amount"]["currency"] == {"id": 1}
    assert v3.post_list(DEAL, search={"amount": {"value": "1500.5"}}) == ["Deal"]
    assert v3.post_list(DEAL, search={"amount": {"currency": {"id": "2"}}}) == ["Deal"]
    assert v3.failure("PUT", f"/{DEAL}/api/update/{made['id']}", {"amount": {"currency": {"id": "9"}}}) == ""
    assert v3.names(v3.ok("GET", "/zurmo/currency/api/list/"), "code") == ["EUR", "GBP", "USD"]
    assert v3.read("zurmo/currency", 2) == {"id": 2, "active": "1", "code": "EUR", "rateToBase": "1.08"}


def test_a_currency_that_nobody_set_up_comes_back(v3: Zurmo) -> None:
    made: Opportunity = v3.write(
        lambda desk: desk.create(Create(Opportunity, {"title": "x", "amount": 5_000_000, "currency": "SEK"}))
    )
    shown = v3.read(DEAL, made.id)["amount"]
    assert shown["value"] == "5"
    v3.update(DEAL, made.id, amount={"value": "6", "currency": {"id": str(shown["currency"]["id"])}})
    kept = stored_deal(v3, made.id)
    assert (kept.amount, kept.currency) == (6_000_000, "SEK")


def test_a_person_in_the_place_of_the_account_may_be_written_back(v3: Zurmo) -> None:
    person = v3.create("contacts/contact", lastName="Silva", state={"id": "5"})["id"]
    values = {"title": "x", "party_id": person, "amount": 5_000_000, "currency": "sek"}
    made: Opportunity = v3.write(lambda desk: desk.create(Create(Opportunity, values)))
    currency = {"id": str(v3.read(DEAL, made.id)["amount"]["currency"]["id"])}
    v3.update(DEAL, made.id, account={"id": str(person)}, amount={"value": "5", "currency": currency}, name="y")
    kept = stored_deal(v3, made.id)
    assert (kept.title, kept.party_id, kept.amount, kept.currency) == ("y", person, 5_000_000, "sek")


def test_what_a_deal_needs(v3: Zurmo) -> None:
    assert v3.errors("POST", f"/{DEAL}/api/create/", {"description": "x"}) == {
        "amount": ["Amount cannot be blank."],
        "closeDate": ["Close Date cannot be blank."],
        "name": ["Name cannot be blank."],
    }
    sent: dict[str, Any] = {"closeDate": "2015-02-28", "name": "x", "amount": "100"}
    assert v3.errors("POST", f"/{DEAL}/api/create/", sent) == {"amount": ["Amount cannot be blank."]}
    sent = {"closeDate": "2015-02-30", "name": "x", "amount": {"value": "x"}, "probability": "101"}
    assert v3.errors("POST", f"/{DEAL}/api/create/", sent) == {
        "closeDate": ["Close Date must be date."],
        "probability": ["Probability is too big (maximum is 100)."],
        "amount": {"value": ["Value must be float."]},
    }


def test_states_of_deals_that_others_set(v3: Zurmo) -> None:
    id = deal(v3, stage={"value": "Verbal"})["id"]
    v3.write(lambda desk: desk.update(Update(Opportunity, id, {"state": "won"})))
    v3.update(DEAL, id, description="x")
    assert stored_deal(v3, id).state == "won"


# -- meetings ----------------------------------------------------------------------------------------------------


def test_meetings(v3: Zurmo) -> None:
    made = v3.create(MEETING, name="Demo", startDateTime="2015-05-01 10:00:00", location="Here", logged="1")
    assert (made["latestDateTime"], made["category"]["value"], made["endDateTime"]) == (
        "2015-05-01 10:00:00",
        "Meeting",
        None,
    )
    assert (made["location"], made["logged"], made["processedForLatestActivity"]) == ("Here", "1", "0")
    kept = v3.desk().get(Activity, made["id"])
    assert (kept.type, kept.title, kept.start_at) == ("meeting", "Demo", instant(2015, 5, 1, 10))
    assert v3.errors("POST", f"/{MEETING}/api/create/", {"startDateTime": "x"}) == {
        "name": ["Name cannot be blank."],
        "startDateTime": ["Start Time must be datetime."],
    }
    assert (
        v3.update(MEETING, made["id"], startDateTime="2015-05-02 10:00:00")["latestDateTime"] == "2015-05-02 10:00:00"
    )
    assert v3.post_list(MEETING, search={"category": {"value": "meeting"}}) == ["Demo"]


def test_meetings_of_the_seeds_profile_have_no_attendees(zurmo: Zurmo) -> None:
    made = zurmo.create(MEETING, name="Demo", startDateTime="2015-05-01 10:00:00")
    assert list(made)[5:] == [
        "owner",
        "latestDateTime",
        "description",
        "endDateTime",
        "location",
        "name",
        "startDateTime",
        "category",
    ]


def test_attendees(v3: Zurmo) -> None:
    ana = v3.create("contacts/contact", firstName="Ana", lastName="Silva", state={"id": "5"})["id"]
    acme = v3.create("accounts/account", name="Acme")["id"]
    dana = v3.create(USER, username="dana", firstName="Dana", lastName="Doe", primaryEmail={"emailAddress": "d@x.co"})[
        "id"
    ]
    items = [
        {"action": "add", "modelId": str(id), "modelClassName": model}
        for id, model in ((acme, "Account"), (ana, "Contact"), (deal(v3)["id"], "Opportunity"))
    ]
    users = [{"action": "add", "modelId": str(dana), "modelClassName": "User"}]
    relations = {"activityItems": items, "userAttendees": users}
    made = v3.create(MEETING, name="Demo", startDateTime="2015-05-01 10:00:00", modelRelations=relations)
    assert made["attendees"] == {
        "Contact": [{"id": ana, "firstName": "Ana", "lastName": "Silva"}],
        "Account": [{"id": acme, "name": "Acme"}],
        "Opportunity": [{"id": 1, "name": "Deal"}],
        "User": [{"id": dana, "firstName": "Dana", "lastName": "Doe", "username": "dana", "email": "d@x.co"}],
        "Organizer": {"id": 1, "firstName": "Super", "lastName": "User", "username": "super"},
    }
    assert list(made["attendees"]) == ["Contact", "Account", "Opportunity", "User", "Organizer"]
    assert v3.search(MEETING, "Meeting", "userAttendees", "equals", str(dana), "id") == ["Demo"]
    assert v3.search(MEETING, "Meeting", "activityItems", "equals", str(ana), "id") == ["Demo"]
    v3.write(lambda desk: desk.execute(AddLink(Ref("activity", made["id"]), NewLink(Ref("party", ana), "attendee"))))
    assert len(v3.read(MEETING, made["id"])["attendees"]["Contact"]) == 1
    v3.ok("DELETE", f"/contacts/contact/api/delete/{ana}")
    assert "Contact" not in v3.read(MEETING, made["id"])["attendees"]
    assert "Contact" not in v3.ok("GET", f"/{MEETING}/api/list/")["items"][0]["attendees"]


# -- notes -------------------------------------------------------------------------------------------------------


def note_of(client: Zurmo, id: int) -> Activity:
    return client.desk().get(Activity, id)


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("one line", "one line", None),
        ("first\nrest\nmore", "first", "rest\nmore"),
        ("ends\n", "ends", None),
        ("\nstarts", "", "starts"),
        ("a\r\nb", "a\r", "b"),
    ],
)
def test_notes_are_one_text(v3: Zurmo, text: str, title: str, body: str | None) -> None:
    made = v3.create(NOTE, description=text)
    assert v3.read(NOTE, made["id"])["description"] == text
    kept = note_of(v3, made["id"])
    assert (kept.type, kept.title, kept.body) == ("note", title, body)
    assert v3.update(NOTE, made["id"], description=text)["description"] == text
    v3.write(lambda desk: desk.update(Update(Activity, made["id"], {"body": "changed"})))
    assert v3.read(NOTE, made["id"])["description"] == f"{title}\nchanged"


def test_when_a_note_happened(v3: Zurmo) -> None:
    assert v3.create(NOTE, description="x")["occurredOnDateTime"] == NOW
    made = v3.create(NOTE, description="x", occurredOnDateTime="2015-03-01 08:00:00")
    assert (made["occurredOnDateTime"], made["latestDateTime"]) == ("2015-03-01 08:00:00", "2015-03-01 08:00:00")
    assert v3.errors("POST", f"/{NOTE}/api/create/", {"occurredOnDateTime": "x"}) == {
        "description": ["Description cannot be blank."],
        "occurredOnDateTime": ["Occurred On must be datetime."],
    }


def test_whatever_is_no_task_and_no_meeting_is_a_note(v3: Zurmo) -> None:
    for type_ in ("email", "call", "note", "task", "meeting", "event"):
        values = {"type": type_, "title": type_, "body": "b", "start_at": instant(2015, 1, 1)}
        v3.write(partial(CoreDesk.create, operation=Create(Activity, values)))
    texts = v3.list(NOTE, key="description")
    assert sorted(texts) == ["call\nb", "email\nb", "event\nb", "note\nb"]
    email = v3.ok("POST", f"/{NOTE}/api/list/", {"search": {"description": "mail"}})["items"][0]["id"]
    v3.update(NOTE, email, description="email\nb", occurredOnDateTime="2015-02-02 00:00:00")
    kept = note_of(v3, email)
    assert (kept.type, kept.title, kept.body) == ("email", "email", "b")
    v3.update(NOTE, email, description="new first\nsecond")
    kept = note_of(v3, email)
    assert (kept.type, kept.title, kept.body) == ("email", "new first", "second")


def test_notes_are_found(v3: Zurmo) -> None:
    for text in ("Called back\nabout prices", "Mailed"):
        v3.create(NOTE, description=text)
    assert v3.post_list(NOTE, key="description", search={"description": "PRICES"}) == ["Called back\nabout prices"]
    for operator, value, found in (
        ("startsWith", "call", 1),
        ("endsWith", "prices", 1),
        ("contains", "ed", 2),
        ("doesNotContains", "prices", 1),
        ("equals", "mailed", 1),
        ("equals", "called back", 0),
        ("endsWith", "back", 0),
        ("startsWith", "called back\nabout", 1),
        ("equals", "Called back\nabout prices", 1),
        ("doesNotEqual", "mailed", 1),
        ("isNotEmpty", None, 2),
    ):
        assert len(v3.search(NOTE, "Note", "description", operator, value, key="id")) == found, operator
    assert len(v3.search(NOTE, "Note", "occurredOnDateTime", "lessThan", "2015-03-01", key="id")) == 2


# -- users -------------------------------------------------------------------------------------------------------


def test_users(v3: Zurmo) -> None:
    made = v3.create(
        USER,
        username="dana",
        firstName="Dana",
        lastName="Doe",
        password="s3cret-pw",
        primaryEmail={"emailAddress": "dana@shop.example", "optOut": "1"},
        secondaryEmail={"emailAddress": "d@home.example"},
        primaryAddress={"city": "Leeds"},
        manager={"id": "1"},
        officePhone="1",
        title={"value": "Dr."},
        currency={"id": "1"},
    )
    assert "password" not in made
    assert v3.read(USER, made["id"]) == made
    assert (made["manager"], made["timeZone"], made["isActive"]) == (
        {"id": 1, "username": "super"},
        "America/Chicago",
        "1",
    )
    assert (made["secondaryEmail"]["emailAddress"], made["primaryAddress"]["city"]) == ("d@home.example", "Leeds")
    assert (made["currency"], made["title"]["value"], made["primaryEmail"]["optOut"]) == ({"id": 1}, "Dr.", "1")
    ids = [made[name]["id"] for name in ("primaryEmail", "secondaryEmail")]
    assert len(set(ids)) == 2
    assert len(v3.login("dana", "s3cret-pw")) == 2
    v3.update(USER, made["id"], password="another-pw", department="Sales")
    assert len(v3.login("dana", "another-pw")) == 2
    assert v3.read(USER, made["id"])["department"] == "Sales"
    assert b"another-pw" not in v3.send("GET", f"/{USER}/api/read/{made['id']}").body


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"department": "x"}, {"username": ["Username cannot be blank."], "lastName": ["Last Name cannot be blank."]}),
        ({"username": "Dana", "lastName": "x"}, {"username": ["Username must be lowercase."]}),
        ({"username": "super", "lastName": "x"}, {"username": ['Username "super" is already in use.']}),
        ({"username": "x" * 65, "lastName": "x"}, {"username": ["Username is too long (maximum is 64 characters)."]}),
        ({"username": "x", "lastName": "x", "password": {"a": "b"}}, {"password": ["Password must be string."]}),
    ],
)
def test_users_that_are_refused(v3: Zurmo, sent: dict[str, Any], errors: dict[str, Any]) -> None:
    assert v3.errors("POST", f"/{USER}/api/create/", sent) == errors


def test_a_taken_email_hides_a_taken_name(v3: Zurmo) -> None:
    v3.create(USER, username="dana", lastName="Doe", primaryEmail={"emailAddress": "dana@x.co"})
    sent = {"username": "dana", "lastName": "Doe", "primaryEmail": {"emailAddress": "DANA@x.co"}}
    taken = {"primaryEmail": {"emailAddress": ["Email address already exists in system."]}}
    assert v3.errors("POST", f"/{USER}/api/create/", sent) == taken


def test_rights_on_users(v3: Zurmo) -> None:
    v3.create(USER, username="dana", lastName="Doe", password="s3cret-pw")
    session = v3.login("dana", "s3cret-pw")
    refused = "You do not have rights to perform this action."
    for method, action, data in (
        ("GET", "list/", None),
        ("GET", "read/1", None),
        ("POST", "create/", {}),
        ("PUT", "update/1", {"lastName": "x"}),
        ("DELETE", "delete/1", None),
    ):
        assert v3.failure(method, f"/{USER}/api/{action}", data, session=session) == refused
    own = v3.ok("GET", f"/{USER}/api/getAuthenticatedUser", session=session)
    assert own["username"] == "dana"
    assert v3.failure("DELETE", f"/{USER}/api/delete/2") == ""


def test_users_by_email(v3: Zurmo) -> None:
    id = v3.create(USER, username="dana", lastName="Doe", primaryEmail={"emailAddress": "dana@x.co"})["id"]
    data = v3.ok("POST", f"/{USER}/api/searchUsersByEmails/", {"emails": ["DANA@x.co", "b@x.co", ""]})
    assert data == {
        "users": [{"id": id, "firstName": None, "lastName": "Doe", "username": "dana", "email": "dana@x.co"}]
    }


def test_user_lists_as_clients_ask(v3: Zurmo) -> None:
    for name in ("dana", "dan"):
        v3.create(USER, username=name, lastName="Doe")
    found = v3.list(
        USER, key="username", search={"username": "dan"}, sort="username.asc", pagination={"pageSize": "1"}
    )
    assert found == ["dan"]
    assert v3.list(USER, key="username") == ["dana", "dan", "super"]
    assert v3.post_list(USER, key="username", search={"fullName": "do"}) == ["dana", "dan"]


# -- picklists and permissions ---------------------------------------------------------------------------------------


def test_custom_fields(v3: Zurmo) -> None:
    path = "/zurmo/customField/api"
    assert list(v3.ok("GET", f"{path}/read/Titles")) == ["Mr.", "Mrs.", "Ms.", "Dr."]
    assert v3.send("GET", f"{path}/read/Nope").body == b'{"status":"SUCCESS","data":[],"message":null,"errors":null}'
    added = v3.ok("PUT", f"{path}/addValues/Titles", {"values": ["Prof.", "Dr.", ""]})
    assert list(added) == ["Mr.", "Mrs.", "Ms.", "Dr.", "Prof."]
    assert v3.ok("PUT", f"{path}/addValues/Colours", {"values": ["red"]}) == {"red": "red"}
    lists = v3.ok("GET", f"{path}/list/")
    assert list(lists) == [
        "AccountContactAffiliationRoles",
        "AccountTypes",
        "Industries",
        "LeadSources",
        "MeetingCategories",
        "ProductStages",
        "SalesStages",
        "Titles",
        "Colours",
    ]
    assert lists["Industries"]["Financial Services"] == "Financial Services"
    assert v3.failure("PUT", f"{path}/addValues/Titles", {}) == "Please provide data."


def test_a_list_of_no_name_is_not_made(v3: Zurmo) -> None:
    for name in ("%00", "", "x" * 65):
        message = v3.failure("PUT", f"/zurmo/customField/api/addValues/{name}", {"values": ["A"]})
        assert message == "Please provide data."
    assert "" not in v3.ok("GET", "/zurmo/customField/api/list/")


def test_defaults_of_other_dialects_are_theirs(v3: Zurmo) -> None:
    v3.write(lambda desk: desk.save_picklist_item(PicklistItem("salutation", "Herr", origin="other")))
    v3.write(lambda desk: desk.save_picklist_item(PicklistItem("salutation", "Sir", position=9)))
    assert list(v3.ok("GET", "/zurmo/customField/api/read/Titles")) == ["Mr.", "Mrs.", "Ms.", "Dr.", "Sir"]


def test_default_permissions(v3: Zurmo) -> None:
    data = v3.ok("GET", "/zurmo/permission/api/listDefault")
    assert data == {"owner": {"id": 1}, "explicitReadWriteModelPermissions": {"type": 1, "nonEveryoneGroup": None}}


def test_small_lists_search_sort_and_page(v3: Zurmo) -> None:
    path = "contacts/contactState"
    assert v3.post_list(path, search={"name": "c"}) == ["Customer"]
    assert v3.post_list(path, search={"order": "0"}) == ["New"]
    assert v3.post_list(path, sort="name.desc", pagination={"pageSize": "2"}) == ["Recycled", "Qualified"]
    assert v3.post_list(path, pagination={"page": "9", "pageSize": "4"}) == ["Qualified", "Customer"]
    assert v3.failure("POST", f"/{path}/api/list/", {"sort": "colour"}) == "Undefined index: colour"
    assert v3.failure("POST", "/zurmo/role/api/create/", {"name": "x"}) == ""
    assert v3.ok("GET", "/zurmo/role/api/list/") == {"totalCount": 0, "currentPage": 1}


# -- sync --------------------------------------------------------------------------------------------------------


def test_what_changed_since(v3: Zurmo) -> None:
    old = v3.task("old")
    gone = v3.task("gone")
    v3.create(NOTE, description="no task")
    v3.tick(60)
    new = v3.task("new")
    v3.update("tasks/task", old, name="changed")
    v3.ok("DELETE", f"/tasks/task/api/delete/{gone}")
    since = {"sinceDateTime": "2015-02-27 08:15:30"}

    def items(action: str, **more: Any) -> Any:
        return v3.ok("POST", f"/tasks/task/api/get{action}Items/", {**since, **more})

    created = items("Created")
    assert [item["id"] for item in created.pop("items")] == [new]
    assert created == {"totalCount": 1, "pageSize": 10, "currentPage": 1}
    assert list(items("Created")) == ["totalCount", "pageSize", "currentPage", "items"]
    assert [item["name"] for item in items("Modified")["items"]] == ["changed"]
    assert items("Deleted")["items"] == [gone]
    assert items("Deleted", pagination={"page": "2", "pageSize": "1"}) == {
        "totalCount": 1,
        "pageSize": 1,
        "currentPage": 2,
    }
    later = {"sinceDateTime": "2016-01-01 00:00:00"}
    assert v3.ok("POST", "/tasks/task/api/getModifiedItems/", later) == {
        "totalCount": 0,
        "pageSize": 10,
        "currentPage": 1,
    }


@pytest.mark.parametrize("since", ["x", "", "0", "2015-01-01", "2015-02-30 00:00:00"])
def test_bad_moments(v3: Zurmo, since: str) -> None:
    assert v3.failure("POST", "/tasks/task/api/getDeletedItems/", {"sinceDateTime": since}) == (
        'sinceDateTime format is not correct. sinceDateTime should be in "YYYY-MM-DD HH:MM:SS" format'
    )


@pytest.mark.parametrize("action", ["getCreatedItems", "getModifiedItems"])
def test_sync_far_past_the_end(v3: Zurmo, action: str) -> None:
    v3.task("Call")
    asked = {"sinceDateTime": "2014-01-01 00:00:00", "pagination": {"page": "9000000000000000000", "pageSize": "100"}}
    data = v3.ok("POST", f"/tasks/task/api/{action}/", asked)
    assert (data["currentPage"], data["pageSize"], "items" in data) == (9000000000000000000, 100, False)


def test_sync_is_not_everywhere(v3: Zurmo) -> None:
    assert v3.send("POST", f"/{DEAL}/api/getDeletedItems/", {"sinceDateTime": NOW}).status == 404


# -- attributes --------------------------------------------------------------------------------------------------


def test_attributes_of_tasks(v3: Zurmo, zurmo: Zurmo) -> None:
    recorded = load(FIXTURES, "045-task-list-attributes")
    assert v3.send("GET", "/tasks/task/api/listAttributes").body == recorded.response.body
    items = orjson.loads(recorded.response.body)["data"]["items"]
    left = [name for name in items if name not in ("project", "requestedByUser", "status")]
    assert list(zurmo.ok("GET", "/tasks/task/api/listAttributes")["items"]) == left


@pytest.mark.parametrize("path", [DEAL, MEETING, NOTE, USER, "contacts/contact", "leads/contact", "accounts/account"])
def test_attributes_of_the_others(v3: Zurmo, path: str) -> None:
    items = v3.ok("GET", f"/{path}/api/listAttributes")["items"]
    labels = [item["attributeLabel"].lower() for item in items.values()]
    assert labels == sorted(labels)
    assert "explicitReadWriteModelPermissions" not in items
    for item in items.values():
        assert list(item) == [
            "attributeLabel",
            "elementType",
            "isRequired",
            "isReadOnly",
            "isAudited",
            "customFieldName",
        ]
        assert all(isinstance(item[name], bool) for name in ("isRequired", "isReadOnly", "isAudited"))
    lists = {name: item["customFieldName"] for name, item in items.items() if item["customFieldName"]}
    assert lists == {
        DEAL: {"source": "LeadSources", "stage": "SalesStages"},
        MEETING: {"category": "MeetingCategories"},
        NOTE: {},
        USER: {"title": "Titles"},
        "accounts/account": {"industry": "Industries", "type": "AccountTypes"},
    }.get(path, {"industry": "Industries", "title": "Titles", "source": "LeadSources"})

"""System modules: the canonical records as content, readable and writable (crust dossier, sections 7 and 10)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party, User
from canonical.operations import Create, NewLink, Update
from canonical.values import MICROS, Due, Ref, instant
from tests.support.crust import CrustClient, fields, plain
from tests.support.world import NOON, World

NAMES = ["Account", "Contact", "Lead", "Opportunity", "Case", "Task", "Event", "Note", "User"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def ann(world: World) -> CrustClient:
    return CrustClient(world)


def stored(world: World, kind: Any, id: str) -> Any:
    include = {"activity": ("links", "custom"), "party": ("points", "custom"), "user": ("custom",)}
    return world.desk().get(kind, int(id), include.get(kind.KIND, ("links", "custom")))


def test_they_are_there_with_the_same_ids_for_ever(world: World, ann: CrustClient) -> None:
    modules = ann.get("/module/")
    assert [module["name"] for module in modules] == NAMES
    assert [module["moduleID"] for module in ann.get("/module/")] == [module["moduleID"] for module in modules]
    assert all(len(module["moduleID"]) == 17 for module in modules)
    assert {field["kind"] for module in modules for field in module["fields"]} <= {
        "String", "Number", "Bool", "DateTime", "Email", "Select", "Record", "Url", "User",
    }  # fmt: skip
    own = ann.make_module("a")
    assert [f"/module/{module['moduleID']}" for module in ann.get("/module/")][-1] == own
    assert int(own.removeprefix("/module/")) > max(int(module["moduleID"]) for module in modules)
    world.add_tenant("other")
    world.add_user("eve", tenant="other")
    eve = CrustClient(world, "eve-token")
    assert not {module["moduleID"] for module in eve.get("/module/")} & {module["moduleID"] for module in modules}
    assert eve.get(f"/module/{modules[0]['moduleID']}")["moduleID"] == "0"


def test_c7_w7_only_fields_that_are_set_are_shown(world: World, ann: CrustClient) -> None:
    task, contact = ann.system("Task"), ann.system("Contact")
    made = ann.post(f"{task}/content", fields({"Subject": "Call", "Description": "", "ReminderDateTime": ""}))
    id = made["contentID"]
    listed = ann.get(f"{task}/content")["contents"][0]
    for shown in (made, ann.get(f"{task}/content/{id}"), listed):
        assert [field["name"] for field in shown["fields"]] == ["Subject", "Status", "OwnerId"]
    # An update echoes what was sent; what it clears is gone from then on, and what was never there stays away.
    ann.post(f"{task}/content/{id}", fields({"ReminderDateTime": "2018-12-23", "Type": "Call", "x": ""}))
    assert list(ann.values(task, id)) == ["Subject", "Status", "Type", "ReminderDateTime", "OwnerId"]
    sent = fields({"ReminderDateTime": "", "Type": "", "Subject": ""})
    echoed = ann.post(f"{task}/content/{id}", sent)["fields"]
    assert [(field["name"], field["value"]) for field in echoed] == [
        ("ReminderDateTime", ""),
        ("Type", ""),
        ("Subject", ""),
    ]
    shown = ann.get(f"{task}/content/{id}")["fields"]
    # A field of the client's own choice is there when it was sent.
    assert [(field["name"], field["value"]) for field in shown] == [
        ("x", ""),
        ("Status", "Not Started"),
        ("OwnerId", "1"),
    ]
    nobody = ann.add(contact, {})
    assert [field["name"] for field in ann.get(f"{contact}/content/{nobody}")["fields"]] == ["OwnerId"]
    # A number that is 0 is set.
    deal = ann.system("Opportunity")
    zero = ann.values(deal, ann.add(deal, Name="d", Amount="0", Probability="0"))
    assert (zero["Amount"], zero["Probability"]) == ("0", "0")
    custom = (CustomValue("shoe", ""), CustomValue("town", "Kranj"))
    world.write(lambda desk: desk.save_custom_field(CustomField("activity", "town", "Town")))
    world.write(lambda desk: desk.save_custom_field(CustomField("activity", "shoe", "Shoe")))
    other = world.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "y"}, custom=custom)))
    names = [field["name"] for field in ann.get(f"{task}/content/{other.id}")["fields"]]
    assert names == ["Subject", "Status", "OwnerId", "town"]


def test_they_may_be_hidden(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    world.set("crust.system_modules", "no")
    assert ann.get("/module/") == []
    assert ann.get(task)["name"] == "Task"


def test_a_task_with_all_it_can_say(world: World, ann: CrustClient) -> None:
    account = ann.add(ann.system("Account"), AccountName="Alpha")
    contact = ann.add(ann.system("Contact"), FirstName="Zoë", LastName="Lund")
    lead = ann.add(ann.system("Lead"), LastName="Kos")
    deal = ann.add(ann.system("Opportunity"), Name="Deal")
    case = ann.add(ann.system("Case"), Subject="Broken")
    bob = world.add_user("bob")
    sent = {
        "Subject": "Call <b> & 😀",
        "Description": "two\nlines",
        "Status": "In Progress",
        "Priority": "High",
        "Type": "Call",
        "ActivityDate": "2018-12-24",
        "ReminderDateTime": "2018-12-23 08:00",
        "OwnerId": str(bob.user_id),
        "AccountId": account,
        "ContactId": contact,
        "LeadId": lead,
        "OpportunityId": deal,
        "CaseId": case,
    }
    task = ann.system("Task")
    id = ann.add(task, sent)
    assert ann.values(task, id) == sent
    record = stored(world, Activity, id)
    assert (record.type, record.title, record.body, record.state) == (
        "task",
        "Call <b> & 😀",
        "two\nlines",
        "in_progress",
    )
    assert (record.priority, record.category, record.owner_id, record.owner_chosen) == (2, "Call", bob.user_id, True)
    assert record.due == Due(instant(2018, 12, 24), True)
    targets = [("party", account), ("party", contact), ("party", lead), ("opportunity", deal), ("case", case)]
    assert [(link.target.kind, str(link.target.id)) for link in record.links] == targets
    shown = ann.get(f"{task}/content/{id}")
    assert (shown["contentID"], shown["userID"], shown["user"]["username"]) == (id, str(bob.user_id), "bob")


@pytest.mark.parametrize(
    ("text", "due", "shown"),
    [
        ("2018-12-24", Due(instant(2018, 12, 24), True), "2018-12-24"),
        ("2018-12-24 09:30", Due(instant(2018, 12, 24, 9, 30)), "2018-12-24 09:30"),
        ("2018-12-24T09:30:15Z", Due(instant(2018, 12, 24, 9, 30, 15)), "2018-12-24T09:30:15Z"),
        ("2018-12-24T09:30:00+01:00", Due(instant(2018, 12, 24, 8, 30)), "2018-12-24T09:30:00+01:00"),
        ("next week", None, "next week"),
        ("2018-02-30", None, "2018-02-30"),
        ("0000-00-00", None, "0000-00-00"),
        ("99999-01-01", None, "99999-01-01"),
        ("", None, ""),
    ],
)
def test_times(world: World, ann: CrustClient, text: str, due: Due | None, shown: str) -> None:
    task = ann.system("Task")
    id = ann.add(task, Subject="x", ActivityDate=text)
    assert stored(world, Activity, id).due == due
    assert ann.values(task, id).get("ActivityDate", "") == shown
    # What another dialect says of it later counts more than the text.
    world.write(
        lambda desk: desk.update(Update(Activity, int(id), {"due_at": instant(2020, 1, 2), "due_date_only": True}))
    )
    assert ann.values(task, id)["ActivityDate"] == "2020-01-02"


@pytest.mark.parametrize(
    ("text", "state", "shown"),
    [
        ("Completed", "completed", "Completed"),
        ("done", "completed", "done"),
        ("DONE ", "completed", "DONE "),
        ("Waiting on someone else", "awaiting", "Waiting on someone else"),
        ("Deferred", "awaiting", "Deferred"),
        ("Cancelled", "cancelled", "Cancelled"),
        ("Blocked by Ivo", "open", "Blocked by Ivo"),
        ("", "open", "Not Started"),
    ],
)
def test_a_word_for_a_state_is_shown_as_long_as_it_fits(
    world: World, ann: CrustClient, text: str, state: str, shown: str
) -> None:
    task = ann.system("Task")
    id = ann.add(task, Subject="x", Status=text)
    assert stored(world, Activity, id).state == state
    assert ann.values(task, id)["Status"] == shown
    world.write(lambda desk: desk.update(Update(Activity, int(id), {"title": "touched elsewhere"})))
    assert ann.values(task, id)["Status"] == shown
    world.write(lambda desk: desk.update(Update(Activity, int(id), {"state": "rejected"})))
    assert ann.values(task, id)["Status"] == "Rejected"


def test_closing_by_flag_and_posting_back_a_whole_form(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    id = ann.add(task, Subject="x", Status="Blocked")
    form = {field["name"]: field["value"] for field in ann.get(f"{task}/content/{id}")["fields"]}
    ann.post(f"{task}/content/{id}", fields({**form, "IsClosed": "1"}))
    record = stored(world, Activity, id)
    assert (record.state, record.completed_at) == ("completed", NOON)
    assert ann.values(task, id)["Status"] == "Completed"
    form = {field["name"]: field["value"] for field in ann.get(f"{task}/content/{id}")["fields"]}
    before = stored(world, Activity, id)
    ann.post(f"{task}/content/{id}", fields(form))
    after = stored(world, Activity, id)
    assert (after.state, after.extras, after.links) == (before.state, before.extras, before.links)
    ann.post(f"{task}/content/{id}", fields({"IsClosed": ""}))
    assert stored(world, Activity, id).state == "open"


def test_an_update_touches_what_it_says_and_no_more(world: World, ann: CrustClient) -> None:
    def make(desk: Any) -> int:
        alpha = desk.create(Create(Party, {"type": "organisation", "name": "Alpha"})).id
        beta = desk.create(Create(Party, {"type": "organisation", "name": "Beta"})).id
        values = {"title": "t", "due_at": instant(2020, 1, 2, 3, 4, 5), "category": "c", "state": "awaiting"}
        links = (NewLink(Ref("party", alpha)), NewLink(Ref("party", beta)), NewLink(Ref("user", 1), "assignee"))
        made = desk.create(
            Create(Activity, values, links, extras={"zurmo": {"x": 1}}, custom=(CustomValue("c", "v"),))
        )
        return int(made.id)

    id = str(world.write(make))
    task = ann.system("Task")
    ann.post(f"{task}/content/{id}", fields({"Subject": "new"}))
    record = stored(world, Activity, id)
    assert (record.title, record.due_at, record.state) == ("new", instant(2020, 1, 2, 3, 4, 5), "awaiting")
    assert (len(record.links), record.extras, record.custom) == (3, {"zurmo": {"x": 1}}, [CustomValue("c", "v")])
    other = ann.add(ann.system("Account"), AccountName="Gamma")
    ann.post(f"{task}/content/{id}", fields({"AccountId": other}))
    names = {link.target_name for link in stored(world, Activity, id).links}
    assert names == {"Beta", "Gamma", "ann"}


def test_long_text_of_other_dialects_survives_a_whole_form(world: World, ann: CrustClient) -> None:
    """A value that comes back as it was shown is not measured; one that a client makes longer is."""
    long = "ž" * 40_000
    made = world.write(lambda desk: desk.create(Create(Activity, {"type": "task", "title": "x", "body": long})))
    task = f"{ann.system('Task')}/content/{made.id}"
    form = {"fields": [*ann.get(task)["fields"], {"name": "extra", "value": "1"}]}
    assert ann.post(task, form)["contentID"] == str(made.id)
    assert world.desk().get(Activity, made.id).body == long
    words = "exec query failed: Error 1406: Data too long for column 'column_{}' at row 1"
    too_long = f"Error adding columns to database: {words}"
    assert ann.post(task, fields({"Description": long + "ž"})) == too_long.format("value")
    assert ann.post(task, fields({"extra": long})) == too_long.format("value")
    assert ann.post(task, fields({"n" * 256: "x"})) == too_long.format("name")
    assert ann.post(f"{ann.system('Task')}/content", fields({"Description": long})) == (
        f"Error adding columns: {words.format('value')}"
    )


def test_the_owner_is_never_empty_nor_lost(world: World, ann: CrustClient) -> None:
    bob = world.add_user("bob")
    task = ann.system("Task")
    id = ann.add(task, Subject="x", OwnerId=str(bob.user_id))
    world.set("crust.lose_owner_on_update", "yes")
    assert ann.post(f"{task}/content/{id}", fields({"Subject": "y"}))["userID"] == "0"
    assert ann.get(f"{task}/content/{id}")["userID"] == "0"
    assert stored(world, Activity, id).owner_id == bob.user_id
    world.set("crust.lose_owner_on_update", "no")
    assert ann.get(f"{task}/content/{id}")["userID"] == str(bob.user_id)
    ann.post(f"{task}/content/{id}", fields({"OwnerId": ""}))
    assert stored(world, Activity, id).owner_id == bob.user_id
    ann.post(f"{task}/content/{id}", fields({"OwnerId": "4711"}))
    assert stored(world, Activity, id).owner_id == bob.user_id
    assert ann.values(task, id)["OwnerId"] == "4711"


def test_contacts_and_accounts(world: World, ann: CrustClient) -> None:
    account, contact = ann.system("Account"), ann.system("Contact")
    sent = {
        "AccountName": "Alpha d.o.o.",
        "Phone": "01 234",
        "Website": "http://alpha.example",
        "Industry": "Iron",
        "Description": "about",
        "BillingStreet": "Cesta 1",
        "BillingCity": "Kranj",
        "BillingState": "Gorenjska",
        "BillingPostalCode": "4000",
        "BillingCountry": "Slovenia",
        "ShippingCity": "Bled",
    }
    alpha = ann.add(account, sent)
    assert ann.values(account, alpha) == {**sent, "OwnerId": "1"}
    points = stored(world, Party, alpha).points
    assert [(point.kind, point.label, point.value or point.city) for point in points] == [
        ("phone", "work", "01 234"),
        ("website", None, "http://alpha.example"),
        ("address", "billing", "Kranj"),
        ("address", "shipping", "Bled"),
    ]
    person = {
        "FirstName": "Ana",
        "LastName": "Petrič",
        "Salutation": "Ms.",
        "Title": "Boss",
        "Email": "ana@alpha.example",
        "Phone": "1",
        "MobilePhone": "2",
        "HomePhone": "3",
        "MailingCity": "Jesenice",
        "Birthdate": "1980-02-03",
        "AccountId": alpha,
    }
    ana = ann.add(contact, person)
    assert ann.values(contact, ana) == {**person, "OwnerId": "1"}
    record = stored(world, Party, ana)
    assert (record.type, record.stage, record.name, record.organisation_id) == (
        "person",
        "contact",
        "Ana Petrič",
        int(alpha),
    )
    ann.post(
        f"{contact}/content/{ana}", fields({"MobilePhone": "", "Phone": "9", "MailingCity": "", "LastName": "Kos"})
    )
    record = stored(world, Party, ana)
    assert (record.name, [point.value for point in record.points]) == ("Ana Kos", ["ana@alpha.example", "9", "3"])
    # Points that other dialects made show too.
    world.write(
        lambda desk: desk.update(
            Update(
                Party, int(ana), points=(ContactPoint("phone", "8", "mobile"), ContactPoint("address", city="Kamnik"))
            )
        )
    )
    assert ann.values(contact, ana)["MobilePhone"] == "8"
    assert ann.values(contact, ana)["MailingCity"] == "Kamnik"


def test_leads_are_people_in_another_stage(world: World, ann: CrustClient) -> None:
    lead, contact = ann.system("Lead"), ann.system("Contact")
    id = ann.add(lead, LastName="Kos", Company="Beta", Status="Qualified", Rating="Hot", IsConverted="1")
    record = stored(world, Party, id)
    assert (record.stage, record.stage_word, record.company) == ("lead", "Qualified", "Beta")
    assert ann.values(lead, id)["Rating"] == "Hot"
    assert ann.get(f"{contact}/content/{id}") == "Module has no fields"
    world.write(lambda desk: desk.update(Update(Party, int(id), {"stage": "contact"})))
    assert ann.get(f"{lead}/content/{id}") == "Module has no fields"
    assert ann.values(contact, id)["LastName"] == "Kos"


def test_users_are_not_among_the_contacts_but_are_read_by_id(world: World, ann: CrustClient) -> None:
    contact = ann.system("Contact")
    card = world.desk().get(User, ann.user.user_id).person_id
    assert ann.get(f"{contact}/content")["contents"] == []
    assert ann.values(contact, str(card))["FirstName"] == "Ann"


def test_opportunities_and_cases(world: World, ann: CrustClient) -> None:
    deals, cases = ann.system("Opportunity"), ann.system("Case")
    account = ann.add(ann.system("Account"), AccountName="Alpha")
    contact = ann.add(ann.system("Contact"), LastName="Lund")
    sent = {"Name": "Deal", "Amount": "1200.50", "Probability": "80", "StageName": "Bid", "CloseDate": "2018-12-31"}
    id = ann.add(deals, {**sent, "AccountId": account, "ContactId": contact})
    record = stored(world, Opportunity, id)
    assert (record.amount, record.probability, record.stage, record.expected_close) == (
        1_200_500_000,
        80,
        "Bid",
        "2018-12-31",
    )
    assert (record.party_id, [link.target.id for link in record.links]) == (int(account), [int(contact)])
    assert ann.values(deals, id) == {**sent, "AccountId": account, "ContactId": contact, "OwnerId": "1"}
    for text, amount in (("abc", None), ("1e3", None), ("-5", -5 * MICROS), ("9" * 40, None), ("", None)):
        ann.post(f"{deals}/content/{id}", fields({"Amount": text, "Probability": text}))
        assert stored(world, Opportunity, id).amount == amount
        assert ann.values(deals, id).get("Amount", "") == text
    ann.post(f"{deals}/content/{id}", fields({"IsWon": "1"}))
    assert (stored(world, Opportunity, id).state, ann.values(deals, id)["IsClosed"]) == ("won", "1")
    case = ann.add(cases, Subject="Broken", Status="Closed", Priority="Low", Origin="Web", ContactId=contact)
    assert ann.values(cases, case)["CaseNumber"] == case
    kept = stored(world, Case, case)
    assert (kept.state, kept.closed_on, kept.priority, kept.party_id) == ("closed", "2014-06-01", 4, int(contact))
    ann.post(f"{cases}/content/{case}", fields({"CaseNumber": "C-7", "ContactId": ""}))
    assert ann.values(cases, case)["CaseNumber"] == "C-7"
    assert stored(world, Case, case).party_id is None


def test_events_and_notes_share_what_is_no_task(world: World, ann: CrustClient) -> None:
    event, note, task = ann.system("Event"), ann.system("Note"), ann.system("Task")
    id = ann.add(event, Subject="Fair", ActivityDate="2018-12-24 09:00", DurationInMinutes="90", Location="Hall")
    record = stored(world, Activity, id)
    assert (record.type, record.location, record.end_at) == ("meeting", "Hall", instant(2018, 12, 24, 10, 30))
    ann.post(f"{event}/content/{id}", fields({"EndDateTime": "2018-12-24 10:00"}))
    assert ann.values(event, id)["DurationInMinutes"] == "60"
    for text in ("-5", "x", "9" * 18):
        ann.post(f"{event}/content/{id}", fields({"DurationInMinutes": text}))
        assert ann.values(event, id)["DurationInMinutes"] == text
        assert stored(world, Activity, id).end_at == instant(2018, 12, 24, 10)
    ann.add(note, Title="n", Body="b")
    mail = str(world.write(lambda desk: desk.create(Create(Activity, {"type": "email", "title": "mail"}))).id)
    assert ann.names(f"{note}/content?sort=Title", "Title") == ["mail", "n"]
    assert ann.get(f"{event}/content")["meta"]["count"] == 1
    assert ann.values(note, mail)["Title"] == "mail"
    assert ann.get(f"{task}/content/{mail}") == ann.get(f"{note}/content/{id}") == "Module has no fields"
    ann.post(f"{note}/content/{mail}", fields({"Body": "x"}))
    assert stored(world, Activity, mail).type == "email"


def test_lists_search_sort_and_page(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    for subject, due, word in (
        ("Želja", "2018-03-01", "Done"),
        ("apple", "2018-01-01", "Odd word"),
        ("Banana", "", ""),
    ):
        ann.add(task, Subject=subject, ActivityDate=due, Status=word, Room=f"room {subject}")

    def found(query: str) -> list[str]:
        return ann.names(f"{task}/content?{query}", "Subject")

    assert found("") == ["Banana", "apple", "Želja"]
    assert found("sort=") == ["Želja", "apple", "Banana"]
    assert found("sort=Subject") == ["apple", "Banana", "Želja"]
    assert found("sort=ActivityDate") == ["Banana", "apple", "Želja"]
    assert found("sort=ActivityDate+DESC") == ["Želja", "apple", "Banana"]
    for query, names in (
        ("zelja", ["Želja"]),
        ("an_na", ["Banana"]),
        ("complet", ["Želja"]),
        ("ODD", ["apple"]),
        ("room%20b", ["Banana"]),
        ("nothing", []),
        ("%25", ["Želja", "apple", "Banana"]),
    ):
        assert found(f"sort=id&query={query}") == names, query
    assert ann.get(f"{task}/content?perPage=5&page=1")["meta"] == {"page": 1, "perPage": 10, "count": 3, "sort": ""}
    assert ann.get(f"{task}/content?query={'x' * 5000}")["contents"] == []


def test_a_field_of_ones_own_is_a_custom_field_of_the_kind(world: World, ann: CrustClient) -> None:
    contact = ann.system("Contact")
    module = ann.get(contact)
    sent = [*module["fields"], {"name": "shoe", "label": "Shoe size", "kind": "Number", "options": {"suffix": " ž"}}]
    edited = ann.post(contact, {"name": "Ljudje", "fields": sent})
    assert (edited["name"], edited["fields"][-1]["label"], edited["fields"][-1]["options"]) == (
        "Ljudje", "Shoe size", {"suffix": " ž"},
    )  # fmt: skip
    assert ann.get(contact)["fields"] == edited["fields"]
    assert [(field.name, field.label, field.type) for field in world.desk().custom_fields("party")] == [
        ("shoe", "Shoe size", "number")
    ]
    id = ann.add(contact, LastName="Kos", shoe="42")
    assert stored(world, Party, id).custom == [CustomValue("shoe", "42")]
    assert ann.values(contact, id)["shoe"] == "42"
    assert ann.names(f"{contact}/content?query=42", "LastName") == ["Kos"]
    # It is this module's field, not that of all of its kind.
    assert "shoe" not in {field["name"] for field in ann.get(ann.system("Lead"))["fields"]}
    ann.post(f"{contact}/content/{id}", fields({"shoe": ""}))
    assert stored(world, Party, id).custom == []
    left = [field for field in ann.get(contact)["fields"] if field["name"] not in ("shoe", "Title")]
    names = [field["name"] for field in ann.post(contact, {"name": "Ljudje", "fields": left})["fields"]]
    assert "shoe" not in names
    assert "Title" in names
    assert world.desk().custom_fields("party") == []


def test_custom_fields_of_other_dialects_show(world: World, ann: CrustClient) -> None:
    world.write(lambda desk: desk.save_custom_field(CustomField("party", "Region", "Region", "choice")))
    contact = ann.system("Contact")
    assert [(f["name"], f["kind"]) for f in ann.get(contact)["fields"]][-1] == ("Region", "Select")
    id = ann.add(contact, LastName="Kos", Region="North")
    assert stored(world, Party, id).custom == [CustomValue("Region", "North")]
    left = [field for field in ann.get(contact)["fields"] if field["name"] != "Region"]
    assert "Region" in [field["name"] for field in ann.post(contact, {"name": "C", "fields": left})["fields"]]


def test_custom_values_keep_their_group_whatever_dots_are_in_their_names(world: World, ann: CrustClient) -> None:
    """Capsule's data tags are groups; a value without a definition is a value all the same."""
    account = ann.system("Account")
    world.write(lambda desk: desk.save_custom_field(CustomField("party", "No. of staff", "", "number", "Size")))
    loose = (CustomValue("plain", "1"), CustomValue("plain", "2", "Tag"))
    old = world.write(
        lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "O"}, custom=loose), ("custom",))
    )
    ann.post(
        f"{account}/content/{old.id}",
        fields({"Size.No. of staff": "5", "plain": "3", "Tag.plain": "4", "mine": "6"}),
    )
    assert sorted((value.group, value.name, value.value) for value in stored(world, Party, str(old.id)).custom) == [
        ("", "plain", "3"), ("Size", "No. of staff", "5"), ("Tag", "plain", "4"),
    ]  # fmt: skip
    shown = {"Size.No. of staff": "5", "plain": "3", "Tag.plain": "4", "mine": "6"}
    assert {name: ann.values(account, str(old.id))[name] for name in shown} == shown
    new = ann.add(account, {"Size.No. of staff": "7"})
    assert stored(world, Party, new).custom == [CustomValue("No. of staff", "7", "Size")]
    # What was kept here before there was a field for it does not come back when the field is emptied.
    world.write(lambda desk: desk.save_custom_field(CustomField("party", "mine", "", "text")))
    for text in ("8", ""):
        ann.post(f"{account}/content/{old.id}", fields({"mine": text}))
        assert ann.values(account, str(old.id)).get("mine", "") == text


def test_an_organisation_is_one_and_not_itself(world: World, ann: CrustClient) -> None:
    account, contact = ann.system("Account"), ann.system("Contact")
    acme = ann.add(account, AccountName="Acme")
    kos, zupan = ann.add(contact, LastName="Kos"), ann.add(contact, LastName="Zupan")
    for path, id, name, other in ((contact, kos, "AccountId", zupan), (account, acme, "ParentId", acme)):
        ann.post(f"{path}/content/{id}", fields({name: other}))
        assert ann.values(path, id)[name] == other
        assert stored(world, Party, id).organisation_id is None
    ann.post(f"{contact}/content/{kos}", fields({"AccountId": acme}))
    assert stored(world, Party, kos).organisation_id == int(acme)


def test_record_fields_name_their_module(world: World, ann: CrustClient) -> None:
    """The web client asks that module for what to choose from."""
    modules = {module["name"]: module for module in ann.get("/module/")}
    targets = {"Parent": "Account", "ConvertedAccount": "Account", "ConvertedContact": "Contact"}
    targets["ConvertedOpportunity"] = "Opportunity"
    for module in modules.values():
        for field in module["fields"]:
            if field["kind"] == "Record":
                name = field["name"].removesuffix("Id")
                assert field["options"] == {"moduleID": modules[targets.get(name, name)]["moduleID"]}, field
    task = modules["Task"]
    plain_ = [{**field, "options": {}} for field in task["fields"]]
    edited = ann.post(f"/module/{task['moduleID']}", {"name": "Task", "fields": plain_})
    assert [field["options"] for field in edited["fields"] if field["kind"] == "Record"] == [
        field["options"] for field in task["fields"] if field["kind"] == "Record"
    ]
    world.add_tenant("other")
    world.add_user("eve", tenant="other")
    theirs = CrustClient(world, "eve-token")
    path = theirs.system("Account")
    options = {field["name"]: field["options"] for field in theirs.get(theirs.system("Contact"))["fields"]}
    assert f"/module/{options['AccountId']['moduleID']}" == path


def test_values_of_no_field_are_kept(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    id = ann.add(task, {"Subject": "x", "a.b c": "1", "__proto__": "2"})
    shown = ann.get(f"{task}/content/{id}")
    assert [field["name"] for field in shown["fields"]][:3] == ["a.b c", "__proto__", "Subject"]
    ann.post(f"{task}/content/{id}", fields({"a.b c": "3"}))
    assert plain(ann.get(f"{task}/content/{id}"))["a.b c"] == "3"
    assert plain(ann.get(f"{task}/content/{id}"))["__proto__"] == "2"


def test_what_is_not_the_callers_is_not_there(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    world.add_user("bob")
    bob = CrustClient(world, "bob-token")
    id = str(world.write(lambda desk: desk.create(Create(Activity, {"title": "mine", "visibility": "private"}))).id)
    assert ann.values(task, id)["Subject"] == "mine"
    assert bob.get(f"{task}/content/{id}") == "Module has no fields"
    assert bob.get(f"{task}/content")["meta"]["count"] == 0
    assert "Error 1292" in bob.post(f"{task}/content/{id}", fields({"Subject": "theirs"}))
    assert bob.call("DELETE", f"{task}/content/{id}") == {"message": "OK"}
    assert ann.values(task, id)["Subject"] == "mine"


def test_the_text_of_a_confidential_activity_is_its_peoples(world: World, ann: CrustClient) -> None:
    note = ann.system("Note")
    bob = world.add_user("bob")
    values = {"type": "email", "title": "salary", "body": "secret", "visibility": "confidential"}
    id = str(world.write(lambda desk: desk.create(Create(Activity, values))).id)
    other = CrustClient(world, "bob-token")
    for who, text in ((ann, "salary"), (other, "")):
        assert who.values(note, id).get("Title", "") == text
        assert who.get(f"{note}/content?query=secret")["meta"]["count"] == int(bool(text))
        rows = who.get(f"{note}/chart?kind=pie&groupBy=Title&count=1")["data"]
        assert ("salary" in rows[0]) == bool(text)
    assert other.get(f"{note}/content")["meta"]["count"] == 1
    form = other.get(f"{note}/content/{id}")["fields"]
    other.post(f"{note}/content/{id}", {"fields": form})
    assert stored(world, Activity, id).title == "salary"
    world.write(lambda desk: desk.add_link(Ref("activity", int(id)), NewLink(Ref("user", bob.user_id), "to")))
    assert other.values(note, id)["Title"] == "salary"


def test_records_and_users_migrated_with_their_old_ids(world: World, ann: CrustClient) -> None:
    bob = world.add_user("bob")
    account, task = ann.system("Account"), ann.system("Task")
    alpha = ann.add(account, AccountName="Alpha")
    old, old_bob = "489515386258066445", "489515379329076237"

    def alias(desk: Any) -> None:
        desk.set_alias("party", old, int(alpha))
        desk.set_alias("user", old_bob, bob.user_id)

    world.write(alias, dialect="crust")
    world.core.accounts.forget_tenants()
    assert ann.values(account, old)["AccountName"] == "Alpha"
    id = ann.add(task, Subject="x", AccountId=old, OwnerId=old_bob)
    shown = ann.get(f"{task}/content/{id}")
    assert (plain(shown)["AccountId"], plain(shown)["OwnerId"], shown["userID"]) == (old, old_bob, old_bob)
    assert shown["user"]["username"] == "bob"
    record = stored(world, Activity, id)
    assert (record.owner_id, record.links[0].target.id) == (bob.user_id, int(alpha))
    own = ann.make_module("a")
    other = CrustClient(world, "bob-token")
    mine = other.add(own, a="1")
    assert other.get(f"{own}/content/{mine}")["userID"] == old_bob
    assert other.call("PUT", f"/users/{old_bob}", {"username": "bob", "name": "Bob"})["userID"] == old_bob


def test_what_cannot_be_said_is_counted(world: World, ann: CrustClient) -> None:
    deals = ann.system("Opportunity")
    id = str(world.write(lambda desk: desk.create(Create(Opportunity, {"title": "d", "currency": "EUR"}))).id)
    ann.get(f"{deals}/content/{id}")
    assert world.lines[-1]["losses"] == {"opportunity.currency:no_field": 1}


def test_deleting(world: World, ann: CrustClient) -> None:
    task = ann.system("Task")
    id = ann.add(task, Subject="x")
    for target in (id, id, "4711", "abc", str(2**64)):
        assert ann.call("DELETE", f"{task}/content/{target}") == {"message": "OK"}
    assert world.desk().count(Activity) == 0
    assert ann.post(f"{task}/content/{id}", fields({"Subject": "x"})).startswith("exec query failed: Error 1292")
    assert ann.call("DELETE", task) == "Error deleting module: system module"


def test_only_administrators_change_users(world: World, ann: CrustClient) -> None:
    world.add_user("bob")
    bob = CrustClient(world, "bob-token")
    users = ann.system("User")
    made = ann.add(users, Username="Zala", FirstName="Zala", Email="z@x.example")
    assert world.desk().get(User, int(made)).username == "Zala"
    assert bob.post(f"{users}/content", fields({"Username": "eve"})) == "Not allowed: only administrators change users"
    assert "Not allowed" in bob.post(f"{users}/content/{ann.user.user_id}", fields({"Email": "x"}))
    assert bob.post(f"{users}/content/{bob.user.user_id}", fields({"Phone": "1"}))["contentID"]
    assert "Not allowed" in bob.post(f"{users}/content/{bob.user.user_id}", fields({"Username": "root"}))
    assert "Not allowed" in bob.call("DELETE", f"{users}/content/{made}")
    assert "Duplicate entry" in ann.post(f"{users}/content", fields({"Username": "bob"}))
    assert "Incorrect value for column 'username'" in ann.post(f"{users}/content", fields({"Email": "x"}))
    ann.call("DELETE", f"{users}/content/{made}")
    assert world.desk().get(User, int(made)).active is False


def test_the_web_clients_round(world: World, ann: CrustClient) -> None:
    """Start-up, list, create, edit, delete with the client's own calls: they work on canonical records too."""
    assert ann.get("/page/") == []
    page = ann.post("/page/", {"title": "Tasks"})
    of = ann.system("Task").removeprefix("/module/")
    ann.post(f"/page/{page['pageID']}", {**page, "visible": True, "blocks": [{"kind": "RecordList", "moduleID": of}]})
    ann.post("/page/", {"title": "Record page for module Task", "moduleID": of})
    assert ann.get("/page/tree")[0]["title"] == "Tasks"
    module = f"/module/{of}"
    assert ann.get(module)["page"]["moduleID"] == of
    assert ann.get(f"{module}/content?query=&page=0&perPage=20&sort=")["contents"] == []
    form = {"fields": [{"name": field["name"], "value": "", "related": None} for field in ann.get(module)["fields"]]}
    form["fields"][0]["value"] = "Call"
    made = ann.post(f"{module}/content", form)
    assert stored(world, Activity, made["contentID"]).state == "open"
    read = ann.get(f"{module}/content/{made['contentID']}")
    read["fields"][0]["value"] = "Call again"
    ann.post(f"{module}/content/{made['contentID']}", {"fields": read["fields"]})
    assert ann.names(f"{module}/content?query=again&page=0&perPage=20&sort=Subject%20DESC", "Subject") == [
        "Call again"
    ]
    ann.call("DELETE", f"{module}/content/{made['contentID']}")
    assert world.desk().count(Activity) == 0

"""Sync calls, small lists, rights and relations as a running Zurmo 3.1.5 and its own test suites have them."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Activity, Opportunity, Party, PicklistItem
from canonical.operations import Create, Update
from dialects.zurmo.settings import NAME
from tests.dialects.zurmo_client import ACCOUNT, CONTACT, DEAL, MEETING, TASK, USER, Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

NO_RIGHT = "You do not have rights to perform this action."


def signed_in(client: Zurmo, username: str, **more: Any) -> tuple[str, str]:
    client.create(USER, username=username, lastName="Ray", password="s3cret-pw", **more)
    return client.login(username, "s3cret-pw")


# -- sync --------------------------------------------------------------------------------------------------------


def since(client: Zurmo, action: str, moment: str | None, module: str = TASK, **more: Any) -> Any:
    data = {**({} if moment is None else {"sinceDateTime": moment}), **more}
    return client.ok("POST", f"/{module}/api/get{action}Items/", data)


@pytest.mark.parametrize(("seconds", "counts"), [(1, False), (3, False), (4, True), (60, True)])
def test_z5_what_was_created_since_is_modified_too(v3: Zurmo, seconds: int, counts: bool) -> None:
    id = v3.task("made at 8:15")
    v3.tick(seconds)
    v3.update(TASK, id, name="changed")
    data = since(v3, "Modified", "2015-02-27 08:14:00")
    assert [item["name"] for item in data.get("items", [])] == (["changed"] if counts else [])


def test_z5_moments_are_compared_in_whole_seconds(v3: Zurmo) -> None:
    assert v3.world.now is not None
    v3.world.now += 900_000
    id = v3.task("made at 8:15:00.9")
    v3.world.now += 3_200_000
    v3.update(TASK, id, name="changed at 8:15:04.1")
    assert since(v3, "Modified", "2015-02-27 08:15:03")["totalCount"] == 1
    assert since(v3, "Modified", "2015-02-27 08:15:04")["totalCount"] == 0


def test_z5_the_oldest_change_comes_first_and_pages_end(v3: Zurmo) -> None:
    first, second = v3.task("first"), v3.task("second")
    v3.tick()
    v3.update(TASK, second, description="x")
    v3.tick()
    v3.update(TASK, first, description="x")
    paged = {"pagination": {"page": "1", "pageSize": "1"}}
    assert [item["id"] for item in since(v3, "Modified", "2015-01-01 00:00:00")["items"]] == [second, first]
    data = since(v3, "Modified", "2015-01-01 00:00:00", **paged)
    assert ([item["id"] for item in data["items"]], data["totalCount"], data["pageSize"]) == ([second], 2, 1)
    assert "items" not in since(v3, "Modified", "2015-01-01 00:00:00", pagination={"page": "3", "pageSize": "1"})


@pytest.mark.parametrize("module", [TASK, MEETING, CONTACT, ACCOUNT])
def test_z5_only_what_the_caller_owns_counts(v3: Zurmo, module: str) -> None:
    session = signed_in(v3, "ann")
    names = ("lastName", "name") if module == CONTACT else ("name", "lastName")
    data = {names[0]: "x", "state": {"id": "5"}, "startDateTime": "2015-01-01 00:00:00"}
    mine = v3.ok("POST", f"/{module}/api/create/", data, session=session)["id"]
    v3.tick()
    v3.ok("PUT", f"/{module}/api/update/{mine}", {"description": "y"}, session=session)
    for action in ("Created", "Modified"):
        path = f"/{module}/api/get{action}Items/"
        asked = {"sinceDateTime": "2015-01-01 00:00:00"}
        assert v3.ok("POST", path, asked)["totalCount"] == 0
        assert v3.ok("POST", path, asked, session=session)["totalCount"] == 1


@pytest.mark.parametrize(("action", "count"), [("Created", 2), ("Modified", 0), ("Deleted", 1)])
def test_z34_sync_without_a_body(v3: Zurmo, action: str, count: int) -> None:
    v3.task("one")
    two, gone = v3.task("two"), v3.task("gone")
    v3.tick()
    v3.update(TASK, two, description="x")
    v3.ok("DELETE", f"/{TASK}/api/delete/{gone}")
    path = f"/{TASK}/api/get{action}Items/"
    for method in ("POST", "GET"):
        data = v3.ok(method, path)
        assert (data["totalCount"], data["pageSize"], data["currentPage"]) == (count, 10, 1)
    assert v3.ok("POST", path, {"pagination": {"pageSize": "5"}})["totalCount"] == count
    bad = 'sinceDateTime format is not correct. sinceDateTime should be in "YYYY-MM-DD HH:MM:SS" format'
    for sent in ("", "0", "yesterday", {"x": "y"}):
        assert v3.failure("POST", path, {"sinceDateTime": sent}) == bad


# -- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["AccountTypes", "Colours"])
def test_z2_values_are_added_by_administrators_only(v3: Zurmo, name: str) -> None:
    session = signed_in(v3, "bob")
    path = "/zurmo/customField/api"
    before = v3.ok("GET", f"{path}/list/")
    for data in ({"values": ["Hack"]}, {}, None):
        assert v3.failure("PUT", f"{path}/addValues/{name}", data, session=session) == NO_RIGHT
    assert v3.ok("GET", f"{path}/list/") == before
    assert v3.ok("GET", f"{path}/read/{name}", session=session) == v3.ok("GET", f"{path}/read/{name}")
    assert "Fine" in v3.ok("PUT", f"{path}/addValues/{name}", {"values": ["Fine"]})


def test_z38_anybody_finds_users_by_their_emails(v3: Zurmo) -> None:
    session = signed_in(v3, "bob", primaryEmail={"emailAddress": "bob@acme.com"})
    ann = v3.create(
        USER, username="ann", firstName="Ann", lastName="Ray", primaryEmail={"emailAddress": "Ann@acme.com"}
    )
    path = f"/{USER}/api/searchUsersByEmails/"
    asked = {"emails": ["ann@ACME.com", "", "nobody@acme.com", "bob@acme.com", "ann@acme.com"]}
    users = v3.ok("POST", path, asked, session=session)["users"]
    assert [user["username"] for user in users] == ["ann", "bob"]
    assert users[0] == {
        "id": ann["id"],
        "firstName": "Ann",
        "lastName": "Ray",
        "username": "ann",
        "email": "Ann@acme.com",
    }
    asked = {"emails": ["bob@acme.com", "ann@acme.com"]}
    assert [user["username"] for user in v3.ok("POST", path, asked, session=session)["users"]] == ["bob", "ann"]
    assert v3.ok("POST", path, {"emails": ["x@y.z"]}, session=session) == {"users": []}
    none = "Emails parameters must exist, must be an array and must contain at least one email address."
    for data in (None, {}, {"emails": ""}, {"emails": "bob@acme.com"}, {"other": ["x"]}):
        assert v3.failure("POST", path, data, session=session) == none


# -- groups and small lists ----------------------------------------------------------------------------------------


def test_z33_a_new_install_has_two_groups(v3: Zurmo) -> None:
    data = v3.ok("GET", "/zurmo/group/api/list")
    assert data["totalCount"] == 2
    assert [(item["id"], item["name"]) for item in data["items"]] == [(2, "Everyone"), (1, "Super Administrators")]
    assert list(data["items"][0]) == [
        "id",
        "createdDateTime",
        "modifiedDateTime",
        "createdByUser",
        "modifiedByUser",
        "name",
    ]
    for id, name in ((1, "Super Administrators"), (2, "Everyone")):
        assert v3.read("zurmo/group", id)["name"] == name
        assert v3.list("zurmo/group", search={"name": name}) == [name]


def test_z33_permissions_may_name_them(v3: Zurmo) -> None:
    session = signed_in(v3, "bob")
    kept = {
        "1": {"type": 2, "nonEveryoneGroup": 1},
        "2": {"type": 1, "nonEveryoneGroup": None},
    }
    for group, shown in kept.items():
        for sent in (group, {"id": group}):
            wanted = {"type": "2", "nonEveryoneGroup": sent}
            made = v3.create(TASK, name="x", explicitReadWriteModelPermissions=wanted)
            assert made["explicitReadWriteModelPermissions"] == shown
            body = v3.call("GET", f"/{TASK}/api/read/{made['id']}", session=session)
            assert body["status"] == ("SUCCESS" if group == "2" else "FAILURE")
    id = v3.task()
    changed = v3.update(TASK, id, explicitReadWriteModelPermissions={"type": "2", "nonEveryoneGroup": "1"})
    assert changed["explicitReadWriteModelPermissions"] == kept["1"]
    changed = v3.update(TASK, id, explicitReadWriteModelPermissions={"type": "2", "nonEveryoneGroup": "2"})
    assert changed["explicitReadWriteModelPermissions"] == kept["2"]


PICKLISTS = {
    "AccountContactAffiliationRoles": "Billing|Shipping|Support|Technical|Administrative|Project Manager",
    "AccountTypes": "Prospect|Customer|Vendor",
    "Industries": "Automotive|Banking|Business Services|Energy|Financial Services|Insurance|Manufacturing|"
    "Retail|Technology",
    "LeadSources": "Self-Generated|Inbound Call|Tradeshow|Word of Mouth",
    "MeetingCategories": "Meeting|Call",
    "ProductStages": "Open|Lost|Won",
    "SalesStages": "Prospecting|Qualification|Negotiating|Verbal|Closed Won|Closed Lost",
    "Titles": "Mr.|Mrs.|Ms.|Dr.",
}


def test_z37_the_eight_picklists_of_a_new_install(v3: Zurmo) -> None:
    found = v3.ok("GET", "/zurmo/customField/api/list/")
    wanted = {name: {value: value for value in values.split("|")} for name, values in PICKLISTS.items()}
    assert found == wanted
    assert list(found) == list(PICKLISTS)
    assert [list(values) for values in found.values()] == [values.split("|") for values in PICKLISTS.values()]


def test_z37_a_tenant_older_than_a_list_has_it_too(v3: Zurmo) -> None:
    def forget(desk: Any) -> None:
        for item in desk.picklist("product_stage"):
            desk.delete_picklist_item(item.id)

    v3.write(forget)
    path = "/zurmo/customField/api"
    assert list(v3.ok("GET", f"{path}/read/ProductStages")) == ["Open", "Lost", "Won"]
    assert list(v3.ok("PUT", f"{path}/addValues/ProductStages", {"values": ["Sold"]})) == [
        "Open",
        "Lost",
        "Won",
        "Sold",
    ]
    assert list(v3.ok("GET", f"{path}/read/ProductStages")) == ["Open", "Lost", "Won", "Sold"]
    v3.write(lambda desk: desk.save_picklist_item(PicklistItem(f"{NAME}:names", "Titles")))
    assert list(v3.ok("GET", f"{path}/list/")) == list(PICKLISTS)


# -- attributes --------------------------------------------------------------------------------------------------

CREATED = "createdByUser User R · createdDateTime DateTime QR"
MODIFIED = "modifiedByUser User R · modifiedDateTime DateTime QR"
PERSON = f"""account Account · companyName Text · {CREATED} · department Text · description TextArea N ·
    facebookId Text "Facebook ID" · firstName Text · googleWebTrackingId Text · id Text N ·
    industry DropDown (Industries) · jobTitle Text · lastName Text Q · latestActivityDateTime DateTime RN ·
        mobilePhone Phone · {MODIFIED} ·
    officeFax Phone · officePhone Phone · owner User Q · primaryAddress Address ·
        primaryEmail EmailAddressInformation ·
    title DropDown "Salutation" (Titles) · secondaryAddress Address · secondaryEmail EmailAddressInformation ·
    source DropDown (LeadSources) · state ContactState "Status" Q · twitterId Text "Twitter ID" · website Url N"""
ATTRIBUTES = {
    TASK: f"""completed CheckBox · completedDateTime DateTime "Completed On" · {CREATED} · description TextArea N ·
        dueDateTime DateTime "Due On" · id Text N · latestDateTime DateTime QR · {MODIFIED} · name Text Q ·
        owner User Q · project Project · requestedByUser User · status TaskStatusDropDown Q""",
    ACCOUNT: f"""annualRevenue Decimal N · billingAddress Address · {CREATED} · description TextArea N ·
        employees Integer N · id Text N · industry DropDown (Industries) · latestActivityDateTime DateTime RN ·
        {MODIFIED} · name Text Q · officeFax Phone · officePhone Phone · owner User Q ·
        account Account "Parent Account" ·
        primaryEmail EmailAddressInformation · secondaryEmail EmailAddressInformation · shippingAddress Address ·
        type DropDown (AccountTypes) · website Url N""",
    CONTACT: PERSON,
    "leads/contact": PERSON,
    DEAL: f"""account Account · amount CurrencyValue Q · closeDate Date Q · {CREATED} · description TextArea N ·
        id Text N · {MODIFIED} · name Text Q · owner User Q · probability Integer Q · source DropDown (LeadSources) ·
        stage DropDown Q (SalesStages) · stageModifiedDateTime DateTime QR""",
    MEETING: f"""category DropDown (MeetingCategories) · {CREATED} · description TextArea N ·
        endDateTime DateTime "End Time" · id Text N · latestDateTime DateTime QR · location Text · logged CheckBox ·
        {MODIFIED} · name Text Q · owner User Q · processedForLatestActivity CheckBox N ·
        startDateTime DateTime "Start Time" Q""",
    "notes/note": f"""{CREATED} · description TextArea Q · id Text N · latestDateTime DateTime QR · {MODIFIED} ·
        occurredOnDateTime DateTime "Occurred On" · owner User Q""",
    USER: f"""primaryAddress Address "Address" · {CREATED} · currency CurrencyDropDown · department Text ·
        primaryEmail EmailAddressInformation "Email" · firstName Text · hash Text ·
        hideFromLeaderboard CheckBox "Hide from leaderboard" · hideFromSelecting CheckBox "Hide from selecting" ·
        id Text N · isActive CheckBox R · isRootUser CheckBox R · isSystemUser CheckBox R · jobTitle Text ·
        language LanguageStaticDropDown · lastLoginDateTime DateTime "Last Login" · lastName Text Q ·
        locale LocaleStaticDropDown · manager User · mobilePhone Phone · {MODIFIED} · officeFax Phone ·
        officePhone Phone · role Role · title DropDown "Salutation" (Titles) · secondaryEmail EmailAddressInformation ·
        serializedAvatarData Text N · timeZone TimeZoneStaticDropDown · username Text Q""",
    "zurmo/group": f"""{CREATED} · id Text N · {MODIFIED} · name Text Q · group DropDown "Parent Group\"""",
    "zurmo/role": f"""{CREATED} · id Text N · {MODIFIED} · name Text Q · role DropDown "Parent Role\"""",
    "zurmo/currency": "active CheckBox N · code Text QN · id Text N · rateToBase Decimal QN",
    "contacts/contactState": "id Text N · name Text QN · order Integer QN · serializedLabels Text N",
}
"""Section 4 of the dossier: name, element, label in quotes, Q required, R read-only, N not audited, (picklist)."""


def described(name: str, item: dict[str, Any]) -> str:
    """An entry as the table above writes it."""
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in name)
    label = item["attributeLabel"]
    marks = "".join(
        mark
        for mark, found in (("Q", item["isRequired"]), ("R", item["isReadOnly"]), ("N", not item["isAudited"]))
        if found
    )
    picklist = item["customFieldName"]
    parts = [
        name,
        item["elementType"],
        "" if label == words.title() else f'"{label}"',
        marks,
        f"({picklist})" if picklist else "",
    ]
    return " ".join(filter(None, parts))


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_z35_z36_attributes_in_the_vendors_words_and_order(v3: Zurmo, path: str) -> None:
    items = v3.ok("GET", f"/{path}/api/listAttributes")["items"]
    wanted = [" ".join(entry.split()) for entry in ATTRIBUTES[path].split("·")]
    assert [described(name, item) for name, item in items.items()] == wanted


# -- meetings, users -----------------------------------------------------------------------------------------------


def test_z9_a_meeting_is_written_back_as_read(v3: Zurmo) -> None:
    made = v3.create(MEETING, name="x", startDateTime="2015-03-02 09:00:00", processedForLatestActivity="1")
    assert made["processedForLatestActivity"] == "0"
    for flag in ("0", "1"):
        assert v3.update(MEETING, made["id"], processedForLatestActivity=flag)["processedForLatestActivity"] == flag
        assert v3.read(MEETING, made["id"])["processedForLatestActivity"] == flag


def test_z39_the_organizer_has_an_email(v3: Zurmo) -> None:
    session = signed_in(v3, "bob", firstName="Bob", primaryEmail={"emailAddress": "bob@acme.com"})
    data = {"name": "x", "startDateTime": "2015-03-02 09:00:00"}
    made = v3.ok("POST", f"/{MEETING}/api/create/", data, session=session)
    organizer = v3.read(MEETING, made["id"])["attendees"]["Organizer"]
    assert list(organizer.items())[1:] == [
        ("firstName", "Bob"),
        ("lastName", "Ray"),
        ("username", "bob"),
        ("email", "bob@acme.com"),
    ]
    mine = v3.create(MEETING, **data)["attendees"]["Organizer"]
    assert mine == {"id": 1, "firstName": "Super", "lastName": "User", "username": "super"}


def test_z40_a_user_of_2_x_has_one_email(v3: Zurmo, zurmo: Zurmo) -> None:
    assert "secondaryEmail" not in zurmo.read(USER, 1)
    assert v3.read(USER, 1)["secondaryEmail"] is None


# -- relations -----------------------------------------------------------------------------------------------------


def entry(id: int, model: str, action: str) -> list[dict[str, str]]:
    return [{"action": action, "modelId": str(id), "modelClassName": model}]


@pytest.mark.parametrize(
    ("relation", "id", "model", "action", "message"),
    [
        ("activityItems", 999, "Contact", "bogus", "The related model ID specified was invalid."),
        ("activityItems", 999, "Foo", "bogus", "The related model ID specified was invalid."),
        ("activityItems", 1, "Contact", "bogus", "Unsupported action."),
        ("nothing", 999, "Foo", "bogus", "You can add relations only for HAS_MANY and MANY_MANY relations."),
        ("owner", 1, "User", "bogus", "You can add relations only for HAS_MANY and MANY_MANY relations."),
    ],
)
def test_z32_relations_are_checked_before_ids_and_these_before_actions(
    v3: Zurmo, relation: str, id: int, model: str, action: str, message: str
) -> None:
    data = {"name": "x", "modelRelations": {relation: entry(id, model, action)}}
    assert v3.failure("POST", f"/{TASK}/api/create/", data) == message
    task = v3.task()
    prefix = "Model was updated, but there were issues with relations. "
    assert v3.failure("PUT", f"/{TASK}/api/update/{task}", data) == prefix + message


@pytest.mark.parametrize(
    ("relation", "model"), [("contacts", "Contact"), ("accounts", "Account"), ("opportunities", "Opportunity")]
)
def test_z43_a_relation_is_removed_from_its_own_account_only(v3: Zurmo, relation: str, model: str) -> None:
    mine, other = v3.create(ACCOUNT, name="mine")["id"], v3.create(ACCOUNT, name="other")["id"]
    data: dict[str, dict[str, Any]] = {
        CONTACT: {"lastName": "x", "state": {"id": "5"}},
        ACCOUNT: {"name": "x"},
        DEAL: {"name": "x", "closeDate": "2015-12-31", "amount": {"value": "1"}},
    }
    module = {"Contact": CONTACT, "Account": ACCOUNT, "Opportunity": DEAL}[model]
    id = v3.create(module, **data[module])["id"]
    v3.update(ACCOUNT, mine, modelRelations={relation: entry(id, model, "add")})

    def account() -> int | None:
        if model == "Opportunity":
            return v3.desk().get(Opportunity, id).party_id
        return v3.desk().get(Party, id).organisation_id

    v3.update(ACCOUNT, other, modelRelations={relation: entry(id, model, "remove")})
    assert account() == mine
    v3.update(ACCOUNT, mine, modelRelations={relation: entry(id, model, "remove")})
    assert account() is None


def test_z12_a_project_that_is_not_there_is_refused(v3: Zurmo) -> None:
    for id in ("999", "abc", "-1"):
        assert v3.failure("POST", f"/{TASK}/api/create/", {"name": "x", "project": {"id": id}}) == ""
    assert v3.list(TASK) == []
    task = v3.task()
    assert v3.failure("PUT", f"/{TASK}/api/update/{task}", {"name": "y", "project": {"id": "999"}}) == ""
    shown = v3.read(TASK, task)
    assert (shown["name"], shown["project"]) == ("Call", None)


def test_z12_a_project_that_an_import_brought_stays_valid(v3: Zurmo) -> None:
    values = {"type": "task", "title": "imported"}
    old = v3.write(lambda desk: desk.create(Create(Activity, values, extras={NAME: {"project": 7}}))).id
    assert v3.read(TASK, old)["project"] == {"id": 7}
    assert v3.update(TASK, old, project={"id": "7"}, name="kept")["project"] == {"id": 7}
    assert v3.create(TASK, name="x", project={"id": "7"})["project"] == {"id": 7}
    v3.write(lambda desk: desk.update(Update(Activity, old, {"title": "by another"})))
    assert v3.read(TASK, old)["project"] == {"id": 7}
    for none in ("", "0"):
        assert v3.update(TASK, old, project={"id": none})["project"] is None
    assert v3.list(TASK, search={"project": {"id": "7"}}) == ["x"]


# -- the parent of an account ----------------------------------------------------------------------------------------


def test_z13_an_account_has_a_parent_that_is_never_shown(v3: Zurmo) -> None:
    parent = v3.create(ACCOUNT, name="Parent")["id"]
    made = v3.create(ACCOUNT, name="Child", account={"id": str(parent)})
    assert "account" not in made
    assert "account" not in v3.read(ACCOUNT, made["id"])
    for search in ({"id": str(parent)}, {"name": "par"}, {"id": [str(parent)]}):
        assert v3.list(ACCOUNT, search={"account": search}) == ["Child"]
    assert v3.search(ACCOUNT, "Account", "account", "equals", str(parent), "id") == ["Child"]
    assert v3.search(ACCOUNT, "Account", "account", "startsWith", "Par", "name") == ["Child"]
    assert v3.list(ACCOUNT, sort="account.desc") == ["Child", "Parent"]
    for gone in ("999", "x"):
        assert v3.failure("PUT", f"/{ACCOUNT}/api/update/{made['id']}", {"account": {"id": gone}}) == ""
    assert v3.desk().get(Party, made["id"]).organisation_id == parent
    for none in ("", "0"):
        v3.update(ACCOUNT, made["id"], account={"id": str(parent)})
        assert "account" not in v3.update(ACCOUNT, made["id"], account={"id": none})
        assert v3.desk().get(Party, made["id"]).organisation_id is None

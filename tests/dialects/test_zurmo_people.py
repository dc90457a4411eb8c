"""Contacts, leads, accounts and what hangs on them (dossier, sections 3, 4, 8)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import ContactPoint, Party
from canonical.operations import Create, Update
from dialects.zurmo.client.ask import as_sent
from tests.dialects.zurmo_client import Zurmo, seed_fixture, v3_fixture

zurmo = seed_fixture()
v3 = v3_fixture()

CONTACT = "contacts/contact"
LEAD = "leads/contact"
ACCOUNT = "accounts/account"


def party(client: Zurmo, id: int) -> Party:
    return client.desk().get(Party, id, ("points", "custom"))


def by_another(client: Zurmo, *points: ContactPoint, **values: Any) -> int:
    made: Party = client.write(lambda desk: desk.create(Create(Party, values, points=points)))
    return made.id


def contact(client: Zurmo, **more: Any) -> dict[str, Any]:
    return client.create(CONTACT, **{"lastName": "Silva", "state": {"id": "5"}, **more})


# -- states -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "stage", "word"),
    [
        (1, "lead", "New"),
        (2, "lead", "In Progress"),
        (3, "lead", "Recycled"),
        (4, "lead", "Dead"),
        (5, "contact", "Qualified"),
        (6, "contact", "Customer"),
    ],
)
def test_states(v3: Zurmo, state: int, stage: str, word: str) -> None:
    # Create takes any state by either path.
    for module in (CONTACT, LEAD):
        made = v3.create(module, lastName="Lund", state={"id": str(state)})
        assert made["state"] == {"id": state}
        kept = party(v3, made["id"])
        assert (kept.stage, kept.stage_word, kept.name) == (stage, word, "Lund")
    listed = {module: len(v3.list(module, key="id")) for module in (CONTACT, LEAD)}
    assert listed == ({CONTACT: 0, LEAD: 2} if stage == "lead" else {CONTACT: 2, LEAD: 0})
    for module in (CONTACT, LEAD):
        assert v3.read(module, made["id"])["lastName"] == "Lund"
    assert len(v3.post_list(LEAD if stage == "lead" else CONTACT, key="id", search={"state": {"id": str(state)}})) == 2
    assert v3.search("tasks/task", "Contact", "state", "equals", str(state), "id", key="lastName") == (
        [] if stage == "lead" else ["Lund", "Lund"]
    )


@pytest.mark.parametrize(("stage", "id"), [("lead", 1), ("contact", 5)])
def test_people_that_others_made(v3: Zurmo, stage: str, id: int) -> None:
    made = by_another(v3, type="person", last_name="Berg", stage=stage)
    assert v3.read(CONTACT, made)["state"] == {"id": id}
    module = LEAD if stage == "lead" else CONTACT
    assert v3.post_list(module, key="lastName", search={"state": {"id": str(id)}}) == ["Berg"]
    v3.update(module, made, firstName="Mia")
    assert party(v3, made).stage_word is None


def test_ids_of_2_2_5(zurmo: Zurmo) -> None:
    zurmo.set("first_contact_state", "2")
    assert zurmo.create(CONTACT, lastName="Silva", state={"id": "6"})["state"] == {"id": 6}
    assert zurmo.names(zurmo.ok("GET", "/contacts/contactState/api/list/"), "id") == [2, 3, 4, 5, 6, 7]
    assert party(zurmo, 2).stage_word == "Qualified"


def test_bad_states(v3: Zurmo) -> None:
    missing = {"state": {"name": ["Name cannot be blank."], "order": ["Order cannot be blank."]}}
    assert v3.errors("POST", f"/{CONTACT}/api/create/", {"lastName": "x"}) == missing
    assert v3.errors("POST", f"/{LEAD}/api/create/", {"lastName": "x", "state": {"id": ""}}) == missing
    assert v3.failure("POST", f"/{CONTACT}/api/create/", {"lastName": "x", "state": {"id": "9"}}) == ""


def test_contact_state_lists(v3: Zurmo) -> None:
    data = v3.ok("GET", "/contacts/contactState/api/listContactStates/")
    assert list(data) == ["items", "totalCount", "currentPage"]
    assert v3.names(data) == ["Qualified", "Customer"]
    data = v3.ok("GET", "/contacts/contactState/api/listLeadStates")
    assert (v3.names(data, "id"), data["totalCount"]) == ([1, 2, 3, 4], 4)
    assert v3.read("contacts/contactState", 5) == {
        "id": 5,
        "name": "Qualified",
        "order": "4",
        "serializedLabels": None,
    }
    assert v3.failure("GET", "/contacts/contactState/api/read/9") == "The ID specified was invalid."
    for action, method in (("create", "POST"), ("update/1", "PUT"), ("delete/1", "DELETE")):
        assert v3.failure(method, f"/contacts/contactState/api/{action}", {"name": "x"}) == ""


def test_the_contact_cards_of_users_are_no_contacts(v3: Zurmo) -> None:
    assert v3.list(CONTACT, key="lastName") == []


# -- fields -----------------------------------------------------------------------------------------------------


def test_a_contact_keeps_everything(v3: Zurmo) -> None:
    sent = {
        "department": "R&D",
        "firstName": "Ana",
        "jobTitle": "Lead",
        "mobilePhone": "+44 1",
        "officePhone": "+44 2",
        "officeFax": "",
        "primaryAddress": {"street1": "1 High St", "city": "Leeds", "latitude": "53.8"},
        "primaryEmail": {"emailAddress": "ana@shop.example", "optOut": "1"},
        "title": {"value": "Dr."},
        "companyName": "Silva Ltd",
        "description": "long",
        "website": "http://silva.example",
        "googleWebTrackingId": "g",
        "twitterId": "t",
        "facebookId": "f",
        "industry": {"value": "Anything"},
        "secondaryAddress": {"city": "York"},
        "secondaryEmail": {"emailAddress": "two@shop.example"},
        "source": {"value": "Tradeshow"},
    }
    made = contact(v3, **sent)
    stored = v3.read(CONTACT, made["id"])
    for name, value in sent.items():
        if isinstance(value, dict):
            assert {key: stored[name][key] for key in value} == value
            assert isinstance(stored[name]["id"], int)
        else:
            assert stored[name] == value
    kept = party(v3, made["id"])
    assert (kept.name, kept.salutation, kept.company, kept.about) == ("Ana Silva", "Dr.", "Silva Ltd", "long")
    points = {(point.kind, point.label): point.value or point.city for point in kept.points}
    assert points == {
        ("phone", "mobile"): "+44 1",
        ("phone", "work"): "+44 2",
        ("address", None): "Leeds",
        ("email", None): "ana@shop.example",
        ("website", None): "http://silva.example",
        ("address", "secondary"): "York",
        ("email", "secondary"): "two@shop.example",
    }


def test_what_was_never_set_is_null(v3: Zurmo) -> None:
    made = contact(v3)
    empty = {name for name, value in made.items() if value is None}
    assert empty == set(made) - {
        "owner",
        "explicitReadWriteModelPermissions",
        "id",
        "createdDateTime",
        "modifiedDateTime",
        "createdByUser",
        "modifiedByUser",
        "lastName",
        "state",
    }


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"lastName": ""}, {"lastName": ["Last Name cannot be blank."]}),
        ({"lastName": "x" * 33}, {"lastName": ["Last Name is too long (maximum is 32 characters)."]}),
        ({"companyName": "x" * 65}, {"companyName": ["Company Name is too long (maximum is 64 characters)."]}),
        ({"mobilePhone": "1" * 25}, {"mobilePhone": ["Mobile Phone is too long (maximum is 24 characters)."]}),
        ({"website": "nope"}, {"website": ["Website is not a valid URL."]}),
        (
            {"primaryEmail": {"emailAddress": "bad"}},
            {"primaryEmail": {"emailAddress": ["Email Address is not a valid email address."]}},
        ),
        (
            {"secondaryEmail": {"emailAddress": "a@b.co", "optOut": "2"}},
            {"secondaryEmail": {"optOut": ["Opt Out must be either 1 or 0."]}},
        ),
        (
            {"primaryAddress": {"city": "x" * 33}},
            {"primaryAddress": {"city": ["City is too long (maximum is 32 characters)."]}},
        ),
    ],
)
def test_what_is_refused(v3: Zurmo, sent: dict[str, Any], errors: dict[str, Any]) -> None:
    data = {"lastName": "Silva", "state": {"id": "5"}, **sent}
    assert v3.errors("POST", f"/{CONTACT}/api/create/", data) == errors
    id = contact(v3)["id"]
    assert v3.errors("PUT", f"/{CONTACT}/api/update/{id}", sent) == errors


@pytest.mark.parametrize("email", ["a@b.co", "x.y+z@sub.example.org", "o'neil@a-b.com", "a" * 60 + "@b.co"])
def test_good_emails(v3: Zurmo, email: str) -> None:
    assert contact(v3, primaryEmail={"emailAddress": email})["primaryEmail"]["emailAddress"] == email


@pytest.mark.parametrize(
    "email", ["a@b", "@b.co", "a b@c.co", "a@b..co", "é@b.co", "a@" + "b" * 300 + ".co", "a@b.co\n"]
)
def test_bad_emails(v3: Zurmo, email: str) -> None:
    data = {"lastName": "x", "state": {"id": "5"}, "primaryEmail": {"emailAddress": email}}
    assert list(v3.errors("POST", f"/{CONTACT}/api/create/", data)) == ["primaryEmail"]


def test_objects_are_changed_key_by_key(v3: Zurmo) -> None:
    id = contact(v3, primaryEmail={"emailAddress": "a@b.co", "optOut": "1"}, primaryAddress={"city": "Leeds"})["id"]
    v3.update(CONTACT, id, primaryEmail={"emailAddress": "c@d.co"}, primaryAddress={"country": "UK"})
    stored = v3.read(CONTACT, id)
    assert (stored["primaryEmail"]["emailAddress"], stored["primaryEmail"]["optOut"]) == ("c@d.co", "1")
    assert (stored["primaryAddress"]["city"], stored["primaryAddress"]["country"]) == ("Leeds", "UK")
    assert len(party(v3, id).points) == 2


def test_emptied_objects(v3: Zurmo) -> None:
    id = contact(
        v3, primaryEmail={"emailAddress": "a@b.co", "optOut": "1"}, secondaryEmail={"emailAddress": "c@d.co"}
    )["id"]
    v3.update(CONTACT, id, primaryEmail={"emailAddress": ""}, officePhone="")
    stored = v3.read(CONTACT, id)
    assert (stored["primaryEmail"]["emailAddress"], stored["primaryEmail"]["optOut"]) == ("", "1")
    assert stored["secondaryEmail"]["emailAddress"] == "c@d.co"
    assert (stored["officePhone"], stored["mobilePhone"]) == ("", None)
    assert [point.value for point in party(v3, id).points] == ["c@d.co"]
    v3.update(CONTACT, id, primaryEmail={"emailAddress": "e@f.co"}, officePhone="1")
    stored = v3.read(CONTACT, id)
    assert (stored["primaryEmail"]["emailAddress"], stored["primaryEmail"]["optOut"]) == ("e@f.co", "1")
    assert stored["officePhone"] == "1"


def test_only_flags_need_no_contact_point(v3: Zurmo) -> None:
    made = contact(v3, primaryEmail={"optOut": "1"})
    assert made["primaryEmail"]["emailAddress"] is None
    assert v3.read(CONTACT, made["id"])["primaryEmail"]["optOut"] == "1"
    assert party(v3, made["id"]).points == []


def test_points_that_others_made(v3: Zurmo) -> None:
    id = by_another(
        v3,
        ContactPoint("email", "one@x.example", "home"),
        ContactPoint("email", "two@x.example", "work"),
        ContactPoint("email", "three@x.example"),
        ContactPoint("phone", "1", "home"),
        ContactPoint("phone", "2"),
        ContactPoint("website", "@ana", service="TWITTER"),
        ContactPoint("website", "ana.example", service="URL"),
        ContactPoint("address", label="home", city="Leeds"),
        type="person",
        last_name="Berg",
    )
    shown = v3.read(CONTACT, id)
    assert shown["primaryEmail"]["emailAddress"] == "one@x.example"
    assert shown["secondaryEmail"]["emailAddress"] == "two@x.example"
    assert (shown["officePhone"], shown["website"], shown["primaryAddress"]["city"]) == ("2", "ana.example", "Leeds")
    assert v3.world.lines[-1]["losses"] == {"party.points:not_shown": 1}
    v3.update(CONTACT, id, primaryEmail={"emailAddress": "new@x.example"}, officePhone="3")
    kept = [(point.kind, point.value, point.label) for point in party(v3, id).points]
    assert kept[:5] == [
        ("email", "new@x.example", "home"),
        ("email", "two@x.example", "work"),
        ("email", "three@x.example", None),
        ("phone", "1", "home"),
        ("phone", "3", None),
    ]
    assert len(kept) == 8


def test_emptied_dropdowns_are_no_null(v3: Zurmo) -> None:
    id = contact(v3, title={"value": "Dr."})["id"]
    assert v3.update(CONTACT, id, title={"value": ""})["title"]["value"] == ""
    assert v3.read(CONTACT, id)["title"]["value"] == ""
    assert v3.update(CONTACT, id, title={"value": "any text"})["title"]["value"] == "any text"


def test_accounts_of_contacts(v3: Zurmo) -> None:
    acme = v3.create(ACCOUNT, name="Acme")["id"]
    id = contact(v3, account={"id": str(acme)})["id"]
    assert v3.read(CONTACT, id)["account"] == {"id": acme}
    assert v3.post_list(CONTACT, key="id", search={"account": {"id": str(acme)}}) == [id]
    assert v3.post_list(CONTACT, key="id", search={"account": {"name": "acm"}}) == [id]
    assert v3.update(CONTACT, id, account={"id": ""})["account"] is None
    for bad in ("999", str(id), "x"):
        assert v3.failure("PUT", f"/{CONTACT}/api/update/{id}", {"account": {"id": bad}}) == ""


def test_custom_attributes(v3: Zurmo) -> None:
    id = contact(v3, regionalCstm={"value": "North"}, scoreCstm="5", colourCstm={"values": ["red", "blue"]})["id"]
    stored = v3.read(CONTACT, id)
    assert list(stored)[-3:] == ["regionalCstm", "scoreCstm", "colourCstm"]
    assert (stored["regionalCstm"]["value"], stored["scoreCstm"]) == ("North", "5")
    assert stored["colourCstm"] == {"values": ["red", "blue"]}
    assert {value.name: value.value for value in party(v3, id).custom} == {
        "regional": "North",
        "score": "5",
        "colour": "red\nblue",
    }
    v3.update(CONTACT, id, scoreCstm="6")
    assert v3.read(CONTACT, id)["scoreCstm"] == "6"
    other = contact(v3)["id"]
    assert [item["id"] for item in v3.ok("GET", f"/{CONTACT}/api/list/")["items"]] == [id, other]
    for name, value in (("regionalCstm", {"value": "north"}), ("scoreCstm", "6")):
        assert v3.post_list(CONTACT, key="id", search={name: value}) == [id]
    assert v3.search(CONTACT, "Contact", "regionalCstm", "startsWith", "No", "value", key="id") == [id]
    names = list(v3.ok("GET", f"/{CONTACT}/api/listAttributes")["items"])
    assert names[:4] == ["colourCstm", "regionalCstm", "scoreCstm", "account"]


# -- searching ----------------------------------------------------------------------------------------------------


@pytest.fixture
def people(v3: Zurmo) -> Zurmo:
    contact(
        v3,
        firstName="Ana",
        lastName="Silva",
        mobilePhone="555",
        primaryEmail={"emailAddress": "ana@shop.example"},
        primaryAddress={"city": "Leeds", "street1": "High St", "postalCode": "LS1", "country": "UK", "state": "WY"},
        title={"value": "Dr."},
    )
    contact(
        v3,
        firstName="Bo",
        lastName="Åkesson",
        officePhone="555",
        secondaryEmail={"emailAddress": "ana@home.example"},
        website="bo.example",
    )
    return v3


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"firstName": "an"}, ["Silva"]),
        ({"lastName": "akes"}, ["Åkesson"]),
        ({"fullName": "ana si"}, ["Silva"]),
        ({"fullName": "silv"}, ["Silva"]),
        ({"anyMixedAttributes": "akes"}, ["Åkesson"]),
        ({"anyEmail": "ana@"}, ["Silva", "Åkesson"]),
        ({"primaryEmail": {"emailAddress": "ana@"}}, ["Silva"]),
        ({"secondaryEmail": {"emailAddress": "ana@"}}, ["Åkesson"]),
        ({"mobilePhone": "55"}, ["Silva"]),
        ({"officePhone": "55"}, ["Åkesson"]),
        ({"website": "EXAMPLE"}, ["Åkesson"]),
        ({"primaryAddress": {"city": "lee"}}, ["Silva"]),
        (
            {"anyCity": "lee", "anyStreet": "high", "anyState": "w", "anyPostalCode": "ls", "anyCountry": "u"},
            ["Silva"],
        ),
        ({"title": {"value": "dr."}}, ["Silva"]),
        ({"title": {"value": {"0": "Mr.", "1": "Dr."}}}, ["Silva"]),
        ({"title": {"value": "D"}}, []),
    ],
)
def test_people_are_found(people: Zurmo, search: dict[str, Any], found: list[str]) -> None:
    assert sorted(people.post_list(CONTACT, key="lastName", search=search)) == sorted(found)


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ({"attributeIndexOrDerivedType": "name", "firstName": "Ana"}, ["Silva"]),
        ({"attributeIndexOrDerivedType": "name", "mobilePhone": "555"}, ["Silva"]),
        (
            {"attributeIndexOrDerivedType": "primaryEmail", "primaryEmail": {"emailAddress": "ana@shop.example"}},
            ["Silva"],
        ),
    ],
)
def test_exact_lookups_as_clients_write_them(people: Zurmo, clause: dict[str, Any], found: list[str]) -> None:
    search = {"dynamicClauses": [{**clause, "structurePosition": "1"}], "dynamicStructure": "1 AND 2"}
    assert people.post_list(CONTACT, key="lastName", dynamicSearch=search, pagination={"pageSize": "1"}) == found


def test_numbers_that_are_not_there(people: Zurmo) -> None:
    assert people.search(CONTACT, "Contact", "mobilePhone", "isNull", key="lastName") == ["Åkesson"]
    assert people.search(CONTACT, "Contact", "mobilePhone", "isNotNull", key="lastName") == ["Silva"]
    assert people.search(CONTACT, "Contact", "mobilePhone", "doesNotEqual", "1", key="lastName") == ["Silva"]
    clause = {"attributeName": "primaryAddress", "operatorType": "isNull"}
    assert people.refused_search(CONTACT, "Contact", clause) == "Undefined index: primaryAddress"


# -- accounts -----------------------------------------------------------------------------------------------------


def test_an_account_keeps_everything(v3: Zurmo) -> None:
    made = v3.create(
        ACCOUNT,
        name="Acme",
        annualRevenue="1500000.25",
        employees="12",
        description="d",
        officePhone="1",
        officeFax="2",
        website="acme.example",
        billingAddress={"city": "Leeds"},
        shippingAddress={"city": "York"},
        industry={"value": "Retail"},
        type={"value": "Vendor"},
        primaryEmail={"emailAddress": "a@acme.example"},
        secondaryEmail={"emailAddress": "b@acme.example"},
    )
    stored = v3.read(ACCOUNT, made["id"])
    assert stored == made
    assert (stored["annualRevenue"], stored["employees"]) == ("1500000.25", "12")
    assert (stored["billingAddress"]["city"], stored["shippingAddress"]["city"]) == ("Leeds", "York")
    kept = party(v3, made["id"])
    assert (kept.type, kept.category, kept.annual_revenue, kept.employees) == (
        "organisation",
        "Vendor",
        1_500_000_250_000,
        12,
    )


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"employees": "z"}, {"employees": ["Employees must be integer."]}),
        ({"employees": "9" * 25}, {"employees": ["Employees must be integer."]}),
        ({"employees": "٣"}, {"employees": ["Employees must be integer."]}),
        ({"annualRevenue": "1,5"}, {"annualRevenue": ["Annual Revenue must be float."]}),
        ({"annualRevenue": "1e99"}, {"annualRevenue": ["Annual Revenue must be float."]}),
        ({"annualRevenue": "1e999999999"}, {"annualRevenue": ["Annual Revenue must be float."]}),
        ({"name": "x" * 65}, {"name": ["Name is too long (maximum is 64 characters)."]}),
    ],
)
def test_numbers_of_accounts(v3: Zurmo, sent: dict[str, Any], errors: dict[str, Any]) -> None:
    assert v3.errors("POST", f"/{ACCOUNT}/api/create/", {"name": "Acme", **sent}) == errors


def test_numbers_are_found(v3: Zurmo) -> None:
    v3.create(ACCOUNT, name="Small", employees="5", annualRevenue="10.5")
    v3.create(ACCOUNT, name="Large", employees="500", annualRevenue="1000")
    v3.create(ACCOUNT, name="None")
    assert v3.post_list(ACCOUNT, search={"employees": "5"}) == ["Small"]
    assert v3.post_list(ACCOUNT, search={"annualRevenue": "10.5"}) == ["Small"]
    assert v3.search(ACCOUNT, "Account", "employees", "greaterThan", "5") == ["Large"]
    assert v3.search(ACCOUNT, "Account", "annualRevenue", "lessThan", "10.6") == ["Small"]
    assert v3.search(ACCOUNT, "Account", "employees", "startsWith", "5") == ["Small", "Large"]
    assert v3.search(ACCOUNT, "Account", "employees", "isNull") == ["None"]
    assert v3.list(ACCOUNT, sort="employees.desc") == ["Large", "Small", "None"]


def test_relations_of_accounts(v3: Zurmo) -> None:
    acme = v3.create(ACCOUNT, name="Acme")["id"]
    sub = v3.create(ACCOUNT, name="Sub")["id"]
    ana = contact(v3)["id"]
    deal = v3.create("opportunities/opportunity", name="Deal", closeDate="2015-12-31", amount={"value": "1"})["id"]

    def relate(action: str) -> None:
        v3.update(
            ACCOUNT,
            acme,
            modelRelations={
                "contacts": [{"action": action, "modelId": str(ana), "modelClassName": "Contact"}],
                "accounts": [{"action": action, "modelId": str(sub), "modelClassName": "Account"}],
                "opportunities": [{"action": action, "modelId": str(deal), "modelClassName": "Opportunity"}],
            },
        )

    relate("add")
    assert v3.read(CONTACT, ana)["account"] == {"id": acme}
    assert party(v3, sub).organisation_id == acme
    assert v3.read("opportunities/opportunity", deal)["account"] == {"id": acme}
    assert v3.search(ACCOUNT, "Account", "opportunities", "equals", str(deal), "id") == ["Acme"]
    assert v3.search(ACCOUNT, "Account", "contacts", "equals", str(ana), "id") == ["Acme"]
    relate("remove")
    assert v3.read(CONTACT, ana)["account"] is None
    assert party(v3, sub).organisation_id is None
    assert v3.read("opportunities/opportunity", deal)["account"] is None


def test_opportunities_of_contacts(v3: Zurmo) -> None:
    ana = contact(v3)["id"]
    deal = v3.create("opportunities/opportunity", name="Deal", closeDate="2015-12-31", amount={"value": "1"})["id"]
    entry = {"action": "add", "modelId": str(deal), "modelClassName": "Opportunity"}
    v3.update(CONTACT, ana, modelRelations={"opportunities": [entry]})
    assert v3.search(CONTACT, "Contact", "opportunities", "equals", str(deal), "id", key="id") == [ana]
    assert v3.search("opportunities/opportunity", "Opportunity", "contacts", "oneOf", [str(ana)], "id") == ["Deal"]
    v3.update(CONTACT, ana, modelRelations={"opportunities": [{**entry, "action": "remove"}]})
    assert v3.search(CONTACT, "Contact", "opportunities", "equals", str(deal), "id", key="id") == []


def test_what_another_dialect_keeps_survives(v3: Zurmo) -> None:
    id = by_another(v3, type="person", last_name="Berg")
    v3.write(lambda desk: desk.update(Update(Party, id, extras={"other": {"x": 1}})))
    v3.update(CONTACT, id, lastName="Bergh", twitterId="t")
    assert party(v3, id).extras == {"other": {"x": 1}, "zurmo": {"twitterId": "t"}}


def test_long_texts_of_others_are_shortened_on_show_only(v3: Zurmo) -> None:
    id = by_another(v3, type="person", first_name="x" * 50, last_name="y" * 33, company="z" * 100)
    shown = v3.read(CONTACT, id)
    assert [len(shown[name]) for name in ("firstName", "lastName", "companyName")] == [32, 32, 64]
    v3.update(CONTACT, id, firstName="x" * 32, lastName="y" * 32, department="d")
    kept = party(v3, id)
    assert (len(kept.first_name or ""), len(kept.last_name or ""), kept.department) == (50, 33, "d")


POINTS = (
    ContactPoint("email", "no address at all"),
    ContactPoint("email", "second@b.example"),
    ContactPoint("email", "third@b.example"),
    ContactPoint("phone", "1" * 60, "work"),
    ContactPoint("website", "ftp://x y"),
    ContactPoint("address", label="home", street="s" * 200, city="c" * 100, postcode="p" * 30, country="n" * 60),
)
READ_ONLY = ["id", "createdDateTime", "modifiedDateTime", "createdByUser", "modifiedByUser", "latestActivityDateTime"]


@pytest.mark.parametrize("path", [CONTACT, ACCOUNT])
def test_what_others_wrote_may_be_written_back(v3: Zurmo, path: str) -> None:
    values: dict[str, Any] = {"type": "person", "salutation": "s" * 300, "stage_word": "Met once"}
    if path == ACCOUNT:
        values = {"type": "organisation", "name": "n" * 300, "category": "c" * 300}
    id = by_another(v3, *POINTS, **values)
    before = party(v3, id)
    shown = v3.read(path, id)
    v3.tick()
    sent = {name: as_sent(value) for name, value in shown.items() if name not in READ_ONLY and value is not None}
    assert v3.update(path, id, **sent) == shown
    assert party(v3, id) == before
    # One part of it may change alone.
    address = "primaryAddress" if path == CONTACT else "billingAddress"
    changed = v3.update(path, id, **{address: {**sent[address], "city": "Leeds"}})[address]
    assert (changed["city"], changed["street1"]) == ("Leeds", "s" * 128)
    point = next(point for point in party(v3, id).points if point.kind == "address")
    assert (point.city, point.street, point.label) == ("Leeds", "s" * 200, "home")


def test_contact_points_of_others_are_shortened_on_show_only(v3: Zurmo) -> None:
    id = by_another(v3, *POINTS, type="person", last_name="Berg", salutation="s" * 300)
    shown = v3.read(CONTACT, id)
    address = shown["primaryAddress"]
    assert [len(address[name]) for name in ("city", "country", "postalCode", "street1")] == [32, 32, 16, 128]
    assert (len(shown["officePhone"]), len(shown["title"]["value"])) == (24, 255)
    assert v3.world.lines[-1]["losses"]["party.points:shortened"] == 5


def test_objects_of_one_record_never_share_an_id(v3: Zurmo) -> None:
    made = contact(v3, primaryEmail={"optOut": "1"}, secondaryEmail={"optOut": "1"})
    assert made["primaryEmail"]["id"] != made["secondaryEmail"]["id"]
    account = v3.create(ACCOUNT, name="x", billingAddress={"invalid": "0"}, shippingAddress={"invalid": "0"})
    assert account["billingAddress"]["id"] != account["shippingAddress"]["id"]


def test_more_digits_than_are_kept_are_reported(v3: Zurmo) -> None:
    assert v3.create(ACCOUNT, name="Acme", annualRevenue="0.1234567")["annualRevenue"] == "0.123457"
    assert v3.world.lines[-1]["losses"] == {"party.annualRevenue:rounded": 1}

"""opentaps contacts (opentaps dossier, section 8, items 2, 3 and 5)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.wire import WireResponse
from canonical.model import Activity, ContactPoint, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink
from canonical.values import Ref
from tests.dialects.opentaps_client import Client, ann_fixture, local_id, refused, world_fixture
from tests.support.world import World

world = world_fixture()
ann = ann_fixture()

EXPORT = {
    "firstName": "Zoë",
    "lastName": "Lund",
    "companyName": "Fjord",
    "emailsNumber": "2",
    "email0": "zoe@x.test",
    "emailPurpose0": "PRIMARY",
    "email1": "bills@x.test",
    "emailPurpose1": "BILLING_AR",
    "attribute_opentapsPartyId": "10001",
}


def post_json(client: Client, data: dict[str, Any]) -> WireResponse:
    body = orjson.dumps({"authToken": client.token, "clientDomain": client.domain, **data})
    return client.send("POST", "/contact", body, "application/json")


def test_the_export_service_reads_both_ids(ann: Client) -> None:
    answer = ann.ask("POST", "/contact", EXPORT)
    assert answer.status == 200
    data = orjson.loads(answer.body)
    assert list(data) == ["result"]
    assert list(data["result"]) == ["resultValue"]
    contact = data["result"]["resultValue"]
    id = contact["contactId"]
    assert contact == {
        "contactId": id,
        "firstName": "Zoë",
        "lastName": "Lund",
        "companyName": "Fjord",
        "clientDomain": ann.domain,
        "emails": [
            {"email": "zoe@x.test", "purpose": "PRIMARY"},
            {"email": "bills@x.test", "purpose": "BILLING_AR"},
        ],
        "attributes": {"opentapsPartyId": "10001"},
        "contact": {"contactId": id},
        "_id": id,
        "fullName": "Zoë Lund",
    }
    party = ann.desk().get(Party, local_id(id), ("points",))
    assert (party.type, party.company, party.organisation_name, [p.label for p in party.points]) == (
        "person",
        None,
        "Fjord",
        ["primary", "billing_ar"],
    )


def test_numbers_from_one_and_phones(ann: Client) -> None:
    made = ann.contact(
        emailsNumber="2", email1="a@x.test", email2="b@x.test", phonesNumber="1", phone0="+47 1", phonePurpose0="Work"
    )
    assert made["emails"] == [{"email": "a@x.test"}, {"email": "b@x.test"}]
    assert made["phones"] == [{"phone": "+47 1", "purpose": "Work"}]
    few = ann.contact(emailsNumber="1", email0="a@x.test", email1="b@x.test", email2="c@x.test")
    assert [e["email"] for e in few["emails"]] == ["a@x.test", "b@x.test"]


def test_the_wordpress_form_with_single_objects(ann: Client) -> None:
    form = {
        "firstName": "Zoë",
        "lastName": "",
        "emails": {"email": "zoe@x.test", "purpose": "PRIMARY"},
        "phones": {"phone": "1234", "purpose": "Work"},
        "comment": "Call me",
        "createActivity": "Y",
        "activityType": "CONTACT_FORM",
        "attributes": {"formId": 7},
        "notify": "Y",
    }
    first, second = (orjson.loads(post_json(ann, form).body)["result"]["resultValue"] for _ in range(2))
    assert first["contactId"] != second["contactId"]  # the form id does not make it an update
    assert first["emails"] == [{"email": "zoe@x.test", "purpose": "PRIMARY"}]
    assert first["phones"] == [{"phone": "1234", "purpose": "Work"}]
    assert first["attributes"] == {"formId": "7"}
    assert not first.keys() & {"lastName", "comment"}
    found = ann.value("GET", "/activities")
    assert [(a["activityType"], a["noteText"], a["attributes"]) for a in found] == [
        ("CONTACT_FORM", "Call me", {"formId": "7"})
    ] * 2
    assert [a["contacts"] for a in found] == [[{"contactId": c["contactId"]}] for c in (first, second)]
    post_json(ann, {**form, "comment": " "})
    assert ann.value("GET", "/activities/1/3")[0]["noteText"] == "Contact form"


def test_a_comment_without_activity_is_kept(ann: Client) -> None:
    for wanted in ({}, {"createActivity": "N"}):
        assert ann.contact(comment="met at the fair", **wanted)["comment"] == "met at the fair"
    assert ann.value("GET", "/activities") == []


def test_a_form_that_updates_makes_its_activity_too(ann: Client) -> None:
    made = ann.value("POST", "/contact", EXPORT)
    again = ann.value(
        "POST", "/contact", EXPORT, createActivity="Y", comment=" Call me\r\n", activityType="contact_form"
    )
    assert again == made
    found = ann.value("GET", "/activities")
    assert [(a["activityType"], a["noteText"], a["contacts"], a["attributes"]) for a in found] == [
        ("CONTACT_FORM", " Call me\r\n", [{"contactId": made["contactId"]}], made["attributes"])
    ]


def test_an_activity_that_is_refused_leaves_no_contact(ann: Client) -> None:
    before = ann.value("GET", "/contact")
    fields = {"firstName": "Bo", "createActivity": "Y", "activityType": "x" * 300}
    assert "\tactivityType :" in ann.refusal("POST", "/contact", fields, expect=400)
    assert ann.value("GET", "/contact") == before


def test_all_attributes_count_however_many(ann: Client) -> None:
    many = {f"attribute_{n}": "x" for n in range(60)}
    made = ann.contact(**many)
    assert ann.contact(**many)["contactId"] == made["contactId"]
    assert ann.contact(**{**many, "attribute_59": "y"})["contactId"] != made["contactId"]
    noise = [(f"x{n}", "") for n in range(60)]
    assert ann.value("GET", "/contact", [*noise, ("attribute_0", "no")]) == []
    assert ann.refusal("GET", "/contact", many, expect=400)


def test_only_a_company_is_an_organisation(ann: Client) -> None:
    made = ann.value("POST", "/contact", companyName="Fjord")
    assert (made["companyName"], made["fullName"]) == ("Fjord", "Fjord")
    assert ann.desk().get(Party, local_id(made["_id"])).type == "organisation"
    changed = ann.value("PUT", "/contact", contactId=made["_id"], firstName="Zoë")
    assert (changed["firstName"], changed["companyName"]) == ("Zoë", "Fjord")
    party = ann.desk().get(Party, local_id(made["_id"]))
    assert (party.type, party.name) == ("organisation", "Fjord")


@pytest.mark.parametrize(
    "fields", [{}, {"firstName": " "}, {"attribute_x": "1"}, {"emailsNumber": "1", "phone0": "1"}]
)
def test_nothing_to_call_it_by_is_refused(ann: Client, fields: dict[str, str]) -> None:
    message = ann.refusal("POST", "/contact", fields, expect=400)
    assert message.startswith("Validation Error Cannot save contact.\n")


def test_an_email_alone_is_enough(ann: Client) -> None:
    made = ann.value("POST", "/contact", emailsNumber="1", email0="zoe@x.test")
    assert made["fullName"] == "zoe@x.test"


@pytest.mark.parametrize("json", [{"emails": "zoe@x.test"}, {"emails": [{"email": "zoe@x.test"}, 7, None, []]}])
def test_other_shapes_of_json_emails(ann: Client, json: dict[str, Any]) -> None:
    made = orjson.loads(post_json(ann, json).body)["result"]["resultValue"]
    assert made["emails"][0] == {"email": "zoe@x.test"}


def test_a_form_that_names_one_contact_updates_it(ann: Client) -> None:
    made = ann.value("POST", "/contact", EXPORT)
    again = ann.value("POST", "/contact", {**EXPORT, "firstName": "Zoé", "email1": "new@x.test"})
    assert again["contactId"] == made["contactId"]
    assert again["firstName"] == "Zoé"
    assert [e["email"] for e in again["emails"]] == ["zoe@x.test", "new@x.test"]
    # Another value, or one more attribute, is another contact.
    other = ann.value("POST", "/contact", {**EXPORT, "attribute_opentapsPartyId": "10002"})
    assert other["contactId"] != made["contactId"]
    assert ann.value("POST", "/contact", {**EXPORT, "attribute_more": "1"})["contactId"] != made["contactId"]
    # Now two have the first attribute: neither is meant.
    third = ann.value("POST", "/contact", EXPORT)
    assert third["contactId"] not in (made["contactId"], other["contactId"])


def test_put(ann: Client) -> None:
    made = ann.value("POST", "/contact", {**EXPORT, "attribute_b": "2"})
    id = made["_id"]
    changed = ann.value("PUT", "/contact", contactId=id, lastName="", attribute_b="3")
    assert changed["attributes"] == {"b": "3"}
    assert (changed["firstName"], changed["fullName"], changed["emails"]) == ("Zoë", "Zoë", made["emails"])
    assert "lastName" not in changed
    changed = ann.value("PUT", "/contact", contactid=id, emailsNumber="1", email0="zoe@x.test", emailPurpose0="ORDER")
    assert (changed["attributes"], changed["emails"]) == ({}, [{"email": "zoe@x.test", "purpose": "ORDER"}])
    assert "emails" not in ann.value("PUT", "/contact", contactId=id, emailsNumber="0")
    assert "\tcontactId :" in ann.refusal("PUT", "/contact", firstName="x", expect=400)
    assert ann.refusal("PUT", "/contact", contactId="x", expect=404) == "I cannot find the contact with id [x]."
    nameless = {"contactId": id, "firstName": "", "companyName": "", "lastName": ""}
    assert ann.refusal("PUT", "/contact", nameless, expect=400)
    assert ann.value("GET", "/contact", contactId=id)[0]["firstName"] == "Zoë"


def test_put_keeps_what_this_api_cannot_say(ann: Client) -> None:
    points = (
        ContactPoint("email", "a@x.test", "work"),
        ContactPoint("website", "x.test"),
        ContactPoint("address", street="Main 1"),
    )
    custom = (CustomValue("g", "1", "set"), CustomValue("a", "1"))
    party = ann.write(
        lambda desk: desk.create(
            Create(Party, {"first_name": "Bo", "job_title": "Boss"}, points=points, custom=custom), ("points",)
        )
    )
    shown = ann.value("GET", "/contact", emailAddress="A@X.test")[0]
    assert shown["emails"] == [{"email": "a@x.test", "purpose": "WORK"}]
    fields = {"emailsNumber": "1", "email0": "a@x.test", "emailPurpose0": "WORK"}
    ann.value("PUT", "/contact", {"contactId": shown["_id"], **fields})
    now = ann.desk().get(Party, party.id, ("points", "custom"))
    assert (now.points, now.job_title) == (party.points, "Boss")
    assert [(c.group, c.name) for c in now.custom] == [("set", "g")]


def test_put_changes_an_address_in_its_place(ann: Client) -> None:
    """Its order, which says what is primary elsewhere, and what other dialects know of it stay."""
    opted_out = {"zurmo": {"optOut": "1"}}
    points = [ContactPoint("email", f"{name}@x.test", name, extras=opted_out) for name in ("work", "home", "other")]
    create = Create(Party, {"first_name": "Bo"}, points=tuple(points))
    party = ann.write(lambda desk: desk.create(create, ("points",)))

    def put(*emails: tuple[str, str]) -> list[tuple[int, str, str | None]]:
        (shown,) = ann.value("GET", "/contact", emailAddress="home@x.test")
        sent = {f"email{at}": value for at, (value, _) in enumerate(emails)}
        sent |= {f"emailPurpose{at}": purpose for at, (_, purpose) in enumerate(emails)}
        changed = ann.value("PUT", "/contact", {"contactId": shown["_id"], "emailsNumber": str(len(emails)), **sent})
        assert [(row["email"], row["purpose"]) for row in changed["emails"]] == list(emails)
        now = ann.desk().get(Party, party.id, ("points",)).points
        assert all(point.extras["zurmo"] == opted_out["zurmo"] for point in now if point.id in ids)
        return [(point.id, point.value, point.label) for point in now]

    ids = [point.id for point in party.points]
    new = put(("new@x.test", "WORK"), ("home@x.test", "HOME"), ("other@x.test", "PRIMARY"))
    assert new == [
        (ids[0], "new@x.test", "work"),
        (ids[1], "home@x.test", "home"),
        (ids[2], "other@x.test", "primary"),
    ]
    assert put(("home@x.test", "HOME"), ("other@x.test", "PRIMARY")) == new[1:]
    assert put(("home@x.test", "HOME"), ("third@x.test", "Spare"), ("fourth@x.test", "ORDER"))[:2] == [
        new[1],
        (ids[2], "third@x.test", "spare"),
    ]


def test_get(ann: Client) -> None:
    zoe = ann.value("POST", "/contact", EXPORT)
    bo = ann.contact(attribute_colour="red", attribute_size="L")
    assert ann.value("GET", "/contact", contactId=zoe["_id"]) == [zoe]
    assert ann.value("GET", "/contact", emailAddress="BILLS@X.TEST") == [zoe]
    assert ann.value("GET", "/contact", attribute_colour="red", attribute_size="L") == [bo]
    assert ann.value("GET", "/contact", attribute_colour="red", emailAddress="zoe@x.test") == []
    for nothing in ({"contactId": "x"}, {"emailAddress": "no@x.test"}, {"attribute_colour": "blue"}):
        assert ann.value("GET", "/contact", nothing) == []
    assert [c["fullName"] for c in ann.value("GET", "/contact")] == ["Ann Lee", "Fjord", "Zoë Lund", "Bo"]
    assert [c["fullName"] for c in ann.value("GET", "/contact", per_page="1", page="3")] == ["Zoë Lund"]


def test_delete_takes_associated_activities_along_and_nothing_else(ann: Client) -> None:
    bo = ann.contact()["_id"]
    about, task, other = ann.create("about"), ann.create("task", assignedToContactId=bo), ann.create("other")
    ann.value("POST", "/activities/contact/add", activityId=about["_id"], contactId=bo, role="x")
    deal = ann.write(lambda desk: desk.create(Create(Opportunity, {"title": "D", "party_id": local_id(bo)})))
    bea = ann.user("bea")
    secret = {"title": "S", "visibility": "private"}
    hidden = bea.write(lambda desk: desk.create(Create(Activity, secret, (NewLink(Ref("party", local_id(bo))),))))
    assert ann.value("DELETE", "/contact", contactid=bo) == {"contactId": bo, "_id": bo}
    left = ann.value("GET", "/activities")
    assert [a["noteText"] for a in left] == ["task", "other"]
    assert "assignedToContact" not in left[0]
    assert left[1] == other
    assert task["assignedToContact"] == [bo]
    assert ann.desk().get(Opportunity, deal.id).party_id is None
    assert bea.desk().get(Activity, hidden.id, ("links",)).links == []
    assert ann.refusal("DELETE", "/contact", contactId=bo, expect=404) == f"I cannot find the contact with id [{bo}]."


def test_the_contact_of_a_user_stays(ann: Client) -> None:
    card = ann.bare("/contacts-users")[0]["_id"]
    assert ann.refusal("DELETE", "/contact", contactId=card, expect=400)
    assert ann.bare("/contacts-users")[0]["_id"] == card


def test_contacts_users_is_a_bare_array(ann: Client) -> None:
    ann.contact()
    ann.user("bea")
    first, second = ann.bare("/contacts-users")
    assert first == {
        "emails": [{"email": "ann@acme.test", "purpose": "PRIMARY"}],
        "contactId": first["_id"],
        "firstName": "Ann",
        "lastName": "Lee",
        "clientDomain": ann.domain,
        "attributes": {},
        "contact": {"contactId": first["_id"]},
        "_id": first["_id"],
        "fullName": "Ann Lee",
    }
    assert (second["fullName"], second["emails"]) == ("bea", [])
    assert ann.value("GET", "/contact", emailAddress="ann@acme.test")[0]["_id"] == first["_id"]


def test_contact_users(ann: Client) -> None:
    card, bo = ann.bare("/contacts-users")[0]["_id"], ann.contact()["_id"]
    assert ann.bare(f"/contact-users/{card}") == [{"userId": "ann", "userIdType": "INTERNAL"}]
    assert ann.bare(f"/contact-users/{bo}") == []
    assert ann.refusal("GET", "/contact-users/x", expect=404) == "I cannot find the contact with id [x]."


def test_daily_email_of_py(ann: Client) -> None:
    """PY matches `_id` of contacts with a login against `assignedToContact` of tasks."""
    user = ann.bare("/contacts-users")[0]
    ann.create("todo", path="/task", assignedToContactId=user["_id"])
    tasks = ann.value("GET", "/task", status="STARTED,CREATED", per_page="9999")
    assert [
        task["noteText"] + " - " + task["status"] for task in tasks if user["_id"] in task["assignedToContact"]
    ] == ["todo - CREATED"]
    assert "responsibleContactId" not in tasks[0]


def test_overlong_values_and_odd_numbers(ann: Client) -> None:
    for fields in ({"email0": "x" * 300}, {"attribute_" + "x" * 300: "1"}, {"companyName": "x" * 300}):
        assert ann.refusal("POST", "/contact", {"firstName": "Bo", "emailsNumber": "1", **fields}, expect=400)
    made = ann.contact(emailsNumber="٣", email0="a@x.test", **{"email٣": "b@x.test"})
    assert made["emails"] == [{"email": "a@x.test"}]


def test_malformed_json_is_refused(ann: Client) -> None:
    answer = ann.send("POST", "/contact?authToken=T0K", b"{", "application/json")
    assert refused(answer, 400) == "Unexpected Error Malformed request body"


def test_contacts_are_per_tenant(world: World, ann: Client) -> None:
    theirs = Client.fresh(world).contact()["_id"]
    assert ann.value("GET", "/contact", contactId=theirs) == []
    assert ann.refusal("DELETE", "/contact", contactId=theirs, expect=404)

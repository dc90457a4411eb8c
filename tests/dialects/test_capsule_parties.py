"""Capsule people and organisations (capsule dossier, sections 5, 7 and 8)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import ContactPoint, Party
from canonical.operations import Create, Update
from tests.dialects.capsule_client import Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

STAMPS = "<createdOn>2014-06-01T08:00:00Z</createdOn><updatedOn>2014-06-01T08:00:00Z</updatedOn>"
HOUR = 3600 * 1_000_000


def read(capsule: Capsule, party: int) -> dict[str, Any]:
    (found,) = capsule.json(f"/api/party/{party}").values()
    assert isinstance(found, dict)
    return found


def ids(capsule: Capsule, target: str) -> list[str]:
    """The ids of a list, from its XML, where persons and organisations stay mixed."""
    text = capsule.xml(target)
    return [part.partition("</id>")[0].rpartition("<id>")[2] for part in text.split("<contacts")[:-1]]


def contacts(capsule: Capsule, party: int, **kinds: Any) -> None:
    name = "person" if "firstName" in read(capsule, party) else "organisation"
    capsule.done("PUT", f"/api/{name}/{party}", {name: {"contacts": kinds}})


def test_person_in_xml(capsule: Capsule) -> None:
    organisation = capsule.organisation("Fjord & Sons")
    person = capsule.create(
        "/api/person",
        "<person><jobTitle>Boss</jobTitle><title>Ms</title><lastName>Lund</lastName><firstName>Zoë</firstName>"
        "<about>Knows &lt;all&gt;</about><organisationName>Fjord &amp; Sons</organisationName></person>",
    )
    assert capsule.xml(f"/api/party/{person}") == (
        f"<person><id>{person}</id><contacts/><about>Knows &lt;all&gt;</about>"
        f"<pictureURL>{capsule.base_url}/theme/default/images/person_avatar_70.png</pictureURL>{STAMPS}"
        "<title>Ms</title><firstName>Zoë</firstName><lastName>Lund</lastName><jobTitle>Boss</jobTitle>"
        f"<organisationId>{organisation}</organisationId>"
        "<organisationName>Fjord &amp; Sons</organisationName></person>"
    )


def test_organisation_in_xml_and_json(capsule: Capsule) -> None:
    party = capsule.organisation()
    picture = f"{capsule.base_url}/theme/default/images/org_avatar_70.png"
    assert capsule.xml(f"/api/party/{party}") == (
        f"<organisation><id>{party}</id><contacts/><pictureURL>{picture}</pictureURL>{STAMPS}"
        "<name>Fjord AS</name></organisation>"
    )
    assert capsule.json(f"/api/party/{party}") == {
        "organisation": {
            "id": str(party),
            "contacts": "",
            "pictureURL": picture,
            "createdOn": "2014-06-01T08:00:00Z",
            "updatedOn": "2014-06-01T08:00:00Z",
            "name": "Fjord AS",
        }
    }


CONTACTS = (
    "<contacts>"
    "<website><type>home</type><webAddress>zoe</webAddress><webService>INSTAGRAM</webService></website>"
    "<phone><type>Direct</type><phoneNumber>+44 20 1</phoneNumber></phone>"
    "<email><type>Home</type><emailAddress>zoe@home.example</emailAddress></email>"
    "<email><emailAddress>zoe@work.example</emailAddress></email>"
    "<address><type>Office</type><street>1 High St\nFloor 2</street><city>Leeds</city><state>Yorks</state>"
    "<zip>LS1</zip><country>gb</country></address>"
    "</contacts>"
)


def test_contacts_in_their_order(capsule: Capsule) -> None:
    person = capsule.create("/api/person", f"<person><firstName>Zoë</firstName>{CONTACTS}</person>")
    text = capsule.xml(f"/api/party/{person}")
    numbers = [entry["id"] for entry in _entries(read(capsule, person)["contacts"])]
    assert len(set(numbers)) == 5
    address, home, work, phone, website = numbers
    assert text.partition("<about>")[0].partition("</contacts>")[0] == (
        f"<person><id>{person}</id><contacts>"
        f"<address><id>{address}</id><type>Office</type><street>1 High St\nFloor 2</street><city>Leeds</city>"
        "<state>Yorks</state><zip>LS1</zip><country>United Kingdom</country></address>"
        f"<email><id>{home}</id><type>Home</type><emailAddress>zoe@home.example</emailAddress></email>"
        f"<email><id>{work}</id><emailAddress>zoe@work.example</emailAddress></email>"
        f"<phone><id>{phone}</id><type>Direct</type><phoneNumber>+44 20 1</phoneNumber></phone>"
        f"<website><id>{website}</id><type>Home</type><webAddress>zoe</webAddress><webService>INSTAGRAM</webService>"
        "<url>http://zoe</url></website>"
    )


def _entries(shown: dict[str, Any]) -> list[dict[str, str]]:
    return [entry for kind in shown.values() for entry in (kind if isinstance(kind, list) else [kind])]


def test_json_contacts_follow_the_rule_of_one_and_many(capsule: Capsule) -> None:
    person = capsule.create("/api/person", f"<person><firstName>Zoë</firstName>{CONTACTS}</person>")
    shown = read(capsule, person)["contacts"]
    assert list(shown) == ["address", "email", "phone", "website"]
    assert isinstance(shown["address"], dict)
    assert [entry["emailAddress"] for entry in shown["email"]] == ["zoe@home.example", "zoe@work.example"]


@pytest.mark.parametrize(
    "email",
    [
        {"emailAddress": "a@b.example"},
        [{"emailAddress": "a@b.example"}, {"emailAddress": " "}, {"type": "Work"}],
        {"0": {"emailAddress": "a@b.example"}},
    ],
)
def test_contact_forms_on_create(capsule: Capsule, email: Any) -> None:
    person = capsule.person(contacts={"email": email, "phone": {"phoneNumber": ""}, "address": [{"street": ""}]})
    shown = read(capsule, person)["contacts"]
    assert list(shown) == ["email"]
    assert shown["email"]["emailAddress"] == "a@b.example"


def test_contacts_on_update(capsule: Capsule) -> None:
    person = capsule.person(contacts={"email": [{"emailAddress": "a@x.example"}, {"emailAddress": "b@x.example"}]})
    first, second = (entry["id"] for entry in read(capsule, person)["contacts"]["email"])
    contacts(capsule, person, phone={"phoneNumber": "1", "type": "mobile"})
    contacts(capsule, person, email={"id": first, "type": "Work"})
    contacts(capsule, person, email={"id": second, "emailAddress": "c@x.example"})
    shown = read(capsule, person)["contacts"]
    assert shown["email"] == [
        {"id": first, "type": "Work", "emailAddress": "a@x.example"},
        {"id": second, "emailAddress": "c@x.example"},
    ]
    assert (shown["phone"]["type"], shown["phone"]["phoneNumber"]) == ("Mobile", "1")
    contacts(capsule, person, email={"id": first, "@delete": True})
    assert read(capsule, person)["contacts"]["email"]["id"] == second
    xml = f'<person><contacts><email delete="true"><id>{second}</id></email></contacts></person>'
    capsule.done("PUT", f"/api/person/{person}", xml)
    contacts(capsule, person, phone={"id": shown["phone"]["id"], "phoneNumber": ""})
    assert read(capsule, person)["contacts"] == ""


def test_contact_of_another_party_is_refused(capsule: Capsule) -> None:
    other = capsule.person(contacts={"email": {"emailAddress": "a@x.example"}})
    mine = capsule.person(contacts={"phone": {"phoneNumber": "1"}})
    id = read(capsule, other)["contacts"]["email"]["id"]
    for entry in ({"id": id}, {"id": "x"}, {"id": read(capsule, mine)["contacts"]["phone"]["id"]}):
        body = {"person": {"contacts": {"email": {"emailAddress": "b@x.example", **entry}}}}
        assert capsule.refused("PUT", f"/api/person/{mine}", body) == (400, "email id is unknown")
    assert read(capsule, other)["contacts"]["email"]["emailAddress"] == "a@x.example"


def test_delete_contact(capsule: Capsule) -> None:
    person = capsule.person(contacts={"email": [{"emailAddress": "a@x.example"}, {"emailAddress": "b@x.example"}]})
    first = read(capsule, person)["contacts"]["email"][0]["id"]
    capsule.done("DELETE", f"/api/party/{person}/contact/{first}")
    assert read(capsule, person)["contacts"]["email"]["emailAddress"] == "b@x.example"
    assert capsule.refused("DELETE", f"/api/party/{person}/contact/{first}") == (404, "contact not found")


def test_contacts_of_other_dialects_are_shown_and_kept(capsule: Capsule) -> None:
    points = (
        ContactPoint("email", "a@x.example", "billing"),
        ContactPoint("phone", "1", "office"),
        ContactPoint("address", label="work", street="1 High St", street2="Floor 2", country="Norge"),
        ContactPoint("website", "https://x.example", None, service="twitter"),
    )
    made: Party = capsule.write(
        lambda desk: desk.create(Create(Party, {"type": "person", "first_name": "A"}, points=points), ("points",))
    )
    shown = read(capsule, made.id)["contacts"]
    assert shown["email"] == {"id": str(made.points[0].id), "emailAddress": "a@x.example"}
    assert shown["phone"]["type"] == "Work"
    assert (shown["address"]["type"], shown["address"]["street"]) == ("Office", "1 High St\nFloor 2")
    assert (shown["website"]["webService"], shown["website"]["url"]) == ("TWITTER", "https://x.example")
    contacts(capsule, made.id, **shown)
    kept = capsule.world.desk(capsule.token).get(Party, made.id, ("points",))
    assert list(kept.points) == list(made.points)
    assert kept.version == made.version


@pytest.mark.parametrize(
    ("type_", "body", "message"),
    [
        ("person", {}, "firstName or lastName is required"),
        ("person", {"firstName": "", "lastName": " "}, "firstName or lastName is required"),
        ("person", {"firstName": "A", "organisationId": "999999999"}, "organisationId is unknown"),
        ("person", {"firstName": "A", "organisationId": "x"}, "organisationId is invalid"),
        ("organisation", {}, "name is required"),
        ("organisation", {"name": ""}, "name is required"),
        ("person", {"firstName": "A", "contacts": {"email": "text"}}, "email is invalid"),
    ],
)
def test_create_refuses(capsule: Capsule, type_: str, body: dict[str, Any], message: str) -> None:
    assert capsule.refused("POST", f"/api/{type_}", {type_: body}) == (400, message)
    assert ids(capsule, "/api/party") == []


def test_one_name_is_enough(capsule: Capsule) -> None:
    only_first = capsule.create("/api/person", {"person": {"firstName": "Cher", "lastName": ""}})
    assert "lastName" not in read(capsule, only_first)
    only_last = capsule.create("/api/person", {"person": {"lastName": "Prince"}})
    capsule.done("PUT", f"/api/person/{only_last}", {"person": {"firstName": "The", "lastName": ""}})
    assert read(capsule, only_last)["firstName"] == "The"
    body = {"person": {"firstName": ""}}
    assert capsule.refused("PUT", f"/api/person/{only_last}", body) == (400, "firstName or lastName is required")


def test_update_touches_only_what_it_says(capsule: Capsule) -> None:
    person = capsule.person(about="Old", jobTitle="Boss", title="Dr")
    before = read(capsule, person)
    capsule.world.now += HOUR
    capsule.done("PUT", f"/api/person/{person}", {"person": {"about": "New", "jobTitle": "", "id": "1"}})
    capsule.done("POST", f"/api/person/{person}", {"person": {"lastName": "Berg"}})
    after = read(capsule, person)
    assert after == {
        **{key: value for key, value in before.items() if key != "jobTitle"},
        "about": "New",
        "lastName": "Berg",
        "updatedOn": "2014-06-01T09:00:00Z",
    }
    task = capsule.task(below=f"/party/{person}")
    assert capsule.json(f"/api/task/{task}")["task"]["partyName"] == "Zoë Berg"


def test_what_was_shown_written_back_changes_nothing(capsule: Capsule) -> None:
    person = capsule.create(
        "/api/person", f"<person><firstName>Zoë</firstName><organisationName>X</organisationName>{CONTACTS}</person>"
    )
    before = read(capsule, person)
    capsule.world.now += HOUR
    capsule.done("PUT", f"/api/person/{person}", capsule.xml(f"/api/party/{person}"))
    capsule.done("PUT", f"/api/person/{person}", {"person": before})
    assert read(capsule, person) == before


def test_type_of_the_path_counts(capsule: Capsule) -> None:
    organisation = capsule.organisation()
    body = {"person": {"firstName": "A"}}
    assert capsule.refused("PUT", f"/api/person/{organisation}", body) == (404, "party not found")
    assert capsule.refused("GET", f"/api/person/{organisation}") == (404, "party not found")
    assert capsule.xml(f"/api/organisation/{organisation}") == capsule.xml(f"/api/party/{organisation}")


class TestEmployer:
    def test_is_made_when_new_and_found_when_known(self, capsule: Capsule) -> None:
        first = capsule.person("Ole", organisationName="Fjord AS")
        organisation = read(capsule, first)["organisationId"]
        assert int(organisation) == first + 1
        second = capsule.person("Pål", organisationName="FJORD AS")
        assert read(capsule, second)["organisationId"] == organisation
        third = capsule.person("Åse", organisationName="Fjörd AS")
        assert read(capsule, third)["organisationId"] != organisation

    def test_changes_by_id_and_by_name_and_goes(self, capsule: Capsule) -> None:
        first, second = capsule.organisation("First"), capsule.organisation("Second")
        person = capsule.person(organisationId=str(first))
        assert read(capsule, person)["organisationName"] == "First"
        held = {key: read(capsule, person)[key] for key in ("organisationId", "organisationName")}
        for change, name in (
            ({**held, "organisationName": "Second"}, "Second"),
            ({"organisationId": str(first), "organisationName": "Second"}, "First"),
            ({"organisationId": str(second)}, "Second"),
        ):
            capsule.done("PUT", f"/api/person/{person}", {"person": change})
            assert read(capsule, person)["organisationName"] == name
        capsule.done("PUT", f"/api/person/{person}", "<person><organisationName/></person>")
        assert "organisationId" not in read(capsule, person)

    def test_zero_is_no_id(self, capsule: Capsule) -> None:
        """.NET and Java write it for a number that was never set."""
        organisation = capsule.organisation("First")
        contact = {"email": {"id": 0, "emailAddress": "a@x.example"}}
        person = capsule.person(organisationId=0, organisationName="First", contacts=contact)
        assert read(capsule, person)["organisationId"] == str(organisation)
        contacts(capsule, person, email={"id": "0", "emailAddress": "b@x.example"})
        assert len(read(capsule, person)["contacts"]["email"]) == 2
        for _ in range(2):
            capsule.done("PUT", f"/api/person/{person}", "<person><organisationId>0</organisationId></person>")
            assert "organisationId" not in read(capsule, person)

    def test_free_text_of_another_dialect_is_no_organisation_and_kept(self, capsule: Capsule) -> None:
        person = capsule.person()
        capsule.write(lambda desk: desk.update(Update(Party, person, {"company": "Loose Ltd"})))
        assert "organisationName" not in read(capsule, person)
        capsule.done("PUT", f"/api/person/{person}", {"person": {"about": "x", "organisationName": ""}})
        assert capsule.world.desk(capsule.token).get(Party, person).company == "Loose Ltd"
        assert len(ids(capsule, "/api/organisation")) == 0

    def test_people_of_an_organisation(self, capsule: Capsule) -> None:
        organisation = capsule.organisation()
        capsule.person("Outsider")
        people = [capsule.person(name, organisationId=str(organisation)) for name in ("Bo", "al")]
        assert ids(capsule, f"/api/party/{organisation}/people") == [str(people[1]), str(people[0])]
        assert capsule.refused("GET", "/api/party/999999999/people") == (404, "party not found")

    def test_names_may_have_to_be_unique(self, capsule: Capsule) -> None:
        capsule.organisation("Fjord AS")
        other = capsule.organisation("fjord as")
        capsule.set("unique_organisations", "yes")
        body = {"organisation": {"name": "FJORD as"}}
        assert capsule.refused("POST", "/api/organisation", body) == (400, "name is already in use")
        capsule.done("PUT", f"/api/organisation/{other}", {"organisation": {"about": "x"}})


class TestLists:
    def test_mixed_by_name_whatever_the_letter_case(self, capsule: Capsule) -> None:
        names = {
            "beta": capsule.organisation("beta"),
            "Alpha": capsule.person("Alpha", ""),
            "Ärger": capsule.organisation("Ärger"),
        }
        mia = capsule.json("/api/users")["users"]["user"]["partyId"]
        assert capsule.json(f"/api/party/{mia}")["person"]["id"] == mia
        assert ids(capsule, "/api/party") == [str(names["Alpha"]), str(names["Ärger"]), str(names["beta"])]
        assert ids(capsule, "/api/person") == [str(names["Alpha"])]
        assert ids(capsule, "/api/organisation") == [str(names["Ärger"]), str(names["beta"])]
        assert ids(capsule, "/api/party?start=1&limit=2") == [str(names["Ärger"]), str(names["beta"])]

    def test_json_groups_by_type(self, capsule: Capsule) -> None:
        organisation = capsule.organisation("Aa")
        capsule.person("Ab"), capsule.person("Ac")
        found = capsule.json("/api/party?limit=3")["parties"]
        assert list(found) == ["@size", "organisation", "person"]
        assert found["@size"] == "3"
        assert found["organisation"]["id"] == str(organisation)
        assert [person["firstName"] for person in found["person"]] == ["Ab", "Ac"]
        assert list(capsule.json("/api/party?limit=1")["parties"]) == ["@size", "organisation"]
        assert capsule.json("/api/party?q=nobody") == {"parties": {"@size": "0"}}
        assert capsule.xml("/api/party?q=nobody") == '<parties size="0"/>'

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=lund", True),
            ("q=zoe+lu", True),
            ("q=ZO%C3%8B", True),
            ("q=20+794", True),
            ("q=North", True),
            ("q=Nor", False),
            ("q=%25", False),
            ("q=nobody&q=lund", False),
            ("q=zoe@fjord.example", False),
            ("email=ZOE@fjord.example", True),
            ("email=zoe@fjord", False),
            ("email=44", False),
            ("tag=KEY+account", True),
            ("tag=key", False),
            ("q=lund&tag=key+account&email=zoe@fjord.example", True),
            ("q=lund&tag=other", False),
            ("q=", True),
            ("", True),
        ],
    )
    def test_search(self, capsule: Capsule, query: str, found: bool) -> None:
        contact = {"email": {"emailAddress": "zoe@fjord.example"}, "phone": {"phoneNumber": "+44 20 7946"}}
        person = capsule.person(contacts=contact)
        capsule.send("POST", f"/api/party/{person}/tag/key%20account")
        custom = {"customFields": {"customField": {"label": "Region", "text": "North"}}}
        capsule.done("PUT", f"/api/party/{person}/customfields", custom)
        for path in ("/api/party", "/api/party/", "/api/person"):
            assert (str(person) in ids(capsule, f"{path}?{query}")) is found

    def test_last_modified(self, capsule: Capsule) -> None:
        old = capsule.organisation("Old")
        capsule.world.now += HOUR
        new = capsule.organisation("New")
        assert ids(capsule, "/api/organisation?lastmodified=20140601T080000") == [str(new), str(old)]
        assert ids(capsule, "/api/organisation?lastmodified=20140601T080001") == [str(new)]
        assert ids(capsule, "/api/organisation?lastmodified=20140601T090001") == []
        for text in ("20140601", "2014-06-01", "2014-06-01T08:00:00Z", "2014-06-01T10:00:00%2B02:00"):
            assert ids(capsule, f"/api/organisation?lastmodified={text}") == [str(new), str(old)]
        for text in ("2014-06-01T08:30:00.000Z", "2014-06-01T10:30:00+02:00", "2014-06-01%2008:30"):
            assert ids(capsule, f"/api/organisation?lastmodified={text}") == [str(new)]
        for text in ("20141301T000000", "2014-06-31", "20140601T08", "yesterday"):
            refused = capsule.refused("GET", f"/api/party?lastmodified={text}")
            assert refused == (400, "lastmodified is invalid")

    def test_embedded_tags(self, capsule: Capsule) -> None:
        party = capsule.organisation()
        assert "tags" not in read(capsule, party)
        assert "tags" not in capsule.xml(f"/api/party/{party}?embed=tags")
        capsule.send("POST", f"/api/party/{party}/tag/key")
        tag = capsule.json(f"/api/party/{party}/tag")["tags"]["tag"]
        assert capsule.json("/api/organisation?embed=tags")["parties"]["organisation"]["tags"] == tag
        shown = f"</updatedOn><tags><id>{tag['id']}</id><name>key</name></tags><name>Fjord AS</name>"
        assert shown in capsule.xml("/api/organisation?embed=tags,x")


def test_delete_takes_what_is_about_the_party(capsule: Capsule) -> None:
    organisation = capsule.organisation()
    employee = capsule.person(organisationId=str(organisation))
    task = capsule.task(below=f"/party/{organisation}")
    opportunity = capsule.opportunity(organisation)
    below = capsule.task(below=f"/opportunity/{opportunity}")
    kase = capsule.kase(organisation)
    note = capsule.create(f"/api/party/{organisation}/history", {"historyItem": {"note": "x"}})
    capsule.done("DELETE", f"/api/party/{organisation}")
    for noun, id in (
        ("party", organisation),
        ("task", task),
        ("task", below),
        ("opportunity", opportunity),
        ("kase", kase),
        ("history", note),
    ):
        assert capsule.refused("GET", f"/api/{noun}/{id}") == (404, f"{noun} not found")
    assert "organisationId" not in read(capsule, employee)
    assert ids(capsule, "/api/party?q=Fjord") == []
    deleted = capsule.json("/api/party/deleted?since=20140601T000000")
    shown = {"id": str(organisation), "deletedDate": "2014-06-01T08:00:00Z"}
    assert deleted == {"deletedParties": {"@size": "1", "deletedParty": shown}}
    assert capsule.xml("/api/kase/deleted?since=20140601T000000") == (
        f'<deletedKases size="1"><deletedKase><id>{kase}</id><deletedDate>2014-06-01T08:00:00Z</deletedDate>'
        "</deletedKase></deletedKases>"
    )
    assert capsule.json("/api/opportunity/deleted?since=20140601T080001") == {"deletedOpportunities": {"@size": "0"}}
    assert capsule.refused("GET", "/api/party/deleted") == (400, "since is required")
    assert capsule.refused("GET", "/api/party/deleted?since=x") == (400, "since is invalid")
    assert capsule.json("/api/party/deleted?since=2014-06-01")["deletedParties"]["@size"] == "1"


def test_person_of_one_name_field_is_shown(capsule: Capsule) -> None:
    made: Party = capsule.write(lambda desk: desk.create(Create(Party, {"type": "person", "name": "Madonna"})))
    assert read(capsule, made.id)["lastName"] == "Madonna"
    capsule.done("PUT", f"/api/person/{made.id}", {"person": {"lastName": "Madonna", "about": "x"}})
    assert capsule.world.desk(capsule.token).get(Party, made.id).name == "Madonna"


def stored(capsule: Capsule, party: int) -> Party:
    return capsule.world.desk(capsule.token).get(Party, party, ("points",))


def write_back(capsule: Capsule, party: int, **changes: str) -> None:
    """Reads the whole party and writes all of it back, as XML and as JSON, with `changes` in it."""
    ((name, shown),) = capsule.json(f"/api/party/{party}").items()
    document = capsule.xml(f"/api/party/{party}")
    inserted = "".join(f"<{key}>{value}</{key}>" for key, value in changes.items())
    capsule.done("PUT", f"/api/{name}/{party}", document.replace(f"</{name}>", f"{inserted}</{name}>"))
    capsule.done("PUT", f"/api/{name}/{party}", {name: {**shown, **changes}})


@pytest.mark.parametrize("type_", ["person", "organisation"])
def test_party_without_a_name_can_be_written_back(capsule: Capsule, type_: str) -> None:
    """Other dialects ask for no name."""
    made: Party = capsule.write(lambda desk: desk.create(Create(Party, {"type": type_})))
    write_back(capsule, made.id)
    assert stored(capsule, made.id).version == made.version
    write_back(capsule, made.id, about="New")
    kept = stored(capsule, made.id)
    assert (kept.about, kept.name, kept.first_name, kept.last_name) == ("New", "", None, None)


def test_text_that_xml_cannot_carry_survives_being_written_back(capsule: Capsule) -> None:
    odd = "a\x01b\x0bc\ufffed\r\ne\rf"
    values = {"type": "person", "first_name": odd, "job_title": odd, "company": odd, "about": "\x1f"}
    points = (ContactPoint("email", "a@x\x02.example", "work"), ContactPoint("address", city=odd))
    made: Party = capsule.write(lambda desk: desk.create(Create(Party, values, points=points), ("points",)))
    shown = "a\ufffdb\ufffdc\ufffdd&#xD;\ne&#xD;f"
    assert f"<firstName>{shown}</firstName><jobTitle>{shown}</jobTitle>" in capsule.xml(f"/api/party/{made.id}")
    write_back(capsule, made.id)
    assert stored(capsule, made.id) == made
    assert ids(capsule, "/api/organisation") == []
    capsule.done("PUT", f"/api/person/{made.id}", "<person><jobTitle>a\ufffdb</jobTitle></person>")
    assert stored(capsule, made.id).job_title == "a\ufffdb"


def test_contact_without_a_value_is_not_shown_and_kept(capsule: Capsule) -> None:
    points = (
        ContactPoint("email", "", "work"),
        ContactPoint("phone", "1", "home"),
        ContactPoint("website", "", service="twitter"),
        ContactPoint("address", label="billing", street="", city=None),
    )
    values = {"type": "person", "first_name": "A"}
    made: Party = capsule.write(lambda desk: desk.create(Create(Party, values, points=points), ("points",)))
    assert list(read(capsule, made.id)["contacts"]) == ["phone"]
    write_back(capsule, made.id)
    assert stored(capsule, made.id) == made
    capsule.done("DELETE", f"/api/party/{made.id}/contact/{made.points[0].id}")
    assert [point.id for point in stored(capsule, made.id).points] == [point.id for point in made.points[1:]]

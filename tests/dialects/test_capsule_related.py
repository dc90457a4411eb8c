"""What hangs on parties, opportunities and cases: history, tags, custom fields (capsule dossier, section 8)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink, Update
from canonical.service.desk import CoreDesk
from canonical.values import Ref, instant
from dialects.capsule.errors import NOT_A_NUMBER
from tests.dialects.capsule_client import JSON, Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

HOUR = 3600 * 1_000_000


def save_definition(desk: CoreDesk, name: str, type_: str) -> CustomField:
    return desk.save_custom_field(CustomField("party", name, name.upper(), type_))


KINDS = {"party": Party, "opportunity": Opportunity, "kase": Case}


@pytest.fixture(params=["party", "opportunity", "kase"])
def place(capsule: Capsule, request: pytest.FixtureRequest) -> str:
    """The path of a fresh party, opportunity or case, without ``/api``."""
    party = capsule.person()
    ids = {"party": party, "opportunity": capsule.opportunity(party), "kase": capsule.kase(party)}
    return f"/{request.param}/{ids[request.param]}"


def note(capsule: Capsule, place: str, text: str = "Met at fair", **elements: str) -> int:
    return capsule.create(f"/api{place}/history", {"historyItem": {"note": text, **elements}})


def item(capsule: Capsule, id: int) -> dict[str, Any]:
    found: dict[str, Any] = capsule.json(f"/api/history/{id}")["historyItem"]
    return found


class TestHistory:
    def test_item_in_xml(self, capsule: Capsule) -> None:
        party = capsule.person()
        id = note(capsule, f"/party/{party}", "Met & talked", entryDate="2014-05-30T10:11:12Z")
        shown = (
            f"<historyItem><id>{id}</id><type>Note</type><entryDate>2014-05-30T10:11:12Z</entryDate>"
            "<creator>mia</creator><creatorName>Mia Berg</creatorName><subject>Met &amp; talked</subject>"
            f"<note>Met &amp; talked</note><partyId>{party}</partyId><partyName>Zoë Lund</partyName>"
            f"<partyPictureURL>{capsule.base_url}/theme/default/images/person_avatar_70.png</partyPictureURL>"
            "</historyItem>"
        )
        assert capsule.xml(f"/api/history/{id}") == shown
        assert capsule.xml(f"/api/party/{party}/history/{id}") == shown
        assert capsule.xml(f"/api/party/{party}/history") == f'<history size="1">{shown}</history>'

    def test_relation_of_each_kind(self, capsule: Capsule, place: str) -> None:
        _, noun, id = place.split("/")
        found = item(capsule, note(capsule, place))
        prefix = {"party": "party", "opportunity": "opportunity", "kase": "case"}[noun]
        assert found[f"{prefix}Id"] == id
        assert sum(key.endswith("Id") for key in found) == 1

    def test_defaults_and_creator(self, capsule: Capsule, place: str) -> None:
        assert item(capsule, note(capsule, place))["entryDate"] == "2014-06-01T08:00:00Z"
        capsule.add_user("bob", first_name="Bob")
        found = item(capsule, note(capsule, place, creator="bob"))
        assert (found["creator"], found["creatorName"]) == ("bob", "Bob")
        body = {"historyItem": {"note": "x", "creator": "nobody"}}
        assert capsule.refused("POST", f"/api{place}/history", body) == (400, "creator is unknown")

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "note is required"),
            ({"note": " "}, "note is required"),
            ({"note": "x", "entryDate": "soon"}, "entryDate is invalid"),
        ],
    )
    def test_create_refuses(self, capsule: Capsule, place: str, body: dict[str, str], message: str) -> None:
        assert capsule.refused("POST", f"/api{place}/history", {"historyItem": body}) == (400, message)
        assert capsule.json(f"/api{place}/history") == {"history": {"@size": "0"}}

    def test_subject_is_the_start_of_the_note(self, capsule: Capsule, place: str) -> None:
        for text, subject in (("x" * 75, "x" * 75), ("x" * 76, "x" * 75 + "...")):
            found = item(capsule, note(capsule, place, text))
            assert (found["note"], found["subject"]) == (text, subject)

    @pytest.mark.parametrize("text", ["one", "one\ntwo\nthree", "one\n", "\ntwo", "one\r\ntwo"])
    def test_note_comes_back_as_it_was(self, capsule: Capsule, place: str, text: str) -> None:
        id = note(capsule, place, text)
        assert item(capsule, id)["note"] == text
        capsule.world.now += HOUR
        capsule.done("PUT", f"/api/history/{id}", {"historyItem": item(capsule, id)})
        assert capsule.world.desk(capsule.token).get(Activity, id).version == 1

    def test_first_line_is_the_title_elsewhere(self, capsule: Capsule, place: str) -> None:
        id = note(capsule, place, "Fair\nMet Ole\nand Pål")
        kept = capsule.world.desk(capsule.token).get(Activity, id)
        assert (kept.type, kept.title, kept.body) == ("note", "Fair", "Met Ole\nand Pål")

    def test_update_and_delete(self, capsule: Capsule, place: str) -> None:
        first, second = note(capsule, place), note(capsule, place)
        capsule.done("PUT", f"/api/history/{first}", "<historyItem><note>New</note></historyItem>")
        body = {"historyItem": {"entryDate": "2013-01-02T03:04:05Z"}}
        capsule.done("PUT", f"/api{place}/history/{first}", body)
        found = item(capsule, first)
        assert (found["note"], found["entryDate"]) == ("New", "2013-01-02T03:04:05Z")
        assert capsule.refused("PUT", f"/api/history/{first}", {"historyItem": {"note": ""}})[0] == 400
        capsule.done("DELETE", f"/api/history/{first}")
        capsule.done("DELETE", f"/api{place}/history/{second}")
        assert capsule.refused("GET", f"/api/history/{first}") == (404, "history not found")
        assert capsule.json(f"/api{place}/history") == {"history": {"@size": "0"}}

    def test_newest_first_and_pages(self, capsule: Capsule, place: str) -> None:
        noun, id = place[1:].split("/")
        target = NewLink(Ref({"kase": "case"}.get(noun, noun), int(id)))

        def elsewhere(title: str, **values: object) -> int:
            made = {"type": "meeting", "title": title, **values}
            activity: Activity = capsule.write(lambda desk: desk.create(Create(Activity, made, (target,))))
            return activity.id

        ids = [
            note(capsule, place, entryDate="2014-06-01T12:00:00Z"),
            elsewhere("no start"),
            note(capsule, place, entryDate="2014-05-31T00:00:00Z"),
            elsewhere("start", start_at=instant(2014, 6, 1, 10)),
        ]
        expected = [str(ids[index]) for index in (0, 3, 1, 2)]

        def page(parameters: str) -> list[str]:
            found = capsule.json(f"/api{place}/history{parameters}")["history"].get("historyItem", [])
            return [entry["id"] for entry in (found if isinstance(found, list) else [found])]

        assert page("") == expected
        assert page("?limit=2") == expected[:2]
        assert page("?start=1&limit=2") == expected[1:3]
        assert page("?start=3") == expected[3:]
        assert page("?start=4") == []

    def test_tasks_are_no_history(self, capsule: Capsule, place: str) -> None:
        task = capsule.task(below=place)
        assert capsule.json(f"/api{place}/history") == {"history": {"@size": "0"}}
        for method in ("GET", "DELETE"):
            assert capsule.refused(method, f"/api/history/{task}") == (404, "history not found")

    def test_item_of_another_record(self, capsule: Capsule, place: str) -> None:
        id = note(capsule, place)
        other = capsule.person("Other")
        assert capsule.refused("GET", f"/api/party/{other}/history/{id}") == (404, "history not found")

    def test_ruby_says_case(self, capsule: Capsule) -> None:
        kase = capsule.kase(capsule.person())
        id = note(capsule, f"/case/{kase}")
        assert item(capsule, id)["caseId"] == str(kase)

    def test_stamps_last_contact(self, capsule: Capsule) -> None:
        party = capsule.person()

        def last() -> str | None:
            text: str | None = capsule.json(f"/api/party/{party}")["person"].get("lastContactedOn")
            return text

        assert last() is None
        note(capsule, f"/party/{party}", entryDate="2013-01-01T00:00:00Z")
        assert last() == "2013-01-01T00:00:00Z"
        note(capsule, f"/party/{party}", entryDate="2030-01-01T00:00:00Z")
        assert last() == "2014-06-01T08:00:00Z"
        note(capsule, f"/party/{party}", entryDate="2012-01-01T00:00:00Z")
        assert last() == "2014-06-01T08:00:00Z"

    def test_people_of_an_email(self, capsule: Capsule) -> None:
        party = capsule.person(contacts={"email": {"emailAddress": "zoe@x.example"}})
        links = (NewLink(Ref("party", party), "from"), NewLink(Ref("party", capsule.person("Bo")), "to"))
        made = {"type": "email", "title": "Hello", "body": "World"}
        mail: Activity = capsule.write(lambda desk: desk.create(Create(Activity, made, links)))
        assert item(capsule, mail.id)["participants"] == [
            {"name": "Zoë Lund", "emailAddress": "zoe@x.example", "role": "FROM"},
            {"name": "Bo Lund", "role": "TO"},
        ]
        assert "participants" not in item(capsule, note(capsule, f"/party/{party}"))


class TestTags:
    def add(self, capsule: Capsule, place: str, name: str, body: bytes = b"") -> tuple[int, str | None]:
        response = capsule.send("POST", f"/api{place}/tag/{name}", body)
        assert response.body == b""
        return response.status, response.header("Location")

    def names(self, capsule: Capsule, place: str) -> list[str]:
        tags = capsule.json(f"/api{place}/tag")["tags"].get("tag", [])
        return [tag["name"] for tag in (tags if isinstance(tags, list) else [tags])]

    def test_add_list_and_drop(self, capsule: Capsule, place: str) -> None:
        assert capsule.xml(f"/api{place}/tag") == '<tags size="0"/>'
        location = f"{capsule.base_url}/api{place}/tag/key%20account"
        assert self.add(capsule, place, "key%20account") == (201, location)
        assert self.add(capsule, place, "key%20account") == (200, location)
        assert self.add(capsule, place, "KEY%20ACCOUNT") == (200, location)
        id = capsule.json(f"/api{place}/tag")["tags"]["tag"]["id"]
        assert capsule.xml(f"/api{place}/tag") == (
            f'<tags size="1"><tag><id>{id}</id><name>key account</name></tag></tags>'
        )
        capsule.done("DELETE", f"/api{place}/tag/Key%20Account")
        assert capsule.refused("DELETE", f"/api{place}/tag/key%20account") == (404, "tag not found")

    @pytest.mark.parametrize(
        ("segment", "name", "encoded"),
        [
            ("caf%C3%A9", "café", "caf%C3%A9"),
            ("a%2Fb", "a/b", "a%2Fb"),
            ("new+tag", "new tag", "new%20tag"),
            ("c%2B%2B", "c++", "c%2B%2B"),
            ("50%25", "50%", "50%25"),
        ],
    )
    def test_names_in_the_path(self, capsule: Capsule, segment: str, name: str, encoded: str) -> None:
        place = f"/party/{capsule.person()}"
        assert self.add(capsule, place, segment)[1] == f"{capsule.base_url}/api{place}/tag/{encoded}"
        assert self.names(capsule, place) == [name]
        capsule.done("DELETE", f"/api{place}/tag/{segment}")
        assert self.names(capsule, place) == []

    def test_plus_is_one_where_there_is_such_a_tag(self, capsule: Capsule) -> None:
        place, other = f"/party/{capsule.person()}", f"/party/{capsule.person()}"
        self.add(capsule, place, "c%2B%2B")
        self.add(capsule, other, "c++")
        assert self.names(capsule, other) == ["c++"]

    def test_body_is_never_read(self, capsule: Capsule) -> None:
        place = f"/party/{capsule.person()}"
        response = capsule.send("POST", f"/api{place}/tag/x", b"<not well formed", "text/xml")
        assert response.status == 201

    def test_blank_name_and_missing_parent(self, capsule: Capsule) -> None:
        place = f"/party/{capsule.person()}"
        assert capsule.refused("POST", f"/api{place}/tag/%20") == (400, "tag is required")
        assert capsule.refused("POST", f"/api{place}/tag/%00") == (400, "tag is required")
        assert capsule.refused("POST", "/api/party/999999999/tag/x") == (404, "party not found")

    def test_tag_stamps_the_record(self, capsule: Capsule) -> None:
        party = capsule.organisation()
        capsule.world.now += HOUR
        self.add(capsule, f"/party/{party}", "x")
        assert capsule.json(f"/api/party/{party}")["organisation"]["updatedOn"] == "2014-06-01T09:00:00Z"


class TestCustomFields:
    def save(self, capsule: Capsule, place: str, *fields: dict[str, Any]) -> None:
        capsule.done("PUT", f"/api{place}/customfields", {"customFields": {"customField": list(fields)}})

    def shown(self, capsule: Capsule, place: str) -> list[dict[str, str]]:
        found = capsule.json(f"/api{place}/customfields")["customFields"]
        fields = found.get("customField", [])
        fields = fields if isinstance(fields, list) else [fields]
        assert found["@size"] == str(len(fields))
        return [{key: value for key, value in field.items() if key != "id"} for field in fields]

    def test_values_of_each_type(self, capsule: Capsule, place: str) -> None:
        fields = (
            {"label": "Region", "text": "North & East"},
            {"label": "Since", "date": "2014-06-01T15:00:00Z"},
            {"label": "VIP", "boolean": True},
            {"label": "Staff", "number": 12.5},
            {"tag": "Customer", "label": "Region", "text": "South"},
        )
        self.save(capsule, place, *fields)
        assert self.shown(capsule, place) == [
            {"label": "Region", "text": "North & East"},
            {"label": "Since", "date": "2014-06-01T00:00:00Z"},
            {"label": "VIP", "boolean": "true"},
            {"label": "Staff", "number": "12.5"},
            {"tag": "Customer", "label": "Region", "text": "South"},
        ]
        text = capsule.xml(f"/api{place}/customfields")
        assert text.startswith('<customFields size="5"><customField><id>')
        assert "</id><label>Region</label><text>North &amp; East</text></customField>" in text
        assert "</id><tag>Customer</tag><label>Region</label><text>South</text></customField>" in text
        assert capsule.xml(f"/api{place}/customfield") == text

    def test_what_was_shown_written_back_changes_nothing(self, capsule: Capsule) -> None:
        """However another dialect stores it."""
        party = capsule.person()
        kept = (
            CustomValue("vip", "1"),
            CustomValue("since", "2014-06-01 10:11:12"),
            CustomValue("size", "12.50"),
            CustomValue("rank", "1e5"),
            CustomValue("loose", "a\x01b\r\nc", "grp"),
            CustomValue("od\x02d", "x"),
            CustomValue("empty", ""),
        )
        for name, type_ in (("vip", "flag"), ("since", "date"), ("size", "number"), ("rank", "number")):
            capsule.write(partial(save_definition, name=name, type_=type_))
        capsule.write(lambda desk: desk.update(Update(Party, party, custom=kept)))
        place = f"/party/{party}"
        shown = self.shown(capsule, place)
        assert [next(reversed(field.values())) for field in shown] == [
            *("true", "2014-06-01T00:00:00Z", "12.50", "1e5", "a\x01b\r\nc", "x"),
        ]
        self.save(capsule, place, *shown)
        capsule.done("PUT", f"/api{place}/customfields", capsule.xml(f"/api{place}/customfields"))
        found = capsule.world.desk(capsule.token).get(Party, party, ("custom",))
        assert (tuple(found.custom), found.version) == (kept, 2)
        assert len(capsule.world.desk(capsule.token).custom_fields("party")) == 4
        self.save(capsule, place, {"label": "VIP", "boolean": "false"}, {"label": "size", "text": "12.50"})
        found = capsule.world.desk(capsule.token).get(Party, party, ("custom",))
        assert [value.value for value in found.custom[:3]] == ["false", kept[1].value, "12.50"]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"label": "A", "text": "1"}, "customField is required"),
            ([{"label": "A", "text": "1"}, {"label": "B", "text": "2"}], "customField is required"),
            ({"customField": {"label": "L" * 501, "text": "1"}}, "label is invalid"),
            ({"customField": {"tag": "T" * 501, "label": "A", "text": "1"}}, "tag is invalid"),
        ],
    )
    def test_what_cannot_be_kept_is_refused(self, capsule: Capsule, place: str, body: Any, message: str) -> None:
        assert capsule.refused("PUT", f"/api{place}/customfields", {"customFields": body}) == (400, message)
        assert self.shown(capsule, place) == []

    def test_upsert_keeps_what_is_not_mentioned(self, capsule: Capsule, place: str) -> None:
        self.save(
            capsule, place, {"label": "A", "text": "1"}, {"label": "B", "text": "2"}, {"label": "C", "text": "3"}
        )
        xml = (
            "<customFields><customField><label>a</label><text>9</text></customField>"
            "<customField><label>B</label></customField></customFields>"
        )
        capsule.done("POST", f"/api{place}/customfield", xml)
        assert self.shown(capsule, place) == [{"label": "A", "text": "9"}, {"label": "C", "text": "3"}]
        self.save(capsule, place, {"label": "C", "text": ""}, {"label": "Unknown", "text": ""})
        assert self.shown(capsule, place) == [{"label": "A", "text": "9"}]

    @pytest.mark.parametrize(
        ("field", "message"),
        [
            ({"text": "x"}, "label is required"),
            ({"label": "A", "date": "soon"}, "date is invalid"),
            ({"label": "A", "number": "many"}, NOT_A_NUMBER),
            ({"label": "A", "boolean": "maybe"}, "boolean is invalid"),
        ],
    )
    def test_refuses_and_keeps_nothing(
        self, capsule: Capsule, place: str, field: dict[str, str], message: str
    ) -> None:
        body = {"customFields": {"customField": [{"label": "Good", "text": "x"}, field]}}
        assert capsule.refused("PUT", f"/api{place}/customfields", body) == (400, message)
        assert self.shown(capsule, place) == []

    def test_fields_of_other_dialects(self, capsule: Capsule) -> None:
        party = capsule.person()
        values = (CustomValue("budgetCstm", "5"), CustomValue("vipCstm", "1"), CustomValue("loose", "x", "g"))

        def define(desk: Any) -> None:
            desk.save_custom_field(CustomField("party", "budgetCstm", "Budget", "number"))
            desk.save_custom_field(CustomField("party", "vipCstm", "VIP", "flag"))
            desk.update(Update(Party, party, custom=values))

        capsule.write(define)
        place = f"/party/{party}"
        assert self.shown(capsule, place) == [
            {"label": "Budget", "number": "5"},
            {"label": "VIP", "boolean": "true"},
            {"tag": "g", "label": "loose", "text": "x"},
        ]
        self.save(capsule, place, {"label": "BUDGET", "number": 7}, {"tag": "g", "label": "loose", "text": "y"})
        kept = capsule.world.desk(capsule.token).get(Party, party, ("custom",)).custom
        assert {(value.group, value.name): value.value for value in kept} == {
            ("", "budgetCstm"): "7",
            ("", "vipCstm"): "1",
            ("g", "loose"): "y",
        }
        assert len(capsule.world.desk(capsule.token).custom_fields("party")) == 2

    def test_value_that_does_not_fit_its_type_is_shown_as_text(self, capsule: Capsule) -> None:
        party = capsule.person()
        place = f"/party/{party}"
        self.save(capsule, place, {"label": "Since", "date": "2014-06-01"})
        capsule.write(lambda desk: desk.update(Update(Party, party, custom=(CustomValue("Since", "long ago"),))))
        assert self.shown(capsule, place) == [{"label": "Since", "text": "long ago"}]

    def test_definitions(self, capsule: Capsule, place: str) -> None:
        noun = place.split("/")[1]
        target = f"/api/{noun}/customfield/definitions"
        assert capsule.json(target) == {"customFieldDefinitions": {"@size": "0"}}
        capsule.send("POST", f"/api{place}/tag/Customer")
        tag = capsule.json(f"/api{place}/tag")["tags"]["tag"]["id"]
        kind = KINDS[noun].KIND
        options = {"values": ["a", "b"], "party_type": "person"}

        def define(desk: Any) -> None:
            desk.save_custom_field(CustomField(kind, "size", "Size", "choice", "Customer", options=options))
            desk.save_custom_field(CustomField(kind, "code", "", "text", options={"pattern": "[A-Z]+"}))

        capsule.write(define)
        first, second = capsule.json(target)["customFieldDefinitions"]["customFieldDefinition"]
        person = {"forPartyClass": "person"} if noun == "party" else {}
        assert first == {
            "id": first["id"],
            "tag": "Customer",
            "tagId": tag,
            "label": "Size",
            "type": "List",
            "options": "a;b",
            **person,
            "displayOrder": "1",
        }
        assert second == {
            "id": second["id"],
            "label": "code",
            "type": "Text",
            "options": "[A-Z]+",
            "displayOrder": "2",
        }


def test_each_account_has_its_own(capsule: Capsule) -> None:
    party = capsule.person()
    other = Capsule.fresh(capsule.world)
    for target in (f"/api/party/{party}", f"/api/party/{party}/history", f"/api/party/{party}/tag"):
        assert other.refused("GET", target) == (404, "party not found")
    assert other.send("DELETE", f"/api/party/{party}", accept=JSON).status == 404
    assert capsule.json(f"/api/party/{party}")["person"]["id"] == str(party)


def test_points_are_not_shared_between_parties(capsule: Capsule) -> None:
    point = ContactPoint("email", "a@x.example")
    first: Party = capsule.write(
        lambda desk: desk.create(Create(Party, {"type": "person", "last_name": "A"}, points=(point,)))
    )
    second = capsule.person("B")
    assert capsule.json(f"/api/party/{second}")["person"]["contacts"] == ""
    assert capsule.json(f"/api/party/{first.id}")["person"]["contacts"]["email"]["emailAddress"] == "a@x.example"

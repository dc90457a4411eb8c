"""Capsule opportunities, cases and the short lists (capsule dossier, sections 5 and 8)."""

from __future__ import annotations

from typing import Any

import pytest

from canonical.model import Case, Opportunity, PicklistItem
from canonical.operations import Create, NewLink
from canonical.values import Ref
from dialects.capsule.errors import NOT_A_NUMBER
from tests.dialects.capsule_client import Capsule, capsule_fixture, world_fixture

world = world_fixture()
capsule = capsule_fixture()

STAMPS = "<createdOn>2014-06-01T08:00:00Z</createdOn><updatedOn>2014-06-01T08:00:00Z</updatedOn>"
HOUR = 3600 * 1_000_000
DAY = 24 * HOUR


def read(capsule: Capsule, noun: str, id: int) -> dict[str, Any]:
    found: dict[str, Any] = capsule.json(f"/api/{noun}/{id}")[noun]
    return found


def milestones(capsule: Capsule) -> dict[str, str]:
    return {
        item["name"]: item["id"] for item in capsule.json("/api/opportunity/milestones")["milestones"]["milestone"]
    }


def listed(capsule: Capsule, target: str, noun: str) -> list[str]:
    (found,) = capsule.json(target).values()
    items = found.get(noun, [])
    items = items if isinstance(items, list) else [items]
    assert found["@size"] == str(len(items))
    return [item["id"] for item in items]


class TestOpportunities:
    def test_in_xml(self, capsule: Capsule) -> None:
        party = capsule.organisation()
        id = capsule.create(
            f"/api/party/{party}/opportunity",
            "<opportunity><owner>mia</owner><probability>45</probability><milestone>bid</milestone>"
            "<expectedCloseDate>2014-09-30T12:00:00Z</expectedCloseDate><duration>6</duration>"
            "<durationBasis>MONTH</durationBasis><value>500</value><currency>EUR</currency>"
            "<description>Big &amp; good</description><name>Scope</name><partyId>1</partyId></opportunity>",
        )
        bid = milestones(capsule)["Bid"]
        shown = (
            f"<opportunity><id>{id}</id><name>Scope</name><description>Big &amp; good</description>"
            f"<partyId>{party}</partyId><currency>EUR</currency><value>500.00</value>"
            "<durationBasis>MONTH</durationBasis><duration>6</duration>"
            f"<expectedCloseDate>2014-09-30T00:00:00Z</expectedCloseDate><milestoneId>{bid}</milestoneId>"
            f"<milestone>Bid</milestone><probability>45</probability><owner>mia</owner>{STAMPS}</opportunity>"
        )
        assert capsule.xml(f"/api/opportunity/{id}") == shown
        assert capsule.xml("/api/opportunity") == f'<opportunities size="1">{shown}</opportunities>'
        assert capsule.xml(f"/api/party/{party}/opportunity") == f'<opportunities size="1">{shown}</opportunities>'

    def test_least_of_it(self, capsule: Capsule) -> None:
        party = capsule.person()
        id = capsule.opportunity(party)
        found = read(capsule, "opportunity", id)
        assert list(found) == [
            "id", "name", "partyId", "durationBasis", "milestoneId", "milestone", "probability", "owner",
            "createdOn", "updatedOn",
        ]  # fmt: skip
        assert (found["durationBasis"], found["probability"]) == ("FIXED", "10")

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("500", "500.00"),
            (500.5, "500.50"),
            ("500.125", "500.13"),
            (".5", "0.50"),
            ("-3", "-3.00"),
            (0, "0.00"),
            ("-0.001", "0.00"),
            ("999999999999.99", "999999999999.99"),
        ],
    )
    def test_value(self, capsule: Capsule, given: object, shown: str) -> None:
        id = capsule.opportunity(capsule.person(), value=given)
        assert read(capsule, "opportunity", id)["value"] == shown

    def test_finer_value_is_kept(self, capsule: Capsule) -> None:
        id = capsule.opportunity(capsule.person(), value="500.125")
        capsule.done("PUT", f"/api/opportunity/{id}", {"opportunity": read(capsule, "opportunity", id)})
        assert capsule.world.desk(capsule.token).get(Opportunity, id).amount == 500_125_000

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"name": None}, "name is required"),
            ({"milestone": None}, "milestone is required"),
            ({"milestone": ""}, "milestone is required"),
            ({"milestone": "Nowhere"}, "milestone is unknown"),
            ({"milestone": None, "milestoneId": "999999999"}, "milestoneId is unknown"),
            ({"milestone": None, "milestoneId": "x"}, "milestoneId is unknown"),
            ({"value": "much"}, NOT_A_NUMBER),
            ({"value": "1e400"}, NOT_A_NUMBER),
            ({"value": "1,000"}, NOT_A_NUMBER),
            ({"value": "9999999999999999"}, "value is invalid"),
            ({"probability": "50.5"}, NOT_A_NUMBER),
            ({"probability": 101}, "probability is invalid"),
            ({"probability": -1}, "probability is invalid"),
            ({"durationBasis": "EON"}, "durationBasis is invalid"),
            ({"duration": "long"}, NOT_A_NUMBER),
            ({"expectedCloseDate": "2014-13-01"}, "expectedCloseDate is invalid"),
            ({"owner": "nobody"}, "owner is unknown"),
        ],
    )
    def test_create_refuses(self, capsule: Capsule, change: dict[str, object], message: str) -> None:
        body = {"opportunity": {"name": "Deal", "milestone": "New", **change}}
        assert capsule.refused("POST", f"/api/party/{capsule.person()}/opportunity", body) == (400, message)
        assert capsule.xml("/api/opportunity") == '<opportunities size="0"/>'

    def test_milestones(self, capsule: Capsule) -> None:
        found = capsule.json("/api/opportunity/milestones")["milestones"]
        rows = [(item["name"], item["probability"], item["complete"]) for item in found["milestone"]]
        assert rows == [("New", "10", "false"), ("Bid", "50", "false"), ("Won", "100", "true"), ("Lost", "0", "true")]
        assert list(found["milestone"][0]) == ["id", "name", "description", "probability", "complete"]

    def test_milestone_brings_probability_and_closes(self, capsule: Capsule) -> None:
        id = capsule.opportunity(capsule.person())
        ids = milestones(capsule)

        def move(**elements: object) -> dict[str, Any]:
            capsule.done("PUT", f"/api/opportunity/{id}", {"opportunity": elements})
            return read(capsule, "opportunity", id)

        assert move(milestone="BID")["probability"] == "50"
        assert move(milestoneId=ids["New"], probability="33")["probability"] == "33"
        held = read(capsule, "opportunity", id)
        assert move(**{**held, "milestone": "Bid"})["probability"] == "33"
        capsule.world.now += DAY
        won = move(milestone="Won")
        assert (won["probability"], won["actualCloseDate"]) == ("100", "2014-06-02T00:00:00Z")
        assert capsule.world.desk(capsule.token).get(Opportunity, id).state == "won"
        assert move(milestoneId=ids["Lost"])["milestone"] == "Lost"
        assert capsule.world.desk(capsule.token).get(Opportunity, id).state == "lost"
        assert "actualCloseDate" not in move(milestone="New")
        # .NET and Java write 0 for a number that was never set; one of the two elements is enough.
        assert move(milestoneId=0, milestone="Bid")["milestone"] == "Bid"
        assert move(milestoneId="0")["milestone"] == "Bid"
        assert move(milestoneId="", milestone="New")["milestone"] == "New"
        assert move(milestoneId=ids["Bid"], milestone="")["milestone"] == "Bid"

    def test_update_touches_only_what_it_says(self, capsule: Capsule) -> None:
        id = capsule.opportunity(capsule.person(), value="5", description="x", duration="3", durationBasis="WEEK")
        before = read(capsule, "opportunity", id)
        capsule.world.now += HOUR
        capsule.done("PUT", f"/api/opportunity/{id}", "<opportunity><description/><name>New name</name></opportunity>")
        after = read(capsule, "opportunity", id)
        assert after.pop("updatedOn") == "2014-06-01T09:00:00Z"
        assert after.pop("name") == "New name"
        unchanged = {key: before[key] for key in before if key not in ("updatedOn", "name", "description")}
        assert after == unchanged
        capsule.done("PUT", f"/api/opportunity/{id}", {"opportunity": {"durationBasis": "FIXED", "value": ""}})
        final = read(capsule, "opportunity", id)
        assert "duration" not in final
        assert "value" not in final
        for element in ("name", "milestone", "milestoneId", "owner"):
            refused = capsule.refused("PUT", f"/api/opportunity/{id}", {"opportunity": {element: ""}})
            assert refused == (400, f"{element} is required")

    def test_what_was_shown_written_back_changes_nothing(self, capsule: Capsule) -> None:
        id = capsule.opportunity(capsule.person(), value="5.55", milestone="Lost", expectedCloseDate="2014-09-09")
        before = read(capsule, "opportunity", id)
        capsule.world.now += DAY
        capsule.done("PUT", f"/api/opportunity/{id}", capsule.xml(f"/api/opportunity/{id}"))
        assert read(capsule, "opportunity", id) == before

    def test_lists(self, capsule: Capsule) -> None:
        first, second = capsule.person("A"), capsule.person("B")
        new = capsule.opportunity(first)
        bid = capsule.opportunity(second, milestone="Bid")
        won = capsule.opportunity(first, milestone="Won")
        capsule.send("POST", f"/api/opportunity/{bid}/tag/hot")
        everything = [str(new), str(bid), str(won)]
        for query, found in (
            ("", everything),
            ("milestone=bid", [str(bid)]),
            ("milestone=Lost", []),
            ("status=open", [str(new), str(bid)]),
            ("status=CLOSED", [str(won)]),
            ("tag=HOT", [str(bid)]),
            ("status=closed&tag=hot", []),
            ("start=1&limit=1", [str(bid)]),
            ("lastmodified=20140601T080000", everything),
            ("lastmodified=20140602T080000", []),
        ):
            assert listed(capsule, f"/api/opportunity?{query}", "opportunity") == found
        assert listed(capsule, f"/api/party/{first}/opportunity?status=open", "opportunity") == [str(new)]
        assert capsule.refused("GET", "/api/opportunity?milestone=x") == (400, "milestone is unknown")
        assert capsule.refused("GET", "/api/opportunity?status=won") == (400, "status is invalid")
        assert capsule.refused("GET", "/api/party/999999999/opportunity") == (404, "party not found")

    @pytest.mark.parametrize(
        ("values", "milestone"),
        [
            ({"stage": "Negotiation", "probability": 40}, "Bid"),
            ({"stage": "Prospecting", "probability": 5}, "New"),
            ({"stage": None}, "New"),
            ({"stage": "Closed", "state": "won", "probability": 100}, "Won"),
            ({"stage": "Closed", "state": "lost"}, "Lost"),
            ({"stage": "New", "state": "won"}, "Won"),
        ],
    )
    def test_stage_of_another_dialect(self, capsule: Capsule, values: dict[str, Any], milestone: str) -> None:
        made: Opportunity = capsule.write(
            lambda desk: desk.create(Create(Opportunity, {"title": "Elsewhere", **values}))
        )
        shown = read(capsule, "opportunity", made.id)
        assert shown["milestone"] == milestone
        assert shown["milestoneId"] == milestones(capsule)[milestone]
        for name in milestones(capsule):
            assert listed(capsule, f"/api/opportunity?milestone={name}", "opportunity") == (
                [str(made.id)] if name == milestone else []
            )
        capsule.done("PUT", f"/api/opportunity/{made.id}", {"opportunity": {**shown, "name": "Renamed"}})
        kept = capsule.world.desk(capsule.token).get(Opportunity, made.id)
        assert (kept.title, kept.stage, kept.state) == ("Renamed", values["stage"], values.get("state", "open"))


class TestKases:
    def test_in_xml_open_and_closed(self, capsule: Capsule) -> None:
        party = capsule.person()
        id = capsule.create(
            f"/api/party/{party}/kase", "<kase><description>Why</description><name>Invoicing</name></kase>"
        )
        rest = f"<owner>mia</owner>{STAMPS}</kase>"
        middle = f"<name>Invoicing</name><description>Why</description><partyId>{party}</partyId>"
        assert capsule.xml(f"/api/kase/{id}") == f"<kase><id>{id}</id><status>OPEN</status>{middle}{rest}"
        capsule.done("PUT", f"/api/kase/{id}", {"kase": {"status": "closed"}})
        assert capsule.xml(f"/api/kase/{id}") == (
            f"<kase><id>{id}</id><status>CLOSED</status>{middle}<closeDate>2014-06-01T00:00:00Z</closeDate>{rest}"
        )
        capsule.done("PUT", f"/api/kase/{id}", {"kase": {"closeDate": "2014-05-01"}})
        assert read(capsule, "kase", id)["closeDate"] == "2014-05-01T00:00:00Z"
        capsule.done("PUT", f"/api/kase/{id}", {"kase": {"status": "OPEN"}})
        assert "closeDate" not in read(capsule, "kase", id)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "name is required"),
            ({"name": "x", "status": "HALF"}, "status is invalid"),
            ({"name": "x", "owner": "nobody"}, "owner is unknown"),
            ({"name": "x", "status": "CLOSED", "closeDate": "x"}, "closeDate is invalid"),
        ],
    )
    def test_create_refuses(self, capsule: Capsule, body: dict[str, str], message: str) -> None:
        assert capsule.refused("POST", f"/api/party/{capsule.person()}/kase", {"kase": body}) == (400, message)

    def test_lists(self, capsule: Capsule) -> None:
        first, second = capsule.person("A"), capsule.person("B")
        open_, closed = capsule.kase(first), capsule.kase(second, status="CLOSED")
        assert listed(capsule, "/api/kase", "kase") == [str(open_), str(closed)]
        assert listed(capsule, "/api/kase?status=open", "kase") == [str(open_)]
        assert listed(capsule, "/api/kase?status=Closed", "kase") == [str(closed)]
        assert listed(capsule, f"/api/party/{first}/kase", "kase") == [str(open_)]
        assert listed(capsule, f"/api/party/{first}/kase?status=closed", "kase") == []
        assert capsule.refused("GET", "/api/kase?status=x") == (400, "status is invalid")
        assert capsule.xml("/api/kase?limit=1").startswith('<kases size="1"><kase>')


@pytest.mark.parametrize("noun", ["opportunity", "kase"])
class TestBoth:
    def make(self, capsule: Capsule, noun: str, party: int, **elements: str) -> int:
        return capsule.opportunity(party, **elements) if noun == "opportunity" else capsule.kase(party, **elements)

    def test_put_under_another_party_moves_it(self, capsule: Capsule, noun: str) -> None:
        first, second = capsule.person("A"), capsule.person("B")
        id = self.make(capsule, noun, first)
        capsule.done("PUT", f"/api/party/{second}/{noun}/{id}", {noun: {"name": "Moved", "partyId": "1"}})
        found = read(capsule, noun, id)
        assert (found["partyId"], found["name"]) == (str(second), "Moved")
        capsule.done("PUT", f"/api/{noun}/{id}", {noun: {"partyId": str(first)}})
        assert read(capsule, noun, id)["partyId"] == str(second)
        refused = capsule.refused("PUT", f"/api/party/999999999/{noun}/{id}", {noun: {}})
        assert refused == (404, "party not found")

    def test_delete_leaves_its_tasks(self, capsule: Capsule, noun: str) -> None:
        id = self.make(capsule, noun, capsule.person())
        task = capsule.task(below=f"/{noun}/{id}")
        capsule.done("DELETE", f"/api/{noun}/{id}")
        assert capsule.refused("GET", f"/api/{noun}/{id}") == (404, f"{noun} not found")
        found = capsule.json(f"/api/task/{task}")["task"]
        assert not [key for key in found if key.endswith("Id")]
        root, item = {
            "opportunity": ("deletedOpportunities", "deletedOpportunity"),
            "kase": ("deletedKases", "deletedKase"),
        }[noun]
        deleted = capsule.json(f"/api/{noun}/deleted?since=20140601T080000")
        assert deleted == {root: {"@size": "1", item: {"id": str(id), "deletedDate": "2014-06-01T08:00:00Z"}}}

    def test_additional_parties(self, capsule: Capsule, noun: str) -> None:
        main, other, third = capsule.person("Main"), capsule.organisation("Other"), capsule.person("Third")
        id = self.make(capsule, noun, main)
        target = f"/api/{noun}/{id}/party"
        assert capsule.xml(target) == '<parties size="0"/>'
        response = capsule.send("POST", f"{target}/{other}")
        assert (response.status, response.header("Location")) == (201, f"{capsule.base_url}{target}/{other}")
        capsule.done("POST", f"{target}/{other}")
        capsule.done("POST", f"{target}/{main}")
        capsule.send("POST", f"{target}/{third}")
        found = capsule.json(target)["parties"]
        assert found["@size"] == "2"
        assert (found["organisation"]["id"], found["person"]["id"]) == (str(other), str(third))
        capsule.done("DELETE", f"{target}/{other}")
        assert capsule.refused("DELETE", f"{target}/{other}") == (404, "party not found")
        assert capsule.refused("POST", f"{target}/999999999") == (404, "party not found")
        assert read(capsule, noun, id)["partyId"] == str(main)

    def test_party_of_another_dialect_is_additional(self, capsule: Capsule, noun: str) -> None:
        buyer = capsule.person("Buyer")
        kind = Opportunity if noun == "opportunity" else Case
        made = capsule.write(
            lambda desk: desk.create(Create(kind, {"title": "x"}, (NewLink(Ref("party", buyer), "buyer"),)))
        )
        assert capsule.json(f"/api/{noun}/{made.id}/party")["parties"]["person"]["id"] == str(buyer)

    def test_track_brings_its_tasks(self, capsule: Capsule, noun: str) -> None:
        party = capsule.person()
        steps = [{"description": "Call", "category": "Call", "days": 2}, {"description": "Send offer", "days": 5}]

        def define(desk: Any) -> tuple[int, int]:
            rule = {"captureRule": "OPPORTUNITY" if noun == "opportunity" else "CASEFILE", "tasks": steps}
            after = PicklistItem("track", "After", data={**rule, "direction": "START_DATE"})
            before = PicklistItem("track", "Before", data={**rule, "direction": "END_DATE"})
            return desk.save_picklist_item(after).id, desk.save_picklist_item(before).id

        after, before = capsule.write(define)
        body = {noun: {"name": "x", "milestone": "New"}}
        target = f"/api/party/{party}/{noun}"

        def dues(query: str) -> list[str]:
            id = capsule.create(f"{target}?{query}", body)
            tasks = capsule.json(f"/api/{noun}/{id}/tasks")["tasks"].get("task", [])
            return [f"{task['description']} {task['dueDate']}" for task in tasks]

        assert dues("") == []
        assert dues(f"trackId={after}") == ["Call 2014-06-03T00:00:00Z", "Send offer 2014-06-06T00:00:00Z"]
        for end in ("2014-07-01", "2014-07-01T10:00:00Z", "20140701T100000"):
            assert dues(f"trackId={before}&endDate={end}") == [
                "Send offer 2014-06-26T00:00:00Z",
                "Call 2014-06-29T00:00:00Z",
            ]
        for query, message in (
            ("trackId=999999999", "trackId is unknown"),
            (f"trackId={before}", "endDate is required"),
            (f"trackId={before}&endDate=x", "endDate is invalid"),
        ):
            assert capsule.refused("POST", f"{target}?{query}", body) == (400, message)
        assert listed(capsule, target, noun) != []
        rule = "OPPORTUNITY" if noun == "opportunity" else "CASEFILE"
        track = {"id": str(before), "description": "Before", "captureRule": rule, "direction": "END_DATE"}
        assert capsule.json("/api/tracks?direction=END_DATE") == {"tracks": {"@size": "1", "track": track}}
        assert capsule.json("/api/tracks")["tracks"]["@size"] == "2"


class TestShortLists:
    def test_users(self, capsule: Capsule) -> None:
        user = capsule.json("/api/users")["users"]
        assert user["@size"] == "1"
        assert list(user["user"]) == ["id", "username", "name", "currency", "timezone", "loggedIn", "partyId"]
        capsule.add_user("bob", first_name="Bob", currency="NOK", time_zone="Europe/Oslo")
        mia, bob = capsule.json("/api/user?q=x")["users"]["user"]
        assert (mia["username"], mia["name"], mia["loggedIn"]) == ("mia", "Mia Berg", "true")
        assert (bob["name"], bob["currency"], bob["timezone"], "loggedIn" in bob) == (
            "Bob",
            "NOK",
            "Europe/Oslo",
            False,
        )
        capsule.set("currency", "USD")
        capsule.set("timezone", "Europe/Oslo")
        mia, _ = capsule.json("/api/users")["users"]["user"]
        assert (mia["currency"], mia["timezone"]) == ("USD", "Europe/Oslo")
        assert capsule.json(f"/api/party/{mia['partyId']}")["person"]["firstName"] == "Mia"
        assert f'<users size="2"><user><id>{mia["id"]}</id><username>mia</username>' in capsule.xml("/api/users")

    def test_countries_and_currencies(self, capsule: Capsule) -> None:
        countries = capsule.json("/api/countries")["countries"]
        assert len(countries["country"]) == int(countries["@size"]) == 249
        assert {"United Kingdom", "Norway", "Côte d'Ivoire"} < set(countries["country"])
        assert capsule.xml("/api/resource/country") == capsule.xml("/api/countries")
        currencies = capsule.json("/api/currencies")["currencies"]
        assert len(currencies["currency"]) == int(currencies["@size"]) > 150
        assert {"EUR", "GBP", "USD"} < set(currencies["currency"])
        assert capsule.xml("/api/resource/currency").startswith('<currencies size="')

    def test_no_tracks(self, capsule: Capsule) -> None:
        assert capsule.xml("/api/tracks") == '<tracks size="0"/>'

"""The documented exchanges under fixtures/capsule, in every direction: as a server, and as a client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from adapter.contract.compare import compare
from adapter.contract.exchange import Exchange, load_session
from adapter.contract.volatile import Bindings
from adapter.losses import LossReport
from adapter.wire import WireResponse
from canonical.errors import Invalid, NotFound, Unauthenticated, Unavailable
from canonical.model import Activity, Case, Opportunity, Party, Record
from canonical.operations import Create
from canonical.service.desk import CoreDesk
from canonical.values import from_datetime, iso_date, iso_time
from dialects.capsule.client import hear
from dialects.capsule.fields.task import parse_task
from dialects.capsule.wire.bodies import read_answer
from tests.dialects.capsule_client import NOW, quick_world
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "capsule"
SESSION = load_session(ROOT)
WORLDS = {name: list(group) for name, group in groupby(SESSION, lambda exchange: exchange.meaning["world"])}
ERRORS = {"not_found": NotFound, "unauthenticated": Unauthenticated, "invalid": Invalid}


def names(exchange: Exchange) -> str:
    return exchange.name


def set_next_ids(world: World, ids: Mapping[str, int]) -> None:
    """The next new record of each kind gets that id."""

    def work(desk: CoreDesk) -> None:
        for kind, id in ids.items():
            desk.unit.raise_value(kind, id - 1)

    world.write(work, "0123abcd")


def prepare(world: World, name: str) -> None:
    slug = "acme" if name == "examples" else "sample"
    world.add_tenant(slug)
    world.add_user("mia", tenant=slug, token="0123abcd", admin=True)
    if name == "examples":
        set_next_ids(world, {"party": 1042, "case": 9})

    def work(desk: CoreDesk) -> None:
        party = desk.create(Create(Party, {"type": "person", "first_name": "Zoë", "last_name": "Lund"}))
        desk.create(Create(Case, {"title": "Invoicing", "party_id": party.id}))
        desk.create(Create(Opportunity, {"title": "CRM System", "party_id": party.id}))
        for item in desk.picklist("task_category")[2:]:
            desk.delete_picklist_item(item.id)

    world.write(work, "0123abcd")


@pytest.mark.parametrize("name", list(WORLDS))
def test_as_a_server(name: str, tmp_path: Path) -> None:
    with quick_world(tmp_path) as world:
        prepare(world, name)
        bindings = Bindings()
        for exchange in WORLDS[name]:
            moment = exchange.meaning.get("now")
            world.now = NOW if moment is None else from_datetime(datetime.fromisoformat(moment))
            if "next_ids" in exchange.meaning:
                set_next_ids(world, exchange.meaning["next_ids"])
            request = exchange.request
            request.base_url = f"https://{request.host}"
            got = world.endpoint("capsule", request.host.partition(".")[0]).send(request)
            assert compare(exchange, got, bindings) == []


# -- as a client -----------------------------------------------------------------------------------------


def due(record: Activity) -> str:
    at = record.due_at or 0
    return iso_date(at) if record.due_date_only else iso_time(at)


def record_words(record: Record) -> dict[str, Any]:
    if isinstance(record, Party):
        said = {
            "kind": record.type,
            "name": record.name,
            "first_name": record.first_name,
            "organisation": record.organisation_name,
            "points": [{"kind": point.kind, "value": point.value} for point in record.points],
        }
    else:
        assert isinstance(record, Activity)
        said = {
            "kind": record.type,
            "title": record.title,
            "due": due(record),
            "state": record.state,
            "owner": record.owner_username,
            "about": [link.target_name for link in record.links],
        }
    return {name: value for name, value in said.items() if value is not None}


SAID = [exchange for exchange in SESSION if exchange.operation is not None]
READ = [exchange for exchange in SAID if exchange.request.method == "GET" and exchange.response.status == 200]
CREATED = [exchange for exchange in SAID if exchange.response.status == 201 and exchange.operation["do"] == "create"]
REFUSED = [exchange for exchange in SAID if "error" in exchange.result]
ITEMS = {"task": ("task",), "person": ("person",), "organisation": ("organisation",), "party": hear.ITEMS["party"]}


@pytest.mark.parametrize("exchange", READ, ids=names)
def test_answer_is_heard(exchange: Exchange) -> None:
    losses = LossReport()
    items = ITEMS.get(exchange.operation["kind"], ("task",))
    if "records" in exchange.result:
        heard = hear.many("list", exchange.response, items, losses)
        assert [record_words(record) for record in heard] == exchange.result["records"]
    else:
        assert record_words(hear.one("read", exchange.response, items, losses)) == exchange.result["record"]
    assert not losses


@pytest.mark.parametrize("exchange", CREATED, ids=names)
def test_new_id_is_at_the_end_of_the_location(exchange: Exchange) -> None:
    location = exchange.response.header("Location")
    assert location is not None
    assert str(hear.new_id("create", exchange.response)) == location.rpartition("/")[2]


@pytest.mark.parametrize("exchange", REFUSED, ids=names)
def test_refusal_is_heard(exchange: Exchange) -> None:
    with pytest.raises(ERRORS[exchange.result["error"]]):
        hear.check("call", exchange.response)


def test_sample_of_the_seed_is_understood() -> None:
    """It shows all three relations and both dues at once, with comments."""
    sample = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<task>
<id>729</id>
<description>meet with customer</description> <!-- required -->
<category>Meeting</category> <!-- Optional -->
<dueDate>2010-02-24T00:00:00Z</dueDate>
<!-- Required when no time set on task -->
<dueDateTime>2010-02-24T15:00:00Z</dueDateTime>
<!-- Required when time is set on task -->
<owner>phillip</owner>
<!-- optional, defaults to authenticated user -->
<partyId>1</partyId> <!-- read-only -->
<partyName>Eric Jones</partyName> <!-- read-only -->
<opportunityId>2</opportunityId> <!-- read-only -->
<opportunityName>CRM System</opportunityName> <!-- read-only -->
<caseId>3</caseId> <!-- read-only -->
<caseName>Invoicing</caseName> <!-- read-only -->
</task>"""
    task = parse_task(read_answer(sample.encode(), "application/xml", "task")[1])
    assert (task.id, task.category, task.owner_username) == (729, "Meeting", "phillip")
    assert (task.due_at, task.due_date_only) == (1_267_023_600 * 1_000_000, False)
    assert [(*link.target, link.target_name) for link in task.links] == [
        ("party", 1, "Eric Jones"),
        ("opportunity", 2, "CRM System"),
        ("case", 3, "Invoicing"),
    ]


@pytest.mark.parametrize("status", [500, 502, 429])
def test_server_in_trouble(status: int) -> None:
    with pytest.raises(Unavailable):
        hear.check("task read", WireResponse(status, [], b"<html>"))

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
from canonical.errors import Invalid, NotFound, Unauthenticated, Unavailable
from canonical.model import Activity, Case, Opportunity, Party, Record, Tag
from canonical.operations import AddTag, Create, Delete, Find, Get, Page, Update
from canonical.service.desk import CoreDesk
from canonical.values import from_datetime, iso_date, iso_time
from dialects.capsule.bodies import read_answer
from dialects.capsule.codec import parse_request, parse_response, render_request, render_response
from dialects.capsule.fields.task import parse_task
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


# -- what operations and results say, in canonical words -----------------------------------------------


def due(values: Mapping[str, Any]) -> str:
    return iso_date(values["due_at"]) if values.get("due_date_only") else iso_time(values["due_at"])


def point_words(record: Any) -> list[dict[str, str]]:
    return [{"kind": point.kind, "value": point.value} for point in record.points]


def operation_words(operation: Any) -> dict[str, Any]:
    if isinstance(operation, AddTag):
        kind, id = operation.record
        return {"do": "tag", "kind": kind, "record": id, "name": operation.name}
    values = dict(getattr(operation, "values", {}))
    said: dict[str, Any] = {"do": type(operation).__name__.lower(), "kind": operation.kind.KIND}
    if "type" in values:
        said["kind"] = values.pop("type")
    if isinstance(operation, Get | Update | Delete):
        said["record"] = operation.id
    if "due_at" in values:
        values["due"] = due(values)
        del values["due_at"], values["due_date_only"]
    if "organisation_name" in values:
        values["organisation"] = values.pop("organisation_name")
    if getattr(operation, "points", ()):
        values["points"] = point_words(operation)
    if values:
        said["values"] = {name: value for name, value in values.items() if value is not None}
    if getattr(operation, "links", ()):
        said["about"] = [list(link.target) for link in operation.links]
    if getattr(operation, "custom", ()):
        said["custom"] = {value.name: value.value for value in operation.custom}
    return said


def record_words(record: Record) -> dict[str, Any]:
    if isinstance(record, Party):
        said = {
            "kind": record.type,
            "name": record.name,
            "first_name": record.first_name,
            "organisation": record.organisation_name,
            "points": point_words(record),
        }
    else:
        assert isinstance(record, Activity)
        said = {
            "kind": record.type,
            "title": record.title,
            "due": due({"due_at": record.due_at, "due_date_only": record.due_date_only}),
            "state": record.state,
            "owner": record.owner_username,
            "about": [link.target_name for link in record.links],
        }
    return {name: value for name, value in said.items() if value is not None}


def result_words(result: Any) -> dict[str, Any]:
    if isinstance(result, Page):
        return {"ok": True, "records": [record_words(record) for record in result.items]}
    if isinstance(result, tuple):
        tag, added = result
        assert isinstance(tag, Tag)
        return {"ok": True, "added": added}
    if isinstance(result, Record) and result.created_at:
        return {"ok": True, "record": record_words(result)}
    return {"ok": True}


SAID = [exchange for exchange in SESSION if exchange.operation is not None]
READ = [exchange for exchange in SAID if exchange.request.method == "GET" and exchange.response.status == 200]
CREATED = [exchange for exchange in SAID if exchange.response.status == 201 and exchange.operation["do"] == "create"]


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_request_is_understood(exchange: Exchange) -> None:
    assert operation_words(parse_request(exchange.request)) == exchange.operation


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_request_survives_being_written_anew(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    losses = LossReport()
    request = render_request(operation, "0123abcd", base_url="https://acme.capsulecrm.com", losses=losses)
    assert not losses
    assert request.headers.get("Authorization") == "Basic MDEyM2FiY2Q6eA=="
    assert request.host == "acme.capsulecrm.com"
    again = parse_request(request)
    if isinstance(operation, Find):
        assert (again.kind, again.query.where) == (operation.kind, operation.query.where)
    else:
        assert again == operation


@pytest.mark.parametrize("exchange", SAID, ids=names)
def test_answer_is_understood(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    if "error" in exchange.result:
        with pytest.raises(ERRORS[exchange.result["error"]]):
            parse_response(operation, exchange.response)
    else:
        assert result_words(parse_response(operation, exchange.response)) == exchange.result


@pytest.mark.parametrize("exchange", READ, ids=names)
def test_answer_survives_being_written_anew(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    result = parse_response(operation, exchange.response)
    accept = exchange.request.headers.get("Accept")
    written = render_response(operation, result, accept=accept, base_url="https://acme.capsulecrm.com")
    assert written.body == exchange.response.body
    assert written.header("Content-Type") == exchange.response.header("Content-Type")


@pytest.mark.parametrize("exchange", CREATED, ids=names)
def test_new_id_is_at_the_end_of_the_location(exchange: Exchange) -> None:
    operation = parse_request(exchange.request)
    made = parse_response(operation, exchange.response)
    location = exchange.response.header("Location")
    assert location is not None
    assert str(made.id) == location.rpartition("/")[2]
    made.type = operation.values["type"]
    base_url = location.partition("/api/")[0]
    assert render_response(operation, made, base_url=base_url).headers[0] == ("Location", location)


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


@pytest.mark.parametrize("status", [500, 502, 429, 418])
def test_server_in_trouble(status: int) -> None:
    exchange = SAID[0]
    response = exchange.response
    with pytest.raises(Unavailable):
        parse_response(parse_request(exchange.request), type(response)(status, [], b"<html>"))

"""Records that other dialects wrote, empty or with more than there are words for: in every format, and updated."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from canonical.model import Activity, Case, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink
from canonical.service.desk import CoreDesk
from canonical.values import EARLIEST, LATEST, SECOND, Ref
from dialects.affinitylive.fields.registry import RESOURCES
from tests.dialects.affinitylive_client import Client
from tests.support.world import World

# PyYAML, a stranger to our emitter; the lock file has it for pre-commit, and without types.
YAML: Any = import_module("yaml")


ODD = "a\x01\x0b\x7f\x85\u2028 <&>\"' ]]> \ufffe\U0001f600 é\r\n\tz\u200b "
EVERY_FIELD = {
    "activities": "_ALL,interacts,breadcrumbs,against(_ALL),owner(_ALL),staff(_ALL),task(_ALL),time_allocation(_ALL)",
    "tasks": "_ALL,breadcrumbs,against(_ALL),assignee(_ALL),status(_ALL),contact(_ALL),company(_ALL)",
    "companies": "_ALL,postal_address(_ALL),default_affiliation(_ALL)",
    "contacts": "_ALL,breadcrumbs,company(_ALL),default_affiliation(_ALL)",
    "affiliations": "_ALL,breadcrumbs,company(_ALL),contact(_ALL)",
    "issues": "_ALL,breadcrumbs,against(_ALL),company(_ALL)",
    "prospects": "_ALL,breadcrumbs,affiliation(_ALL)",
}


def odd_records(desk: CoreDesk) -> None:
    """What other dialects may have written: nothing in it, or more than this one has words for."""
    nobody = desk.create(Create(Party, {"type": "person"}))
    org = desk.create(Create(Party, {"type": "organisation", "name": ODD}))
    desk.create(Create(Party, {"type": "person", "name": "One Name", "organisation_id": org.id}))
    task = desk.create(Create(Activity, {"type": "task", "title": ""}))
    roles = ("", "to", "cc", "buyer", "from")
    links = tuple(NewLink(Ref("party", nobody.id), role) for role in roles)
    about = (NewLink(Ref("party", org.id)), NewLink(Ref("activity", task.id)), *links)
    for values in (
        {"type": "note", "title": "", "body": "no title"},
        {"type": "note", "title": ODD, "body": ODD, "location": ODD, "category": ODD},
        {"type": "divination", "title": "no such medium"},
        {"type": "note", "title": "T" * 250, "body": "é" * 100_000},
        {"type": "call", "title": "own", "visibility": "owner"},
        {"type": "email", "title": "mail", "visibility": "private"},
        {"type": "sms", "title": "quiet", "visibility": "confidential"},
        {"type": "meeting", "title": "ages", "start_at": EARLIEST, "end_at": LATEST, "due_at": 1},
        {"type": "task", "title": ODD, "due_at": 1_500_000_000 * SECOND, "due_date_only": True, "state": "awaiting"},
        {"type": "task", "title": "done", "state": "completed", "priority": 9},
    ):
        desk.create(Create(Activity, values, links=about, custom=(CustomValue("fi<e>ld", ODD),)))
    for kind in (Case, Opportunity):
        desk.create(Create(kind, {"title": ODD}))
        desk.create(Create(kind, {"title": "x", "party_id": nobody.id}))
    desk.create(Create(Opportunity, {"title": "big", "amount": -(10**17)}))


@pytest.mark.parametrize("resource", list(EVERY_FIELD))
def test_well_formed_and_survive(tmp_path: Path, resource: str) -> None:
    with World(tmp_path) as world:
        check(world, resource)


def check(world: World, resource: str) -> None:
    world.write(odd_records)
    ann = Client(world)

    def listed(extension: str) -> bytes:
        query = urlencode({"_fields": EVERY_FIELD[resource], "_limit": 100})
        answer = ann.send("GET", f"/api/v0/{resource}.{extension}?{query}")
        assert answer.status == 200
        return answer.body

    shown = json.loads(listed("json"))
    assert YAML.safe_load(listed("yaml")) == shown
    told(shown, ElementTree.fromstring(listed("xml")))  # noqa: S314  our own bytes
    kind, include = RESOURCES[resource].kind, ("custom", "tags")
    for row in ann.get(f"/{resource}", _fields="_ALL", _limit=100):
        id = int(row["id"])
        before = world.desk().get(kind, id, include)
        ann.json("PUT", f"/{resource}/{id}", row)
        assert world.desk().get(kind, id, include) == before


def told(shown: dict[str, Any], element: ElementTree.Element) -> None:
    """The element says what the JSON object says."""
    for key, value in shown.items():
        children = element.findall(key)
        if isinstance(value, dict | list):
            rows = value if isinstance(value, list) else [value]
            assert len(children) == len(rows)
            for row, child in zip(rows, children, strict=True):
                told(row, child)
        else:
            said = None if value is None else re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", str(value))
            assert (element.get(key), children) == (said, [])

"""Every pair of sides that can be told: a mixed company moves over HTTP, and the proof is clean."""

from __future__ import annotations

import pytest

from canonical.model import Party
from canonical.operations import Create, Update
from canonical.query import Compare, Op, Query
from canonical.service.desk import CoreDesk
from tests.matrix.clients import CLIENTS
from tests.migrate.conftest import Two

SIDES = ("core", "affinitylive", "capsule", "crust", "opentaps", "zurmo")
QUICK = (("core", "capsule"), ("zurmo", "core"), ("affinitylive", "core"))
PAIRS = [
    pytest.param(source, target, marks=() if (source, target) in QUICK else pytest.mark.slow)
    for source in SIDES
    for target in SIDES
    if (source, target) != ("core", "core")
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.slow
def test_a_company_moves_and_the_proof_is_clean(two: Two, source: str, target: str) -> None:
    foretold = two.plan(source, target)
    dry = two.command("run", "--dry-run")
    assert two.target.desk().count(Party, Compare("user_id", Op.NULL)) == 0
    done = two.command("run")
    assert done == dry
    assert done["total"]["quarantined"] == 0
    assert done["total"]["created"] >= 20
    for row in done["kinds"].values():
        assert row["read"] == sum(count for state, count in row.items() if state != "read")
    told = {(row["kind"], row["field"]) for row in done["losses"]}
    assert {(row["kind"], row["field"]) for row in foretold["losses"] if row["count"]} <= told  # type: ignore[attr-defined]
    assert two.command("verify")["differences"] == []
    again = two.command("run")["total"]
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["read"] == done["total"]["read"]


@pytest.mark.slow
def test_what_was_changed_on_the_target_is_named_and_survives_undo(two: Two) -> None:
    two.plan("core", "capsule")
    two.command("run")
    desk = two.target.desk()
    people = desk.find(Party, Query(Compare("last_name", Op.EQ, "Lund 3"))).items
    two.target.write(lambda desk: desk.update(Update(Party, people[0].id, {"job_title": "Boss"})))
    proof = two.command("verify", code=1)
    assert [(each["kind"], each["field"], each["got"]) for each in proof["differences"]] == [
        ("person", "job_title", "Boss")
    ]
    rows = two.command("map", "--kind", "person", "--to-id", str(people[0].id))["rows"]
    assert [row["state"] for row in rows] == ["created"]
    undone = two.command("undo", code=1)
    assert [each["target_id"] for each in undone["kept"]] == [str(people[0].id)]
    assert undone["failed"] == []
    left = two.target.desk().find(Party, Query(Compare("user_id", Op.NULL))).items
    assert [party.name for party in left] == [people[0].name]


@pytest.mark.slow
def test_old_ids_work_in_the_core(two: Two) -> None:
    two.plan("capsule", "core")
    two.command("run")
    old = two.source.desk().find(Party, Query(Compare("last_name", Op.EQ, "Lund 3"))).items[0]
    shown = CLIENTS["capsule"](two.target).xml(f"party/{old.id}")
    assert shown is not None
    texts = {child.tag: child.text for child in shown.children}
    assert (texts["id"], texts["lastName"]) == (str(old.id), "Lund 3")


def test_an_id_of_digits_alone_is_still_an_id_of_letters(two: Two) -> None:
    """Of opentaps' ids of 24 hex digits some have decimal digits alone."""
    foreign = "548712345678901234567890"

    def work(desk: CoreDesk) -> int:
        id = desk.create(Create(Party, {"type": "organisation", "name": "Digits"})).id
        desk.set_alias("party", foreign, id)
        return id

    id = two.target.write(work, dialect="opentaps")
    assert two.target.desk(dialect="opentaps").local_id("party", foreign) == id
    aliased = two.target.core.reading(two.target.principal(), "opentaps", two.target.time(), aliased=True)
    assert [each.id for each in aliased.find(Party, Query(Compare("name", Op.EQ, "Digits"))).items] == [id]


@pytest.mark.slow
def test_a_change_of_the_source_is_an_update(two: Two) -> None:
    two.plan("core", "capsule")
    two.command("run")
    person = two.source.desk().find(Party, Query(Compare("last_name", Op.EQ, "Lund 2"))).items[0]
    two.source.write(lambda desk: desk.update(Update(Party, person.id, {"job_title": "Chief"})))
    again = two.command("run")
    assert again["kinds"]["person"]["updated"] == 1
    assert again["total"]["created"] == 0
    assert two.command("verify")["differences"] == []
    arrived = two.target.desk().find(Party, Query(Compare("last_name", Op.EQ, "Lund 2"))).items
    assert [each.job_title for each in arrived] == ["Chief"]

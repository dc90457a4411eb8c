"""The log of changes of state and ids of custom values."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from canonical.model import Case, CustomValue, Opportunity, Party
from canonical.operations import Create, Delete, Update
from canonical.query import Has, Query, all_of, eq
from canonical.store.sql import schema, tables
from canonical.values import SECOND
from tests.support.postgres import new_database
from tests.support.world import NOON, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.add_user("bob")
    return world


def steps(world: World, kind: type[Case | Party | Opportunity], id: int) -> list[tuple[str, int | None, bool]]:
    return [(step.word, step.user_id, step.latest) for step in world.desk().get(kind, id, ("steps",)).steps]


def test_every_change_of_state_is_logged_with_who_made_it(world: World) -> None:
    made = world.write(lambda desk: desk.create(Create(Case, {"title": "x"})))
    assert steps(world, Case, made.id) == []
    world.write(lambda desk: desk.update(Update(Case, made.id, {"title": "y"})))
    assert steps(world, Case, made.id) == []
    world.write(lambda desk: desk.update(Update(Case, made.id, {"state": "closed"})), "bob-token")
    world.write(lambda desk: desk.update(Update(Case, made.id, {"state": "open"})))
    # A dialect's finer word counts as well where the state stays what it was.
    world.write(lambda desk: desk.update(Update(Case, made.id, extras={"x": {"w": "y"}}, word="looked at")))
    world.write(lambda desk: desk.update(Update(Case, made.id, {"state": "closed"})))
    assert steps(world, Case, made.id) == [
        ("closed", 2, False), ("open", 1, True), ("looked at", 1, True), ("closed", 1, True),
    ]  # fmt: skip
    last = Has("steps", all_of(eq("word", "closed"), eq("latest", 1), eq("user_id", 1)))
    assert world.desk().count(Case, last) == 1
    assert world.desk().count(Case, Has("steps", all_of(eq("word", "closed"), eq("latest", 1), eq("user_id", 2)))) == 0
    assert world.desk().find(Case, Query(), ("steps",)).items[0].steps[0].word == "closed"
    world.write(lambda desk: desk.delete(Delete(Case, made.id)))
    assert world.store.reading(1).select("state_change", {}) == []


def test_a_party_comes_to_being_active_or_to_its_stage(world: World) -> None:
    made = world.write(lambda desk: desk.create(Create(Party, {"first_name": "Kai"})))
    for values in ({"active": False}, {"active": True, "stage": "lead"}, {"stage": "contact"}):
        world.write(lambda desk, values=values: desk.update(Update(Party, made.id, values)))
    assert [word for word, *_ in steps(world, Party, made.id)] == ["inactive", "lead", "contact"]


def test_people_of_an_organisation_are_found_from_it(world: World) -> None:
    acme = world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Acme"})))
    world.write(lambda desk: desk.create(Create(Party, {"type": "organisation", "name": "Void"})))
    world.write(lambda desk: desk.create(Create(Party, {"first_name": "Kai", "organisation_id": acme.id})))
    found = world.desk().find(Party, Query(Has("people", eq("first_name", "kai")))).items
    assert [party.id for party in found] == [acme.id]


def test_a_custom_value_has_an_id_of_its_own(world: World) -> None:
    value = CustomValue("Region", "North")
    for name in ("Acme", "Beta"):
        values = {"type": "organisation", "name": name}
        world.write(lambda desk, values=values: desk.create(Create(Party, values, custom=(value,))))
    kept = [
        party.custom[0] for party in world.desk().find(Party, Query(eq("type", "organisation")), ("custom",)).items
    ]
    assert len({one.id for one in kept}) == 2
    assert all(one.id and one.updated_at == NOON and one.modifier_id == 1 for one in kept)
    acme = world.desk().find(Party, Query(eq("name", "Acme"))).items[0].id
    world.now = NOON + SECOND
    changed = Update(Party, acme, custom=(CustomValue("Region", "South"),))
    world.write(lambda desk: desk.update(changed), "bob-token")
    after = world.desk().get(Party, acme, ("custom",)).custom[0]
    assert (after.id, after.value, after.updated_at, after.modifier_id) == (kept[0].id, "South", world.now, 2)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_older_custom_values_get_ids(database: str, tmp_path: Path) -> None:
    url = new_database() if database == "postgresql" else f"sqlite:///{tmp_path}/old.db"
    schema.upgrade(url, "0009")
    row = {"tenant_id": 1, "record_kind": "party", "group": "", "name": "Region", "value": "x", "value_fold": "x"}
    table = tables.custom_value
    columns = [table.c[name] for name in (*row, "record_id", "position")]
    with schema.engine(url).begin() as connection:
        for record in (3, 4, 5):
            values = dict(zip(columns, (*row.values(), record, 0), strict=True))
            connection.execute(sa.insert(table).values(values))
    schema.upgrade(url)
    with World(tmp_path, url=url) as world:
        ids = [kept["id"] for kept in world.store.reading(1).select("custom_value", {}, ("id",))]
        assert len(set(ids)) == 3
        made = world.write(
            lambda desk: desk.create(Create(Party, {"name": "x"}, custom=(CustomValue("Region", "y"),)))
        )
        assert world.desk().get(Party, made.id, ("custom",)).custom[0].id > max(ids)
